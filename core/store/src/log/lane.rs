//! One lane: appended to under its lock by whoever calls, synced by somebody else without holding that lock.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::log::cursor::{Cursor, Step, offset_of};
use crate::log::folder::{Folder, Storage};
use crate::log::frame::{HEADER, Header};
use crate::log::recover::{self, create, name, recover, write_whole};
use crate::log::{LogError, Position, Record};

/// A lane of a log in files.
pub(super) struct Lane<F: Folder> {
    number: u32,
    /// A new file is begun when the current one is this long.
    segment_bytes: u64,
    tail: Mutex<Tail<F::File>>,
    /// One sync at a time, so that they end in the order they began.
    syncing: Mutex<()>,
    unsynced: AtomicU64,
    progress: watch::Sender<Progress>,
    /// Where the last page that was read ended.
    bookmark: Mutex<Option<Bookmark>>,
}

/// The end of a lane, where records go.
struct Tail<S> {
    /// The first record of each file, oldest file first; the last file is `file`.
    firsts: Vec<u64>,
    file: Arc<S>,
    header: Header,
    /// Where the next frame goes.
    end: u64,
    /// The newest record.
    last: u64,
    /// Files begun and left behind since the last sync.
    left: Vec<Arc<S>>,
    /// A file was made or left since the last sync of the folder.
    folder_changed: bool,
    frame: Vec<u8>,
    failed: Option<Arc<str>>,
}

#[derive(Clone, Default)]
struct Progress {
    synced: u64,
    failed: Option<Arc<str>>,
}

/// The record that ended a page, and the place behind it.
#[derive(Clone, Copy)]
struct Bookmark {
    sequence: u64,
    first: u64,
    offset: u64,
}

impl<F: Folder> Lane<F> {
    /// Opens the lane whose files begin with the records `firsts`.
    pub(super) fn open(folder: &F, number: u32, firsts: Vec<u64>, segment_bytes: u64) -> Result<Self, LogError> {
        let found = recover(folder, number, firsts)?;
        let tail = Tail {
            firsts: found.firsts,
            file: Arc::new(found.file),
            header: found.header,
            end: found.end,
            last: found.last,
            left: Vec::new(),
            folder_changed: false,
            frame: Vec::new(),
            failed: None,
        };
        let lane = Self {
            number,
            segment_bytes,
            tail: Mutex::new(tail),
            syncing: Mutex::default(),
            unsynced: AtomicU64::new(0),
            progress: watch::Sender::new(Progress { synced: found.last, failed: None }),
            bookmark: Mutex::default(),
        };
        if !found.marked {
            lane.mark(found.last);
        }
        Ok(lane)
    }

    pub(super) fn append(&self, folder: &F, record: &[u8]) -> Result<Position, LogError> {
        let mut tail = self.tail();
        self.check(&tail)?;
        if tail.end >= self.segment_bytes {
            self.begin_file(&mut tail, folder)?;
        }
        let Tail { header, frame, last, .. } = &mut *tail;
        let sequence = last.saturating_add(1);
        frame.clear();
        header.frame_record(sequence, record, frame);
        let written = self.put(&mut tail)?;
        tail.last = sequence;
        self.unsynced.fetch_add(written, Ordering::AcqRel);
        Ok(self.position(sequence))
    }

    /// Syncs what was appended so far. Blocks.
    pub(super) fn sync(&self, folder: &F) -> Result<(), LogError> {
        let _one_at_a_time = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let (files, folder_changed, last, bytes) = {
            let mut tail = self.tail();
            self.check(&tail)?;
            let bytes = self.unsynced.load(Ordering::Acquire);
            if bytes == 0 && !tail.folder_changed {
                return Ok(());
            }
            let mut files = std::mem::take(&mut tail.left);
            files.push(Arc::clone(&tail.file));
            (files, std::mem::take(&mut tail.folder_changed), tail.last, bytes)
        };
        let synced = files.iter().try_for_each(|file| file.sync());
        if let Err(error) = synced.and_then(|()| if folder_changed { folder.sync() } else { Ok(()) }) {
            return Err(self.poison(&mut self.tail(), &error));
        }
        self.unsynced.fetch_sub(bytes, Ordering::AcqRel);
        self.progress.send_modify(|progress| progress.synced = last);
        self.mark(last);
        Ok(())
    }

