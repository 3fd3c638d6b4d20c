//! The writer: one task that takes waiting batches in groups, a transaction each.
//!
//! ```text
//! round trip 1   BEGIN · lock the meta row, read the sequence · versions and counts that guards ask for
//!   here         guards decide; numbers are given; values are sealed under them
//! round trip 2   rows · changes · who wrote this number · the new sequence · COMMIT
//! ```
//!
//! The locked row makes commits of all nodes take turns from the first statement to the end, so numbers grow in the order in which
//! commits become visible, and READ COMMITTED is enough. A connection that is cut before COMMIT was sent undid its
//! transaction. If it is cut after, the writer asks another connection, which first waits for that row: who holds the number
//! then is the answer, and nothing is guessed. Batches whose fate can't be learnt in time fail as unavailable.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::mpsc;

use super::group::{Group, Plan, Questions, Seen, Stored, Waiting};
use super::sessions::{Fault, Known, Param, Sessions, Step, discard, in_time, send, signed, unsigned};
use super::sql;
use crate::batch::Committed;
use crate::engine::HISTORY;
use crate::path::KeyPath;

/// LIMIT: how often a transaction is tried, and its fate asked for.
const ATTEMPTS: u32 = 5;

/// LIMIT: rows and bytes of one statement.
const CHUNK_ROWS: usize = 1_024;
const CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// How many numbers go by between two times that old changes are forgotten.
const FORGET_EVERY: u64 = 1_024;

/// The writer of one engine.
pub(super) struct Writer {
    pub(super) sessions: Sessions,
    /// This engine's number: with a sequence number it names one transaction.
    pub(super) engine: u64,
}

/// How an attempt failed.
enum Attempt {
    /// Nothing was written; the same may succeed now.
    Again(Fault),
    /// Nothing was written, or nobody can tell; it must not be done again.
    Over(Fault),
}

impl From<Fault> for Attempt {
    /// For failures before COMMIT was sent: whatever happened, nothing was written.
    fn from(fault: Fault) -> Self {
        match fault.known {
            Known::Nothing | Known::Undone => Self::Again(fault),
            Known::Refused => Self::Over(fault),
        }
    }
}

impl Writer {
    /// Commits what comes, until nobody can send any more.
    pub(super) async fn run(self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        let mut held = None;
        loop {
            let first = match held.take() {
                Some(first) => Some(first),
                None => queue.recv().await,
            };
            let Some(first) = first else { return };
            let mut group = Group::new(first);
            while let Ok(next) = queue.try_recv() {
                if let Err(back) = group.admit(next) {
                    held = Some(*back);
                    break;
                }
            }
            self.commit(group).await;
        }
    }

    async fn commit(&self, group: Group) {
        let mut attempt = 0;
        loop {
            let fault = match self.attempt(&group).await {
                Ok(outcomes) => return group.answer(outcomes),
                Err(Attempt::Over(fault)) => return group.fail(&fault),
                Err(Attempt::Again(fault)) => fault,
            };
            attempt += 1;
            if attempt == ATTEMPTS {
                return group.fail(&fault);
            }
            pause(attempt).await;
        }
    }

    async fn attempt(&self, group: &Group) -> Result<Vec<Committed>, Attempt> {
        // Who can't be reached twice in a row is away for longer than anybody should wait here.
        let session = self.sessions.take().await.map_err(Attempt::Over)?;
        let seen = match look(&session, &group.questions()).await {
            Ok(seen) => seen,
            Err(fault) => {
                end(session, fault.known).await;
                return Err(fault.into());
            }
        };
        let mut plan = group.decide(&seen);
        if plan.changes.is_empty() {
            end(session, Known::Undone).await;
            return Ok(plan.outcomes);
        }
        let Err(fault) = send(&session, &self.writes(&mut plan)).await.map(drop) else { return Ok(plan.outcomes) };
        // COMMIT was sent behind the statement that failed. The server undid the transaction, unless it is the connection that failed.
        end(session, fault.known).await;
        match fault.known {
            Known::Undone | Known::Refused => Err(fault.into()),
            Known::Nothing if self.is_committed(plan.last).await.map_err(Attempt::Over)? => Ok(plan.outcomes),
            Known::Nothing => Err(Attempt::Again(fault)),
        }
    }

    fn writes(&self, plan: &mut Plan<'_>) -> Vec<Step> {
        let mut steps = rows(std::mem::take(&mut plan.rows));
        for changes in plan.changes.chunks(CHUNK_ROWS) {
            let sequences = changes.iter().map(|(sequence, _)| signed(*sequence)).collect();
            let paths = Param::paths(changes.iter().map(|(_, path)| *path));
            steps.push(Step::Ask(sql::PUT_CHANGES, vec![Param::Numbers(sequences), paths]));
        }
        let last = || Param::number(plan.last);
        steps.push(Step::Ask(sql::PUT_COMMIT, vec![last(), Param::number(self.engine)]));
        steps.push(Step::Ask(sql::SET_SEQUENCE, vec![last()]));
        if plan.before / FORGET_EVERY != plan.last / FORGET_EVERY
            && let Some(forgotten) = plan.last.checked_sub(history())
        {
            steps.push(Step::Ask(sql::FORGET_CHANGES, vec![Param::number(forgotten)]));
            steps.push(Step::Ask(sql::FORGET_COMMITS, vec![Param::number(forgotten)]));
        }
        steps.push(Step::Say(sql::COMMIT));
        steps
    }

