//! The log of the PostgreSQL engine: lanes in a table, each with a writer that commits what waits, together.
//!
//! Appending queues; `written` and `synced` are the same here and mean committed. A log belongs to whoever opened it last:
//! opening raises the epoch of every lane, each append carries the epoch it was opened under and moves the lane's `last` in
//! the same statement, so the writer of an older epoch writes nothing more and its lane is poisoned. While the database can't
//! be reached a lane is *down*: it refuses records, those that wait are tried until they are in, and who waits for one is told
//! that it is unavailable, though it may still be written.

mod lane;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::engine::postgres::sessions::{Fault, Known, Param, Sessions, Step, unsigned};
use crate::engine::postgres::sql;
use crate::log::files::Lease;
use crate::log::{Log, LogError, Position, Record};

use lane::{Lane, Owned};

/// LIMIT: how often a log is claimed when another opens it at the same time.
const ATTEMPTS: u32 = 8;

/// LIMIT: records that one statement deletes.
const TRIM: u64 = 10_000;

/// Lanes in a table.
pub(crate) struct PostgresLog {
    sessions: Sessions,
    lanes: Vec<Arc<Lane>>,
    _lease: Lease,
}

impl PostgresLog {
    /// Takes the log over from whatever other process had it. Writers run on the runtime that this is called on.
    pub(crate) async fn open(sessions: Sessions, name: &str, lanes: usize, lease: Lease) -> Result<Self, LogError> {
        let mut attempt = 0;
        let claimed = loop {
            attempt += 1;
            match claim(&sessions, name, lanes).await? {
                Some(claimed) => break claimed,
                None if attempt == ATTEMPTS => return Err(LogError::unavailable("others open this log all the time")),
                None => {}
            }
        };
        let lanes = claimed.lanes.into_iter().enumerate().map(|(number, lane)| {
            let owned = Owned { log: name.to_owned(), number, epoch: claimed.epoch };
            Lane::start(sessions.clone(), owned, lane.last, lane.trimmed)
        });
        Ok(Self { lanes: lanes.collect(), sessions, _lease: lease })
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn append(&self, lane: usize, record: &[u8]) -> Result<Position, LogError> {
        let found = self.lane(lane)?;
        if record.len() > Log::MAX_RECORD {
            return Err(LogError::TooLong { bytes: record.len() });
        }
        Ok(Position { lane, sequence: found.append(record)? })
    }

    pub(crate) async fn written(&self, position: Position) -> Result<(), LogError> {
        let lane = self.lane(position.lane)?;
        if position.sequence > lane.last() {
            return Err(LogError::Unknown);
        }
        lane.committed(position.sequence).await
    }

    pub(crate) async fn synced(&self, position: Position) -> Result<(), LogError> {
        self.written(position).await
    }

    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.waiting_bytes()).sum()
    }

    /// Waits on this thread until everything appended so far is committed. The writers sync by themselves, so nothing depends on this.
    pub(crate) fn sync_now(&self) -> Result<(), LogError> {
        let ends = self.lanes.iter().map(|lane| lane::block_on(lane.committed(lane.last())));
        // Every lane is waited for, also behind one that failed.
        ends.fold(Ok(()), Result::and)
    }

    pub(crate) fn last(&self, lane: usize) -> Result<Position, LogError> {
        Ok(Position { lane, sequence: self.lane(lane)?.last() })
    }

    pub(crate) async fn read(&self, lane: usize, after: u64, limit: u32) -> Result<Vec<Record>, LogError> {
        let found = self.lane(lane)?;
        match found.committed(found.last()).await {
            // What a lane of ours no longer takes can still be read.
            Ok(()) | Err(LogError::Poisoned { .. }) => {}
            Err(error) => return Err(error),
        }
        let params = [found.owned.params(), vec![Param::number(after), Param::Number(i64::from(limit))]].concat();
        let rows = last(self.sessions.ask(&[Step::Ask(sql::RECORDS, params)]).await?);
        Page::new(&rows)?.check(lane, after, limit)
    }

    pub(crate) async fn trim(&self, upto: Position) -> Result<(), LogError> {
        let lane = self.lane(upto.lane)?;
        let upto = upto.sequence.min(lane.written());
        while lane.trimmed() < upto {
            let step = lane.trimmed().saturating_add(TRIM).min(upto);
            let params = [lane.owned.params(), vec![Param::number(lane.owned.epoch), Param::number(step)]].concat();
            let steps = [Step::Ask(sql::TRIM, params), Step::Ask(sql::LANE, lane.owned.params())];
            let stands = last(self.sessions.ask(&steps).await?);
            let stands =
                stands.first().map(|row| Ok::<_, Fault>((unsigned(row, 0)?, unsigned(row, 2)?))).transpose()?;
            if !stands.is_some_and(|(epoch, trimmed)| epoch == lane.owned.epoch && trimmed >= step) {
                return Err(lane.lost());
            }
            lane.set_trimmed(step);
        }
        Ok(())
    }

    fn lane(&self, lane: usize) -> Result<&Arc<Lane>, LogError> {
        self.lanes.get(lane).ok_or(LogError::Unknown)
    }
}

