//! What is kept of the disk for calls that free space or take rights away.
//!
//! It looks at the free space of one file system, now and then: at each tending, and whenever a lane has taken its
//! stride of bytes. In between it answers from what it saw last. It doesn't know what lies on that disk.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// LIMIT: bytes of the disk that other calls leave alone.
pub(crate) const KEPT: u64 = 64 * 1024 * 1024;

/// Tells how many bytes are free; `None` when it can't.
pub(crate) type Measure = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// How much room there was when somebody last looked.
pub(crate) struct Space {
    measure: Measure,
    free: AtomicU64,
}

impl Space {
    /// Measured by `measure`. Where nothing can be measured, there is room.
    pub(crate) fn new(measure: Measure) -> Self {
        let space = Self { measure, free: AtomicU64::new(u64::MAX) };
        space.look();
        space
    }

    /// Looks again. A measurement that fails leaves the last one standing.
    pub(crate) fn look(&self) {
        if let Some(free) = (self.measure)() {
            self.free.store(free, Ordering::Relaxed);
        }
    }

    /// Whether calls that free nothing may still be recorded.
    pub(crate) fn is_ample(&self) -> bool {
        self.free.load(Ordering::Relaxed) > KEPT
    }
}

/// Measures the file system that `folder` is on; without a folder, nothing.
pub(crate) fn of_folder(folder: Option<PathBuf>) -> Measure {
    Box::new(move || {
        let found = rustix::fs::statvfs(folder.as_deref()?).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    })
}
