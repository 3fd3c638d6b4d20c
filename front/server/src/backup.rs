//! Backups: taken from a running house, proved, and brought back onto an empty machine.
//!
//! ```text
//! FOLDER/rows           every row as of commit S, sealed as the store keeps it (the format: `store::RowsWriter`)
//!        journal/       the journal's lanes, as log files
//!        manifest.json  what is here: digests, cluster, S, format; written last, so without it there is no backup
//!        manifest.sig   its signature by the cluster's key for manifests, base64
//! ```
//!
//! The rows come first, then the journal: an event whose outbox row is gone at S had been synced before S, so it is in the
//! copy; one whose row is there is recorded when the restored store is opened. The journal may tell of more than the rows
//! hold; that is how a restore knows which keys were destroyed after S ([`sealroom_kms::destroyed_key`]).
//!
//! Nothing here opens a key: a backup holds what the store holds, and the root of trust isn't in it. Whoever has the backup and
//! the root has everything.

mod error;
mod manifest;
mod progress;
mod prove;
mod restore;
mod successors;
mod take;

use std::path::{Path, PathBuf};

pub use error::BackupError;
pub use manifest::{BackupFile, Manifest};
pub use progress::{Progress, Seen};
pub use restore::{Restored, check_backup, restore};
pub(crate) use successors::KEY_ADDED;
pub(crate) use take::{Source, take};

/// Rows taken from a file at once.
const PAGE: usize = 256;

/// What a backup was proved to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Rows, all of which open.
    pub rows: u64,
    /// Keys.
    pub keys: u64,
    /// Key tokens, all of which open in the HSM.
    pub tokens: u64,
    /// Secrets of access keys, all of which open.
    pub secrets: u64,
    /// Those of the tokens and secrets that are sealed under another domain key than the one that seals now.
    pub older: u64,
    /// Tombstones of destroyed keys.
    pub tombstones: u64,
    /// Records of the journal, whose chain holds.
    pub records: u64,
    /// Checkpoints of the journal, all rightly signed.
    pub checkpoints: u64,
}

/// What the store of `source` holds, if all of it opens; nobody may be writing to it.
pub(crate) async fn prove_store(source: &Source, progress: &Progress) -> Result<Contents, BackupError> {
    prove::store(&source.engine, &source.journal, &source.hsm, &source.barrier, progress).await
}

/// What the rows of `source` hold as of one commit, if all of them open; `seen` is told of how many were opened. Blocks
/// between its awaits: not for a thread of the runtime.
pub(crate) async fn prove_rows(source: &Source, seen: impl FnMut(u64)) -> Result<Contents, BackupError> {
    prove::rows_of(&source.engine, &source.hsm, &source.barrier, seen).await
}

fn rows_file(folder: &Path) -> PathBuf {
    folder.join("rows")
}

fn journal_folder(folder: &Path) -> PathBuf {
    folder.join("journal")
}
