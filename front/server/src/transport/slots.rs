//! A counter with a ceiling: how many connections, or requests, there may be at once.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// So many places, and how many are taken.
#[derive(Debug)]
pub(crate) struct Slots {
    limit: usize,
    taken: AtomicUsize,
    emptied: Notify,
}

/// A place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Slot<S: Deref<Target = Slots>>(S);

impl Slots {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0), emptied: Notify::new() }
    }

    /// Takes a place; `None` when all are taken.
    pub(crate) fn take<S: Deref<Target = Self>>(slots: S) -> Option<Slot<S>> {
        if slots.taken.fetch_add(1, Ordering::AcqRel) < slots.limit {
            return Some(Slot(slots));
        }
        slots.taken.fetch_sub(1, Ordering::AcqRel);
        None
    }

    /// How many are taken now. May be one too many for the moment in which one is refused.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire).min(self.limit)
    }

    /// Waits until no place is taken.
    pub(crate) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.taken() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl<S: Deref<Target = Slots>> Drop for Slot<S> {
    fn drop(&mut self) {
        if self.0.taken.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}
