//! Reading a segment file: frame after frame, or in search of marks behind a tear.

use std::io;

use crate::log::folder::Storage;
use crate::log::frame::{FRAME, HEADER, Header, NoHeader};

/// Bytes read at once, when a record doesn't need more.
const CHUNK: usize = 64 * 1024;

/// What stands at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// A record.
    Record(u64, &'a [u8]),
    /// All records up to this number have been synced.
    Mark(u64),
    /// The file ends here, between two frames.
    End,
    /// Something else.
    Torn,
}

/// Reads the frames of a segment in order.
pub(crate) struct Cursor<'a, S> {
    file: &'a S,
    header: Header,
    /// Where in the file `buffer` begins.
    start: u64,
    buffer: Vec<u8>,
    /// How much of `buffer` has been given out.
    taken: usize,
}

impl<'a, S: Storage> Cursor<'a, S> {
    /// Reads on from `offset`, where a frame begins.
    pub(crate) fn new(file: &'a S, header: Header, offset: u64) -> Self {
        Self { file, header, start: offset, buffer: Vec::new(), taken: 0 }
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.start.saturating_add(offset_of(self.taken))
    }

    /// The next frame. What is torn stays torn.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        match self.fill(FRAME)? {
            0 => return Ok(Step::End),
            1..FRAME => return Ok(Step::Torn),
            _ => {}
        }
        let Some(frame) = self.header.read_frame(self.rest()) else { return Ok(Step::Torn) };
        let whole = FRAME.saturating_add(frame.length);
        if self.fill(whole)? < whole {
            return Ok(Step::Torn);
        }
        let Some((fixed, record)) = self.rest().get(..whole).and_then(|bytes| bytes.split_at_checked(FRAME)) else {
            return Ok(Step::Torn);
        };
        if !self.header.is_whole(&frame, fixed, record) {
            return Ok(Step::Torn);
        }
        if frame.mark {
            self.taken = self.taken.saturating_add(whole);
            return Ok(Step::Mark(frame.sequence));
        }
        let record = self.taken.saturating_add(FRAME)..self.taken.saturating_add(whole);
        self.taken = record.end;
        Ok(Step::Record(frame.sequence, self.buffer.get(record).unwrap_or_default()))
    }

    /// The highest mark anywhere behind here, whatever else stands there.
    pub(crate) fn highest_mark(&mut self) -> io::Result<u64> {
        let mut highest = 0;
        while self.fill(CHUNK)? >= FRAME {
            for bytes in self.rest().windows(FRAME) {
                if let Some(frame) = self.header.read_frame(bytes)
                    && frame.mark
                    && self.header.is_whole(&frame, bytes, &[])
                {
                    highest = highest.max(frame.sequence);
                }
            }
            self.taken = self.buffer.len().saturating_sub(FRAME - 1);
        }
        Ok(highest)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// Gets `need` bytes into the buffer, if the file has them; says how many are there.
    fn fill(&mut self, need: usize) -> io::Result<usize> {
        let held = self.buffer.len().saturating_sub(self.taken);
        if held < need {
            self.start = self.offset();
            self.buffer.drain(..self.taken);
            self.taken = 0;
            self.buffer.resize(need.max(CHUNK), 0);
            let place = self.buffer.get_mut(held..).unwrap_or_default();
            let read = read_whole(self.file, place, self.start.saturating_add(offset_of(held)));
            self.buffer.truncate(held.saturating_add(*read.as_ref().unwrap_or(&0)));
            read?;
        }
        Ok(self.buffer.len().saturating_sub(self.taken))
    }
}

/// The header of a segment file; the inner result says why there is none.
pub(crate) fn read_header(file: &impl Storage) -> io::Result<Result<Header, NoHeader>> {
    let mut bytes = [0; HEADER];
    let read = read_whole(file, &mut bytes, 0)?;
    Ok(Header::decode(bytes.get(..read).unwrap_or_default()))
}

/// Reads until `into` is full or the file ends; says how much it was.
fn read_whole(file: &impl Storage, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(offset_of(done))) {
            Ok(0) => break,
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// A length in memory as a distance in a file.
pub(crate) fn offset_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
