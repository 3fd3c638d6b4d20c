//! The journal: commits, records, and only then releases.
//!
//! Here stands its door. What lies behind it: `inner` (an effect becomes an answer), `lane` (one chain), `frame` and
//! `checkpoint` (the format), `outbox` (events committed with their change), `recover` (what a start finds), `tend`
//! (what is done when nobody waits), `pace` (the sync thread), `space` (what is kept of the disk), `uses` (which
//! keys were used), `reader`.

mod checkpoint;
mod complaint;
mod disk;
mod frame;
mod inner;
mod lane;
mod outbox;
mod pace;
mod reader;
mod recover;
mod space;
mod tend;
mod uses;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealroom_foundation::ports::{Clock, Entropy, Purpose, Release, Released, Sign};
use sealroom_store::{KeyPath, LogError, Store, StoreError};
use thiserror::Error;

use crate::effect::{Effect, Effects, Outcome};
use crate::event::Events;
use complaint::Complaints;
use disk::Disk;
use inner::Inner;
use lane::Lane;
use pace::Pace;
use recover::Recovered;
use space::Space;

pub use disk::LOG;
pub use reader::{Entry, Fault, Page, ReadError, Reader, Verified};
pub use uses::{LaneUses, Use};

/// When an answer may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// Once its record is written; an `fdatasync` follows within 10 ms. A killed process loses nothing, a machine that
    /// loses power the records of that time (never a change: its event is durable with it).
    #[default]
    Interval,
    /// Once its record is synced. A change doesn't wait: its event is durable with it.
    Always,
}

/// How the journal runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `audit.sync`.
    pub sync: Sync,
    /// Lanes: one for each thread of the runtime. LIMIT: 1 to 255; what is outside is brought inside.
    pub lanes: usize,
    /// The folder on whose file system 64 MiB are kept for calls that free space or rights: the data folder. `None`
    /// where the store's disk isn't this machine's.
    pub reserve: Option<PathBuf>,
}

/// Why the journal doesn't open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store can't be read.
    #[error("the store does not answer: {0}")]
    Store(#[from] StoreError),
    /// The log can't be opened or read.
    #[error("the journal's log does not open: {0}")]
    Log(#[from] LogError),
    /// The log isn't what was written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row of the journal's own that this program can't read.
    #[error("row `{path}` is of a format that is not known")]
    Row {
        /// The row.
        path: KeyPath,
    },
    /// The sync thread doesn't start.
    #[error("the sync thread does not start: {0}")]
    Thread(#[source] io::Error),
}

/// An event could not be recorded: the call it belongs to must fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the event could not be recorded")]
pub struct Unrecorded;

/// What the journal has done since it was opened, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// CloudTrail records written.
    pub records: u64,
    /// Bytes appended, checkpoints included.
    pub bytes: u64,
    /// Effects that were refused, and syncs and tendings that failed.
    pub failures: u64,
    /// Bytes that no sync covers yet.
    pub unsynced_bytes: u64,
}

/// The journal. A clone is another handle on it. Dropping the last without [`Journal::close`] is what a crash is: nothing
/// that was answered is lost with the process, and the next start records what the outbox holds.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

/// Who syncs the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syncing {
    /// A thread, which lets records gather so long.
    Thread(Duration),
    /// Whoever would urge the thread.
    #[cfg(test)]
    ByHand,
}

impl Journal {
    /// Opens the journal in `store`'s log, verifies what came after its last checkpoint, replays what the outbox holds and
    /// starts the sync thread.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        store: Store,
        entropy: Arc<dyn Entropy>,
        sign: Arc<dyn Sign>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, OpenError> {
        let gather = match settings.sync {
            Sync::Interval => pace::INTERVAL,
            Sync::Always => Duration::ZERO,
        };
        let lanes = settings.lanes.clamp(1, LANES_MAX);
        let log = store.log(disk::LOG, lanes).await?;
        let disk = Disk {
            store,
            log,
            #[cfg(test)]
            faults: Arc::default(),
        };
        let space = Space::new(space::of_folder(settings.reserve));
        let ports = Ports { entropy, sign, clock };
        Self::start(disk, ports, settings.sync, lanes, space, Syncing::Thread(gather)).await
    }

