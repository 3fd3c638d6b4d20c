//! The engines: a closed set, one conformance suite. An engine keeps bytes it can't read and says what changed.
//!
//! Each engine is a struct of its own with the same methods, and [`Kind`] chooses between them; there is no
//! trait, because there is no other caller. What they promise one another and `tests/suite` holds them to:
//!
//! - `read` answers as of one moment and opens what it returns.
//! - `commit` picks the sequence number, seals each put under it, and publishes the changed paths to the feed before it
//!   answers. When it fails without knowing whether the batch was written, it publishes them too. Dropping the future
//!   doesn't stop a commit that began.
//! - `changes` never cuts a commit: it stops before the commit that would pass the limit, but always gives the first.
//! - `snapshot` shows all rows as of one commit, sealed; `load` writes such rows as they are, under their own versions.
//! - `shared` says whether other nodes may commit, so that there is something to poll.
//! - `log` opens an append log beside the rows.

mod memory;
pub(crate) mod postgres;
mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Guard, Read, Row, Write, within};
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{Log, LogError, check_name};
use crate::path::KeyPath;
use crate::snapshot::{SealedRow, Snapshot};

use memory::Memory;
use postgres::Postgres;
use sqlite::Sqlite;

/// Where a store lives. Cheap to clone; two stores over one engine see the same rows.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    kind: Kind,
    feed: Feed,
    /// The sequence number up to which other nodes' commits were published, or [`NEVER`].
    polled: AtomicU64,
}

/// Nothing was polled yet: what was committed before the store was opened is in no cache.
const NEVER: u64 = u64::MAX;

/// LIMIT: commits whose changed paths an engine remembers.
pub(crate) const HISTORY: usize = 100_000;

/// LIMIT: bytes that sealing adds to a value.
const SEALING: usize = 1_024;

/// LIMIT: changes asked for at once when polling.
const POLL: u32 = 4_096;

enum Kind {
    Memory(Memory),
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Engine {
    /// Rows and logs in memory, gone with the process. For tests.
    #[must_use]
    pub fn memory() -> Self {
        Self::of(Kind::Memory(Memory::new()))
    }

    /// SQLite and log files in `folder`, which is made (0700) if missing and locked against other processes for as long as
    /// the engine lives. Blocks; call it before serving.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Format`], [`StoreError::Unavailable`].
    pub fn sqlite(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self::of(Kind::Sqlite(Sqlite::open(folder)?)))
    }

