//! Append logs: records in lanes, appended by the calling thread, synced in groups, recovered after a crash.

mod cursor;
mod files;
mod folder;
mod frame;
mod lane;
mod memory;
mod postgres;
mod recover;

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

pub(crate) use files::{FileLog, Leases, SEGMENT_BYTES};
pub(crate) use folder::DiskFolder;
pub(crate) use memory::MemoryFolder;
pub(crate) use postgres::PostgresLog;

/// Where a record stands. Positions of one lane are ordered; lanes aren't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The lane.
    pub lane: usize,
    /// The record's number in its lane, from 1 on, never used again.
    pub sequence: u64,
}

/// A record as it was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// What was appended.
    pub bytes: Vec<u8>,
}

/// Why a log didn't do what it was asked.
#[derive(Debug, Clone, Error)]
pub enum LogError {
    /// A write or sync of this lane failed before: nobody knows what reached the disk, so it takes nothing more.
    #[error("lane {lane} of the log failed: {reason}")]
    Poisoned {
        /// The lane.
        lane: usize,
        /// What failed.
        reason: Arc<str>,
    },
    /// The disk is full. The record isn't written; the lane still works.
    #[error("the disk is full")]
    Full,
    /// As much waits to be written as may; ask again later.
    #[error("too many records are waiting")]
    Busy,
    /// A record of more than [`Log::MAX_RECORD`] bytes.
    #[error("a record of {bytes} bytes is too long")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// No such lane, or a log name that isn't one.
    #[error("no such log or lane")]
    Unknown,
    /// Something that had been synced can't be read.
    #[error("lane {lane} of the log is damaged at record {sequence}")]
    Damaged {
        /// The lane.
        lane: usize,
        /// The first record that can't be read.
        sequence: u64,
    },
    /// Files or tables can't be reached.
    #[error("the log is unavailable: {reason}")]
    Unavailable {
        /// What happened, for the log.
        reason: Arc<str>,
    },
}

impl LogError {
    pub(crate) fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self::Unavailable { reason: reason.to_string().into() }
    }
}

/// An append log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    kind: Arc<Kind>,
}

/// Which engine's log it is.
pub(crate) enum Kind {
    /// Files in memory.
    Memory(FileLog<MemoryFolder>),
    /// Files in a folder.
    Files(FileLog<DiskFolder>),
    /// Lanes in a table.
    Postgres(PostgresLog),
}

impl Log {
    /// LIMIT: bytes of one record.
    pub const MAX_RECORD: usize = 2 * 1024 * 1024;

    pub(crate) fn of(kind: Kind) -> Self {
        Self { kind: Arc::new(kind) }
    }

    /// Opens a log in files that stands in `folder` by itself, beside no store: the journal in a backup. The folder is made
    /// (0700) if missing. Blocks.
    ///
    /// # Errors
    /// As [`crate::Store::log`].
    pub fn in_folder(folder: &Path, lanes: usize) -> Result<Self, LogError> {
        let opened = DiskFolder::open_or_create(folder).map_err(LogError::unavailable)?;
        let lease = Leases::default().take("own", None)?;
        Ok(Self::of(Kind::Files(FileLog::open(opened, lanes, SEGMENT_BYTES, lease)?)))
    }

    /// How many lanes there are: as many as were asked for, or as an earlier run left.
    #[must_use]
    pub fn lanes(&self) -> usize {
        match &*self.kind {
            Kind::Memory(log) => log.lanes(),
            Kind::Files(log) => log.lanes(),
            Kind::Postgres(log) => log.lanes(),
        }
    }

