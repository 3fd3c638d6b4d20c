//! How an effect becomes an answer: commit, record, and only then release.
//!
//! ```text
//!              value, refusal                          change
//!                    │                                    │ format; the entry joins the batch
//!                    │                                 commit ── guard: Conflict ── store away: Unavailable
//!                    │ format, chain, append              │ append   (fails: the row stands, `tend` appends it)
//!     refused: Unrecorded, value dropped                  │
//!                    │ written (always: synced)           │
//!                    v                                    v
//!                 Answer                               Answer
//! ```

use std::sync::Arc;

use sealroom_foundation::ports::{Clock, Entropy, Released, Sign};
use sealroom_store::{Batch, Committed, Guard, LogError, StoreError, Write};
use thiserror::Error;

use super::complaint::Complaints;
use super::disk::{self, Disk};
use super::frame::Entry;
use super::lane::{self, Appended, Lane, NotRecorded};
use super::outbox::{self, Flights};
use super::pace::Pace;
use super::space::Space;
use super::tend::Tending;
use super::{Counts, Sync, Unrecorded};
use crate::event::Events;

/// LIMIT: bytes that wait for a sync; then callers do.
pub(crate) const UNSYNCED_MAX: u64 = 16 * 1024 * 1024;
/// From here on callers wait: the lanes look now and then, and what they append between two looks comes on top.
const UNSYNCED_AMPLE: u64 = UNSYNCED_MAX / 2;

/// The bytes that a lane of `lanes` may take between two looks at what isn't synced.
pub(crate) fn stride(lanes: usize) -> u64 {
    let lanes = u64::try_from(lanes).unwrap_or(u64::MAX).max(1);
    UNSYNCED_MAX / 4 / lanes
}

pub(crate) struct Inner {
    pub(crate) disk: Disk,
    /// Every lane of the log; the first `serving` take records.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) serving: usize,
    pub(crate) flights: Flights,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sign: Arc<dyn Sign>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sync: Sync,
    pub(crate) space: Space,
    pub(crate) pace: Pace,
    pub(crate) complaints: Arc<Complaints>,
    pub(crate) tending: tokio::sync::Mutex<Tending>,
}

/// Why nothing was recorded.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Lane(#[from] NotRecorded),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(StoreError),
    #[error("what is left of the disk is kept for calls that free space or rights")]
    Kept,
    #[error("a room's batch touches the journal's own rows")]
    Trespass,
}

impl Inner {
    /// Appends `events` to the calling thread's lane. [`Inner::ready`] says when whoever waits for it may go on.
    #[expect(clippy::needless_pass_by_value, reason = "recorded events are gone: nobody carries them further")]
    pub(crate) fn append_events(&self, events: Events) -> Result<Appended, Refused> {
        self.admit(&events)?;
        let appended = self.lane().record(&events, &*self.entropy)?;
        self.pace.appended();
        Ok(appended)
    }

    /// Returns when whoever waits for what was appended may go on.
    pub(crate) async fn ready(&self, appended: Result<Appended, Refused>) -> Result<(), Unrecorded> {
        let ready = async {
            let appended = appended?;
            self.disk.log.written(appended.position).await?;
            match self.sync {
                Sync::Interval => self.hold_back(appended).await,
                Sync::Always => Ok(self.disk.log.synced(appended.position).await?),
            }
        };
        ready.await.map_err(|refused| self.unrecorded(&refused))
    }

    /// Commits `batch` with `events`, then records them.
    pub(crate) async fn change<T, E>(&self, value: T, batch: Batch, events: Events) -> Released<T, E> {
        match self.commit(batch, events).await {
            Ok(Committed::At(_)) => Released::Answer(value),
            Ok(Committed::Conflict) => Released::Conflict,
            Err(Refused::Store(error @ (StoreError::Unavailable { .. } | StoreError::Busy))) => {
                self.complaints.complain(self.clock.wall(), &error, "a change could not be committed");
                Released::Unavailable
            }
            Err(refused) => {
                let Unrecorded = self.unrecorded(&refused);
                Released::Unrecorded
            }
        }
    }

