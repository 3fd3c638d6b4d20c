//! The end of serving: told once, heard by every listener and connection.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Whether the server has begun to stop.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    begun: AtomicBool,
    told: Notify,
}

impl Drain {
    /// Begins to stop. Nothing new is accepted; requests being served go on.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    /// Whether it has begun: one atomic load.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Waits until it begins. Registers with the first poll: who looks at [`Drain::has_begun`] after that misses nothing.
    pub(crate) async fn begun(&self) {
        let mut told = std::pin::pin!(self.told.notified());
        told.as_mut().enable();
        if !self.has_begun() {
            told.await;
        }
    }
}
