//! Secrets of access keys, looked at and sealed anew after a new domain key was made.
//!
//! As with tokens of KMS keys, doing a page twice does no harm, and that nothing is left shows [`sealed_secret`], which is
//! shown every row of a store.

use sealroom_foundation::ports::{Purpose, Seal};
use sealroom_store::{Answer, Batch, Committed, Guard, KeyPath, Read, Row, StoreError};
use thiserror::Error;

use crate::identity::Identity;
use crate::records::{self, AccessKeyRecord};

/// LIMIT: rows looked at at once.
const PAGE: u32 = 200;
/// LIMIT: how often a page is tried that others change meanwhile.
const ATTEMPTS: u32 = 20;

/// What the row of an access key says of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedSecret {
    /// It is sealed under the key that seals now.
    Current,
    /// It is sealed under another one.
    Older,
}

/// Why secrets can't be looked at or sealed anew.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResealError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that can't be read, or whose secret doesn't open.
    #[error("row `{path}` holds no access key, or its secret does not open")]
    Damaged {
        /// Its name.
        path: KeyPath,
    },
    /// Others kept changing the rows.
    #[error("access keys changed too often to seal their secrets anew")]
    Busy,
}

/// What came of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Where the next page begins; `None` behind the last.
    pub next: Option<KeyPath>,
    /// Secrets that were sealed anew.
    pub secrets: u64,
}

/// Opens the secret in the row of an access key; `None` for all other rows. `value` is what the row says.
///
/// # Errors
/// [`ResealError::Damaged`].
pub fn sealed_secret(seal: &dyn Seal, path: &KeyPath, value: &[u8]) -> Result<Option<SealedSecret>, ResealError> {
    let Some(renewal) = renewal(seal, path, value)? else { return Ok(None) };
    Ok(Some(if renewal.is_some() { SealedSecret::Older } else { SealedSecret::Current }))
}

/// For the row of an access key: what replaces it, if that is to be.
fn renewal(seal: &dyn Seal, path: &KeyPath, value: &[u8]) -> Result<Option<Option<Vec<u8>>>, ResealError> {
    let Some(id) = records::access_key_of(path) else { return Ok(None) };
    let damaged = || ResealError::Damaged { path: path.clone() };
    let record = AccessKeyRecord::decode(value).ok_or_else(damaged)?;
    let sealed = record.sealed_secret().ok_or_else(damaged)?;
    let resealed = seal.reseal(Purpose::AccessKeySecret, id.as_str().as_bytes(), &sealed).map_err(|_| damaged())?;
    Ok(Some(resealed.map(|sealed| record.with_secret(&sealed).encode())))
}

impl Identity {
    /// Seals the secrets in the next rows behind `after` under the key that seals, as far as another sealed them.
    ///
    /// # Errors
    /// [`ResealError`].
    pub async fn reseal(&self, after: Option<KeyPath>) -> Result<Resealed, ResealError> {
        for _ in 0..ATTEMPTS {
            let (rows, more) = self.access_keys(after.clone()).await?;
            let mut batch = Batch::default();
            for row in &rows {
                if let Some(value) = renewal(&*self.room.seal, &row.path, &row.value)?.flatten() {
                    let guard = Guard::Version(row.path.clone(), row.version);
                    batch = batch.guard(guard).put(row.path.clone(), value);
                }
            }
            let secrets = u64::try_from(batch.writes.len()).unwrap_or_default();
            if secrets == 0 || matches!(self.room.view.commit(batch).await?, Committed::At(_)) {
                let next = rows.last().filter(|_| more).map(|row| row.path.clone());
                return Ok(Resealed { next, secrets });
            }
        }
        Err(ResealError::Busy)
    }

    async fn access_keys(&self, after: Option<KeyPath>) -> Result<(Vec<Row>, bool), StoreError> {
        let everyone = Read::Range { prefix: records::access_keys(), after, limit: PAGE };
        Ok(match self.room.view.read(&[everyone]).await?.into_iter().next() {
            Some(Answer::Rows { rows, more }) => (rows, more),
            Some(Answer::Row(_)) | None => (Vec::new(), false),
        })
    }
}
