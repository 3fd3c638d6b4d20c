//! The two clocks: the machine's, and the service's, which dev mode moves forward.
//!
//! The service's clock runs with the machine's monotonic one, so it never goes back while the process lives; once a
//! second it catches up with the wall clock (plus what dev mode has added) when that is ahead. What dev mode adds is a
//! row of the store, so a restart doesn't take it back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::Clock;

/// The process's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    origin: Instant,
    /// The service's time at `origin`.
    base_micros: AtomicI64,
    /// How far the service's clock is meant to be ahead of the wall clock.
    ahead_micros: AtomicI64,
}

impl SystemClock {
    /// A clock whose service time is the wall clock's.
    #[expect(clippy::disallowed_methods, reason = "the server owns the clock")]
    pub(crate) fn new() -> Self {
        let clock = Self { origin: Instant::now(), base_micros: AtomicI64::new(0), ahead_micros: AtomicI64::new(0) };
        clock.catch_up();
        clock
    }

    /// Moves the service's clock forward to be `micros` ahead of the wall clock; never back.
    pub(crate) fn set_ahead(&self, micros: i64) {
        self.ahead_micros.fetch_max(micros, Ordering::AcqRel);
        self.catch_up();
    }

    /// How far dev mode has moved the service's clock.
    pub(crate) fn ahead_micros(&self) -> i64 {
        self.ahead_micros.load(Ordering::Acquire)
    }

    /// Moves the service's clock up to where the wall clock says it should be. To be called once a second.
    pub(crate) fn catch_up(&self) {
        let wanted = self.wall().as_micros().saturating_add(self.ahead_micros());
        let base = wanted.saturating_sub(self.elapsed_micros());
        self.base_micros.fetch_max(base, Ordering::AcqRel);
    }

    fn elapsed_micros(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the server owns the clock")]
    fn wall(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn service(&self) -> Timestamp {
        let base = self.base_micros.load(Ordering::Acquire);
        Timestamp::from_micros(base.saturating_add(self.elapsed_micros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400 * 1_000_000;

    #[test]
    fn the_service_clock_follows_the_wall_clock() {
        let clock = SystemClock::new();
        let apart = clock.service().micros_since(clock.wall()).abs();
        assert!(apart < 60_000_000, "{apart}");
    }

    #[test]
    fn moving_the_clock_holds_and_never_goes_back() {
        let clock = SystemClock::new();
        let before = clock.service();
        clock.set_ahead(7 * DAY);
        let moved = clock.service();
        assert!(moved.micros_since(before) >= 7 * DAY);
        clock.set_ahead(DAY);
        assert!(clock.service() >= moved);
        assert_eq!(clock.ahead_micros(), 7 * DAY);
        assert!(clock.wall().micros_since(before) < DAY, "the wall clock stays");
    }
}
