//! Reading: connections that never wait for the writer, short questions on the calling thread, long ones beside it.
//!
//! A point read from memory takes a few microseconds, less than handing it to another thread. So short questions are
//! answered where they are asked, but by at most half as many threads at a time as there are cores: a disk that hangs
//! then holds up some of the runtime's threads and not all. Everything else goes to the runtime's blocking threads.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row as SqliteRow, params};
use tokio::sync::Semaphore;

use crate::barrier::Barrier;
use crate::batch::{Answer, Read, Row};
use crate::engine::sqlite::database::{Database, broken, number};
use crate::error::StoreError;
use crate::path::KeyPath;
use crate::snapshot::SealedRow;

/// LIMIT: connections for questions asked on blocking threads.
const BESIDE: usize = 8;
/// LIMIT: gets, and rows of all ranges, of a question that counts as short.
const SHORT: u32 = 64;

/// The reading connections.
pub(super) struct Readers {
    inline: Mutex<Vec<Connection>>,
    beside: Arc<Beside>,
}

struct Beside {
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn open(database: &Database) -> Result<Self, StoreError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let open = |count| (0..count).map(|_| database.reader()).collect::<Result<Vec<_>, _>>();
        let inline = Mutex::new(open((cores / 2).max(1))?);
        let idle = Mutex::new(open(BESIDE)?);
        Ok(Self { inline, beside: Arc::new(Beside { free: Arc::new(Semaphore::new(BESIDE)), idle }) })
    }

    pub(super) async fn read(&self, reads: &[Read], barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        if is_short(reads)
            && let Some(connection) = pop(&self.inline)
        {
            let found = find_all(&connection, reads);
            push(&self.inline, connection);
            return found?.into_iter().map(|found| found.open(barrier)).collect();
        }
        let (reads, barrier) = (reads.to_vec(), barrier.clone());
        let ask = move |connection: &Connection| find_all(connection, &reads);
        self.ask_beside(ask, move |found: Vec<Found>| found.into_iter().map(|found| found.open(&barrier)).collect())
            .await
    }

    pub(super) async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        self.ask_beside(move |connection| changes(connection, after, limit), Ok).await
    }

    /// Asks on a thread that may wait for the disk; `finish` runs there too, when the connection is free again.
    async fn ask_beside<T: Send + 'static, A: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        finish: impl FnOnce(T) -> Result<A, StoreError> + Send + 'static,
    ) -> Result<A, StoreError> {
        let ended = |error| StoreError::unavailable("the store is closing", error);
        let permit = Arc::clone(&self.beside.free).acquire_owned().await.map_err(ended)?;
        let beside = Arc::clone(&self.beside);
        let work = move || {
            let connection = pop(&beside.idle).ok_or_else(|| StoreError::gone("a reading connection was lost"))?;
            let found = ask(&connection);
            push(&beside.idle, connection);
            drop(permit);
            finish(found?)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| StoreError::unavailable("a reading thread failed", error))?
    }
}

fn is_short(reads: &[Read]) -> bool {
    let rows = reads.iter().map(|read| match read {
        Read::Get(_) => 1,
        Read::Range { limit, .. } => limit.saturating_add(1),
    });
    rows.fold(0, u32::saturating_add) <= SHORT
}

fn pop(connections: &Mutex<Vec<Connection>>) -> Option<Connection> {
    connections.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// Gives a connection back. One that couldn't end its transaction would go on to see the past, and is closed instead.
fn push(connections: &Mutex<Vec<Connection>>, connection: Connection) {
    if !connection.is_autocommit() {
        return;
    }
    connections.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
}

/// What a question found, still sealed.
enum Found {
    Row(Option<SealedRow>),
    Rows { rows: Vec<SealedRow>, more: bool },
}

impl Found {
    fn open(self, barrier: &Barrier) -> Result<Answer, StoreError> {
        let open = |SealedRow { path, version, stored }| {
            let value = barrier.open(&path, version, stored)?;
            Ok(Row { path, value, version })
        };
        match self {
            Self::Row(found) => Ok(Answer::Row(found.map(open).transpose()?)),
            Self::Rows { rows, more } => {
                Ok(Answer::Rows { rows: rows.into_iter().map(open).collect::<Result<_, StoreError>>()?, more })
            }
        }
    }
}

/// Answers all questions as of one moment.
fn find_all(connection: &Connection, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
    if let [read] = reads {
        return Ok(vec![find(connection, read)?]);
    }
    let moment = Moment::begin(connection)?;
    reads.iter().map(|read| find(moment.0, read)).collect()
}

/// A transaction that only reads; it ends when dropped.
pub(super) struct Moment<'a>(&'a Connection);

