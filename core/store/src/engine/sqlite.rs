//! The SQLite engine: one file of ordered keys in a locked folder, one thread that writes, and logs in files beside it.
//!
//! ```text
//! <folder>/lock            held (flock) as long as the engine or one of its logs lives
//!          store.db        rows, changes, one row of meta; with -wal and -shm while open
//!          logs/<name>/    the files of an append log
//! ```
//!
//! What would surprise: after a batch that destroys, the write-ahead log is emptied and the free parts of all pages are
//! wiped, because SQLite leaves copies of moved rows there ([`scrub`]).

mod commit;
mod copy;
mod database;
mod reads;
mod scrub;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Read};
use crate::disk;
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{DiskFolder, FileLog, Kind, Leases, Log, LogError, SEGMENT_BYTES};
use crate::path::KeyPath;
use crate::snapshot::{SealedRow, Snapshot};

use copy::Copies;
use database::Database;
use reads::Readers;
use writer::Writer;

/// Rows in SQLite, logs in files.
pub(crate) struct Sqlite {
    folder: PathBuf,
    // Fields are dropped in this order: the lock goes last.
    writer: Writer,
    readers: Readers,
    database: Database,
    copies: Copies,
    leases: Leases,
    lock: Arc<File>,
}

impl Sqlite {
    /// Opens or makes the store in `folder`. Blocks.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let unreachable = |error| StoreError::unavailable("the data folder can't be opened", error);
        disk::make_folder(folder).map_err(unreachable)?;
        let lock = disk::open_or_create_file(&folder.join("lock")).map_err(unreachable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse,
            TryLockError::Error(error) => unreachable(error),
        })?;
        let database = Database::open(folder)?;
        let readers = Readers::open(&database)?;
        let copies = Copies::default();
        let writer = Writer::start(database.clone(), copies.clone())?;
        let (folder, leases, lock) = (folder.to_owned(), Leases::default(), Arc::new(lock));
        Ok(Self { folder, writer, readers, database, copies, leases, lock })
    }

    pub(crate) async fn read(&self, reads: &[Read], barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        self.readers.read(reads, barrier).await
    }

    pub(crate) async fn commit(&self, batch: Batch, barrier: &Barrier, feed: &Feed) -> Result<Committed, StoreError> {
        self.writer.commit(batch, barrier, feed).await
    }

    pub(crate) async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        self.readers.changes(after, limit).await
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        copy::snapshot(&self.database, &self.copies, self.writer.nudge(), Arc::clone(&self.lock)).await
    }

    pub(crate) async fn load(&self, rows: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
        let database = self.database.clone();
        let loaded = tokio::task::spawn_blocking(move || copy::load(&database, rows, sequence)).await;
        loaded.map_err(|error| StoreError::unavailable("a writing thread failed", error))?
    }

    pub(crate) fn shared(&self) -> bool {
        false
    }

    pub(crate) async fn log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        let lease = self.leases.take(name, Some(Arc::clone(&self.lock)))?;
        let path = self.folder.join("logs").join(name);
        let open = move || {
            let folder = DiskFolder::open_or_create(&path).map_err(LogError::unavailable)?;
            FileLog::open(folder, lanes, SEGMENT_BYTES, lease)
        };
        let log = tokio::task::spawn_blocking(open).await.map_err(LogError::unavailable)??;
        Ok(Log::of(Kind::Files(log)))
    }
}