    /// Whether [`Lane::sync`] would have something to do or to say.
    pub(super) fn wants_sync(&self) -> bool {
        let tail = self.tail();
        self.unsynced_bytes() > 0 || tail.folder_changed || tail.failed.is_some()
    }

    pub(super) async fn synced(&self, sequence: u64) -> Result<(), LogError> {
        let mut progress = self.progress.subscribe();
        // The sender lives as long as `self`, so waiting ends with an answer.
        let reached = progress.wait_for(|progress| progress.synced >= sequence || progress.failed.is_some()).await;
        match reached.ok().filter(|progress| progress.synced < sequence).and_then(|progress| progress.failed.clone()) {
            Some(reason) => Err(LogError::Poisoned { lane: self.index(), reason }),
            None => Ok(()),
        }
    }

    pub(super) fn last(&self) -> Position {
        self.position(self.tail().last)
    }

    pub(super) fn unsynced_bytes(&self) -> u64 {
        self.unsynced.load(Ordering::Acquire)
    }

    /// Records behind `after`, at most `limit`. Blocks, but not the appends.
    pub(super) fn read(&self, folder: &F, after: u64, limit: usize) -> Result<Vec<Record>, LogError> {
        let mut records = Vec::new();
        let (firsts, last) = {
            let tail = self.tail();
            (tail.firsts.clone(), tail.last)
        };
        let oldest = firsts.first().copied().unwrap_or(1);
        let wanted = after.saturating_add(1).max(oldest);
        let begin = firsts.partition_point(|first| *first <= wanted).saturating_sub(1);
        let mut next = firsts.get(begin).copied().unwrap_or(wanted);
        for (place, &first) in firsts.iter().enumerate().skip(begin) {
            if next > last || records.len() >= limit {
                break;
            }
            if first != next {
                return Err(self.damaged(next));
            }
            // What stands behind a file's last record is a mark at most, and no sync had to cover it.
            let held = firsts.get(place.saturating_add(1)).map_or(last, |behind| behind.saturating_sub(1).min(last));
            match self.read_file(folder, first, wanted..=held, limit, &mut records) {
                Ok(behind) => next = behind,
                // Trimmed meanwhile: whoever trims has no use for these records.
                Err(LogError::Unavailable { .. }) if !self.tail().firsts.contains(&first) => {
                    return self.read(folder, after, limit);
                }
                Err(error) => return Err(error),
            }
        }
        if next <= last && records.len() < limit {
            return Err(self.damaged(next));
        }
        Ok(records)
    }

    /// Removes files whose records are all synced and at or before `upto`. Blocks.
    pub(super) fn trim(&self, folder: &F, upto: u64) -> Result<(), LogError> {
        // The file that stays must outlive a crash, or numbers would begin anew.
        self.sync(folder)?;
        loop {
            let mut tail = self.tail();
            let covered = tail.firsts.get(1).is_some_and(|next| *next <= upto.saturating_add(1));
            if !covered || tail.folder_changed {
                return Ok(());
            }
            let first = tail.firsts.remove(0);
            drop(tail);
            // One after the other: a crash must not bring an older file back and leave a gap behind it.
            let removed = folder.remove(&name(self.number, first)).and_then(|()| folder.sync());
            removed.map_err(LogError::unavailable)?;
        }
    }

