//! Reads the journal back, and finds what was done to it.
//!
//! It reads lanes as they are and changes nothing. What it finds, and what not: a frame that was changed, removed,
//! moved, put in or taken over from another lane breaks the chain; whoever mends the chain behind it breaks the next
//! checkpoint. Cutting off what came after the last checkpoint leaves no trace but the gap in time; keep checkpoints
//! elsewhere for that.

use std::collections::BTreeMap;

use sealroom_foundation::{EventId, Timestamp};
use sealroom_store::{Log, LogError, Record, Store};
use thiserror::Error;

use super::checkpoint::Checkpoint;
use super::disk;
use super::frame::{self, Frame, Kind, Link};
use crate::packed;

/// Frames read at once. LIMIT: a frame is at most 2 MiB.
const PAGE: u32 = 256;

/// Reads the journal. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    log: Log,
}

/// Frames of one lane, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The effects that were recorded; fewer than were asked for where checkpoints stand between them.
    pub entries: Vec<Entry>,
    /// Ask behind this number next; `None` at the end of the lane.
    pub next: Option<u64>,
}

/// What one effect left in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The lane it stands in.
    pub lane: usize,
    /// Its number in the lane.
    pub sequence: u64,
    /// `eventTime` of its first event.
    pub time: Timestamp,
    /// `eventID` of its first event.
    pub id: EventId,
    /// Its CloudTrail records, each one line of JSON: one, or more for a call that several accounts or Regions see.
    pub records: Vec<Vec<u8>>,
}

/// What a verification saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Effects.
    pub entries: u64,
    /// CloudTrail records.
    pub records: u64,
    /// Checkpoints, all rightly signed.
    pub checkpoints: u64,
    /// Frames behind the newest checkpoint, which the chain alone holds.
    pub unbound: u64,
}

/// What is wrong with the journal.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// It isn't what was written.
    #[error("frame {sequence} of lane {lane} of the journal {fault}")]
    Broken {
        /// The lane.
        lane: usize,
        /// The first frame that isn't right.
        sequence: u64,
        /// In which way.
        fault: Fault,
    },
}

/// In which way a frame isn't what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Fault {
    /// It isn't a frame of a known format.
    #[error("can't be read")]
    Unreadable,
    /// It says that it stands elsewhere.
    #[error("stands in another's place")]
    Displaced,
    /// It doesn't follow the frame before it.
    #[error("doesn't follow the one before it")]
    Unlinked,
    /// A checkpoint saw another frame in its place.
    #[error("isn't the one that a checkpoint bound")]
    Replaced,
    /// A checkpoint or a later frame speaks of it, and it isn't there.
    #[error("is missing")]
    Missing,
    /// A checkpoint whose signature is wrong.
    #[error("is a checkpoint that isn't signed by its key")]
    Unsigned,
    /// A checkpoint that was signed with a key that isn't trusted.
    #[error("is a checkpoint signed by a stranger")]
    Stranger,
}

impl Reader {
    /// Opens the journal of `store` to read it, when no [`crate::Journal`] has it open; else see
    /// [`crate::Journal::reader`].
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn open(store: &Store) -> Result<Self, LogError> {
        Ok(Self { log: store.log(disk::LOG, 1).await? })
    }

    /// Reads a journal that stands in a log by itself, such as a backup's.
    #[must_use]
    pub fn of(log: Log) -> Self {
        Self { log }
    }

    /// Copies what is recorded by now, frame by frame, into `to`, a log with as many lanes; goes on behind what stands
    /// there already. `seen` is told of how many frames were copied. How many there are in `to` is returned.
    ///
    /// # Errors
    /// [`ReadError`]; [`LogError::Unknown`] when `to` has fewer lanes or isn't a part of this journal.
    pub async fn copy_to(&self, to: &Log, mut seen: impl FnMut(u64) + Send) -> Result<u64, ReadError> {
        // Lane 0 comes first: its checkpoints speak of the heads of the others, which are then there.
        let ends: Vec<u64> = (0..self.log.lanes())
            .map(|lane| self.log.last(lane).map(|last| last.sequence))
            .collect::<Result<_, _>>()?;
        let mut frames = 0;
        for (lane, end) in ends.into_iter().enumerate() {
            let mut after = to.last(lane)?.sequence;
            frames += after;
            while after < end {
                let limit = u32::try_from(end - after).unwrap_or(u32::MAX).min(PAGE);
                let read = self.log.read(lane, after, limit).await?;
                let mut last = None;
                for record in &read {
                    placed(record)?;
                    let position = match (to.append(lane, &record.bytes), last) {
                        (Err(LogError::Busy), Some(last)) => {
                            to.written(last).await?;
                            to.append(lane, &record.bytes)?
                        }
                        (appended, _) => appended?,
                    };
                    if position.sequence != record.position.sequence {
                        return Err(LogError::Unknown.into());
                    }
                    after = position.sequence;
                    last = Some(position);
                }
                let missing = ReadError::Broken { lane, sequence: after + 1, fault: Fault::Missing };
                to.written(last.ok_or(missing)?).await?;
                let copied = u64::try_from(read.len()).unwrap_or_default();
                frames += copied;
                seen(copied);
            }
        }
        Ok(frames)
    }

