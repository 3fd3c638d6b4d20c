//! How often the log is told of requests that nobody vouched for: whoever can connect could otherwise fill the disk.

use std::sync::atomic::{AtomicU64, Ordering};

use sealroom_foundation::Timestamp;

/// LIMIT: log lines in one second.
const A_SECOND: u64 = 10;
/// The count takes the lower bits, the second the rest.
const COUNT_BITS: u32 = 8;

/// The present second and how many lines it has had.
#[derive(Debug, Default)]
pub(super) struct Refusals(AtomicU64);

impl Refusals {
    /// Whether one more line may be written at `now`.
    pub(super) fn may_log(&self, now: Timestamp) -> bool {
        let second = u64::try_from(now.as_seconds()).unwrap_or_default() << COUNT_BITS;
        let counted = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let count = if state >> COUNT_BITS == second >> COUNT_BITS { state & ((1 << COUNT_BITS) - 1) } else { 0 };
            (count < A_SECOND).then_some(second | (count + 1))
        });
        counted.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_second_are_written_and_no_more() {
        let refusals = Refusals::default();
        for second in [0, 1, 5] {
            let now = Timestamp::from_seconds(second);
            let written = (0..30).filter(|_| refusals.may_log(now)).count();
            assert_eq!(written, 10, "second {second}");
        }
    }
}
