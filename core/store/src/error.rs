//! Why the store didn't do what it was asked. A guard that doesn't hold is no error: see `Committed::Conflict`.

use std::error::Error as StdError;

use thiserror::Error;

use crate::path::KeyPath;

/// Why a read or commit failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// As many commits wait as may; ask again later.
    #[error("too many commits are waiting")]
    Busy,
    /// The engine can't be reached, or its disk is full or broken. Nothing is promised about the batch: it was
    /// not acknowledged, and may or may not have been written.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// What happened, for the log.
        reason: &'static str,
        /// The engine's own error.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// A row doesn't open under its own path and version: it was forged, moved, swapped or damaged.
    #[error("row `{path}` does not open: it was changed behind the store's back")]
    Forged {
        /// The row.
        path: KeyPath,
    },
    /// A limit of the store.
    #[error("{count} {what}, at most {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much there may be.
        limit: usize,
    },
    /// `boot/` rows are read and written through the engine only, and nothing else is.
    #[error("path `{path}` is on the wrong side of the barrier")]
    Reserved {
        /// The path asked for.
        path: KeyPath,
    },
    /// A view was asked for what lies outside its prefix.
    #[error("path `{path}` is outside this view")]
    OutsideView {
        /// The path asked for.
        path: KeyPath,
    },
    /// The store was restored from a backup since this node opened it: what this node knows is of another time.
    #[error("the store was restored from a backup meanwhile: this node belongs to an older epoch, start it again")]
    Fenced,
    /// Another process has the data folder open.
    #[error("the data folder is in use by another process")]
    InUse,
    /// What the engine holds isn't a store of a format this program reads.
    #[error("the store's format is not known: {reason}")]
    Format {
        /// What is wrong.
        reason: &'static str,
    },
}

impl StoreError {
    pub(crate) fn unavailable(reason: &'static str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unavailable { reason, source: Some(Box::new(source)) }
    }

    pub(crate) fn gone(reason: &'static str) -> Self {
        Self::Unavailable { reason, source: None }
    }
}
