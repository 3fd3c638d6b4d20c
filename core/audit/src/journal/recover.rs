//! What a start finds: how far each lane has come, and which entries of the outbox are in a lane already.
//!
//! The row `audit/checkpoint` names the newest checkpoint, so that a start reads no more than what came after it, and
//! notices when that checkpoint, or anything it binds, is gone:
//!
//! ```text
//! audit/checkpoint  ->  format: 1 (1 byte) ‖ number of the checkpoint in lane 0 (8) ‖ link of its frame (32)
//! ```
//!
//! The row is written once everything it speaks of is synced. It is sealed like every row, so a checkpoint that it names
//! is trusted; without the row, everything is read, and the present keys are trusted.

use std::collections::HashMap;

use sealroom_foundation::EventId;
use sealroom_store::{Answer, Batch, KeyPath, Log, Position, Read, Store};

use super::frame::{self, Entry, Frame, Kind, Link};
use super::outbox::{self, Unreadable};
use super::reader::{self, Expected, Fault, ReadError, Walked};
use super::{OpenError, disk};

const FORMAT: u8 = 1;

/// What a start found.
pub(crate) struct Recovered {
    /// Number and link of the newest frame of each lane.
    pub(crate) heads: Vec<(u64, Link)>,
    /// Where entries of the outbox stand already, in the order of their lanes.
    pub(crate) recorded: Vec<(Position, EventId)>,
    /// Entries of the outbox that are nowhere, oldest first.
    pub(crate) missing: Vec<Entry>,
}

/// Where the newest checkpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bookmark {
    pub(crate) sequence: u64,
    pub(crate) link: Link,
}

/// Verifies the tail of `log` and looks in it for what the outbox holds.
pub(crate) async fn recover(store: &Store, log: &Log, keys: &[Vec<u8>]) -> Result<Recovered, OpenError> {
    let mut waiting = all_entries(store).await?;
    let mut recorded = Vec::new();
    let mut visit = |frame: &Frame<'_>| {
        let id = EventId::from_random(frame.header.id);
        if frame.header.kind == Kind::Events && waiting.remove(&id).is_some() {
            recorded.push((Position { lane: frame.header.lane, sequence: frame.header.sequence }, id));
        }
    };
    let Walked { heads, .. } = match bookmark(store).await? {
        None => reader::verify(log, keys, &mut visit).await?,
        Some(bookmark) => reader::walk(log, &tail(log, bookmark).await?, &mut visit).await?,
    };
    let mut missing: Vec<Entry> = waiting.into_values().collect();
    missing.sort_by_key(|entry| (entry.time, entry.id));
    Ok(Recovered { heads, recorded, missing })
}

async fn all_entries(store: &Store) -> Result<HashMap<EventId, Entry>, OpenError> {
    let mut entries = HashMap::new();
    let mut after = None;
    loop {
        let (page, next) = outbox::page(store, after).await?;
        for entry in page {
            let entry = entry.map_err(|Unreadable(path)| OpenError::Row { path })?;
            entries.insert(entry.id, entry);
        }
        if next.is_none() {
            return Ok(entries);
        }
        after = next;
    }
}

/// What the checkpoint at `bookmark` says, and from where on each lane must be read.
async fn tail(log: &Log, bookmark: Bookmark) -> Result<Vec<Expected>, ReadError> {
    let gone = |fault| ReadError::Broken { lane: 0, sequence: bookmark.sequence, fault };
    let read = log.read(0, bookmark.sequence.saturating_sub(1), 1).await?;
    let record = read.first().filter(|record| record.position.sequence == bookmark.sequence);
    let record = record.ok_or_else(|| gone(Fault::Missing))?;
    let frame = reader::placed(record)?;
    if frame::link(&record.bytes) != bookmark.link || frame.header.kind != Kind::Checkpoint {
        return Err(gone(Fault::Replaced));
    }
    let checkpoint = reader::signed(record, &frame)?;
    let mut expected: Vec<Expected> = std::iter::repeat_with(Expected::default).take(log.lanes()).collect();
    reader::expect(&mut expected, &checkpoint)?;
    for (expected, head) in expected.iter_mut().zip(&checkpoint.heads) {
        // The head itself is read again, so that its lane has a link to go on from.
        expected.after = head.settled.min(head.sequence.saturating_sub(1));
    }
    if let Some(first) = expected.first_mut() {
        first.links.insert(bookmark.sequence, bookmark.link);
    }
    Ok(expected)
}

async fn bookmark(store: &Store) -> Result<Option<Bookmark>, OpenError> {
    let answers = store.read(&[Read::Get(path())]).await?;
    let Some(row) = answers.into_iter().next().and_then(Answer::row) else { return Ok(None) };
    Bookmark::from_row(&row.value).map(Some).ok_or_else(|| OpenError::Row { path: path() })
}

fn path() -> KeyPath {
    disk::prefix().text("checkpoint")
}

impl Bookmark {
    /// The batch that remembers it.
    pub(crate) fn to_batch(self) -> Batch {
        let Self { sequence, link } = self;
        Batch::default().put(path(), [&[FORMAT][..], &sequence.to_be_bytes(), &link].concat())
    }

    fn from_row(mut row: &[u8]) -> Option<Self> {
        let [format] = frame::take(&mut row)?;
        let sequence = u64::from_be_bytes(frame::take(&mut row)?);
        let link = frame::take(&mut row)?;
        (format == FORMAT && row.is_empty()).then_some(Self { sequence, link })
    }
}