    /// How many lanes there are, numbered from 0 on.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.log.lanes()
    }

    /// The entries of `lane` behind number `after`, oldest first, at most `limit`. Looks at no chain: see
    /// [`Reader::verify`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&self, lane: usize, after: u64, limit: u32) -> Result<Page, ReadError> {
        let read = self.log.read(lane, after, limit).await?;
        let next = read.last().map(|record| record.position.sequence);
        let mut entries = Vec::with_capacity(read.len());
        for record in &read {
            let Frame { header, body } = placed(record)?;
            if header.kind == Kind::Events {
                let unpacked = |packed: Vec<&[u8]>| packed.into_iter().map(packed::unpack).collect::<Option<Vec<_>>>();
                let records = frame::records(body).and_then(unpacked).ok_or(broken(record, Fault::Unreadable))?;
                entries.push(Entry {
                    lane,
                    sequence: header.sequence,
                    time: header.time,
                    id: EventId::from_random(header.id),
                    records,
                });
            }
        }
        Ok(Page { entries, next })
    }

    /// Reads everything, and compares it with the chain of each lane, and with the checkpoints, each signed by one of
    /// the public keys `trusted` (DER `SubjectPublicKeyInfo`).
    ///
    /// # Errors
    /// [`ReadError::Broken`] with the first fault it meets.
    pub async fn verify(&self, trusted: &[Vec<u8>]) -> Result<Verified, ReadError> {
        let mut verified = Verified::default();
        verify(&self.log, trusted, &mut |frame| match frame.header.kind {
            Kind::Checkpoint => verified.checkpoints += 1,
            Kind::Events => {
                verified.entries += 1;
                let records = frame::records(frame.body).map_or(0, |records| records.len());
                verified.records += u64::try_from(records).unwrap_or_default();
            }
        })
        .await
        .map(|Walked { unbound, .. }| Verified { unbound, ..verified })
    }
}

/// What a walk through all lanes found.
pub(crate) struct Walked {
    /// Number and link of the newest frame of each lane.
    pub(crate) heads: Vec<(u64, Link)>,
    pub(crate) unbound: u64,
}

/// What must be found in a lane.
#[derive(Default)]
pub(crate) struct Expected {
    /// Begin behind this number.
    pub(crate) after: u64,
    /// Links by number.
    pub(crate) links: BTreeMap<u64, Link>,
}

/// Verifies all of `log`, and shows every frame to `visit`.
pub(crate) async fn verify(
    log: &Log,
    trusted: &[Vec<u8>],
    visit: &mut (impl FnMut(&Frame<'_>) + Send),
) -> Result<Walked, ReadError> {
    let expected = checkpointed(log, trusted).await?;
    walk(log, &expected, visit).await
}

/// What all checkpoints say. LIMIT: it remembers a link for each lane of each checkpoint, so a megabyte holds about
/// two days of a journal of eight lanes.
async fn checkpointed(log: &Log, trusted: &[Vec<u8>]) -> Result<Vec<Expected>, ReadError> {
    let mut expected: Vec<Expected> = std::iter::repeat_with(Expected::default).take(log.lanes()).collect();
    let mut after = 0;
    loop {
        let read = log.read(0, after, PAGE).await?;
        let Some(last) = read.last() else { return Ok(expected) };
        after = last.position.sequence;
        for record in &read {
            let frame = placed(record)?;
            if frame.header.kind != Kind::Checkpoint {
                continue;
            }
            let checkpoint = signed(record, &frame)?;
            if !trusted.iter().any(|key| key == checkpoint.public) {
                return Err(broken(record, Fault::Stranger));
            }
            expect(&mut expected, &checkpoint)?;
        }
    }
}

/// Adds what `checkpoint` says of each lane.
pub(crate) fn expect(expected: &mut [Expected], checkpoint: &Checkpoint<'_>) -> Result<(), ReadError> {
    for (lane, head) in checkpoint.heads.iter().enumerate().filter(|(_, head)| head.sequence > 0) {
        let fault = |fault| ReadError::Broken { lane, sequence: head.sequence, fault };
        let Some(expected) = expected.get_mut(lane) else { return Err(fault(Fault::Missing)) };
        if expected.links.insert(head.sequence, head.link).is_some_and(|other| other != head.link) {
            return Err(fault(Fault::Replaced));
        }
    }
    Ok(())
}

/// The checkpoint in a frame, its signature looked at.
pub(crate) fn signed<'a>(record: &Record, frame: &Frame<'a>) -> Result<Checkpoint<'a>, ReadError> {
    let checkpoint = Checkpoint::read(frame.header.time, frame.body).ok_or(broken(record, Fault::Unreadable))?;
    if record.position.lane != 0 {
        return Err(broken(record, Fault::Displaced));
    }
    if checkpoint.is_signed() { Ok(checkpoint) } else { Err(broken(record, Fault::Unsigned)) }
}

