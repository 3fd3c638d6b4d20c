//! Tokens are sealed anew after a new domain key was made: row by row, each guarded by the version it was read in.
//!
//! Whoever turns the pages may begin again from the front after a kill: a token that is under the domain key that seals is left
//! alone. It is no use of a key: nobody is allowed or refused anything, and no call is recorded; the operator's event stands
//! for all of it. That nothing is left shows [`crate::Proof`], not this.

use sealroom_api::ErrorAnswer;
use sealroom_hsm::Origin;
use sealroom_store::{Batch, Committed, Guard, KeyPath, Row};

use crate::entry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::paths;
use crate::record::{KeyDocument, KeyRecord, Material};

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
        let (mut own, mut tokens) = (Vec::new(), 0);
        for row in rows.iter().filter(|row| paths::key_of(&row.path).is_some()) {
            let record = document(row)?.record;
            own.extend(self.renewal(row, &record)?.map(|renewal| (renewal, record.clone())));
            if record.rotation.pieces > 0 || record.origin == Origin::External {
                tokens += self.rewrap_pieces(&record).await?;
            }
        }
        Ok(Rewrapped { next, tokens: tokens + self.renew(own).await? })
    }

    /// The pieces of a key's material in rows of their own. Related keys have them in common, so they are looked at from each
    /// of them; the key under which they lie may be gone.
    async fn rewrap_pieces(&self, record: &KeyRecord) -> Result<u64, KmsError> {
        let (mut after, mut tokens) = (None, 0);
        loop {
            let (rows, more) = self.rows(paths::materials(&record.pieces_home()), after, PAGE).await?;
            let mut renewals = Vec::new();
            for row in &rows {
                renewals.extend(self.renewal(row, record)?.map(|renewal| (renewal, record.clone())));
            }
            tokens += self.renew(renewals).await?;
            if !more {
                return Ok(tokens);
            }
            after = rows.into_iter().next_back().map(|row| row.path);
        }
    }

    /// How many of these tokens were replaced: all, but those that somebody else took away or sealed anew.
    async fn renew(&self, renewals: Vec<(Renewal, KeyRecord)>) -> Result<u64, KmsError> {
        if renewals.is_empty() {
            return Ok(0);
        }
        let together = renewals.iter().fold(Batch::default(), |batch, (renewal, _)| renewal.add_to(batch));
        if let Committed::At(_) = self.view.commit(together).await? {
            // What the HSM keeps ready is found by the token, which nobody brings again.
            let old: Vec<[u8; 32]> = renewals.iter().map(|(renewal, _)| renewal.old).collect();
            self.forget(&old)?;
            return Ok(u64::try_from(old.len()).unwrap_or_default());
        }
        // Somebody changed one of them: each for itself.
        let mut tokens = 0;
        for (renewal, record) in renewals {
            tokens += u64::from(self.renew_alone(renewal, &record).await?);
        }
        Ok(tokens)
    }

    /// Whether the token was still there to be sealed anew.
    async fn renew_alone(&self, first: Renewal, record: &KeyRecord) -> Result<bool, KmsError> {
        let mut renewal = first;
        for _ in 0..ATTEMPTS {
            if let Committed::At(_) = self.view.commit(renewal.add_to(Batch::default())).await? {
                self.forget(&[renewal.old])?;
                return Ok(true);
            }
            let Some(row) = self.row(renewal.path).await? else { return Ok(false) };
            let Some(again) = self.renewal(&row, record)? else { return Ok(false) };
            renewal = again;
        }
        Err(KmsError::Fault("a key's row changed too often to seal its token anew"))
    }

    /// What replaces a row of the key of `record` whose token is under another domain key than the one that seals; `None` for
    /// all others.
    fn renewal(&self, row: &Row, record: &KeyRecord) -> Result<Option<Renewal>, KmsError> {
        let replaced = if paths::key_of(&row.path).is_some() {
            let mut document = document(row)?;
            let Some(material) = &document.record.material else { return Ok(None) };
            let Some((material, old)) = self.renewed(material)? else { return Ok(None) };
            document.record.material = Some(material);
            Some((document.to_bytes(), old))
        } else {
            self.renewed(&entry::piece(row, record)?)?.map(|(material, old)| (material.to_bytes(), old))
        };
        Ok(replaced.map(|(value, old)| Renewal { path: row.path.clone(), version: row.version, value, old }))
    }

    /// The same material under the domain key that seals, and the digest of the token before; `None` when it is already.
    fn renewed(&self, material: &Material) -> Result<Option<(Material, [u8; 32])>, KmsError> {
        let sealing = self.door.hsm().sealing_domain();
        if material.token_domain().is_none_or(|domain| domain == sealing) {
            return Ok(None);
        }
        Ok(material.rewrapped(self.door.hsm())?.zip(material.token_digest()))
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