    /// PostgreSQL at `postgres://user:password@host:port/database`; tables are made if missing.
    ///
    /// # Errors
    /// [`StoreError::Format`], [`StoreError::Unavailable`].
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        Ok(Self::of(Kind::Postgres(Postgres::open(url).await?)))
    }

    /// Reads a row under `boot/`, the only ones kept clear.
    ///
    /// # Errors
    /// [`StoreError::Reserved`] for any other path; [`StoreError::Unavailable`].
    pub async fn boot_read(&self, path: &KeyPath) -> Result<Option<Row>, StoreError> {
        self.boot_rows(std::slice::from_ref(path)).await.map(|rows| rows.into_iter().next().flatten())
    }

    /// Reads rows under `boot/` as of one moment, in the order of `paths`.
    ///
    /// # Errors
    /// As [`Engine::boot_read`].
    pub async fn boot_rows(&self, paths: &[KeyPath]) -> Result<Vec<Option<Row>>, StoreError> {
        paths.iter().try_for_each(boot_only)?;
        let reads: Vec<Read> = paths.iter().cloned().map(Read::Get).collect();
        let answers = self.read(&reads, &Barrier::insecure_none()).await?;
        Ok(answers.into_iter().map(Answer::row).collect())
    }

    /// Commits a batch of rows under `boot/`.
    ///
    /// # Errors
    /// [`StoreError::Reserved`] when it touches any other path; those of a commit.
    pub async fn boot_write(&self, batch: Batch) -> Result<Committed, StoreError> {
        batch.writes.iter().map(Write::path).try_for_each(boot_only)?;
        batch.guards.iter().map(Guard::path).try_for_each(boot_only)?;
        batch.check_limits()?;
        self.commit(batch, &Barrier::insecure_none()).await
    }

    /// All rows as of one commit, sealed as they stand, while others go on committing. What a batch destroys meanwhile is
    /// wiped from SQLite's files only when the snapshot is dropped, and the batch is answered then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        match &self.shared.kind {
            Kind::Memory(engine) => engine.snapshot().await,
            Kind::Sqlite(engine) => engine.snapshot().await,
            Kind::Postgres(engine) => engine.snapshot().await,
        }
    }

    /// Writes rows of a snapshot as they are, each under its own version, over what stands there; commits then go on
    /// behind `sequence`, or behind their newest number when that is greater. Told to no feed: for a store that nobody has
    /// opened yet.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] over a limit, [`StoreError::Unavailable`].
    pub async fn load(&self, rows: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
        for row in &rows {
            within("bytes of a path", row.path.as_bytes().len(), KeyPath::MAX_BYTES)?;
            within("bytes of a value", row.stored.len(), Write::MAX_VALUE.saturating_add(SEALING))?;
        }
        match &self.shared.kind {
            Kind::Memory(engine) => engine.load(rows, sequence).await,
            Kind::Sqlite(engine) => engine.load(rows, sequence).await,
            Kind::Postgres(engine) => engine.load(rows, sequence).await,
        }
    }

    /// Opens the append log `name` as [`crate::Store::log`] does; for who restores one before there is a store.
    ///
    /// # Errors
    /// As [`crate::Store::log`].
    pub async fn open_log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        check_name(name, lanes)?;
        self.log(name, lanes).await
    }

    fn of(kind: Kind) -> Self {
        Self { shared: Arc::new(Shared { kind, feed: Feed::new(), polled: AtomicU64::new(NEVER) }) }
    }

    /// Whether other nodes may be on the same rows.
    #[must_use]
    pub fn has_other_nodes(&self) -> bool {
        self.shared()
    }

    pub(crate) fn feed(&self) -> Feed {
        self.shared.feed.clone()
    }

    pub(crate) async fn read(&self, reads: &[Read], barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        match &self.shared.kind {
            Kind::Memory(engine) => engine.read(reads, barrier).await,
            Kind::Sqlite(engine) => engine.read(reads, barrier).await,
            Kind::Postgres(engine) => engine.read(reads, barrier).await,
        }
    }

    pub(crate) async fn commit(&self, batch: Batch, barrier: &Barrier) -> Result<Committed, StoreError> {
        let feed = &self.shared.feed;
        match &self.shared.kind {
            Kind::Memory(engine) => engine.commit(batch, barrier, feed).await,
            Kind::Sqlite(engine) => engine.commit(batch, barrier, feed).await,
            Kind::Postgres(engine) => engine.commit(batch, barrier, feed).await,
        }
    }

    pub(crate) async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        match &self.shared.kind {
            Kind::Memory(engine) => engine.changes(after, limit).await,
            Kind::Sqlite(engine) => engine.changes(after, limit).await,
            Kind::Postgres(engine) => engine.changes(after, limit).await,
        }
    }

    pub(crate) async fn log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        match &self.shared.kind {
            Kind::Memory(engine) => engine.log(name, lanes).await,
            Kind::Sqlite(engine) => engine.log(name, lanes).await,
            Kind::Postgres(engine) => engine.log(name, lanes).await,
        }
    }

    fn shared(&self) -> bool {
        match &self.shared.kind {
            Kind::Memory(engine) => engine.shared(),
            Kind::Sqlite(engine) => engine.shared(),
            Kind::Postgres(engine) => engine.shared(),
        }
    }

    /// Begins to follow other nodes, from here on.
    pub(crate) async fn follow(&self) -> Result<(), StoreError> {
        if self.shared() && self.shared.polled.load(Ordering::Acquire) == NEVER {
            let newest = self.newest().await?;
            let polled = &self.shared.polled;
            // Whoever was first has caches to keep right from its own number on.
            let _ = polled.compare_exchange(NEVER, newest, Ordering::AcqRel, Ordering::Acquire);
        }
        Ok(())
    }

    /// Publishes what other nodes committed since the last time. Until it ends well, the feed is blind.
    pub(crate) async fn poll(&self) -> Result<(), StoreError> {
        if !self.shared() {
            return Ok(());
        }
        let mut sight = Sight { feed: &self.shared.feed, lost: true };
        self.catch_up().await?;
        sight.lost = false;
        Ok(())
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let Shared { feed, polled, .. } = &*self.shared;
        loop {
            let after = polled.load(Ordering::Acquire);
            let Some(changes) = self.changes(after, POLL).await? else {
                // The number comes first: what is committed after it will be polled.
                let newest = self.newest().await?;
                feed.lose_track();
                polled.fetch_max(newest, Ordering::AcqRel);
                return Ok(());
            };
            let Some((newest, _)) = changes.last() else { return Ok(()) };
            let newest = *newest;
            for commit in changes.chunk_by(|(left, _), (right, _)| left == right) {
                feed.publish(commit.iter().map(|(_, path)| path.clone()).collect());
            }
            polled.fetch_max(newest, Ordering::AcqRel);
        }
    }

    /// The newest sequence number there is.
    async fn newest(&self) -> Result<u64, StoreError> {
        match self.commit(Batch::default(), &Barrier::insecure_none()).await? {
            Committed::At(newest) => Ok(newest),
            Committed::Conflict => Err(StoreError::gone("a batch that asks for nothing was refused")),
        }
    }
}

/// Leaves the feed blind when a poll fails, and when its future is dropped half-way.
struct Sight<'a> {
    feed: &'a Feed,
    lost: bool,
}

impl Drop for Sight<'_> {
    fn drop(&mut self) {
        self.feed.set_blind(self.lost);
    }
}

fn boot_only(path: &KeyPath) -> Result<(), StoreError> {
    if path.is_boot() { Ok(()) } else { Err(StoreError::Reserved { path: path.clone() }) }
}