    async fn commit(&self, batch: Batch, events: Events) -> Result<Committed, Refused> {
        self.admit(&events)?;
        trespass(&batch)?;
        let entry = self.lane().entry(&events, &*self.entropy)?;
        drop(events);
        let under_way = self.flights.begin(entry.id);
        let batch = batch.put(outbox::path(entry.id), entry.to_row());
        let committed = self.disk.commit(batch).await.map_err(Refused::Store)?;
        if committed == Committed::Conflict {
            return Ok(committed);
        }
        // The change stands, and so does its event: from here on nothing makes the call fail.
        let appended = self.lane().append_entry(&entry);
        drop(under_way);
        let recorded = match appended {
            Err(error) => Err(error.into()),
            Ok(appended) => {
                self.pace.appended();
                self.hold_back(appended).await
            }
        };
        if let Err(refused) = recorded {
            self.complaints.complain(self.clock.wall(), &refused, "a change waits in the outbox to be recorded");
        }
        Ok(committed)
    }

    /// Appends entries of the outbox. What can't be appended stays in the outbox for the next tending.
    pub(crate) fn append(&self, entries: &[Entry]) {
        for entry in entries {
            match self.lane().append_entry(entry) {
                Ok(_) => self.pace.appended(),
                Err(error) => {
                    self.complaints.complain(self.clock.wall(), &error, "an event waits in the outbox to be recorded");
                }
            }
        }
    }

    /// See [`super::Journal::trouble`].
    pub(crate) fn trouble(&self) -> Option<String> {
        self.space.look();
        if !self.space.is_ample() {
            return Some(Refused::Kept.to_string());
        }
        self.disk.log.sync_now().err().map(|error| error.to_string())
    }

    pub(crate) fn counts(&self) -> Counts {
        let lanes = self.lanes.iter().map(Lane::counts);
        let (records, bytes) = lanes.fold((0, 0), |(records, bytes), lane| (records + lane.0, bytes + lane.1));
        let failures = self.complaints.count();
        Counts { records, bytes, failures, unsynced_bytes: self.disk.log.unsynced_bytes() }
    }

    /// The lane of the calling thread.
    pub(crate) fn lane(&self) -> &Lane {
        let lane = lane::of_this_thread(self.serving);
        // INVARIANT: a journal opens with at least one lane, and serves at most as many as there are.
        #[expect(clippy::indexing_slicing, reason = "the number is below `serving`")]
        &self.lanes[lane]
    }

    /// Whether there is room for what these events record.
    fn admit(&self, events: &Events) -> Result<(), Refused> {
        if self.space.is_ample() || events.free() { Ok(()) } else { Err(Refused::Kept) }
    }

    /// Waits for a sync when too much isn't synced. Looks only when the lane says that it is time.
    async fn hold_back(&self, appended: Appended) -> Result<(), Refused> {
        if !appended.look {
            return Ok(());
        }
        self.space.look();
        if self.disk.log.unsynced_bytes() > UNSYNCED_AMPLE {
            self.pace.urge();
            self.disk.log.synced(appended.position).await?;
        }
        if let Some(lane) = self.lanes.get(appended.position.lane) {
            lane.looked();
        }
        Ok(())
    }

    fn unrecorded(&self, refused: &Refused) -> Unrecorded {
        self.complaints.complain(self.clock.wall(), refused, "an event could not be recorded");
        Unrecorded
    }
}

/// No room writes the journal's rows, nor asks after them.
fn trespass(batch: &Batch) -> Result<(), Refused> {
    let ours = disk::prefix();
    let mut paths = batch.writes.iter().map(Write::path).chain(batch.guards.iter().map(Guard::path));
    if paths.any(|path| path.starts_with(&ours)) { Err(Refused::Trespass) } else { Ok(()) }
}