    /// Reads the file that begins with record `first` from a bookmark or its start; answers the number behind the last record it saw.
    fn read_file(
        &self,
        folder: &F,
        first: u64,
        wanted: std::ops::RangeInclusive<u64>,
        limit: usize,
        records: &mut Vec<Record>,
    ) -> Result<u64, LogError> {
        let Some((file, header)) = recover::open(folder, self.number, first)? else {
            return Err(self.damaged(first));
        };
        let bookmark = *self.bookmark.lock().unwrap_or_else(PoisonError::into_inner);
        let bookmark = bookmark.filter(|mark| mark.first == first && mark.sequence < *wanted.start());
        let (mut next, offset) = bookmark.map_or((first, offset_of(HEADER)), |mark| (mark.sequence + 1, mark.offset));
        let mut cursor = Cursor::new(&file, header, offset);
        while next <= *wanted.end() && records.len() < limit {
            match cursor.step().map_err(LogError::unavailable)? {
                Step::Record(sequence, bytes) if sequence == next => {
                    if wanted.contains(&sequence) {
                        records.push(Record { position: self.position(sequence), bytes: bytes.to_vec() });
                    }
                    next = next.saturating_add(1);
                }
                Step::Mark(synced) if synced < next => {}
                Step::End => break,
                Step::Record(..) | Step::Mark(_) | Step::Torn => return Err(self.damaged(next)),
            }
        }
        if let Some(sequence) = next.checked_sub(1).filter(|sequence| *sequence >= first) {
            let mark = Bookmark { sequence, first, offset: cursor.offset() };
            *self.bookmark.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark);
        }
        Ok(next)
    }

    /// Leaves the current file and begins the next. If there is no room for it, the current one stays.
    fn begin_file(&self, tail: &mut Tail<F::File>, folder: &F) -> Result<(), LogError> {
        let first = tail.last.saturating_add(1);
        if tail.header.first == first {
            return Ok(());
        }
        let synced = self.progress.borrow().synced;
        match create(folder, self.number, first, synced) {
            Ok((file, header)) => {
                let left = std::mem::replace(&mut tail.file, Arc::new(file));
                tail.left.push(left);
                tail.folder_changed = true;
                tail.header = header;
                tail.end = offset_of(HEADER);
                tail.firsts.push(first);
                Ok(())
            }
            Err(error) if is_full(&error) => Err(LogError::Full),
            Err(error) => Err(self.poison(tail, &error)),
        }
    }

    /// Says in the file that everything up to `synced` is. The mark is proof, not promise: nothing waits for it.
    fn mark(&self, synced: u64) {
        let mut tail = self.tail();
        if tail.failed.is_none() {
            let Tail { header, frame, .. } = &mut *tail;
            frame.clear();
            header.frame_mark(synced, frame);
            // Without room there is no mark; a failure that matters has poisoned the lane.
            let _ = self.put(&mut tail);
        }
    }

    /// Writes `tail.frame` at the end, whole or not at all.
    fn put(&self, tail: &mut Tail<F::File>) -> Result<u64, LogError> {
        let length = offset_of(tail.frame.len());
        match write_whole(&*tail.file, &tail.frame, tail.end) {
            Ok(()) => {
                tail.end = tail.end.saturating_add(length);
                Ok(length)
            }
            Err(error) if is_full(&error) => match tail.file.cut(tail.end) {
                Ok(()) => Err(LogError::Full),
                Err(error) => Err(self.poison(tail, &error)),
            },
            Err(error) => Err(self.poison(tail, &error)),
        }
    }

    /// From here on the lane takes nothing more.
    fn poison(&self, tail: &mut Tail<F::File>, error: &io::Error) -> LogError {
        let reason: Arc<str> = error.to_string().into();
        tail.failed = Some(Arc::clone(&reason));
        self.progress.send_modify(|progress| progress.failed = Some(Arc::clone(&reason)));
        LogError::Poisoned { lane: self.index(), reason }
    }

    fn check(&self, tail: &Tail<F::File>) -> Result<(), LogError> {
        match &tail.failed {
            Some(reason) => Err(LogError::Poisoned { lane: self.index(), reason: Arc::clone(reason) }),
            None => Ok(()),
        }
    }

    fn damaged(&self, sequence: u64) -> LogError {
        LogError::Damaged { lane: self.index(), sequence }
    }

    fn tail(&self) -> MutexGuard<'_, Tail<F::File>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self, sequence: u64) -> Position {
        Position { lane: self.index(), sequence }
    }

    fn index(&self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX)
    }
}

/// Whether there was no room: on the disk, in the quota, or under the limit on a file's length.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
