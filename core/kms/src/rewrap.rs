//! Tokens are sealed anew after a new domain key was made: row by row, each guarded by the version it was read in.
//!
//! Whoever turns the pages may begin again from the front after a kill: a token that is under the domain key that seals is left
//! alone. It is no use of a key: nobody is allowed or refused anything, and no call is recorded; the operator's event stands
//! for all of it. That nothing is left shows [`crate::Proof`], not this.

use sealroom_api::ErrorAnswer;
use sealroom_hsm::Command;
use sealroom_store::{Batch, Committed, Guard, KeyPath, Row};

use crate::entry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::paths;
use crate::record::{KeyDocument, Material};

/// LIMIT: rows looked at at once.
const PAGE: u32 = 200;
/// LIMIT: how often a row is tried that others change meanwhile.
const ATTEMPTS: u32 = 20;

/// What one page came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// Where the next page begins; `None` behind the last.
    pub next: Option<KeyPath>,
    /// Tokens that were sealed anew.
    pub tokens: u64,
}

/// A row whose token is to be replaced.
struct Renewal {
    path: KeyPath,
    version: u64,
    value: Vec<u8>,
    old: [u8; 32],
}

impl Kms {
    /// Seals the tokens in the next rows behind `after` under the domain key that seals, as far as another sealed them.
    ///
    /// # Errors
    /// When the store doesn't answer, or a row or token is damaged.
    pub async fn rewrap(&self, after: Option<KeyPath>) -> Result<Rewrapped, ErrorAnswer> {
        self.rewrap_page(after).await.map_err(|error| error.answer())
    }

    async fn rewrap_page(&self, after: Option<KeyPath>) -> Result<Rewrapped, KmsError> {
        let (rows, more) = self.rows(paths::room(), after, PAGE).await?;
        let next = rows.last().filter(|_| more).map(|row| row.path.clone());
        let mut renewals = Vec::new();
        for row in &rows {
            renewals.extend(self.renewal(row).await?);
        }
        let together = renewals.iter().fold(Batch::default(), |batch, renewal| renewal.add_to(batch));
        let mut tokens = 0;
        if renewals.is_empty() || matches!(self.view.commit(together).await?, Committed::At(_)) {
            for renewal in &renewals {
                self.forget(renewal)?;
                tokens += 1;
            }
            return Ok(Rewrapped { next, tokens });
        }
        // Somebody changed one of them: each for itself.
        for renewal in renewals {
            tokens += u64::from(self.renew_alone(renewal).await?);
        }
        Ok(Rewrapped { next, tokens })
    }

    /// Whether the token was still there to be sealed anew.
    async fn renew_alone(&self, first: Renewal) -> Result<bool, KmsError> {
        let mut renewal = first;
        for _ in 0..ATTEMPTS {
            if let Committed::At(_) = self.view.commit(renewal.add_to(Batch::default())).await? {
                self.forget(&renewal)?;
                return Ok(true);
            }
            let Some(row) = self.row(renewal.path).await? else { return Ok(false) };
            let Some(again) = self.renewal(&row).await? else { return Ok(false) };
            renewal = again;
        }
        Err(KmsError::Fault("a key's row changed too often to seal its token anew"))
    }

    /// What replaces a row whose token is under another domain key than the one that seals; `None` for all others.
    async fn renewal(&self, row: &Row) -> Result<Option<Renewal>, KmsError> {
        let renewed = |material: &Material| {
            let sealing = self.door.hsm().sealing_domain();
            if material.token_domain().is_none_or(|domain| domain == sealing) {
                return Ok(None);
            }
            let old = material.token_digest();
            Ok::<_, KmsError>(material.rewrapped(self.door.hsm())?.zip(old))
        };
        let value = if paths::key_of(&row.path).is_some() {
            let mut document = document(row)?;
            let Some(material) = &document.record.material else { return Ok(None) };
            let Some((material, old)) = renewed(material)? else { return Ok(None) };
            document.record.material = Some(material);
            Some((document.to_bytes(), old))
        } else if let Some(name) = paths::material_of(&row.path) {
            // A piece whose key was destroyed since the page was read goes with it.
            let Some(key) = self.row(paths::key(&name.key)).await? else { return Ok(None) };
            let material = entry::piece(row, &document(&key)?.record)?;
            renewed(&material)?.map(|(material, old)| (material.to_bytes(), old))
        } else {
            None
        };
        Ok(value.map(|(value, old)| Renewal { path: row.path.clone(), version: row.version, value, old }))
    }

    /// What the HSM keeps ready is found by the token, which nobody brings again.
    fn forget(&self, renewal: &Renewal) -> Result<(), KmsError> {
        self.door.hsm().execute(Command::Forget { token: renewal.old })?;
        Ok(())
    }
}

impl Renewal {
    fn add_to(&self, batch: Batch) -> Batch {
        let guard = Guard::Version(self.path.clone(), self.version);
        batch.guard(guard).put(self.path.clone(), self.value.clone())
    }
}

fn document(row: &Row) -> Result<KeyDocument, KmsError> {
    KeyDocument::from_bytes(&row.value).map_err(|error| {
        tracing::error!(path = %row.path, %error, "a key's row can't be read");
        KmsError::Fault("a key's row can't be read")
    })
}
