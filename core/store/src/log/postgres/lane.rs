//! One lane: what waits, how far it is committed, and the task that commits it.
//!
//! The task takes everything that waits, up to a limit, and inserts it in one statement that does nothing unless the lane is
//! ours and stands where we left it. So the same records are inserted again after a cut connection, as often as it takes,
//! and can't be there twice; and when the statement did nothing, the lane's row tells whether an earlier try had done it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_postgres::Row;

use crate::engine::postgres::sessions::{Fault, Param, Sessions, Step, signed, unsigned};
use crate::engine::postgres::sql;
use crate::log::LogError;

/// LIMIT: what may wait in a lane.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
const MAX_WAITING_RECORDS: usize = 65_536;

/// LIMIT: what one statement inserts; a single record may be larger.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_RECORDS: usize = 4_096;

/// The longest that a lane that is down waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Which lane, and the epoch under which it is ours.
pub(super) struct Owned {
    pub(super) log: String,
    pub(super) number: usize,
    pub(super) epoch: u64,
}

impl Owned {
    /// The parameters that name it.
    pub(super) fn params(&self) -> Vec<Param> {
        vec![Param::Text(self.log.clone()), Param::number(u64::try_from(self.number).unwrap_or(u64::MAX))]
    }
}

/// A lane. Shared by the log and the lane's task.
pub(super) struct Lane {
    pub(super) owned: Owned,
    queue: Mutex<Queue>,
    /// Wakes the task.
    work: Notify,
    progress: watch::Sender<Progress>,
}

struct Queue {
    /// The number of the newest record.
    last: u64,
    trimmed: u64,
    records: VecDeque<Vec<u8>>,
    /// Bytes in `records` and in the statement under way.
    bytes: usize,
    /// Records in the statement under way.
    sent: usize,
    closed: bool,
}

#[derive(Clone)]
struct Progress {
    committed: u64,
    health: Health,
}

#[derive(Clone)]
enum Health {
    Well,
    /// The database can't be reached, or doesn't take records.
    Down(LogError),
    /// Somebody else has the lane.
    Lost,
}

impl Lane {
    /// A lane that ends at `last`, and its task.
    pub(super) fn start(sessions: Sessions, owned: Owned, last: u64, trimmed: u64) -> Arc<Self> {
        let queue = Queue { last, trimmed, records: VecDeque::new(), bytes: 0, sent: 0, closed: false };
        let (progress, _) = watch::channel(Progress { committed: last, health: Health::Well });
        let lane = Arc::new(Self { owned, queue: Mutex::new(queue), work: Notify::new(), progress });
        tokio::spawn(Arc::clone(&lane).run(sessions));
        lane
    }

    pub(super) fn append(&self, record: &[u8]) -> Result<u64, LogError> {
        match &self.progress.borrow().health {
            Health::Well => {}
            Health::Down(error) => return Err(error.clone()),
            Health::Lost => return Err(self.lost()),
        }
        let mut queue = self.queue();
        let bytes = queue.bytes.saturating_add(record.len());
        if bytes > MAX_WAITING_BYTES || queue.records.len().saturating_add(queue.sent) >= MAX_WAITING_RECORDS {
            return Err(LogError::Busy);
        }
        queue.bytes = bytes;
        queue.last += 1;
        queue.records.push_back(record.to_vec());
        let sequence = queue.last;
        drop(queue);
        self.work.notify_one();
        Ok(sequence)
    }

    /// Returns when the record `sequence` is committed.
    pub(super) async fn committed(&self, sequence: u64) -> Result<(), LogError> {
        let mut progress = self.progress.subscribe();
        let over = |progress: &Progress| progress.committed >= sequence || !matches!(progress.health, Health::Well);
        // The sender lives in `self`, so the channel isn't closed.
        let Ok(progress) = progress.wait_for(over).await else {
            return Err(LogError::unavailable("the lane has ended"));
        };
        match &progress.health {
            _ if progress.committed >= sequence => Ok(()),
            Health::Lost => Err(self.lost()),
            Health::Down(error) => Err(error.clone()),
            Health::Well => Err(LogError::unavailable("the lane has ended")),
        }
    }

    pub(super) fn lost(&self) -> LogError {
        LogError::Poisoned { lane: self.owned.number, reason: "another process opened this log".into() }
    }

    pub(super) fn last(&self) -> u64 {
        self.queue().last
    }

    /// The newest record that is committed.
    pub(super) fn written(&self) -> u64 {
        self.progress.borrow().committed
    }