/// Walks every lane from where `expected` says, and shows each frame to `visit`.
pub(crate) async fn walk(
    log: &Log,
    expected: &[Expected],
    visit: &mut (impl FnMut(&Frame<'_>) + Send),
) -> Result<Walked, ReadError> {
    let mut walked = Walked { heads: Vec::with_capacity(expected.len()), unbound: 0 };
    for (lane, expected) in expected.iter().enumerate() {
        let (sequence, link) = walk_lane(log, lane, expected, visit).await?;
        let bound = expected.links.last_key_value().map_or(0, |(sequence, _)| *sequence);
        walked.unbound += sequence.saturating_sub(bound.max(expected.after));
        walked.heads.push((sequence, link));
    }
    Ok(walked)
}

async fn walk_lane(
    log: &Log,
    lane: usize,
    expected: &Expected,
    visit: &mut (impl FnMut(&Frame<'_>) + Send),
) -> Result<(u64, Link), ReadError> {
    let mut head = (expected.after, (expected.after == 0).then_some(frame::ORIGIN));
    loop {
        let read = log.read(lane, head.0, PAGE).await?;
        if read.is_empty() {
            break;
        }
        for record in &read {
            let frame = placed(record)?;
            let link = follow(head, record, &frame, expected)?;
            visit(&frame);
            head = (frame.header.sequence, Some(link));
        }
    }
    let missing = expected.links.last_key_value().is_some_and(|(sequence, _)| *sequence > head.0);
    match head {
        (sequence, Some(link)) if !missing => Ok((sequence, link)),
        (sequence, _) => Err(ReadError::Broken { lane, sequence: sequence + 1, fault: Fault::Missing }),
    }
}

/// The link of a frame that follows `head` rightly.
fn follow(
    head: (u64, Option<Link>),
    record: &Record,
    frame: &Frame<'_>,
    expected: &Expected,
) -> Result<Link, ReadError> {
    let (sequence, previous) = (frame.header.sequence, frame.header.previous);
    // The oldest frames may have been trimmed; what comes first is then held by the checkpoints alone.
    let trimmed = head.0 == expected.after && expected.after == 0;
    if sequence != head.0 + 1 && !trimmed {
        return Err(ReadError::Broken { lane: record.position.lane, sequence: head.0 + 1, fault: Fault::Missing });
    }
    let known = if sequence == head.0 + 1 { head.1 } else { None };
    let known = known.or_else(|| expected.links.get(&(sequence - 1)).copied());
    if known.is_some_and(|link| link != previous) {
        return Err(broken(record, Fault::Unlinked));
    }
    let link = frame::link(&record.bytes);
    if expected.links.get(&sequence).is_some_and(|bound| *bound != link) {
        return Err(broken(record, Fault::Replaced));
    }
    Ok(link)
}

/// The frame in `record`, if it says that it stands where it stands.
pub(crate) fn placed(record: &Record) -> Result<Frame<'_>, ReadError> {
    let frame = Frame::read(&record.bytes).ok_or(broken(record, Fault::Unreadable))?;
    let right = frame.header.lane == record.position.lane
        && frame.header.sequence == record.position.sequence
        && frame.header.sequence > 0;
    if right { Ok(frame) } else { Err(broken(record, Fault::Displaced)) }
}

pub(crate) fn broken(record: &Record, fault: Fault) -> ReadError {
    ReadError::Broken { lane: record.position.lane, sequence: record.position.sequence, fault }
}
