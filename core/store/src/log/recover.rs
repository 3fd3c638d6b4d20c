//! Opening a lane: finding its end, cutting off what a crash tore, and refusing what may not be torn.
//!
//! A crash may lose or tear anything that was not synced, in any order, across the last files of a lane. So the lane ends
//! before the first frame that isn't whole, whatever follows, unless something says that the record missing there had been
//! synced: a mark behind the tear or the header of a later file. Then the lane is damaged, and nothing is cut.
//! Files that a later file's header proves synced as a whole aren't read here, however many there are.

use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::log::LogError;
use crate::log::cursor::{Cursor, Step, offset_of, read_header};
use crate::log::folder::{Folder, Storage};
use crate::log::frame::{HEADER, Header, NoHeader};

/// A lane's end, after recovery. Everything in it is synced.
pub(super) struct Recovered<S> {
    /// The first record of each file, oldest file first.
    pub(super) firsts: Vec<u64>,
    /// The file that is written.
    pub(super) file: S,
    pub(super) header: Header,
    /// Where its next frame goes.
    pub(super) end: u64,
    /// The newest record.
    pub(super) last: u64,
    /// Whether a mark or header says that `last` is synced.
    pub(super) marked: bool,
}

/// Where the whole part of a lane ends, as files and bytes.
struct Tear {
    /// The file, by its place in the list.
    segment: usize,
    /// The first byte to cut off; `None` when the file has no header and goes as a whole.
    offset: Option<u64>,
}

/// The files of a lane, and what was learnt of them.
struct Search<'a, F: Folder> {
    folder: &'a F,
    lane: u32,
    firsts: Vec<u64>,
    /// Every record up to this one is known to have been synced.
    proven: u64,
    /// The number that the next record must have.
    expected: u64,
}

/// Recovers the lane whose files begin with the records `firsts`, which are in order.
pub(super) fn recover<F: Folder>(folder: &F, lane: u32, firsts: Vec<u64>) -> Result<Recovered<F::File>, LogError> {
    let mut search = Search { folder, lane, firsts, proven: 0, expected: 1 };
    let from = search.first_unproven()?;
    let tear = search.walk(from)?;
    if let Some(tear) = &tear {
        search.look_behind(tear)?;
    }
    if search.proven >= search.expected {
        let lane = usize::try_from(lane).unwrap_or(usize::MAX);
        return Err(LogError::Damaged { lane, sequence: search.expected });
    }
    search.mend(tear, from)
}

