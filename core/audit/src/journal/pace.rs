//! The sync thread: an `fdatasync` soon after something was appended, one for all who appended meanwhile.
//!
//! It knows the log's sync and nothing of records. It sleeps on a condition while there is nothing to sync. What would
//! surprise: who appends takes no lock to tell it so, as long as it has been told already.
//!
//! ```text
//! idle ── something appended ──> gather (at most 10 ms after the first byte, or until urged) ──> sync ──┐
//!  ^                                        ^                                                            │
//!  └────────── nothing more ────────────────┴────────────── more was appended meanwhile ─────────────────┘
//! ```

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use sealroom_foundation::ports::Clock;
use sealroom_store::Log;
use tokio::sync::oneshot;

use super::complaint::Complaints;

/// How long records gather before they are synced: 10 ms at most, less what it takes a thread to wake.
pub(crate) const INTERVAL: Duration = Duration::from_millis(8);

/// The sync thread, from outside. Dropping it stops the thread without a last sync, as a crash would.
pub(crate) struct Pace {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    #[cfg(test)]
    by_hand: Option<Log>,
}

struct Shared {
    /// Something was appended that no sync has begun to cover. Set after the append, cleared before the sync.
    dirty: AtomicBool,
    orders: Mutex<Orders>,
    wake: Condvar,
}

#[derive(Default)]
struct Orders {
    urgent: bool,
    stop: Option<Stop>,
}

enum Stop {
    /// Sync what there is, then say so.
    Finish(oneshot::Sender<()>),
    Abandon,
}

struct Syncer {
    shared: Arc<Shared>,
    log: Log,
    clock: Arc<dyn Clock>,
    complaints: Arc<Complaints>,
    gather: Duration,
}

impl Pace {
    /// Starts a thread that lets records gather for `gather` before it syncs `log`.
    pub(crate) fn start(
        log: Log,
        clock: Arc<dyn Clock>,
        complaints: Arc<Complaints>,
        gather: Duration,
    ) -> io::Result<Self> {
        let pace = Self::idle();
        let syncer = Syncer { shared: Arc::clone(&pace.shared), log, clock, complaints, gather };
        *pace.thread() = Some(Builder::new().name("journal-sync".into()).spawn(move || syncer.run())?);
        Ok(pace)
    }

    fn idle() -> Self {
        let shared = Shared { dirty: AtomicBool::new(false), orders: Mutex::default(), wake: Condvar::new() };
        Self {
            shared: Arc::new(shared),
            thread: Mutex::new(None),
            #[cfg(test)]
            by_hand: None,
        }
    }

    /// Without a thread: whoever urges it syncs `log`, and nobody else does.
    #[cfg(test)]
    pub(crate) fn by_hand(log: Log) -> Self {
        let mut pace = Self::idle();
        pace.by_hand = Some(log);
        pace
    }

    /// Something was appended.
    pub(crate) fn appended(&self) {
        // The append must be seen by whoever clears the mark that is read next.
        fence(Ordering::SeqCst);
        if !self.shared.dirty.load(Ordering::Relaxed) && !self.shared.dirty.swap(true, Ordering::SeqCst) {
            drop(self.shared.orders());
            self.shared.wake.notify_one();
        }
    }

    /// Somebody waits: sync now.
    pub(crate) fn urge(&self) {
        #[cfg(test)]
        if let Some(log) = &self.by_hand {
            // Whoever waits for the sync sees that it failed.
            let _ = log.sync_now();
        }
        self.shared.orders().urgent = true;
        self.shared.wake.notify_one();
    }

    /// Syncs what there is and ends the thread.
    pub(crate) async fn finish(&self) {
        if self.thread().is_none() {
            return;
        }
        let (done, finished) = oneshot::channel();
        self.shared.stop(Stop::Finish(done));
        // An error is a thread that is gone, which is what was asked for.
        let _ = finished.await;
        self.join();
    }

    fn join(&self) {
        if let Some(thread) = self.thread().take() {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.shared.stop(Stop::Abandon);
        self.join();
    }
}

impl Shared {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, stop: Stop) {
        self.orders().stop = Some(stop);
        self.wake.notify_one();
    }

    /// Waits until a sync is due and takes the order to stop, if there is one. `spent` has passed already since the
    /// first byte may have been appended.
    fn next(&self, gather: Duration, spent: Duration) -> Option<Stop> {
        let mut orders = self.orders();
        let mut spent = spent;
        while !self.dirty.load(Ordering::SeqCst) && !orders.urgent && orders.stop.is_none() {
            spent = Duration::ZERO;
            orders = self.wake.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
        let left = gather.saturating_sub(spent);
        if !left.is_zero() {
            let waiting = |orders: &mut Orders| !orders.urgent && orders.stop.is_none();
            let woken = self.wake.wait_timeout_while(orders, left, waiting);
            orders = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        orders.urgent = false;
        orders.stop.take()
    }
}

impl Syncer {
    fn run(self) {
        let Self { shared, log, clock, complaints, gather } = self;
        let mut spent = Duration::ZERO;
        loop {
            let stop = shared.next(gather, spent);
            if let Some(Stop::Abandon) = stop {
                return;
            }
            shared.dirty.store(false, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            let began = clock.wall();
            if let Err(error) = log.sync_now() {
                complaints.complain(clock.wall(), &error, "the journal could not be synced");
            }
            let micros = u64::try_from(clock.wall().micros_since(began)).unwrap_or_default();
            spent = Duration::from_micros(micros);
            if let Some(Stop::Finish(done)) = stop {
                drop(log);
                // Nobody waits any more: then nobody needs to know.
                let _ = done.send(());
                return;
            }
        }
    }
}
