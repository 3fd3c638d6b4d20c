//! The door that callers in a runtime use: cheap commands at once, dear ones on threads of lower priority.
//!
//! A dear command is written down in the form of [`wire`](crate::wire) and waits in a bounded queue; the caller waits
//! without blocking its thread. A caller that goes away (its connection broke) takes its command along if that hasn't
//! begun. No runtime is needed: the waiting future is woken through the standard [`Waker`].

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use sealroom_foundation::Secret;

use crate::command::{Command, Cost, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::{priority, wire};

/// A way to the HSM that never blocks the calling thread for long. Clones share the pool; its threads end when the
/// last clone is dropped.
#[derive(Clone)]
pub struct Door {
    hsm: Arc<Hsm>,
    pool: Arc<Pool>,
}

impl Door {
    /// Starts `threads` (at least one) threads of lower priority behind a queue of `queue` commands.
    ///
    /// If the system starts no thread at all, every dear command answers [`HsmError::Busy`].
    #[must_use]
    pub fn new(hsm: Arc<Hsm>, threads: usize, queue: usize) -> Self {
        let shared = Arc::new(Shared { line: Mutex::default(), arrived: Condvar::new() });
        let started = (0..threads.max(1)).filter(|number| {
            let (hsm, shared) = (hsm.clone(), shared.clone());
            let worker = thread::Builder::new().name(format!("hsm-pool-{number}"));
            worker.spawn(move || work(&hsm, &shared)).is_ok()
        });
        let limit = if started.count() == 0 { 0 } else { queue };
        Self { hsm, pool: Arc::new(Pool { shared, limit }) }
    }

    /// Runs a command: at once when it is cheap, else on the pool.
    ///
    /// # Errors
    /// [`HsmError`]; [`HsmError::Busy`] when the queue is full.
    pub async fn run(&self, command: Command<'_>) -> Result<Reply, HsmError> {
        match command.cost() {
            Cost::Inline => self.hsm.execute(command),
            Cost::Pool => self.pool.submit(&command)?.await,
        }
    }

    /// The HSM behind the door.
    #[must_use]
    pub fn hsm(&self) -> &Arc<Hsm> {
        &self.hsm
    }

    /// How many commands wait in the queue; for a gauge.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pool.shared.line().jobs.len()
    }
}

/// What the doors hold; dropped with the last of them.
struct Pool {
    shared: Arc<Shared>,
    limit: usize,
}

impl Pool {
    fn submit(&self, command: &Command<'_>) -> Result<Answer, HsmError> {
        let slot = Arc::new(Mutex::new(Slot::Waiting(None)));
        let job = Job { command: wire::encode_command(command), answer: Promise(slot.clone()) };
        let mut line = self.shared.line();
        if line.jobs.len() >= self.limit {
            drop(line);
            return Err(HsmError::Busy);
        }
        line.jobs.push_back(job);
        drop(line);
        self.shared.arrived.notify_one();
        Ok(Answer(slot))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.line().closed = true;
        self.shared.arrived.notify_all();
    }
}

/// What doors and workers share.
struct Shared {
    line: Mutex<Line>,
    arrived: Condvar,
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, once there is one; `None` when the doors are gone and nothing is left.
    fn next(&self) -> Option<Job> {
        let mut line = self.line();
        loop {
            if let Some(job) = line.jobs.pop_front() {
                return Some(job);
            }
            if line.closed {
                return None;
            }
            line = self.arrived.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Job {
    command: Secret<[u8]>,
    answer: Promise,
}

fn work(hsm: &Hsm, shared: &Shared) {
    priority::lower_this_thread();
    while let Some(Job { command, answer }) = shared.next() {
        if answer.is_awaited() {
            let run = || wire::with_command(command.expose(), |command| hsm.execute(command));
            // A panic in one command must not take the thread from the others; the state of the HSM is behind locks
            // that survive it.
            let reply = catch_unwind(AssertUnwindSafe(run)).ok().and_then(Result::ok);
            answer.keep(reply.unwrap_or(Err(HsmError::Failed)));
        }
    }
}

/// Where an answer is put down for the one who waits.
enum Slot {
    Waiting(Option<Waker>),
    Answered(Result<Reply, HsmError>),
    Taken,
}

/// The worker's end: dropped unkept, it answers [`HsmError::Failed`], so that nobody waits for ever.
struct Promise(Arc<Mutex<Slot>>);

impl Promise {
    fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn keep(self, reply: Result<Reply, HsmError>) {
        self.put(reply);
    }

    fn put(&self, reply: Result<Reply, HsmError>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*slot, Slot::Waiting(_)) {
            return;
        }
        let before = std::mem::replace(&mut *slot, Slot::Answered(reply));
        drop(slot);
        if let Slot::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.put(Err(HsmError::Failed));
    }
}

/// The caller's end: a future of the answer.
struct Answer(Arc<Mutex<Slot>>);

impl Future for Answer {
    type Output = Result<Reply, HsmError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Waiting(_) => {
                *slot = Slot::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
            Slot::Answered(reply) => Poll::Ready(reply),
            // A future isn't polled after it was ready; if it is, that is no reason to panic.
            Slot::Taken => Poll::Ready(Err(HsmError::Failed)),
        }
    }
}

#[cfg(test)]
mod tests;