    /// Whether the transaction that took the numbers up to `last` was committed. The fault means that nobody knows.
    async fn is_committed(&self, last: u64) -> Result<bool, Fault> {
        let mut attempt = 0;
        loop {
            let fault = match self.ask_for(last).await {
                Ok(known) => return Ok(known),
                Err(fault) => fault,
            };
            attempt += 1;
            if attempt == ATTEMPTS || fault.known == Known::Refused {
                return Err(Fault::new(Known::Nothing, format!("whether commit {last} was written: {}", fault.text)));
            }
            pause(attempt).await;
        }
    }

    async fn ask_for(&self, last: u64) -> Result<bool, Fault> {
        let steps = [
            Step::Say(sql::BEGIN),
            Step::Ask(sql::TOUCH, Vec::new()),
            Step::Ask(sql::COMMIT_OF, vec![Param::number(last)]),
            Step::Say(sql::COMMIT),
        ];
        let answers = self.sessions.ask_once(&steps).await?;
        let number = |at: usize| answers.get(at).and_then(|rows| rows.first()).map(|row| unsigned(row, 0)).transpose();
        let newest = number(1)?.ok_or_else(no_meta)?;
        match number(2)? {
            Some(engine) => Ok(engine == self.engine),
            None if newest.saturating_sub(last) < history() => Ok(false),
            None => Err(Fault::new(Known::Refused, "the commit is too long ago")),
        }
    }
}

/// The first round trip: from here on the commits of others wait.
async fn look(session: &Object, asked: &Questions<'_>) -> Result<Seen, Fault> {
    let mut steps = vec![
        Step::Say(sql::BEGIN),
        Step::Ask(sql::LOCK, Vec::new()),
        Step::Ask(sql::VERSIONS, vec![Param::paths(asked.versions.iter().copied())]),
    ];
    if asked.versions.is_empty() {
        steps.pop();
    }
    for (prefix, limit) in &asked.counts {
        let params = vec![Param::path(prefix), Param::Blob(prefix.end_of_prefix()), Param::number(*limit)];
        steps.push(Step::Ask(sql::COUNT, params));
    }
    let mut answers = send(session, &steps).await?.into_iter().skip(1);
    let locked = answers.next().unwrap_or_default();
    let mut seen = Seen { sequence: unsigned(locked.first().ok_or_else(no_meta)?, 0)?, ..Seen::default() };
    if !asked.versions.is_empty() {
        for row in answers.next().unwrap_or_default() {
            seen.versions.insert(row.try_get(0)?, unsigned(&row, 1)?);
        }
    }
    for (prefix, rows) in asked.counts.keys().zip(answers) {
        if let Some(row) = rows.first() {
            seen.counts.insert(prefix.as_bytes().to_vec(), unsigned(row, 0)?);
        }
    }
    Ok(seen)
}

/// Leaves a transaction, and the connection too unless the server answers on it.
async fn end(session: Object, known: Known) {
    match known {
        Known::Undone | Known::Refused if in_time(session.batch_execute(sql::ROLLBACK)).await.is_ok() => {}
        Known::Undone | Known::Refused | Known::Nothing => discard(session),
    }
}

/// Rows for one statement.
#[derive(Default)]
struct Puts<'a> {
    paths: Vec<&'a KeyPath>,
    versions: Vec<i64>,
    values: Vec<Vec<u8>>,
    bytes: usize,
}

impl Puts<'_> {
    fn into_step(self) -> Step {
        let params = vec![Param::paths(self.paths), Param::Numbers(self.versions), Param::Blobs(self.values)];
        Step::Ask(sql::PUT_ROWS, params)
    }
}

/// Deletions and puts, in pieces.
fn rows(rows: BTreeMap<&KeyPath, Option<Stored>>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut gone = Vec::new();
    let mut chunk = Puts::default();
    for (path, stored) in rows {
        let Some(Stored { version, value }) = stored else {
            gone.push(path);
            continue;
        };
        let full = chunk.paths.len() == CHUNK_ROWS || chunk.bytes.saturating_add(value.len()) > CHUNK_BYTES;
        if full && !chunk.paths.is_empty() {
            steps.push(std::mem::take(&mut chunk).into_step());
        }
        chunk.bytes = chunk.bytes.saturating_add(value.len());
        chunk.paths.push(path);
        chunk.versions.push(signed(version));
        chunk.values.push(value);
    }
    if !chunk.paths.is_empty() {
        steps.push(chunk.into_step());
    }
    let gone = gone.chunks(CHUNK_ROWS);
    steps.extend(gone.map(|paths| Step::Ask(sql::DELETE_ROWS, vec![Param::paths(paths.iter().copied())])));
    steps
}

fn no_meta() -> Fault {
    Fault::new(Known::Refused, "the row of `sealroom_meta` is gone")
}

pub(super) fn history() -> u64 {
    u64::try_from(HISTORY).unwrap_or(u64::MAX)
}

/// Waits 10, 40, 160, 640 ms.
pub(super) async fn pause(attempt: u32) {
    let millis = 10_u64.saturating_mul(4_u64.saturating_pow(attempt.saturating_sub(1)));
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
