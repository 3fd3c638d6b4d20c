//! The one thread that writes: it takes as many waiting batches as there are into one transaction, so that they share
//! a sync of the disk. Batches wait in a bounded queue; who drops the future of a commit leaves the batch in it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::barrier::Barrier;
use crate::batch::{Batch, Committed, Write};
use crate::engine::sqlite::commit::Disk;
use crate::engine::sqlite::copy::Copies;
use crate::engine::sqlite::database::Database;
use crate::error::StoreError;
use crate::feed::Feed;
use crate::path::KeyPath;

/// LIMIT: commits that wait, those that are being written among them.
const MAX_WAITING: usize = 4_096;
/// LIMIT: batches of one transaction.
const MAX_GROUP: usize = 512;
/// LIMIT: bytes of values after which a transaction takes no further batch.
const MAX_GROUP_BYTES: usize = 16 * 1024 * 1024;

/// The writing thread, ended and waited for when dropped.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// A batch that waits, and whoever waits for it.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) barrier: Barrier,
    pub(super) caller: Caller,
}

/// Whoever waits for a batch, and the feed that must know before it does.
pub(super) struct Caller {
    feed: Feed,
    answer: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Caller {
    pub(super) fn publish(&self, changed: Arc<[KeyPath]>) {
        self.feed.publish(changed);
    }

    pub(super) fn answer(self, outcome: Result<Committed, StoreError>) {
        // Whoever dropped the future doesn't want to know.
        let _ = self.answer.send(outcome);
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Taken by the thread and not answered yet.
    taken: usize,
    closed: bool,
    /// The thread is to look at what it owes, though nothing waits.
    nudged: bool,
}

/// Has the writing thread look at what it owes.
#[derive(Clone)]
pub(super) struct Nudge(Arc<Queue>);

impl Nudge {
    pub(super) fn give(&self) {
        self.0.waiting().nudged = true;
        self.0.changed.notify_one();
    }
}

impl Writer {
    pub(super) fn start(database: Database, copies: Copies) -> Result<Self, StoreError> {
        let mut disk = Disk::open(database, copies)?;
        let queue = Arc::new(Queue::default());
        let jobs = Arc::clone(&queue);
        let work = move || {
            let _closes = Closes(&jobs);
            while let Some(group) = jobs.take() {
                disk.commit(group);
            }
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(work)
            .map_err(|error| StoreError::unavailable("the writing thread can't be started", error))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    pub(super) fn nudge(&self) -> Nudge {
        Nudge(Arc::clone(&self.queue))
    }

    pub(super) async fn commit(&self, batch: Batch, barrier: &Barrier, feed: &Feed) -> Result<Committed, StoreError> {
        let (answer, answered) = oneshot::channel();
        let caller = Caller { feed: feed.clone(), answer };
        self.queue.put(Job { batch, barrier: barrier.clone(), caller })?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> StoreError {
    StoreError::gone("the writing thread has ended")
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // What it had to say it said to those who waited.
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn put(&self, job: Job) -> Result<(), StoreError> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(gone());
        }
        if waiting.jobs.len().saturating_add(waiting.taken) >= MAX_WAITING {
            return Err(StoreError::Busy);
        }
        waiting.jobs.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// The next jobs for one transaction, none after a nudge; `None` when there will be no more. Those taken before count as answered.
    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        waiting.taken = 0;
        while waiting.jobs.is_empty() && !std::mem::take(&mut waiting.nudged) {
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut group, mut bytes) = (Vec::new(), 0_usize);
        while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
            let Some(job) = waiting.jobs.pop_front() else { break };
            bytes = bytes.saturating_add(job.batch.writes.iter().map(size).sum());
            group.push(job);
        }
        waiting.taken = group.len();
        Some(group)
    }

    fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(write: &Write) -> usize {
    match write {
        Write::Put(_, value) => value.len(),
        Write::Delete(_) => 0,
    }
}

/// Leaves no batch waiting for a thread that has ended, however it ended.
struct Closes<'a>(&'a Queue);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.0.waiting().jobs.clear();
    }
}
