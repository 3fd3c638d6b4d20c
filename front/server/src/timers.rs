//! What happens by itself: other nodes' changes are followed ten times a second, their domain keys twice; once a second the
//! clock catches up, the journal is tended and what fell due is done, and once a minute the uses of keys are noted. RSA pairs
//! are made ahead of need on a thread of the lowest priority.
//!
//! The timers only call; every rule is in the rooms. A failure is logged when it begins and when it ends, not each second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use sealroom_hsm::{Hsm, lowest_this_thread};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::house::House;
use crate::transport::Drain;
use crate::transport::tls::Tls;

/// How often other nodes' changes are asked for.
const FOLLOW: Duration = Duration::from_millis(100);
/// How often it is looked whether another node made domain keys; a rotation waits for several of these.
const FOLLOW_KEYS: Duration = Duration::from_millis(500);
/// How often everything else is done.
const SECOND: Duration = Duration::from_secs(1);

/// Follows other nodes until the drain begins.
pub(crate) async fn follow(house: House, drain: Arc<Drain>) {
    let mut trouble = Trouble::new("other nodes' changes can't be followed");
    let mut ticks = ticks(FOLLOW);
    while next(&mut ticks, &drain).await {
        trouble.note(house.follow().await);
    }
}

/// Follows what other nodes do with the domain keys until the drain begins.
pub(crate) async fn follow_keys(house: House, drain: Arc<Drain>) {
    let mut trouble = Trouble::new("the domain keys can't be followed");
    let mut ticks = ticks(FOLLOW_KEYS);
    while next(&mut ticks, &drain).await {
        trouble.note(house.follow_keys().await);
    }
}

/// Does what is to be done each second, until the drain begins.
pub(crate) async fn each_second(house: House, tls: Option<Tls>, spares: SpareMaker, drain: Arc<Drain>) {
    let mut due_trouble = Trouble::new("what fell due can't be done");
    let mut tls_trouble = Trouble::new("the changed certificate can't be used; the old one stays");
    let mut ticks = ticks(SECOND);
    while next(&mut ticks, &drain).await {
        house.clock.catch_up();
        house.journal.tend().await;
        due_trouble.note(house.run_due().await);
        spares.wake();
        if let Some(tls) = &tls {
            match tls.reload_if_changed() {
                Ok(true) => tracing::info!("the certificate was changed and is in use"),
                Ok(false) => {}
                Err(error) => tls_trouble.note::<(), _>(Err(error)),
            }
        }
    }
}

/// Notes the uses of keys until the drain begins. Apart from everything else, because what a crash left is read back first.
pub(crate) async fn note_uses(house: House, drain: Arc<Drain>) {
    let mut trouble = Trouble::new("the last uses of keys can't be noted");
    let mut ticks = ticks(SECOND);
    while next(&mut ticks, &drain).await {
        trouble.note(house.note_uses_if_due().await);
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; false when the drain began first.
async fn next(ticks: &mut tokio::time::Interval, drain: &Drain) -> bool {
    tokio::select! {
        biased;
        () = drain.begun() => false,
        _instant = ticks.tick() => { let _: Instant = _instant; true }
    }
}

/// Something that fails again and again is told twice: when it begins and when it is over.
struct Trouble {
    what: &'static str,
    begun: bool,
}

impl Trouble {
    fn new(what: &'static str) -> Self {
        Self { what, begun: false }
    }

    fn note<T, E: std::fmt::Display>(&mut self, outcome: Result<T, E>) {
        match outcome {
            Err(error) if !self.begun => {
                tracing::error!(%error, "{}", self.what);
                self.begun = true;
            }
            Ok(_) if self.begun => {
                tracing::info!("over: {}", self.what);
                self.begun = false;
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// The thread that makes RSA pairs ahead of need. Ends when dropped.
pub(crate) struct SpareMaker {
    thread: Option<Thread>,
    ended: Arc<AtomicBool>,
}

impl SpareMaker {
    /// Starts it. Without a thread (the system gives none) pairs are made when they are asked for.
    pub(crate) fn start(hsm: Arc<Hsm>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&ended);
        let spawned = thread::Builder::new().name("hsm-spares".to_owned()).spawn(move || make(&hsm, &stop));
        Self { thread: spawned.ok().map(|handle| handle.thread().clone()), ended }
    }

    /// Has it look again: keys may have been made.
    pub(crate) fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

impl Drop for SpareMaker {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.wake();
    }
}

fn make(hsm: &Hsm, ended: &AtomicBool) {
    lowest_this_thread();
    while !ended.load(Ordering::Acquire) {
        if hsm.spares().make_one().is_none() {
            thread::park();
        }
    }
}
