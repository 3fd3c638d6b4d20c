//! Failures are counted, and logged once a second at most: a full disk must not fill the log as well.

use std::error::Error;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sealroom_foundation::Timestamp;

/// How often something failed.
#[derive(Default)]
pub(crate) struct Complaints {
    count: AtomicU64,
    logged: AtomicU64,
    /// The second of the last line, counted from 1970; zero before the first.
    second: AtomicI64,
}

impl Complaints {
    /// Counts a failure at `now`, and logs it unless another was logged in this second.
    pub(crate) fn complain(&self, now: Timestamp, error: &dyn Error, what: &'static str) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let second = now.as_seconds();
        let last = self.second.load(Ordering::Relaxed);
        let first = self.logged.load(Ordering::Relaxed) == 0;
        if (last == second && !first)
            || self.second.compare_exchange(last, second, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let since_last_line = count - self.logged.swap(count, Ordering::Relaxed).min(count);
        tracing::error!(error = %error, failures = since_last_line, "{what}");
    }

    /// Failures since the start.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
