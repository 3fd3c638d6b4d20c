//! One transaction for many batches: look at each batch's guards, write it, and answer everybody after the commit.
//!
//! Each batch sees what the batches before it wrote. One whose guards don't hold writes nothing and spoils nothing; if
//! the disk fails, nobody of the transaction was committed as far as is known, and all are told so.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, params};
use thiserror::Error;

use crate::barrier::Barrier;
use crate::batch::{Batch, Committed, Guard};
use crate::engine::HISTORY;
use crate::engine::sqlite::copy::Copies;
use crate::engine::sqlite::database::{Database, broken, number};
use crate::engine::sqlite::reads::encode_paths;
use crate::engine::sqlite::scrub::scrub;
use crate::engine::sqlite::writer::{Caller, Job};
use crate::error::StoreError;
use crate::path::KeyPath;

/// LIMIT: attempts to empty the write-ahead log; each waits for readers as long as a connection is patient.
const ATTEMPTS: u32 = 4;

/// The writing connection, and what it owes.
pub(super) struct Disk {
    database: Database,
    /// `None` after a failure; opened again for the next transaction.
    connection: Option<Connection>,
    /// Something was destroyed and may still be in a file.
    owes_scrub: bool,
    copies: Copies,
    /// Those who destroyed something while a copy was made: it can be wiped when the copy has ended.
    destroyers: Vec<(Caller, Committed)>,
}

/// A batch as it is written: the last write of each path, and their names.
struct Work {
    guards: Vec<Guard>,
    writes: BTreeMap<KeyPath, Option<Vec<u8>>>,
    barrier: Barrier,
    paths: Arc<[KeyPath]>,
}

/// One failure, told to everybody in a transaction.
#[derive(Clone, Debug, Error)]
#[error(transparent)]
struct Together(Arc<StoreError>);

impl Disk {
    /// Opens the connection, and finishes what a crash may have interrupted: a write-ahead log that was left may hold what had
    /// been destroyed.
    pub(super) fn open(database: Database, copies: Copies) -> Result<Self, StoreError> {
        let owes_scrub = database.was_left_open();
        let mut disk = Self { connection: None, owes_scrub, database, copies, destroyers: Vec::new() };
        disk.destroy()?;
        Ok(disk)
    }

    /// Commits what can be committed of `jobs`, in order, and answers them all.
    pub(super) fn commit(&mut self, jobs: Vec<Job>) {
        let (mut callers, mut work) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
        for Job { batch, barrier, caller } in jobs {
            let writes = Batch::last_writes(batch.writes);
            let paths = writes.keys().cloned().collect();
            work.push(Work { guards: batch.guards, writes, barrier, paths });
            callers.push((caller, batch.destroys));
        }
        let changed: Vec<Arc<[KeyPath]>> = work.iter().map(|work| Arc::clone(&work.paths)).collect();
        match self.transact(work) {
            Ok(outcomes) => self.tell(callers, &changed, &outcomes),
            Err(error) => {
                let together = Together(Arc::new(error));
                for ((caller, _), changed) in callers.into_iter().zip(changed) {
                    // Nobody knows what reached the disk: whatever is cached of these rows may be wrong.
                    caller.publish(changed);
                    caller.answer(Err(StoreError::unavailable("the transaction failed", together.clone())));
                }
            }
        }
    }

    /// Publishes and answers; those who destroyed something last, when it is gone: behind the end of a copy that is being
    /// made.
    fn tell(&mut self, callers: Vec<(Caller, bool)>, changed: &[Arc<[KeyPath]>], outcomes: &[Committed]) {
        for (((caller, destroys), changed), outcome) in callers.into_iter().zip(changed).zip(outcomes) {
            let written = matches!(outcome, Committed::At(_)) && !changed.is_empty();
            if written {
                caller.publish(Arc::clone(changed));
            }
            if written && destroys {
                self.owes_scrub = true;
                self.destroyers.push((caller, *outcome));
            } else {
                caller.answer(Ok(*outcome));
            }
        }
        if self.copies.are_made() {
            return;
        }
        let destroyed = self.destroy().map_err(|error| Together(Arc::new(error)));
        if destroyed.is_err() && self.copies.are_made() {
            // One began meanwhile, and is in the way.
            return;
        }
        for (caller, outcome) in self.destroyers.drain(..) {
            caller.answer(match &destroyed {
                Ok(()) => Ok(outcome),
                Err(error) => {
                    Err(StoreError::unavailable("what was destroyed may still be on the disk", error.clone()))
                }
            });
        }
    }

