//! What the journal does when nobody waits: outbox rows go, stray entries are recorded, checkpoints are made.
//!
//! One tending runs at a time. A failure is counted and logged, and what wasn't done is done by the next tending.

use std::collections::HashSet;

use sealroom_foundation::{EventId, Timestamp};
use sealroom_store::{Batch, LogError, Position, StoreError};
use thiserror::Error;

use super::checkpoint::{self, Head};
use super::frame::Entry;
use super::inner::Inner;
use super::lane::{Bound, Lane, NotRecorded};
use super::outbox;
use super::recover::Bookmark;

/// A checkpoint is made a minute after the last one, or after so many bytes: a start reads about so much.
const CHECKPOINT_MICROS: i64 = 60_000_000;
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
/// Rows deleted by one commit.
const DELETES: usize = 1_000;

/// What one tending leaves to the next.
#[derive(Debug, Default)]
pub(crate) struct Tending {
    closed: bool,
    /// When the last checkpoint was made.
    at: Option<Timestamp>,
    /// Bytes that had been appended then, itself included.
    bytes: u64,
}

#[derive(Debug, Error)]
enum Undone {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
}

impl Inner {
    /// One tending.
    pub(crate) async fn tend(&self) {
        // Held across awaits on purpose: it is what makes the next tending wait for this one, and no call takes it.
        let mut tending = self.tending.lock().await;
        if tending.closed {
            return;
        }
        self.space.look();
        self.complain(self.settle().await);
        self.complain(self.adopt().await);
        if self.is_checkpoint_due(&tending) {
            self.complain(self.checkpoint(&mut tending).await);
        }
    }

    /// The last tending: afterwards nothing more is recorded, and everything that was is synced and bound.
    pub(crate) async fn close(&self) {
        let mut tending = self.tending.lock().await;
        if std::mem::replace(&mut tending.closed, true) {
            return;
        }
        self.complain(self.adopt().await);
        for lane in &self.lanes {
            lane.close();
        }
        self.complain(self.settle().await);
        if self.bytes() != tending.bytes {
            self.complain(self.checkpoint(&mut tending).await);
        }
        self.pace.finish().await;
    }

    fn complain(&self, done: Result<(), Undone>) {
        if let Err(error) = done {
            self.complaints.complain(self.clock.wall(), &error, "the journal could not be tended");
        }
    }

    /// Deletes the outbox rows of everything that has been appended, once it is synced.
    async fn settle(&self) -> Result<(), Undone> {
        let mut done = Ok(());
        let mut settled = Vec::new();
        let mut ids = Vec::new();
        for lane in &self.lanes {
            let unsettled = lane.unsettled();
            let Some(&(sequence, _)) = unsettled.last() else { continue };
            match self.sync(Position { lane: lane.number(), sequence }).await {
                Ok(()) => {
                    ids.extend(unsettled.into_iter().map(|(_, id)| id));
                    settled.push((lane, sequence));
                }
                // The rows of this lane stay until a start finds out what became of its frames.
                Err(error) => done = Err(error.into()),
            }
        }
        for some in ids.chunks(DELETES) {
            let batch = some.iter().fold(Batch::default(), |batch, &id| batch.delete(outbox::path(id)));
            self.disk.commit(batch).await?;
        }
        for (lane, sequence) in settled {
            lane.settle(sequence);
        }
        done
    }

    /// Records what stands in the outbox and is nobody's: the call that committed it was cut off, was told that the
    /// store doesn't answer, or couldn't append.
    async fn adopt(&self) -> Result<(), Undone> {
        let mut strays: Vec<Entry> = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = outbox::page(&self.disk.store, after).await?;
            // In this order: a call's id stands in its lane before it stops being under way.
            let under_way = self.flights.under_way();
            let appended: HashSet<EventId> =
                self.lanes.iter().flat_map(|lane| lane.unsettled().into_iter().map(|(_, id)| id)).collect();
            let stray = |entry: &Entry| !under_way.contains(&entry.id) && !appended.contains(&entry.id);
            for entry in page {
                match entry {
                    Ok(entry) if stray(&entry) => strays.push(entry),
                    Ok(_) => {}
                    Err(outbox::Unreadable(path)) => {
                        tracing::error!(%path, "a row of the journal's outbox can't be read");
                    }
                }
            }
            if next.is_none() {
                break;
            }
            after = next;
        }
        strays.sort_by_key(|entry| (entry.time, entry.id));
        self.append(&strays);
        Ok(())
    }

    fn is_checkpoint_due(&self, tending: &Tending) -> bool {
        let bytes = self.bytes() - tending.bytes;
        // A clock that was set back doesn't put off the next checkpoint.
        let passed = tending.at.map(|at| self.clock.wall().micros_since(at));
        let late = passed.is_none_or(|micros| !(0..CHECKPOINT_MICROS).contains(&micros));
        bytes > 0 && (late || bytes >= CHECKPOINT_BYTES)
    }

    /// Binds the heads of all lanes, and remembers where.
    async fn checkpoint(&self, tending: &mut Tending) -> Result<(), Undone> {
        let now = self.clock.wall();
        // Counted first: what is appended from here on may be bound already, and is bound again by the next.
        let bytes = self.bytes();
        let heads: Vec<Head> = self.lanes.iter().map(Lane::head).collect();
        for (lane, head) in heads.iter().enumerate() {
            self.sync(Position { lane, sequence: head.sequence }).await?;
        }
        let mut body = Vec::new();
        checkpoint::write(&mut body, &heads, now, &*self.sign);
        let Some(lane) = self.lanes.first() else { return Ok(()) };
        let Bound { position, link, frame_bytes } = lane.append_checkpoint(now, &body)?;
        self.sync(position).await?;
        self.disk.commit(Bookmark { sequence: position.sequence, link }.to_batch()).await?;
        (tending.at, tending.bytes) = (Some(now), bytes + frame_bytes);
        Ok(())
    }

    /// Waits until the frame at `position` is synced.
    async fn sync(&self, position: Position) -> Result<(), LogError> {
        if position.sequence == 0 {
            return Ok(());
        }
        self.pace.urge();
        self.disk.log.synced(position).await
    }

    /// Bytes appended since the start.
    fn bytes(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.counts().1).sum()
    }
}