    pub(super) fn trimmed(&self) -> u64 {
        self.queue().trimmed
    }

    pub(super) fn set_trimmed(&self, upto: u64) {
        let mut queue = self.queue();
        queue.trimmed = queue.trimmed.max(upto);
    }

    pub(super) fn waiting_bytes(&self) -> u64 {
        u64::try_from(self.queue().bytes).unwrap_or(u64::MAX)
    }

    /// Lets the task end once nothing waits, or the database is down.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.work.notify_one();
    }

    async fn run(self: Arc<Self>, sessions: Sessions) {
        loop {
            let records = self.take();
            if records.is_empty() {
                if self.queue().closed {
                    return;
                }
                self.work.notified().await;
                continue;
            }
            if !self.commit(&sessions, &records).await {
                return;
            }
        }
    }

    /// Takes what one statement will hold.
    fn take(&self) -> Vec<Vec<u8>> {
        let mut queue = self.queue();
        let mut bytes: usize = 0;
        let fits = queue.records.iter().take(MAX_RECORDS).take_while(|record| {
            bytes = bytes.saturating_add(record.len());
            bytes <= MAX_BYTES
        });
        let count = fits.count().max(1).min(queue.records.len());
        queue.sent = count;
        queue.records.drain(..count).collect()
    }

    /// Tries until the records are in; `false` when that won't happen any more.
    async fn commit(&self, sessions: &Sessions, records: &[Vec<u8>]) -> bool {
        let before = self.written();
        let after = before.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        let mut failures: u32 = 0;
        loop {
            match self.attempt(sessions, before, after, records).await {
                Ok(true) => {
                    self.done(after, records);
                    return true;
                }
                Ok(false) => {
                    self.progress.send_modify(|progress| progress.health = Health::Lost);
                    return false;
                }
                Err(fault) => {
                    failures = failures.saturating_add(1);
                    if failures > 2 {
                        self.fail(&fault);
                    }
                    if failures > 2 && self.queue().closed {
                        return false;
                    }
                    tokio::time::sleep(pause(failures)).await;
                }
            }
        }
    }

    /// Whether the records are in; `false` when the lane is somebody else's.
    async fn attempt(&self, sessions: &Sessions, before: u64, after: u64, records: &[Vec<u8>]) -> Result<bool, Fault> {
        let sequences: Vec<i64> = (before..).skip(1).take(records.len()).map(signed).collect();
        let mut params = self.owned.params();
        params.extend([self.owned.epoch, before, after].map(Param::number));
        params.extend([Param::Numbers(sequences), Param::Blobs(records.to_vec())]);
        let inserted = sessions.ask_once(&[Step::Ask(sql::APPEND, params)]).await?;
        if number(&inserted, 0)? == Some(1) {
            return Ok(true);
        }
        // An earlier try of ours was here, or another process.
        let stands = sessions.ask_once(&[Step::Ask(sql::LANE, self.owned.params())]).await?;
        Ok(number(&stands, 0)? == Some(self.owned.epoch) && number(&stands, 1)? == Some(after))
    }

    fn done(&self, after: u64, records: &[Vec<u8>]) {
        let mut queue = self.queue();
        queue.bytes = queue.bytes.saturating_sub(records.iter().map(Vec::len).sum());
        queue.sent = 0;
        // With the queue held: who finds nothing waiting finds it committed too.
        self.progress.send_modify(|progress| *progress = Progress { committed: after, health: Health::Well });
    }

    fn fail(&self, fault: &Fault) {
        self.progress.send_if_modified(|progress| match progress.health {
            Health::Down(_) | Health::Lost => false,
            Health::Well => {
                tracing::warn!(log = %self.owned.log, lane = self.owned.number, reason = fault.text, "a lane is down");
                progress.health = Health::Down(fault.clone().into());
                true
            }
        });
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number in the only row of the only answer.
fn number(answers: &[Vec<Row>], column: usize) -> Result<Option<u64>, Fault> {
    answers.first().and_then(|rows| rows.first()).map(|row| unsigned(row, column)).transpose()
}

/// 10 ms, then four times as long each time, up to a second.
fn pause(failures: u32) -> Duration {
    let millis = 10_u64.saturating_mul(4_u64.saturating_pow(failures.saturating_sub(1)));
    Duration::from_millis(millis).min(PAUSE)
}

/// Waits for `future` on this thread, which must not be the one that runs the lanes.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(ended) => return ended,
            Poll::Pending => std::thread::park(),
        }
    }
}