    /// Appends a record. It has been handed to the system (files: killing the process no longer loses it) or, for PostgreSQL,
    /// queued: see [`Log::written`].
    ///
    /// # Errors
    /// [`LogError`]; nothing was appended then.
    pub fn append(&self, lane: usize, record: &[u8]) -> Result<Position, LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.append(lane, record),
            Kind::Files(log) => log.append(lane, record),
            Kind::Postgres(log) => log.append(lane, record),
        }
    }

    /// Returns when killing the process can't lose the record.
    ///
    /// # Errors
    /// [`LogError::Poisoned`]; [`LogError::Unavailable`] while PostgreSQL can't be reached: the record waits, and may still
    /// be written.
    pub async fn written(&self, position: Position) -> Result<(), LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.written(position).await,
            Kind::Files(log) => log.written(position).await,
            // Boxed, so that calls over files don't carry this state around with them.
            Kind::Postgres(log) => Box::pin(log.written(position)).await,
        }
    }

    /// Returns when a power failure can't lose the record. Somebody must call [`Log::sync_now`].
    ///
    /// # Errors
    /// [`LogError::Poisoned`].
    pub async fn synced(&self, position: Position) -> Result<(), LogError> {
        match &*self.kind {
            Kind::Memory(log) => Box::pin(log.synced(position)).await,
            Kind::Files(log) => Box::pin(log.synced(position)).await,
            Kind::Postgres(log) => Box::pin(log.synced(position)).await,
        }
    }

    /// Bytes appended to all lanes that no sync covers yet.
    #[must_use]
    pub fn unsynced_bytes(&self) -> u64 {
        match &*self.kind {
            Kind::Memory(log) => log.unsynced_bytes(),
            Kind::Files(log) => log.unsynced_bytes(),
            Kind::Postgres(log) => log.unsynced_bytes(),
        }
    }

    /// Syncs every lane that has something to sync, and wakes who waits. Blocks; appends go on meanwhile.
    ///
    /// # Errors
    /// [`LogError::Poisoned`] for the first lane that failed; the others are synced all the same.
    pub fn sync_now(&self) -> Result<(), LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.sync_now(),
            Kind::Files(log) => log.sync_now(),
            Kind::Postgres(log) => log.sync_now(),
        }
    }

    /// The position of the newest record of `lane`; sequence 0 when there never was one.
    ///
    /// # Errors
    /// [`LogError::Unknown`].
    pub fn last(&self, lane: usize) -> Result<Position, LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.last(lane),
            Kind::Files(log) => log.last(lane),
            Kind::Postgres(log) => log.last(lane),
        }
    }

    /// Records of `lane` behind sequence `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`LogError::Damaged`], [`LogError::Unavailable`], [`LogError::Unknown`].
    pub async fn read(&self, lane: usize, after: u64, limit: u32) -> Result<Vec<Record>, LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.read(lane, after, limit).await,
            Kind::Files(log) => log.read(lane, after, limit).await,
            Kind::Postgres(log) => log.read(lane, after, limit).await,
        }
    }

    /// All records of `lane`, oldest first.
    ///
    /// # Errors
    /// As [`Log::read`].
    pub async fn read_all(&self, lane: usize) -> Result<Vec<Record>, LogError> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let after = records.last().map_or(0, |record| record.position.sequence);
            let more = self.read(lane, after, PAGE).await?;
            if more.is_empty() {
                return Ok(records);
            }
            records.extend(more);
        }
    }

    /// Allows everything up to and including `upto` to be forgotten: whole files whose records are all covered are removed (never the one
    /// being written), or rows deleted.
    ///
    /// # Errors
    /// [`LogError::Unavailable`], [`LogError::Unknown`].
    pub async fn trim(&self, upto: Position) -> Result<(), LogError> {
        match &*self.kind {
            Kind::Memory(log) => log.trim(upto).await,
            Kind::Files(log) => log.trim(upto).await,
            Kind::Postgres(log) => log.trim(upto).await,
        }
    }
}

/// Records asked for at once by [`Log::read_all`].
const PAGE: u32 = 4_096;

/// LIMIT: lanes of one log.
const MAX_LANES: usize = 1_024;

/// Refuses what is no name of a log, and more lanes than there may be.
pub(crate) fn check_name(name: &str, lanes: usize) -> Result<(), LogError> {
    let letters = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if letters && (1..=64).contains(&name.len()) && lanes <= MAX_LANES { Ok(()) } else { Err(LogError::Unknown) }
}

#[cfg(test)]
mod tests;