impl<F: Folder> Search<'_, F> {
    /// The oldest file that nothing proves to have been synced whole, together with all files before it.
    fn first_unproven(&mut self) -> Result<usize, LogError> {
        for segment in (0..self.firsts.len()).rev() {
            if let Some((_, header)) = self.open(segment)? {
                self.proven = self.proven.max(header.synced);
            }
            if self.first(segment) <= self.proven.saturating_add(1) {
                return Ok(segment);
            }
        }
        Ok(0)
    }

    /// Follows the records from file `from` on; says where the lane is torn.
    fn walk(&mut self, from: usize) -> Result<Option<Tear>, LogError> {
        if from < self.firsts.len() {
            self.expected = self.first(from);
        }
        for segment in from..self.firsts.len() {
            let whole_file = Tear { segment, offset: None };
            if self.first(segment) != self.expected {
                return Ok(Some(whole_file));
            }
            let Some((file, header)) = self.open(segment)? else { return Ok(Some(whole_file)) };
            let mut cursor = Cursor::new(&file, header, offset_of(HEADER));
            loop {
                let offset = cursor.offset();
                match cursor.step().map_err(LogError::unavailable)? {
                    Step::Record(sequence, _) if sequence == self.expected => {
                        self.expected = sequence.saturating_add(1);
                    }
                    // The next file says that no record is missing here: what is torn was a mark.
                    Step::Record(..) | Step::Torn if self.first(segment.saturating_add(1)) == self.expected => break,
                    Step::Record(..) | Step::Torn => return Ok(Some(Tear { segment, offset: Some(offset) })),
                    Step::Mark(synced) => self.proven = self.proven.max(synced),
                    Step::End => break,
                }
            }
        }
        Ok(None)
    }

    /// Looks for proof, behind the tear, of what had been synced.
    fn look_behind(&mut self, tear: &Tear) -> Result<(), LogError> {
        for segment in tear.segment..self.firsts.len() {
            let Some((file, header)) = self.open(segment)? else { continue };
            let offset = tear.offset.filter(|_| segment == tear.segment).unwrap_or(offset_of(HEADER));
            let marked = Cursor::new(&file, header, offset).highest_mark().map_err(LogError::unavailable)?;
            self.proven = self.proven.max(header.synced).max(marked);
        }
        Ok(())
    }

    /// Cuts off what is torn, syncs what is whole, and makes a new file when none is left to write to. Newest files go first: a crash on the
    /// way leaves a lane that is recovered the same way again.
    fn mend(mut self, tear: Option<Tear>, from: usize) -> Result<Recovered<F::File>, LogError> {
        if let Some(tear) = tear {
            let keep = tear.segment.saturating_add(usize::from(tear.offset.is_some()));
            while self.firsts.len() > keep {
                let Some(first) = self.firsts.pop() else { break };
                self.folder.remove(&name(self.lane, first)).map_err(LogError::unavailable)?;
            }
            if let Some(offset) = tear.offset
                && let Some((file, _)) = self.open(tear.segment)?
            {
                file.cut(offset).map_err(LogError::unavailable)?;
            }
        }
        let mut current = None;
        for segment in from..self.firsts.len() {
            let opened = self.open(segment)?;
            if let Some((file, _)) = &opened {
                file.sync().map_err(LogError::unavailable)?;
            }
            current = opened;
        }
        self.folder.sync().map_err(LogError::unavailable)?;
        let last = self.expected.saturating_sub(1);
        let (file, header, marked) = match current {
            Some((file, header)) => (file, header, self.proven >= last),
            None => {
                let (file, header) =
                    create(self.folder, self.lane, self.expected, last).map_err(LogError::unavailable)?;
                file.sync().and_then(|()| self.folder.sync()).map_err(LogError::unavailable)?;
                self.firsts.push(self.expected);
                (file, header, true)
            }
        };
        let end = file.length().map_err(LogError::unavailable)?;
        Ok(Recovered { firsts: self.firsts, file, header, end, last, marked })
    }

    fn first(&self, segment: usize) -> u64 {
        self.firsts.get(segment).copied().unwrap_or(u64::MAX)
    }

    /// Opens a file of the lane; `None` when its header was never written.
    fn open(&self, segment: usize) -> Result<Option<(F::File, Header)>, LogError> {
        open(self.folder, self.lane, self.first(segment))
    }
}

/// Opens the file that begins with record `first`; `None` when its header was never written. A header lies in one sector, so a crash
/// leaves all of it or nothing: one that says something else was damaged.
pub(super) fn open<F: Folder>(folder: &F, lane: u32, first: u64) -> Result<Option<(F::File, Header)>, LogError> {
    let file = folder.open(&name(lane, first)).map_err(LogError::unavailable)?;
    match read_header(&file).map_err(LogError::unavailable)? {
        Ok(header) if header.lane == lane && header.first == first => Ok(Some((file, header))),
        Err(NoHeader::Missing) => Ok(None),
        Err(NoHeader::Foreign) => Err(LogError::unavailable("a log file has a format that is not known")),
        Ok(_) | Err(NoHeader::Damaged) => {
            Err(LogError::Damaged { lane: usize::try_from(lane).unwrap_or(usize::MAX), sequence: first })
        }
    }
}

/// Makes the file that begins with record `first`. Nothing of it is synced; if it fails, the file isn't there.
pub(super) fn create<F: Folder>(folder: &F, lane: u32, first: u64, synced: u64) -> io::Result<(F::File, Header)> {
    // Not secret, but nobody who writes records can guess it.
    let salt = RandomState::new().hash_one((lane, first));
    let header = Header { lane, first, synced, salt };
    let name = name(lane, first);
    let file = folder.create(&name)?;
    match write_whole(&file, &header.encode(), 0) {
        Ok(()) => Ok((file, header)),
        Err(error) => {
            // A file that stays would be in the way of the next attempt.
            folder.remove(&name).map_err(|_| io::Error::other("a log file without header could not be removed"))?;
            Err(error)
        }
    }
}

/// Writes all of `bytes`, in one call unless the system takes only a part.
pub(super) fn write_whole(file: &impl Storage, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset.saturating_add(offset_of(done))) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The name of the file of `lane` that begins with record `first`.
pub(super) fn name(lane: u32, first: u64) -> String {
    format!("{lane:04}-{first:020}.log")
}

/// Reads a name back; `None` for files that are none of the log's.
pub(super) fn parse_name(file: &str) -> Option<(u32, u64)> {
    let (lane, first) = file.strip_suffix(".log")?.split_once('-')?;
    let (lane, first) = (lane.parse().ok()?, first.parse().ok()?);
    (name(lane, first) == file).then_some((lane, first))
}
