//! Why a backup wasn't taken, can't be trusted, or wasn't brought back.

use std::io;
use std::path::PathBuf;

use sealroom_audit::ReadError;
use sealroom_identity::ResealError;
use sealroom_kms::Unproved;
use sealroom_store::{LogError, RowsFileError, StoreError};
use thiserror::Error;

use crate::boot::BootError;
use crate::config::ConfigError;
use crate::house::HouseError;

/// Why a backup wasn't taken, can't be trusted, or wasn't brought back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder for a backup holds something already.
    #[error("`{}` is not empty: a backup goes into a new or an empty folder", .path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The system.
    #[error("`{}`: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no manifest.
    #[error("`{}` is no backup, or one that was not finished: it has no manifest.json", .path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest makes no sense, or is of a newer version.
    #[error("the manifest can't be used: {0}")]
    Manifest(&'static str),
    /// The manifest isn't signed by this cluster's key.
    #[error("the manifest is not signed by the cluster that this root of trust opens: it was changed, or is another's")]
    Signature,
    /// A file isn't what the manifest says.
    #[error("`{name}` is not what the manifest says: {how}")]
    Changed {
        /// The file, below the backup's folder.
        name: String,
        /// In which way.
        how: &'static str,
    },
    /// The file of rows.
    #[error(transparent)]
    Rows(#[from] RowsFileError),
    /// The store.
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    /// The log of a journal.
    #[error("the journal's log: {0}")]
    Log(#[from] LogError),
    /// The journal isn't what was written.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// A key doesn't open.
    #[error("a key does not open: {0}")]
    Keys(#[from] Unproved),
    /// The secret of an access key doesn't open.
    #[error("an access key does not open: {0}")]
    AccessKeys(#[from] ResealError),
    /// What was restored isn't what the backup held.
    #[error("what stands in the store is not what the backup holds: {0}")]
    Differs(&'static str),
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The root of trust or the store doesn't open.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The rooms can't be put together on what was restored.
    #[error(transparent)]
    House(#[from] HouseError),
    /// The store keeps nothing.
    #[error("`store.url` is `memory`, which keeps nothing: there is nothing to restore into")]
    Memory,
    /// The target of a restore holds something.
    #[error("`{place}` is not empty: a restore goes into an empty data folder or database, and nothing was changed")]
    Occupied {
        /// The data folder, or the database.
        place: String,
    },
    /// Another restore was cut off there.
    #[error("a restore of another backup into `{place}` has not ended: end that one, or empty it")]
    OtherRestore {
        /// The data folder, or the database.
        place: String,
    },
    /// A key that the journal knows to be destroyed can't be destroyed again.
    #[error("a key that was destroyed after the backup could not be destroyed again: {0}")]
    Burial(String),
    /// The event can't be recorded.
    #[error("it could not be recorded in the journal")]
    Unrecorded,
    /// The system gives no threads.
    #[error("the system gives no threads: {0}")]
    Threads(#[source] io::Error),
}

impl BackupError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
