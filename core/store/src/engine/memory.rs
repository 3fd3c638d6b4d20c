//! The memory engine: rows in an ordered map behind one lock, logs in memory files. For tests, and the measure that the
//! other engines are compared with; it knows no disk and loses everything with the process.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Guard, Read, Row};
use crate::engine::HISTORY;
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{FileLog, Kind, Leases, Log, LogError, MemoryFolder, SEGMENT_BYTES};
use crate::path::KeyPath;
use crate::snapshot::{PAGE_ROWS, SealedRow, Snapshot};

/// Rows and logs in memory.
pub(crate) struct Memory {
    rows: RwLock<Rows>,
    logs: Mutex<BTreeMap<String, MemoryFolder>>,
    leases: Leases,
}

#[derive(Default)]
struct Rows {
    sequence: u64,
    rows: BTreeMap<KeyPath, Kept>,
    /// The newest commits that changed something.
    history: VecDeque<(u64, Arc<[KeyPath]>)>,
    /// Everything after this number is in `history`.
    horizon: u64,
}

#[derive(Clone)]
struct Kept {
    version: u64,
    stored: Vec<u8>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { rows: RwLock::default(), logs: Mutex::default(), leases: Leases::default() }
    }

    pub(crate) async fn read(&self, reads: &[Read], barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        let found: Vec<Found> = {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            reads.iter().map(|read| rows.find(read)).collect()
        };
        found.into_iter().map(|found| found.open(barrier)).collect()
    }

    pub(crate) async fn commit(&self, batch: Batch, barrier: &Barrier, feed: &Feed) -> Result<Committed, StoreError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if !batch.guards.iter().all(|guard| rows.holds(guard)) {
            return Ok(Committed::Conflict);
        }
        if batch.writes.is_empty() {
            return Ok(Committed::At(rows.sequence));
        }
        let paths = rows.apply(batch, barrier);
        feed.publish(paths);
        Ok(Committed::At(rows.sequence))
    }

    pub(crate) async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if after < rows.horizon {
            return Ok(None);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let first = rows.history.partition_point(|(sequence, _)| *sequence <= after);
        let mut changes = Vec::new();
        for (sequence, paths) in rows.history.range(first..) {
            if !changes.is_empty() && changes.len().saturating_add(paths.len()) > limit {
                break;
            }
            changes.extend(paths.iter().map(|path| (*sequence, path.clone())));
        }
        Ok(Some(changes))
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let (sequence, rows): (u64, Vec<SealedRow>) = {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            let sealed = |(path, kept): (&KeyPath, &Kept)| SealedRow {
                path: path.clone(),
                version: kept.version,
                stored: kept.stored.clone(),
            };
            (rows.sequence, rows.rows.iter().map(sealed).collect())
        };
        let (snapshot, pages) = Snapshot::new(sequence);
        tokio::spawn(async move {
            for page in rows.chunks(PAGE_ROWS) {
                if pages.send(Ok(Some(page.to_vec()))).await.is_err() {
                    return;
                }
            }
            // Whoever went away doesn't want to know.
            let _ = pages.send(Ok(None)).await;
        });
        Ok(snapshot)
    }

    pub(crate) async fn load(&self, loaded: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for SealedRow { path, version, stored } in loaded {
            rows.rows.insert(path, Kept { version, stored });
        }
        rows.sequence = rows.sequence.max(sequence);
        rows.horizon = rows.sequence;
        rows.history.clear();
        Ok(())
    }

    pub(crate) fn shared(&self) -> bool {
        false
    }

    pub(crate) async fn log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        let lease = self.leases.take(name, None)?;
        let folder = {
            let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
            logs.entry(name.to_owned()).or_default().clone()
        };
        Ok(Log::of(Kind::Memory(FileLog::open(folder, lanes, SEGMENT_BYTES, lease)?)))
    }
}

/// What a question found, still sealed.
enum Found {
    Row(Option<(KeyPath, Kept)>),
    Rows { rows: Vec<(KeyPath, Kept)>, more: bool },
}

impl Found {
    fn open(self, barrier: &Barrier) -> Result<Answer, StoreError> {
        let open = |(path, kept): (KeyPath, Kept)| {
            let value = barrier.open(&path, kept.version, kept.stored)?;
            Ok(Row { path, value, version: kept.version })
        };
        match self {
            Self::Row(found) => Ok(Answer::Row(found.map(open).transpose()?)),
            Self::Rows { rows, more } => {
                Ok(Answer::Rows { rows: rows.into_iter().map(open).collect::<Result<_, StoreError>>()?, more })
            }
        }
    }
}

impl Rows {
    fn find(&self, read: &Read) -> Found {
        match read {
            Read::Get(path) => Found::Row(self.rows.get(path).map(|kept| (path.clone(), kept.clone()))),
            Read::Range { prefix, after, limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                let start = after.as_ref().map_or(prefix, |after| after.max(prefix));
                let mut below = self.rows.range((Bound::Excluded(start), Bound::Unbounded));
                let mut below = below.by_ref().take_while(|(path, _)| path.starts_with(prefix));
                let rows = below.by_ref().take(limit).map(|(path, kept)| (path.clone(), kept.clone())).collect();
                Found::Rows { rows, more: below.next().is_some() }
            }
        }
    }

    fn holds(&self, guard: &Guard) -> bool {
        let below = |prefix: &KeyPath, limit: usize| {
            let rows = self.rows.range((Bound::Excluded(prefix), Bound::Unbounded));
            rows.take_while(|(path, _)| path.starts_with(prefix)).take(limit.saturating_add(1)).count()
        };
        match guard {
            Guard::Version(path, version) => self.rows.get(path).is_some_and(|kept| kept.version == *version),
            Guard::Absent(path) => !self.rows.contains_key(path),
            Guard::Empty(prefix) => below(prefix, 0) == 0,
            Guard::AtMost(prefix, limit) => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                below(prefix, limit) <= limit
            }
        }
    }

    fn apply(&mut self, batch: Batch, barrier: &Barrier) -> Arc<[KeyPath]> {
        self.sequence += 1;
        let version = self.sequence;
        let writes = Batch::last_writes(batch.writes);
        let paths: Arc<[KeyPath]> = writes.keys().cloned().collect();
        for (path, value) in writes {
            match value {
                Some(value) => {
                    let stored = barrier.seal(&path, version, value);
                    self.rows.insert(path, Kept { version, stored });
                }
                None => drop(self.rows.remove(&path)),
            }
        }
        self.history.push_back((version, Arc::clone(&paths)));
        if self.history.len() > HISTORY
            && let Some((forgotten, _)) = self.history.pop_front()
        {
            self.horizon = forgotten;
        }
        paths
    }
}
