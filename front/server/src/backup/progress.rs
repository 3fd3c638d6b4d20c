//! How far long work has come, told to whoever looks at it.

use std::sync::Arc;

/// A step of long work, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What is being done: `copying rows`.
    pub step: &'static str,
    /// How much of it is done: rows, records, bytes.
    pub done: u64,
    /// How much there is, when that is known.
    pub total: Option<u64>,
}

/// Tells somebody. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(Seen) + Send + Sync>);

impl Progress {
    /// Calls `tell` often; it must return at once.
    #[must_use]
    pub fn new(tell: impl Fn(Seen) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    pub(crate) fn say(&self, step: &'static str, done: u64, total: Option<u64>) {
        (self.0)(Seen { step, done, total });
    }
}
