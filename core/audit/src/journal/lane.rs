//! One lane: a log's lane and its chain. Whoever records takes the lane's lock, formats, chains, writes, and goes on.
//!
//! It knows the log's lane and nothing of when a sync comes or an answer goes out. Everything that a record needs lies
//! under the one lock: the last link, drawn ids, the buffer. What would surprise: a lane whose log answers with
//! a number that wasn't expected records nothing more; somebody else writes to it, and the chain would tell a lie.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealroom_foundation::ports::Entropy;
use sealroom_foundation::{AccountId, EventId, Timestamp};
use sealroom_store::{LogError, Position};
use thiserror::Error;

use super::checkpoint::Head;
use super::disk::Disk;
use super::frame::{self, Entry, Filed, Header, Kind, Link};
use super::uses::{Gathered, LaneUses, Use};
use crate::event::{Event, Events};

/// Ids drawn at once.
const POOL: usize = 256 * 16;
/// LIMIT: bytes that the buffer of an idle lane keeps.
const KEPT_BUFFER: usize = 64 * 1024;

/// Why a lane didn't record.
#[derive(Debug, Error)]
pub(crate) enum NotRecorded {
    /// The log refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// More or longer records than a frame takes.
    #[error("the events of one effect are longer than a frame may be")]
    TooLong,
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
    /// Somebody else wrote to the lane.
    #[error("lane {lane} gave a record another number than its place in the chain")]
    OutOfStep {
        /// The lane.
        lane: usize,
    },
}

/// A record that has been appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) position: Position,
    /// Whether the lane took as many bytes since somebody last looked that it is time to look at what isn't synced.
    pub(crate) look: bool,
}

/// A checkpoint that has been appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) position: Position,
    pub(crate) link: Link,
    pub(crate) frame_bytes: u64,
}

pub(crate) struct Lane {
    disk: Disk,
    number: usize,
    stride: u64,
    state: Mutex<State>,
}

/// What lies under the lock of a lane.
pub(crate) struct State {
    condition: Condition,
    sequence: u64,
    link: Link,
    ids: Ids,
    frame: Vec<u8>,
    /// Frames whose outbox rows are still there, in order.
    unsettled: VecDeque<(u64, EventId)>,
    unlooked: u64,
    records: u64,
    bytes: u64,
    uses: Gathered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Open,
    Closed,
    OutOfStep,
}

struct Ids {
    drawn: Vec<u8>,
    used: usize,
}

/// Which of `lanes` lanes the calling thread keeps to.
pub(crate) fn of_this_thread(lanes: usize) -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get().checked_rem(lanes).unwrap_or_default()
}

impl Lane {
    /// Continues lane `number` of the log behind `head`. Every `stride` bytes it says that it is time to look.
    pub(crate) fn new(disk: Disk, number: usize, stride: u64, head: (u64, Link)) -> Self {
        let (sequence, link) = head;
        let state = State {
            condition: Condition::Open,
            sequence,
            link,
            ids: Ids { drawn: Vec::new(), used: 0 },
            frame: Vec::new(),
            unsettled: VecDeque::new(),
            unlooked: 0,
            records: 0,
            bytes: 0,
            uses: Gathered::new(sequence),
        };
        Self { disk, number, stride, state: Mutex::new(state) }
    }

    /// Draws ids, formats, chains and appends the records of `events`.
    pub(crate) fn record(&self, events: &Events, entropy: &dyn Entropy) -> Result<Appended, NotRecorded> {
        let mut guard = self.state();
        let state = &mut *guard;
        frame::begin(&mut state.frame);
        state.uses.begin();
        let uses = &mut state.uses;
        let told = |event: &Event, id, owner| note_uses(uses, event, id, owner);
        let filed = frame::file(&mut state.frame, events, || state.ids.next(entropy), told);
        let filed = filed.map_err(|frame::TooLong| NotRecorded::TooLong)?;
        let appended = self.append(state, Kind::Events, filed)?;
        state.uses.keep();
        Ok(appended)
    }

    /// Draws ids and formats what will stand in the outbox.
    pub(crate) fn entry(&self, events: &Events, entropy: &dyn Entropy) -> Result<Entry, NotRecorded> {
        let mut body = Vec::with_capacity(1024);
        let mut guard = self.state();
        let filed = frame::file(&mut body, events, || guard.ids.next(entropy), |_, _, _| {});
        let Filed { id, time, records } = filed.map_err(|frame::TooLong| NotRecorded::TooLong)?;
        Ok(Entry { id, time, body, records })
    }

    /// Appends what stands in the outbox, and remembers that its row must go.
    pub(crate) fn append_entry(&self, entry: &Entry) -> Result<Appended, NotRecorded> {
        let mut guard = self.state();
        let state = &mut *guard;
        frame::begin(&mut state.frame);
        state.frame.extend_from_slice(&entry.body);
        let Entry { id, time, records, .. } = *entry;
        let appended = self.append(state, Kind::Events, Filed { id, time, records })?;
        state.unsettled.push_back((appended.position.sequence, id));
        Ok(appended)
    }

