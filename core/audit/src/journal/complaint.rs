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
        if let Some(failures) = self.count_one(now) {
            tracing::error!(error = %error, failures, "{what}");
        }
    }

    /// Counts one; how many there were since the last line, if it is time for another.
    fn count_one(&self, now: Timestamp) -> Option<u64> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let (second, last) = (now.as_seconds(), self.second.load(Ordering::Relaxed));
        let is_first = self.logged.load(Ordering::Relaxed) == 0;
        let may_log = second != last || is_first;
        // Of those who come in one moment, one logs.
        let logs = may_log && self.second.compare_exchange(last, second, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        logs.then(|| count.saturating_sub(self.logged.swap(count, Ordering::Relaxed)))
    }

    /// Failures since the start.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_line_and_the_next_tells_what_it_left_out() {
        let complaints = Complaints::default();
        let at = |second| complaints.count_one(Timestamp::from_seconds(second));
        assert_eq!([0, 0, 0, 1, 1, 5, 4].map(at), [Some(1), None, None, Some(3), None, Some(2), Some(1)]);
        assert_eq!(complaints.count(), 7);
    }
}
