//! The PostgreSQL engine: rows, changes and logs in tables that many nodes share.
//!
//! ```text
//! sealroom_rows     path → version, value (sealed)         sealroom_lanes    (log, lane) → epoch, last, trimmed
//! sealroom_changes  (sequence, path)                       sealroom_records  (log, lane, sequence) → bytes
//! sealroom_commits  sequence → engine that wrote it        sealroom_meta     format, sequence, engines opened so far
//! ```
//!
//! A read is one round trip: one statement, or one read-only transaction whose statements are sent together. Commits
//! go through one writer task (`postgres/commit.rs`), which shares transactions among those that wait. Durable means what
//! the server's `synchronous_commit` says. The connection isn't encrypted: rows are sealed before they leave, but whoever
//! can change what passes can lie about guards, as he who owns the database can; so keep it on a socket or a private
//! network.
//!
//! What a batch that *destroys* deletes isn't wiped: PostgreSQL keeps old row versions until VACUUM, and its write-ahead
//! log, archives and standbys for longer. The row is deleted, and that is all that SQL can do. A key token stays unreadable
//! without its domain key and the store key, twice sealed; vacuuming and the life of archives are the operator's.

pub(crate) mod sessions;
pub(crate) mod sql;

mod commit;
mod copy;
mod group;
mod read;
mod schema;

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Read};
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{Kind as LogKind, Leases, Log, LogError, PostgresLog};
use crate::path::KeyPath;
use crate::snapshot::{SealedRow, Snapshot};

use commit::Writer;
use group::Waiting;
use sessions::{Fault, Param, Sessions, Step, unsigned};

/// LIMIT: commits that wait for the database, those being written included.
const MAX_WAITING: usize = 4_096;

/// Rows and logs in PostgreSQL.
pub(crate) struct Postgres {
    sessions: Sessions,
    queue: mpsc::UnboundedSender<Waiting>,
    places: Arc<Semaphore>,
    logs: Leases,
}

impl Postgres {
    /// Opens the store at `url`, and makes it if there is none. Its writer runs on the runtime that this is called on.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let sessions = Sessions::new(url)?;
        let engine = schema::open(&sessions).await?;
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(Writer { sessions: sessions.clone(), engine }.run(waiting));
        Ok(Self { sessions, queue, places: Arc::new(Semaphore::new(MAX_WAITING)), logs: Leases::default() })
    }

    /// As of one moment, in one round trip on a connection that has been asked before.
    pub(crate) async fn read(&self, reads: &[Read], barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        let steps = read::steps(reads);
        let answers = if steps.is_empty() { Vec::new() } else { self.sessions.ask(&steps).await? };
        read::answers(reads, answers, barrier)
    }

    /// Waits for the writer. Dropping the future changes nothing: the batch is the writer's by then.
    pub(crate) async fn commit(&self, batch: Batch, barrier: &Barrier, feed: &Feed) -> Result<Committed, StoreError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let (waiting, answered) = Waiting::new(batch, barrier, feed, place);
        let gone = || StoreError::gone("the writer has ended");
        self.queue.send(waiting).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Whole commits, in order; nobody can commit a number below one that is visible, so none is missed.
    pub(crate) async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        let limit = limit.max(1);
        let asked = Step::Ask(sql::CHANGES, vec![Param::number(after), Param::Number(i64::from(limit))]);
        let rows = self.sessions.ask(&[asked]).await?.pop().unwrap_or_default();
        let newest = rows.first().map(|row| unsigned(row, 0)).transpose()?;
        let newest = newest.ok_or_else(|| StoreError::gone("the row of `sealroom_meta` is gone"))?;
        // A number from the future is one from before a backup was restored.
        if after > newest || newest - after > commit::history() {
            return Ok(None);
        }
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(path) = row.try_get::<_, Option<&[u8]>>(2).map_err(Fault::from)? else { continue };
            changes.push((unsigned(row, 1)?, read::path_of(path)?));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let last = changes.last().map(|(sequence, _)| *sequence);
        let first_of_last = changes.partition_point(|(sequence, _)| Some(*sequence) < last);
        if changes.len() > limit && first_of_last > 0 {
            changes.truncate(first_of_last);
        }
        Ok(Some(changes))
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        copy::snapshot(&self.sessions).await
    }

    pub(crate) async fn load(&self, rows: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
        copy::load(&self.sessions, rows, sequence).await
    }

    pub(crate) fn shared(&self) -> bool {
        true
    }

    pub(crate) async fn log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        let log = PostgresLog::open(self.sessions.clone(), name, lanes, self.logs.take(name, None)?).await?;
        Ok(Log::of(LogKind::Postgres(log)))
    }
}
