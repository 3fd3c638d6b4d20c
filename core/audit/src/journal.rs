//! The journal: commits, records, and only then releases.

use std::sync::Arc;

use sealroom_foundation::ports::{Clock, Entropy, Release, Released, Sign};
use sealroom_store::Store;
use thiserror::Error;

use crate::effect::{Effect, Effects};
use crate::event::Events;

/// When an answer may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// Once its record is written; an `fdatasync` follows within 10 ms. A killed process loses nothing, a machine that
    /// loses power the records of that time (never a change: its event is durable with it).
    #[default]
    Interval,
    /// Once its record is synced.
    Always,
}

/// How the journal runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `audit.sync`.
    pub sync: Sync,
    /// Lanes: one for each thread of the runtime. LIMIT: 1 to 255.
    pub lanes: usize,
}

/// Why the journal doesn't open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store can't be read.
    #[error("the store does not answer: {0}")]
    Store(#[from] sealroom_store::StoreError),
}

/// An event could not be recorded: the call it belongs to must fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the event could not be recorded")]
pub struct Unrecorded;

/// The journal. A clone is another handle on it.
#[derive(Clone)]
pub struct Journal {
    _inner: Arc<()>,
}

impl Journal {
    /// Opens the journal in `store`'s log, replays what the outbox holds and starts the sync thread.
    ///
    /// # Errors
    /// [`OpenError`].
    #[expect(clippy::todo, clippy::unused_async, reason = "the door stands before the room")]
    pub async fn open(
        store: Store,
        entropy: Arc<dyn Entropy>,
        sign: Arc<dyn Sign>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, OpenError> {
        drop((store, entropy, sign, clock, settings));
        todo!()
    }

    /// Records what no room handled: a request that can't be decoded, an operation that doesn't exist.
    ///
    /// # Errors
    /// [`Unrecorded`]: answer with an internal failure.
    #[expect(clippy::todo, clippy::unused_async, reason = "the door stands before the room")]
    pub async fn record(&self, events: Events) -> Result<(), Unrecorded> {
        drop(events);
        todo!()
    }

    /// Deletes outbox rows whose records are synced and records events that a cut-off call left behind. To be called
    /// about once a second.
    #[expect(clippy::todo, clippy::unused_async, reason = "the door stands before the room")]
    pub async fn tend(&self) {
        todo!()
    }

    /// Syncs, writes a last checkpoint, and stops the sync thread.
    #[expect(clippy::todo, clippy::unused_async, reason = "the door stands before the room")]
    pub async fn close(&self) {
        todo!()
    }
}

impl<E: Send + 'static> Release<E> for Journal {
    type Effects = Effects<E>;

    #[expect(clippy::todo, reason = "the door stands before the room")]
    async fn release<T: Send>(&self, effect: Effect<T, E>) -> Released<T, E> {
        drop(effect);
        todo!()
    }
}