impl Drop for PostgresLog {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|lane| lane.close());
    }
}

impl From<Fault> for LogError {
    fn from(fault: Fault) -> Self {
        if fault.code == Some(SqlState::DISK_FULL) { Self::Full } else { Self::unavailable(fault.text) }
    }
}

/// A log that is ours.
struct Claimed {
    epoch: u64,
    lanes: Vec<ClaimedLane>,
}

/// What an earlier run left of a lane.
struct ClaimedLane {
    last: u64,
    trimmed: u64,
}

/// Makes missing lanes and raises the epoch of all; `None` when another did so in between. A statement that a cut connection
/// left behind in the server and that runs late finds its epoch taken, and does nothing.
async fn claim(sessions: &Sessions, name: &str, lanes: usize) -> Result<Option<Claimed>, Fault> {
    let log = || Param::Text(name.into());
    let wanted: Vec<i64> = (0..).take(lanes).collect();
    let make = Step::Ask(sql::MAKE_LANES, vec![log(), Param::Numbers(wanted)]);
    let rows = last(sessions.ask(&[make, Step::Ask(sql::LANES, vec![log()])]).await?);
    let epochs = rows.iter().map(|row| unsigned(row, 1)).collect::<Result<Vec<u64>, Fault>>()?;
    let epoch = epochs.iter().max().copied().unwrap_or(0).saturating_add(1);

    let mut taken = BTreeMap::new();
    for row in last(sessions.ask(&[Step::Ask(sql::CLAIM, vec![log(), Param::number(epoch)])]).await?) {
        taken.insert(unsigned(&row, 0)?, ClaimedLane { last: unsigned(&row, 1)?, trimmed: unsigned(&row, 2)? });
    }
    let complete = taken.keys().copied().eq((0..).take(epochs.len()));
    Ok(complete.then(|| Claimed { epoch, lanes: taken.into_values().collect() }))
}

/// Records as the table has them.
struct Page {
    last: u64,
    trimmed: u64,
    records: Vec<(u64, Vec<u8>)>,
}

impl Page {
    fn new(rows: &[Row]) -> Result<Self, Fault> {
        let first = rows.first().ok_or_else(|| Fault::new(Known::Refused, "the row of the lane is gone"))?;
        let mut page = Self { last: unsigned(first, 0)?, trimmed: unsigned(first, 1)?, records: Vec::new() };
        for row in rows {
            if let Some(bytes) = row.try_get::<_, Option<Vec<u8>>>(3)? {
                page.records.push((unsigned(row, 2)?, bytes));
            }
        }
        Ok(page)
    }

    /// The records, if none that should be there is missing.
    fn check(self, lane: usize, after: u64, limit: u32) -> Result<Vec<Record>, LogError> {
        let mut expected = after.max(self.trimmed);
        let mut records = Vec::with_capacity(self.records.len());
        for (sequence, bytes) in self.records {
            expected += 1;
            if sequence != expected {
                return Err(LogError::Damaged { lane, sequence: expected });
            }
            records.push(Record { position: Position { lane, sequence }, bytes });
        }
        let full = u32::try_from(records.len()).unwrap_or(u32::MAX) >= limit;
        if !full && expected < self.last {
            return Err(LogError::Damaged { lane, sequence: expected.saturating_add(1) });
        }
        Ok(records)
    }
}

/// The rows of the last statement.
fn last(mut answers: Vec<Vec<Row>>) -> Vec<Row> {
    answers.pop().unwrap_or_default()
}
