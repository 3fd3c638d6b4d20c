//! How far a long file is, on a terminal.
//!
//! It is shown by bytes, not by time: once in every [`STEP`].

use std::io::{IsTerminal as _, Write as _};

/// Bytes between two showings; what is shorter shows nothing.
const STEP: u64 = 16 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// What was done of how much.
pub(super) struct Progress {
    total: Option<u64>,
    done: u64,
    shown: bool,
    on_terminal: bool,
}

impl Progress {
    /// Of `total` bytes, if that is known. Shows nothing where standard error is no terminal.
    pub(super) fn of(total: Option<u64>) -> Self {
        Self { total, done: 0, shown: false, on_terminal: std::io::stderr().is_terminal() }
    }

    /// Another `bytes` are done.
    pub(super) fn add(&mut self, bytes: usize) {
        if let Some(text) = self.advance(bytes).filter(|_| self.on_terminal) {
            let _ = write!(std::io::stderr(), "\r{text}");
            self.shown = true;
        }
    }

    fn advance(&mut self, bytes: usize) -> Option<String> {
        let before = self.done;
        self.done = before.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        (before / STEP != self.done / STEP).then(|| match self.total {
            Some(total) => format!("{} of {} MiB", self.done / MIB, total.div_ceil(MIB)),
            None => format!("{} MiB", self.done / MIB),
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:40}\r", "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_at_each_step_and_not_between() {
        let mut progress = Progress { total: Some(40 * MIB), done: 0, shown: false, on_terminal: false };
        let shown: Vec<Option<String>> = (0..5).map(|_| progress.advance(8 * 1024 * 1024)).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(shown, [None, text("16 of 40 MiB"), None, text("32 of 40 MiB"), None]);
        let mut endless = Progress { total: None, done: STEP - 1, shown: false, on_terminal: false };
        assert_eq!((endless.advance(0), endless.advance(1)), (None, text("16 MiB")));
    }
}