impl<'a> Moment<'a> {
    pub(super) fn begin(connection: &'a Connection) -> Result<Self, StoreError> {
        let begun = connection.prepare_cached("BEGIN").and_then(|mut statement| statement.execute([]));
        begun.map(|_| Self(connection)).map_err(broken)
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        // If it fails, the connection isn't used again.
        let _ = self.0.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
    }
}

fn find(connection: &Connection, read: &Read) -> Result<Found, StoreError> {
    match read {
        Read::Get(path) => {
            let get = "SELECT version, value FROM rows WHERE path = ?1";
            let mut statement = connection.prepare_cached(get).map_err(broken)?;
            let mut rows = statement.query([path.as_bytes()]).map_err(broken)?;
            let Some(row) = rows.next().map_err(broken)? else { return Ok(Found::Row(None)) };
            Ok(Found::Row(Some(sealed(path.clone(), row, 0)?)))
        }
        Read::Range { prefix, after, limit } => {
            let range = "SELECT version, value, path FROM rows WHERE path > ?1 AND path < ?2 ORDER BY path LIMIT ?3";
            let start = after.as_ref().map_or(prefix, |after| after.max(prefix));
            let asked = params![start.as_bytes(), prefix.end_of_prefix(), i64::from(*limit).saturating_add(1)];
            let mut statement = connection.prepare_cached(range).map_err(broken)?;
            let mut found = statement.query(asked).map_err(broken)?;
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            let mut rows = Vec::new();
            while let Some(row) = found.next().map_err(broken)? {
                if rows.len() == limit {
                    return Ok(Found::Rows { rows, more: true });
                }
                let forged = || StoreError::Forged { path: prefix.clone() };
                let path = row.get_ref(2).map_err(broken)?.as_blob().map_err(|_| forged())?;
                rows.push(sealed(KeyPath::from_encoded(path).map_err(|_| forged())?, row, 0)?);
            }
            Ok(Found::Rows { rows, more: false })
        }
    }
}

/// The version and value of a row, from `column` on. What isn't a version or value wasn't written by this program.
pub(super) fn sealed(path: KeyPath, row: &SqliteRow<'_>, column: usize) -> Result<SealedRow, StoreError> {
    let version = row.get_ref(column).map_err(broken)?.as_i64().ok().and_then(|version| u64::try_from(version).ok());
    let stored = row.get_ref(column.saturating_add(1)).map_err(broken)?.as_blob().ok().map(<[u8]>::to_vec);
    match (version, stored) {
        (Some(version), Some(stored)) => Ok(SealedRow { path, version, stored }),
        _ => Err(StoreError::Forged { path }),
    }
}

/// The changed paths after `after`, whole commits; `None` when commits after it are forgotten.
fn changes(connection: &Connection, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
    let damaged = || StoreError::gone("the list of changes is damaged");
    let Moment(moment) = &Moment::begin(connection)?;
    let oldest = "SELECT coalesce((SELECT min(sequence) - 1 FROM changes), (SELECT sequence FROM meta), 0)";
    let horizon: i64 = moment.query_row(oldest, [], |row| row.get(0)).map_err(broken)?;
    if after < u64::try_from(horizon).map_err(|_| damaged())? {
        return Ok(None);
    }
    let after = number(after.min(u64::MAX >> 1))?;
    let select = "SELECT sequence, paths FROM changes WHERE sequence > ?1 ORDER BY sequence";
    let mut statement = moment.prepare_cached(select).map_err(broken)?;
    let mut found = statement.query([after]).map_err(broken)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut changes: Vec<(u64, KeyPath)> = Vec::new();
    while let Some(row) = found.next().map_err(broken)? {
        let sequence: i64 = row.get(0).map_err(broken)?;
        let sequence = u64::try_from(sequence).map_err(|_| damaged())?;
        let paths = row.get_ref(1).map_err(broken)?.as_blob().ok().and_then(decode_paths).ok_or_else(damaged)?;
        if !changes.is_empty() && changes.len().saturating_add(paths.len()) > limit {
            break;
        }
        changes.extend(paths.into_iter().map(|path| (sequence, path)));
    }
    Ok(Some(changes))
}

/// Paths in one value, each after its length.
pub(super) fn encode_paths(paths: &[KeyPath]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        let length = u32::try_from(path.as_bytes().len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(path.as_bytes());
    }
    bytes
}

fn decode_paths(mut bytes: &[u8]) -> Option<Vec<KeyPath>> {
    let mut paths = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (path, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        paths.push(KeyPath::from_encoded(path).ok()?);
        bytes = rest;
    }
    Some(paths)
}