    async fn start(
        disk: Disk,
        ports: Ports,
        sync: Sync,
        serving: usize,
        space: Space,
        syncing: Syncing,
    ) -> Result<Self, OpenError> {
        let Ports { entropy, sign, clock } = ports;
        let keys = sign.publics(Purpose::JournalCheckpoint);
        let Recovered { heads, recorded, missing } = recover::recover(&disk.store, &disk.log, &keys).await?;
        let stride = inner::stride(serving);
        let lanes = heads.into_iter().enumerate();
        let lanes: Vec<Lane> = lanes.map(|(number, head)| Lane::new(disk.clone(), number, stride, head)).collect();
        for (position, id) in recorded {
            if let Some(lane) = lanes.get(position.lane) {
                lane.remember_unsettled(position.sequence, id);
            }
        }
        let complaints = Arc::new(Complaints::default());
        let pace = match syncing {
            Syncing::Thread(gather) => {
                Pace::start(disk.log.clone(), Arc::clone(&clock), Arc::clone(&complaints), gather)
                    .map_err(OpenError::Thread)?
            }
            #[cfg(test)]
            Syncing::ByHand => Pace::by_hand(disk.log.clone()),
        };
        let (flights, tending) = Default::default();
        let inner =
            Inner { disk, lanes, serving, flights, entropy, sign, clock, sync, space, pace, complaints, tending };
        inner.append(&missing);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Records what no room handled: a request that can't be decoded, an operation that doesn't exist.
    ///
    /// # Errors
    /// [`Unrecorded`]: answer with an internal failure.
    pub async fn record(&self, events: Events) -> Result<(), Unrecorded> {
        let appended = self.inner.append_events(events);
        self.inner.ready(appended).await
    }

    /// Deletes outbox rows whose records are synced, records events that a cut-off call left behind, looks at the
    /// disk's free space, and makes a checkpoint when one is due. To be called about once a second.
    pub async fn tend(&self) {
        self.inner.tend().await;
    }

    /// Syncs, writes a last checkpoint, and stops the sync thread. What is released afterwards is unrecorded.
    pub async fn close(&self) {
        self.inner.close().await;
    }

    /// Reads back what has been recorded.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::of(self.inner.disk.log.clone())
    }

    /// Why calls can't be recorded right now; `None` when they can. Looks at the disk's free space and has the log synced, so it
    /// blocks for as long as a sync takes: not for a thread of the runtime.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.inner.trouble()
    }

    /// The uses of keys that were recorded since this was asked last, or since the start: of each lane, by which frames.
    #[must_use]
    pub fn take_uses(&self) -> Vec<LaneUses> {
        self.inner.lanes.iter().map(Lane::take_uses).collect()
    }

    /// What has been done since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner.counts()
    }
}

/// LIMIT: lanes.
const LANES_MAX: usize = 255;

/// What the journal needs of others.
struct Ports {
    entropy: Arc<dyn Entropy>,
    sign: Arc<dyn Sign>,
    clock: Arc<dyn Clock>,
}

impl<E: Send + 'static> Release<E> for Journal {
    type Effects = Effects<E>;

    async fn release<T: Send>(&self, effect: Effect<T, E>) -> Released<T, E> {
        match effect.0 {
            Outcome::Value(value, events) => {
                let appended = self.inner.append_events(events);
                match self.inner.ready(appended).await {
                    Ok(()) => Released::Answer(value),
                    Err(Unrecorded) => Released::Unrecorded,
                }
            }
            Outcome::Refusal(refusal, events) => {
                let appended = self.inner.append_events(events);
                match self.inner.ready(appended).await {
                    Ok(()) => Released::Refused(refusal),
                    Err(Unrecorded) => Released::Unrecorded,
                }
            }
            // Boxed, so that calls that change nothing don't carry this state around with them.
            Outcome::Change(value, batch, events) => Box::pin(self.inner.change(value, batch, events)).await,
        }
    }
}

#[cfg(test)]
mod tests;
