//! What the system does for secrets in memory.

/// Which protections are active; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protections {
    /// No debugger of the same user, and no core dump, reads this process.
    pub not_dumpable: bool,
    /// The limit for core files is nought.
    pub no_core_files: bool,
    /// No page of this process is written to swap.
    pub memory_locked: bool,
    /// The pool of random bytes is wiped in a forked child.
    pub wiped_on_fork: bool,
}

/// Asks the system for what protection it gives. Call once, first in `main`.
#[must_use]
#[expect(clippy::todo, reason = "the body follows the door")]
pub fn harden() -> Protections {
    todo!()
}
