//! Rotations of what stands above the KMS keys: the domain keys, and the root of trust that wraps them.
//!
//! ```text
//! domain key   boot/domain-keys + boot/domain-rotation: announced    every node opens with it
//!              boot/domain-rotation: sealing                         every node seals with it
//!              store key, key tokens, secrets of access keys are sealed anew, until a look at all rows finds none left
//!              boot/domain-rotation goes
//! root         boot/next-root                                        the present and the next root both open the store
//!              boot/cluster, boot/domain-keys under the next root; boot/next-root goes
//! ```
//!
//! Each arrow from line to line is one batch, guarded by the rows it was decided on; a process that is killed in between leaves
//! a store that opens, and the same command goes on. Older domain keys stay: journals, backups and tokens in the hands of
//! clients need them. What would surprise: the root is read again for each of this, from where the configuration says it is.

mod domain;
mod root;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_hsm::StartError;
use sealroom_identity::{Identity, ResealError};
use sealroom_kms::Kms;
use sealroom_store::{Batch, Committed, StoreError};
use thiserror::Error;

pub(crate) use domain::{Followed, follow, rotate as rotate_domain};
pub(crate) use root::{Change, cancel as cancel_root, finish as finish_root, prepare as prepare_root};

use crate::backup::{BackupError, Source};
use crate::boot::{BootError, Held, OpenRoot};
use crate::config::Config;

/// What rotations work on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub(crate) config: Arc<Config>,
    pub(crate) kms: Kms,
    pub(crate) identity: Identity,
    pub(crate) source: Source,
}

/// Numbers by name: what came of a rotation.
pub(crate) type Numbers = Vec<(&'static str, u64)>;

/// Why a rotation wasn't carried out, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum RotateError {
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something doesn't open.
    #[error(transparent)]
    Unproved(#[from] BackupError),
    #[error(transparent)]
    AccessKeys(#[from] ResealError),
    #[error("the HSM can not use the new domain key: {0}")]
    Hsm(#[from] StartError),
    #[error("a key token can not be sealed anew: {0}")]
    Rewrap(String),
    /// The journal.
    #[error("{0}")]
    Unrecorded(String),
    #[error("there are as many domain keys as there may be")]
    TooMany,
    #[error("the store key does not open")]
    StoreKey,
    #[error("somebody else changed the keys of the house meanwhile: run it again")]
    Meanwhile,
    #[error("{0} things are still sealed under an older domain key: run it again")]
    Left(u64),
    #[error("a rotation of the root has begun: end it with `rotate-root --finish`, or take it back with `--cancel`")]
    RootBegun,
    #[error(
        "a rotation to another root of kind `{0}` has begun: end it with `--finish`, or take it back with `--cancel`"
    )]
    OtherBegun(String),
    #[error("no rotation of the root has begun")]
    NotBegun,
    #[error("the present root of trust is of kind `{0}`")]
    Kind(String),
    #[error("that is the root that the store is under already")]
    Same,
    #[error("the configuration still names the present root: put the new one in its place first")]
    StillPresent,
    #[error("the configuration names the new root already: put the present one back first")]
    AlreadyNext,
    #[error("what the root opens are not the domain keys that this server works with: start it again")]
    OtherKeys,
    #[error("a row `{0}` stands under `boot` that does not belong there")]
    Stray(String),
}

impl From<ErrorAnswer> for RotateError {
    fn from(error: ErrorAnswer) -> Self {
        Self::Rewrap(error.message.unwrap_or_else(|| error.code.into_owned()))
    }
}

impl Keeper {
    /// The rows of `boot`, and what the configured root opens.
    async fn open(&self) -> Result<(Held, OpenRoot), RotateError> {
        let held = Held::of(&self.source.engine).await?;
        let (config, read) = (Arc::clone(&self.config), held.clone());
        let open = unblocked(move || read.open_root(&config)).await?;
        Ok((held, open))
    }

    /// Commits rows of `boot`; [`RotateError::Meanwhile`] when a guard of `batch` doesn't hold.
    async fn write(&self, batch: Batch) -> Result<(), RotateError> {
        match self.source.engine.boot_write(batch).await? {
            Committed::At(_) => Ok(()),
            Committed::Conflict => Err(RotateError::Meanwhile),
        }
    }
}

/// Runs what reads files and computes for long off the threads that serve.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BootError> + Send + 'static,
) -> Result<T, RotateError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| RotateError::Unrecorded("a thread failed".to_owned()))?.map_err(RotateError::from)
}
