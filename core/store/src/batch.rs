//! What is asked of a store and what it answers: reads, guarded batches, and their outcomes.

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::path::KeyPath;

/// A row as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its name.
    pub path: KeyPath,
    /// What it says, opened.
    pub value: Vec<u8>,
    /// The sequence number of the commit that wrote it.
    pub version: u64,
}

/// One question to the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// The row of this path.
    Get(KeyPath),
    /// Rows below `prefix` (not the row at `prefix` itself), in order of their paths.
    Range {
        /// Where to look.
        prefix: KeyPath,
        /// Begin behind this path; it need not exist.
        after: Option<KeyPath>,
        /// Rows at most; 1 to [`Read::MAX_LIMIT`].
        limit: u32,
    },
}

impl Read {
    /// LIMIT: rows that one range may ask for.
    pub const MAX_LIMIT: u32 = 10_000;
    /// [`Read::MAX_LIMIT`], to count with.
    pub(crate) const MAX_ROWS: usize = 10_000;
    /// LIMIT: questions of one read.
    pub const MAX_READS: usize = 256;
}

/// The answer to the [`Read`] at the same place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To [`Read::Get`]: the row, when there is one.
    Row(Option<Row>),
    /// To [`Read::Range`].
    Rows {
        /// In order of their paths.
        rows: Vec<Row>,
        /// Whether more rows lie behind the last.
        more: bool,
    },
}

impl Answer {
    /// The row of a [`Read::Get`]; `None` when there is none, or for a range.
    #[must_use]
    pub fn row(self) -> Option<Row> {
        match self {
            Self::Row(row) => row,
            Self::Rows { .. } => None,
        }
    }

    /// The rows of a range, or the row of a get.
    #[must_use]
    pub fn rows(self) -> Vec<Row> {
        match self {
            Self::Row(row) => row.into_iter().collect(),
            Self::Rows { rows, .. } => rows,
        }
    }
}

/// One change of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// The row says this from now on.
    Put(KeyPath, Vec<u8>),
    /// The row is gone from now on. Deleting a row that isn't there is no error.
    Delete(KeyPath),
}

impl Write {
    /// LIMIT: bytes of one value.
    pub const MAX_VALUE: usize = 4 * 1024 * 1024;

    /// The row it changes.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        match self {
            Self::Put(path, _) | Self::Delete(path) => path,
        }
    }
}

/// What must hold, before any write of its batch, for the batch to commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Guard {
    /// The row is there and has this version.
    Version(KeyPath, u64),
    /// The row isn't there.
    Absent(KeyPath),
    /// No row lies below this path.
    Empty(KeyPath),
    /// At most so many rows lie below this path.
    AtMost(KeyPath, u32),
}

impl Guard {
    /// The path it speaks of.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        match self {
            Self::Version(path, _) | Self::Absent(path) | Self::Empty(path) | Self::AtMost(path, _) => path,
        }
    }
}

/// Writes that happen together, if their guards hold, or not at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// In order; the last write of a path wins.
    pub writes: Vec<Write>,
    /// All must hold, looked at before the writes.
    pub guards: Vec<Guard>,
    /// What this batch deletes or replaces must be gone from the disk before the commit answers: SQLite's
    /// write-ahead log is emptied. For the destruction of key material.
    pub destroys: bool,
}

impl Batch {
    /// LIMIT: writes of one batch.
    pub const MAX_WRITES: usize = 4_096;
    /// LIMIT: guards of one batch.
    pub const MAX_GUARDS: usize = 4_096;

    /// Adds a [`Write::Put`].
    #[must_use]
    pub fn put(mut self, path: KeyPath, value: Vec<u8>) -> Self {
        self.writes.push(Write::Put(path, value));
        self
    }

    /// Adds a [`Write::Delete`].
    #[must_use]
    pub fn delete(mut self, path: KeyPath) -> Self {
        self.writes.push(Write::Delete(path));
        self
    }

    /// Adds a guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Adds everything `other` wants.
    pub fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
        self.guards.append(&mut other.guards);
        self.destroys |= other.destroys;
    }

    /// Whether it neither writes nor asks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.guards.is_empty()
    }

    /// The last write of each path, in the order of paths: what engines apply.
    pub(crate) fn last_writes(writes: Vec<Write>) -> BTreeMap<KeyPath, Option<Vec<u8>>> {
        writes
            .into_iter()
            .map(|write| match write {
                Write::Put(path, value) => (path, Some(value)),
                Write::Delete(path) => (path, None),
            })
            .collect()
    }

    /// Refuses what is over a limit.
    pub(crate) fn check_limits(&self) -> Result<(), StoreError> {
        within("writes of a batch", self.writes.len(), Self::MAX_WRITES)?;
        within("guards of a batch", self.guards.len(), Self::MAX_GUARDS)?;
        for write in &self.writes {
            within("bytes of a path", write.path().as_bytes().len(), KeyPath::MAX_BYTES)?;
            if let Write::Put(_, value) = write {
                within("bytes of a value", value.len(), Write::MAX_VALUE)?;
            }
        }
        Ok(())
    }
}

/// Refuses `count` over `limit`.
pub(crate) fn within(what: &'static str, count: usize, limit: usize) -> Result<(), StoreError> {
    if count > limit { Err(StoreError::TooLarge { what, count, limit }) } else { Ok(()) }
}

/// How a commit ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// Written and durable, under this sequence number. A batch without writes gets the newest number there is.
    At(u64),
    /// A guard didn't hold; nothing was written.
    Conflict,
}