    /// Appends a checkpoint with this body, even when the lane is closed.
    pub(crate) fn append_checkpoint(&self, time: Timestamp, body: &[u8]) -> Result<Bound, NotRecorded> {
        let mut guard = self.state();
        let state = &mut *guard;
        frame::begin(&mut state.frame);
        state.frame.extend_from_slice(body);
        let before = state.bytes;
        let position = self.write(state, Header { kind: Kind::Checkpoint, time, id: [0; 16], ..self.next(state) })?;
        Ok(Bound { position, link: state.link, frame_bytes: state.bytes - before })
    }

    fn append(&self, state: &mut State, kind: Kind, filed: Filed) -> Result<Appended, NotRecorded> {
        if state.condition == Condition::Closed {
            return Err(NotRecorded::Closed);
        }
        let header = Header { kind, time: filed.time, id: *filed.id.as_bytes(), ..self.next(state) };
        let position = self.write(state, header)?;
        state.records += filed.records;
        Ok(Appended { position, look: state.unlooked >= self.stride })
    }

    /// The header of the next frame, but for what its contents say.
    fn next(&self, state: &State) -> Header {
        Header {
            kind: Kind::Events,
            lane: self.number,
            sequence: state.sequence + 1,
            time: Timestamp::EPOCH,
            id: [0; 16],
            previous: state.link,
        }
    }

    fn write(&self, state: &mut State, header: Header) -> Result<Position, NotRecorded> {
        if state.condition == Condition::OutOfStep {
            return Err(NotRecorded::OutOfStep { lane: self.number });
        }
        frame::seal(&mut state.frame, &header);
        let link = frame::link(&state.frame);
        let position = self.disk.append(self.number, &state.frame)?;
        if position != (Position { lane: self.number, sequence: header.sequence }) {
            state.condition = Condition::OutOfStep;
            return Err(NotRecorded::OutOfStep { lane: self.number });
        }
        (state.sequence, state.link) = (header.sequence, link);
        let bytes = u64::try_from(state.frame.len()).unwrap_or(u64::MAX);
        state.bytes += bytes;
        state.unlooked += bytes;
        if state.frame.capacity() > KEPT_BUFFER {
            state.frame = Vec::new();
        }
        Ok(position)
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Somebody looked at what isn't synced, and it was little.
    pub(crate) fn looked(&self) {
        self.state().unlooked = 0;
    }

    /// A frame whose row was found in the outbox at the start.
    pub(crate) fn remember_unsettled(&self, sequence: u64, id: EventId) {
        self.state().unsettled.push_back((sequence, id));
    }

    /// The frames whose rows may be deleted once they are synced.
    pub(crate) fn unsettled(&self) -> Vec<(u64, EventId)> {
        self.state().unsettled.iter().copied().collect()
    }

    /// The rows of all frames up to and including `sequence` are gone.
    pub(crate) fn settle(&self, sequence: u64) {
        let mut state = self.state();
        while state.unsettled.pop_front_if(|&mut (frame, _)| frame <= sequence).is_some() {}
    }

    pub(crate) fn head(&self) -> Head {
        let state = self.state();
        let settled = state.unsettled.front().map_or(state.sequence, |&(frame, _)| frame.saturating_sub(1));
        Head { sequence: state.sequence, link: state.link, settled }
    }

    /// Records and bytes appended since the start.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.records, state.bytes)
    }

    /// The uses that were recorded since this was asked last.
    pub(crate) fn take_uses(&self) -> LaneUses {
        let mut guard = self.state();
        let state = &mut *guard;
        state.uses.take(self.number, state.sequence)
    }

    /// Takes nothing more but a checkpoint.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        if state.condition == Condition::Open {
            state.condition = Condition::Closed;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each key's owner is told by a record of its own, whose id counts; it comes behind the caller's.
fn note_uses(uses: &mut Gathered, event: &Event, id: EventId, owner: Option<AccountId>) {
    if !event.uses {
        return;
    }
    let (time, request) = (event.context.time, event.context.request);
    let told = event.keys().filter(|key| owner.is_none_or(|owner| key.account == owner));
    for key in told {
        uses.expect(Use { key, operation: event.name, time, event: id, request });
    }
}

impl Ids {
    fn next(&mut self, entropy: &dyn Entropy) -> EventId {
        loop {
            if let Some((id, _)) = self.drawn.get(self.used..).and_then(|rest| rest.split_first_chunk::<16>()) {
                self.used += 16;
                return EventId::from_random(*id);
            }
            self.drawn.resize(POOL, 0);
            entropy.fill(&mut self.drawn);
            self.used = 0;
        }
    }
}
