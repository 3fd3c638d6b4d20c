//! How far long work has come, on standard error: one line that changes where people look, else a line for each step.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

/// Shows steps.
pub(crate) struct Meter {
    terminal: bool,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    step: String,
    /// Percent, or a power of two of what is done: a line changes when this does.
    mark: u64,
}

impl Meter {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: Mutex::default() }
    }

    /// Shows `step`, of which `done` of `total` is done. Cheap when nothing that is shown changes.
    pub(crate) fn show(&self, step: &str, done: u64, total: Option<u64>) {
        let mark = match total {
            Some(total) if total > 0 => done.saturating_mul(100) / total,
            Some(_) | None => u64::from(done.checked_ilog2().unwrap_or_default()),
        };
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let new_step = shown.step != step;
        if !new_step && (shown.mark == mark || !self.terminal) {
            return;
        }
        if new_step {
            step.clone_into(&mut shown.step);
        }
        shown.mark = mark;
        let mut out = std::io::stderr().lock();
        // A terminal that can't be written to is no reason to stop.
        let _ = match (self.terminal, total) {
            (false, _) => writeln!(out, "{step} ..."),
            (true, Some(total)) => write!(out, "\r\x1b[K{step}: {done} of {total}"),
            (true, None) => write!(out, "\r\x1b[K{step}: {done}"),
        };
        let _ = out.flush();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.terminal {
            // As above.
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
