//! Groups of waiting batches that share a transaction, and what becomes of each: pure, no connection in sight.
//!
//! Every batch of a group keeps its own sequence number and its own outcome. Guards are looked at once, before anything is
//! written; so a batch may join only when no guard of it speaks of a row that an earlier one of the group writes. Whoever
//! doesn't fit waits for the next transaction, and nobody overtakes him.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::sessions::Fault;
use crate::barrier::Barrier;
use crate::batch::{Batch, Committed, Guard};
use crate::error::StoreError;
use crate::feed::Feed;
use crate::path::KeyPath;

/// LIMIT: batches, writes and bytes of a group; a single batch may be larger.
const MAX_BATCHES: usize = 256;
const MAX_WRITES: usize = 8_192;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A batch, and who waits for it.
pub(super) struct Waiting {
    guards: Vec<Guard>,
    /// The last write of each path.
    writes: BTreeMap<KeyPath, Option<Vec<u8>>>,
    barrier: Barrier,
    feed: Feed,
    answer: oneshot::Sender<Result<Committed, StoreError>>,
    /// Its place among the commits that may wait, free again when it is answered.
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    pub(super) fn new(
        batch: Batch,
        barrier: &Barrier,
        feed: &Feed,
        place: OwnedSemaphorePermit,
    ) -> (Self, oneshot::Receiver<Result<Committed, StoreError>>) {
        let (answer, answered) = oneshot::channel();
        let Batch { writes, guards, destroys: _ } = batch;
        let writes = Batch::last_writes(writes);
        (Self { guards, writes, barrier: barrier.clone(), feed: feed.clone(), answer, _place: place }, answered)
    }

    fn bytes(&self) -> usize {
        self.writes.values().flatten().map(Vec::len).sum()
    }

    fn publish(&self) {
        if !self.writes.is_empty() {
            let paths: Arc<[KeyPath]> = self.writes.keys().cloned().collect();
            self.feed.publish(paths);
        }
    }
}

/// Batches that share a transaction.
pub(super) struct Group {
    waiting: Vec<Waiting>,
    written: BTreeSet<KeyPath>,
    writes: usize,
    bytes: usize,
}

/// What the guards of a group ask.
pub(super) struct Questions<'a> {
    /// Rows whose versions matter.
    pub(super) versions: BTreeSet<&'a KeyPath>,
    /// Prefixes whose rows are counted, up to a number.
    pub(super) counts: BTreeMap<&'a KeyPath, u64>,
}

/// What the database answered.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) sequence: u64,
    pub(super) versions: HashMap<Vec<u8>, u64>,
    pub(super) counts: HashMap<Vec<u8>, u64>,
}

impl Seen {
    fn holds(&self, guard: &Guard) -> bool {
        let version = |path: &KeyPath| self.versions.get(path.as_bytes());
        // A count that wasn't asked for holds no guard.
        let count = |prefix: &KeyPath| self.counts.get(prefix.as_bytes()).copied().unwrap_or(u64::MAX);
        match guard {
            Guard::Version(path, wanted) => version(path) == Some(wanted),
            Guard::Absent(path) => version(path).is_none(),
            Guard::Empty(prefix) => count(prefix) == 0,
            Guard::AtMost(prefix, limit) => count(prefix) <= u64::from(*limit),
        }
    }
}

/// A row as it is to be stored.
pub(super) struct Stored {
    pub(super) version: u64,
    pub(super) value: Vec<u8>,
}

/// What a group does to the database.
pub(super) struct Plan<'a> {
    /// One for each batch.
    pub(super) outcomes: Vec<Committed>,
    /// The sequence number before, and after.
    pub(super) before: u64,
    pub(super) last: u64,
    /// The last state of each row.
    pub(super) rows: BTreeMap<&'a KeyPath, Option<Stored>>,
    /// What each sequence number changed.
    pub(super) changes: Vec<(u64, &'a KeyPath)>,
}

impl Group {
    pub(super) fn new(first: Waiting) -> Self {
        let mut group = Self { waiting: Vec::new(), written: BTreeSet::new(), writes: 0, bytes: 0 };
        group.add(first);
        group
    }

    /// Takes `next` in, or gives it back.
    pub(super) fn admit(&mut self, next: Waiting) -> Result<(), Box<Waiting>> {
        let fits = self.waiting.len() < MAX_BATCHES
            && self.writes.saturating_add(next.writes.len()) <= MAX_WRITES
            && self.bytes.saturating_add(next.bytes()) <= MAX_BYTES;
        if !fits || next.guards.iter().any(|guard| self.touches(guard)) {
            return Err(Box::new(next));
        }
        self.add(next);
        Ok(())
    }

    fn add(&mut self, next: Waiting) {
        self.writes = self.writes.saturating_add(next.writes.len());
        self.bytes = self.bytes.saturating_add(next.bytes());
        self.written.extend(next.writes.keys().cloned());
        self.waiting.push(next);
    }

    /// Whether a write of this group may change what `guard` says.
    fn touches(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Version(path, _) | Guard::Absent(path) => self.written.contains(path),
            Guard::Empty(prefix) | Guard::AtMost(prefix, _) => {
                let mut below = self.written.range((Bound::Excluded(prefix), Bound::Unbounded));
                below.next().is_some_and(|path| path.starts_with(prefix))
            }
        }
    }

    pub(super) fn questions(&self) -> Questions<'_> {
        let mut asked = Questions { versions: BTreeSet::new(), counts: BTreeMap::new() };
        for guard in self.waiting.iter().flat_map(|waiting| &waiting.guards) {
            let (prefix, limit) = match guard {
                Guard::Version(path, _) | Guard::Absent(path) => {
                    asked.versions.insert(path);
                    continue;
                }
                Guard::Empty(prefix) => (prefix, 1),
                Guard::AtMost(prefix, limit) => (prefix, u64::from(*limit) + 1),
            };
            let known = asked.counts.entry(prefix).or_default();
            *known = limit.max(*known);
        }
        asked
    }

    /// Who may commit, under which number, and what that writes.
    pub(super) fn decide(&self, seen: &Seen) -> Plan<'_> {
        let before = seen.sequence;
        let mut plan = Plan { outcomes: Vec::new(), before, last: before, rows: BTreeMap::new(), changes: Vec::new() };
        for waiting in &self.waiting {
            if !waiting.guards.iter().all(|guard| seen.holds(guard)) {
                plan.outcomes.push(Committed::Conflict);
                continue;
            }
            if !waiting.writes.is_empty() {
                plan.last += 1;
            }
            for (path, value) in &waiting.writes {
                let version = plan.last;
                let stored = value.clone().map(|value| waiting.barrier.seal(path, version, value));
                plan.rows.insert(path, stored.map(|value| Stored { version, value }));
                plan.changes.push((version, path));
            }
            plan.outcomes.push(Committed::At(plan.last));
        }
        plan
    }

    /// Tells everyone, feeds first.
    pub(super) fn answer(self, outcomes: Vec<Committed>) {
        for (waiting, outcome) in self.waiting.into_iter().zip(outcomes) {
            match outcome {
                Committed::At(_) => waiting.publish(),
                Committed::Conflict => {}
            }
            // Nobody listens when the caller's future was dropped; the commit stands all the same.
            let _ = waiting.answer.send(Ok(outcome));
        }
    }

    /// Tells everyone that it failed. What was written is perhaps not known, so no cache may be sure.
    pub(super) fn fail(self, fault: &Fault) {
        for waiting in self.waiting {
            waiting.publish();
            let _ = waiting.answer.send(Err(fault.clone().into()));
        }
    }
}

#[cfg(test)]
mod tests;
