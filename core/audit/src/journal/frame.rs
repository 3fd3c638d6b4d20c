//! The journal's record format: what stands in a lane, byte for byte. It knows no lock, no log and no store.
//!
//! ```text
//! frame = the bytes of one record of the log `journal`; numbers are big-endian
//!
//!   at  bytes
//!    0    1   format: 1
//!    1    1   kind: 1 events, 2 checkpoint
//!    2    2   lane
//!    4    8   number of the frame in its lane, from 1 on
//!   12    8   microseconds since 1970, signed: eventTime of the first event; when the checkpoint was made
//!   20   16   eventID of the first event: the id of the frame; zeros in a checkpoint
//!   36   32   link of the frame before it in its lane; zeros in the first
//!   68    …   kind 1: each CloudTrail record of one effect, as length (4 bytes) ‖ packed JSON: see `packed`
//!             kind 2: see `checkpoint`
//!
//! link  = SHA-256(frame)
//! entry = format: 1 (1 byte) ‖ microseconds (8) ‖ body as above: a row of the outbox, named by the frame's id
//! ```
//!
//! What would surprise: a frame doesn't hold its own link, the next one does. Whoever changes the newest frame of
//! a lane isn't found by the chain, but by the next checkpoint. All records of one effect stand in one frame, so they
//! are there together or not at all, and one id finds them.

use sealroom_crypto::digest::sha256;
use sealroom_foundation::{AccountId, EventId, Timestamp};
use sealroom_store::Log;

use crate::event::{Event, Events};
use crate::record::{self, Copied};

/// What chains a frame to the one before it.
pub(crate) type Link = [u8; 32];

/// The link before the first frame of a lane.
pub(crate) const ORIGIN: Link = [0; 32];

const FORMAT: u8 = 1;
const HEADER: usize = 68;
const ENTRY_HEADER: usize = 9;

/// LIMIT: bytes of a frame's body; four records of the greatest length fit, and a store row takes it.
pub(crate) const BODY_MAX: usize = Log::MAX_RECORD - HEADER;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Events = 1,
    Checkpoint = 2,
}

/// Everything of a frame but its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) lane: usize,
    pub(crate) sequence: u64,
    pub(crate) time: Timestamp,
    pub(crate) id: [u8; 16],
    pub(crate) previous: Link,
}

/// A frame as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) header: Header,
    pub(crate) body: &'a [u8],
}

/// The records of an effect are longer together than a frame may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// What the records of an effect are filed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filed {
    pub(crate) id: EventId,
    pub(crate) time: Timestamp,
    pub(crate) records: u64,
}

/// The hash that the next frame of the lane will hold.
pub(crate) fn link(frame: &[u8]) -> Link {
    sha256(frame)
}

/// Empties `frame` and leaves room for a header.
pub(crate) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.resize(HEADER, 0);
}

/// Writes the header into the room that [`begin`] left.
pub(crate) fn seal(frame: &mut [u8], header: &Header) {
    let mut bytes = [0u8; HEADER];
    let mut rest = &mut bytes[..];
    // INVARIANT: a lane is at most 255.
    let lane = u16::try_from(header.lane).unwrap_or(u16::MAX).to_be_bytes();
    let (sequence, time) = (header.sequence.to_be_bytes(), header.time.as_micros().to_be_bytes());
    let kind = [FORMAT, header.kind.number()];
    for part in [&kind[..], &lane, &sequence, &time, &header.id, &header.previous] {
        // INVARIANT: the parts are as long as the header together.
        let Some((place, after)) = rest.split_at_mut_checked(part.len()) else { return };
        place.copy_from_slice(part);
        rest = after;
    }
    if let Some(place) = frame.get_mut(..HEADER) {
        place.copy_from_slice(&bytes);
    }
}

/// Appends every record of `events` to `out`, with ids from `draw`. `told` hears of each record: its event, its id, and whose
/// copy it is, if not the caller's.
pub(crate) fn file(
    out: &mut Vec<u8>,
    events: &Events,
    mut draw: impl FnMut() -> EventId,
    mut told: impl FnMut(&Event, EventId, Option<AccountId>),
) -> Result<Filed, TooLong> {
    let start = out.len();
    let mut filed: Option<Filed> = None;
    for event in events.iter() {
        let shared = event.shared_with.map(|_| draw());
        let owners = [None, event.shared_with];
        let copies = if event.shared_with.is_some() { 2 } else { 1 };
        for owner in owners.into_iter().take(copies) {
            let id = draw();
            one(out, &Copied { event, id, shared, owner })?;
            told(event, id, owner);
            let first = Filed { id, time: event.context.time, records: 0 };
            filed.get_or_insert(first).records += 1;
        }
    }
    // INVARIANT: there is at least one event.
    filed.filter(|_| out.len() - start <= BODY_MAX).ok_or(TooLong)
}

fn one(out: &mut Vec<u8>, copied: &Copied<'_>) -> Result<(), TooLong> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    record::write(out, copied).map_err(|record::TooLong| TooLong)?;
    // LIMIT: a record is at most 256 KiB.
    let length = u32::try_from(out.len() - start - 4).map_err(|_| TooLong)?;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// The packed JSON of each record of a body; `None` when the lengths don't add up.
pub(crate) fn records(mut body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while !body.is_empty() {
        let length = usize::try_from(u32::from_be_bytes(take(&mut body)?)).ok()?;
        let (json, rest) = body.split_at_checked(length)?;
        records.push(json);
        body = rest;
    }
    Some(records)
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Events => 1,
            Self::Checkpoint => 2,
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Events, Self::Checkpoint].into_iter().find(|kind| kind.number() == number)
    }
}

impl<'a> Frame<'a> {
    /// Takes a frame apart; `None` when it is none, or of a format that isn't known.
    pub(crate) fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let [format, kind] = take(&mut bytes)?;
        let kind = Kind::of(kind).filter(|_| format == FORMAT)?;
        let header = Header {
            kind,
            lane: usize::from(u16::from_be_bytes(take(&mut bytes)?)),
            sequence: u64::from_be_bytes(take(&mut bytes)?),
            time: Timestamp::from_micros(i64::from_be_bytes(take(&mut bytes)?)),
            id: take(&mut bytes)?,
            previous: take(&mut bytes)?,
        };
        Some(Self { header, body: bytes })
    }
}

/// What waits in the outbox to be appended: a frame without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EventId,
    pub(crate) time: Timestamp,
    pub(crate) body: Vec<u8>,
    pub(crate) records: u64,
}

impl Entry {
    /// The value of its row.
    pub(crate) fn to_row(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(ENTRY_HEADER + self.body.len());
        row.push(FORMAT);
        row.extend_from_slice(&self.time.as_micros().to_be_bytes());
        row.extend_from_slice(&self.body);
        row
    }

    /// Reads the row of the frame `id` back.
    pub(crate) fn from_row(id: EventId, mut row: &[u8]) -> Option<Self> {
        let [format] = take(&mut row)?;
        if format != FORMAT {
            return None;
        }
        let time = Timestamp::from_micros(i64::from_be_bytes(take(&mut row)?));
        let records = u64::try_from(records(row)?.len()).ok().filter(|&records| records > 0)?;
        Some(Self { id, time, body: row.to_vec(), records })
    }
}

/// Takes the first bytes away from `bytes`.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}