    fn transact(&mut self, work: Vec<Work>) -> Result<Vec<Committed>, StoreError> {
        let written = write(self.connection()?, work);
        if written.is_err() {
            // Closing it rolls back whatever it is in.
            self.connection = None;
        }
        written
    }

    /// Empties the write-ahead log and wipes what the database file keeps of rows that are gone, if that is owed.
    fn destroy(&mut self) -> Result<(), StoreError> {
        if !self.owes_scrub {
            return Ok(());
        }
        self.empty_log()?;
        scrub(self.database.file()).map_err(|error| StoreError::unavailable("the database can't be wiped", error))?;
        // Its page cache still holds what was wiped.
        self.connection = Some(self.database.writer()?);
        self.owes_scrub = false;
        Ok(())
    }

    fn empty_log(&mut self) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            let blocked: bool = self.connection()?.query_row(checkpoint, [], |row| row.get(0)).map_err(broken)?;
            let left = self.database.log_bytes();
            let left =
                left.map_err(|error| StoreError::unavailable("the write-ahead log can't be looked at", error))?;
            if !blocked && left == 0 {
                return Ok(());
            }
        }
        Err(StoreError::gone("readers keep the write-ahead log from being emptied"))
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.writer()?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// Writes all batches whose guards hold, in one transaction.
fn write(connection: &Connection, work: Vec<Work>) -> Result<Vec<Committed>, StoreError> {
    run(connection, "BEGIN IMMEDIATE", [])?;
    let before: i64 = one(connection, "SELECT sequence FROM meta WHERE id = 1", [])?.unwrap_or_default();
    let mut sequence = u64::try_from(before).unwrap_or_default();
    let mut outcomes = Vec::with_capacity(work.len());
    for work in work {
        outcomes.push(write_one(connection, work, &mut sequence)?);
    }
    let after = number(sequence)?;
    if after != before {
        run(connection, "UPDATE meta SET sequence = ?1 WHERE id = 1", [after])?;
        let forgotten = after.saturating_sub(i64::try_from(HISTORY).unwrap_or(i64::MAX));
        run(connection, "DELETE FROM changes WHERE sequence <= ?1", [forgotten])?;
    }
    run(connection, "COMMIT", [])?;
    Ok(outcomes)
}

fn write_one(connection: &Connection, work: Work, sequence: &mut u64) -> Result<Committed, StoreError> {
    for guard in &work.guards {
        if !holds(connection, guard)? {
            return Ok(Committed::Conflict);
        }
    }
    if work.writes.is_empty() {
        return Ok(Committed::At(*sequence));
    }
    *sequence = sequence.saturating_add(1);
    let version = number(*sequence)?;
    for (path, value) in work.writes {
        match value {
            Some(value) => {
                let stored = work.barrier.seal(&path, *sequence, value);
                let put = "INSERT INTO rows (path, version, value) VALUES (?1, ?2, ?3)
                           ON CONFLICT (path) DO UPDATE SET version = excluded.version, value = excluded.value";
                run(connection, put, params![path.as_bytes(), version, stored])?;
            }
            None => run(connection, "DELETE FROM rows WHERE path = ?1", [path.as_bytes()])?,
        }
    }
    let changes = "INSERT INTO changes (sequence, paths) VALUES (?1, ?2)";
    run(connection, changes, params![version, encode_paths(&work.paths)])?;
    Ok(Committed::At(*sequence))
}

fn holds(connection: &Connection, guard: &Guard) -> Result<bool, StoreError> {
    let version = |path: &KeyPath| one(connection, "SELECT version FROM rows WHERE path = ?1", [path.as_bytes()]);
    let at_most = |prefix: &KeyPath, limit: u32| {
        let count = "SELECT count(*) FROM (SELECT 1 FROM rows WHERE path > ?1 AND path < ?2 LIMIT ?3)";
        let limit = i64::from(limit);
        let below = params![prefix.as_bytes(), prefix.end_of_prefix(), limit.saturating_add(1)];
        Ok(one(connection, count, below)?.is_none_or(|below| below <= limit))
    };
    match guard {
        Guard::Version(path, wanted) => Ok(version(path)?.is_some_and(|version| u64::try_from(version) == Ok(*wanted))),
        Guard::Absent(path) => Ok(version(path)?.is_none()),
        Guard::Empty(prefix) => at_most(prefix, 0),
        Guard::AtMost(prefix, limit) => at_most(prefix, *limit),
    }
}

fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map(drop).map_err(broken)
}

fn one(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<i64>, StoreError> {
    let found = connection.prepare_cached(sql);
    found.and_then(|mut statement| statement.query_row(params, |row| row.get(0)).optional()).map_err(broken)
}
