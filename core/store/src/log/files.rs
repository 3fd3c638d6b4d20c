//! A log in files: one folder for each log, one series of files for each of its lanes.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::log::folder::Folder;
use crate::log::lane::Lane;
use crate::log::recover::parse_name;
use crate::log::{Log, LogError, MAX_LANES, Position, Record};

/// LIMIT: bytes after which a lane begins a new file.
pub(crate) const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// A log in files.
pub(crate) struct FileLog<F: Folder> {
    shared: Arc<Shared<F>>,
}

struct Shared<F: Folder> {
    folder: F,
    lanes: Vec<Lane<F>>,
    _lease: Lease,
}

impl<F: Folder> FileLog<F> {
    /// Opens the log in `folder`, recovering what a crash left. Blocks.
    pub(crate) fn open(folder: F, lanes: usize, segment_bytes: u64, lease: Lease) -> Result<Self, LogError> {
        let mut found: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (lane, first) in folder.names().map_err(LogError::unavailable)?.iter().filter_map(|name| parse_name(name)) {
            found.entry(lane).or_default().push(first);
        }
        let left = found
            .last_key_value()
            .map_or(0, |(lane, _)| usize::try_from(*lane).unwrap_or(usize::MAX).saturating_add(1));
        let lanes = u32::try_from(lanes.max(left).min(MAX_LANES)).unwrap_or(u32::MAX);
        let open = |lane| {
            let mut firsts = found.remove(&lane).unwrap_or_default();
            firsts.sort_unstable();
            Lane::open(&folder, lane, firsts, segment_bytes)
        };
        let lanes = (0..lanes).map(open).collect::<Result<_, _>>()?;
        Ok(Self { shared: Arc::new(Shared { folder, lanes, _lease: lease }) })
    }

    pub(crate) fn lanes(&self) -> usize {
        self.shared.lanes.len()
    }

    pub(crate) fn append(&self, lane: usize, record: &[u8]) -> Result<Position, LogError> {
        if record.len() > Log::MAX_RECORD {
            return Err(LogError::TooLong { bytes: record.len() });
        }
        self.shared.lane(lane)?.append(&self.shared.folder, record)
    }

    pub(crate) async fn written(&self, position: Position) -> Result<(), LogError> {
        self.shared.appended(position).map(drop)
    }

    pub(crate) async fn synced(&self, position: Position) -> Result<(), LogError> {
        self.shared.appended(position)?.synced(position.sequence).await
    }

    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.shared.lanes.iter().map(Lane::unsynced_bytes).sum()
    }

    pub(crate) fn sync_now(&self) -> Result<(), LogError> {
        let sync = |lane: &Lane<F>| lane.sync(&self.shared.folder);
        self.shared.lanes.iter().map(sync).fold(Ok(()), Result::and)
    }

    pub(crate) fn last(&self, lane: usize) -> Result<Position, LogError> {
        Ok(self.shared.lane(lane)?.last())
    }

    pub(crate) async fn read(&self, lane: usize, after: u64, limit: u32) -> Result<Vec<Record>, LogError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.off_the_runtime(move |shared| shared.lane(lane)?.read(&shared.folder, after, limit)).await
    }

    pub(crate) async fn trim(&self, upto: Position) -> Result<(), LogError> {
        self.off_the_runtime(move |shared| shared.lane(upto.lane)?.trim(&shared.folder, upto.sequence)).await
    }

    /// Runs what waits for a disk on a thread that may wait.
    async fn off_the_runtime<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared<F>) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || work(&shared)).await.map_err(LogError::unavailable)?
    }
}

impl<F: Folder> Shared<F> {
    fn lane(&self, lane: usize) -> Result<&Lane<F>, LogError> {
        self.lanes.get(lane).ok_or(LogError::Unknown)
    }

    /// The lane of a position, if a record stands there.
    fn appended(&self, position: Position) -> Result<&Lane<F>, LogError> {
        let lane = self.lane(position.lane)?;
        if position.sequence <= lane.last().sequence { Ok(lane) } else { Err(LogError::Unknown) }
    }
}

/// The logs that an engine has open: each once.
#[derive(Clone, Default)]
pub(crate) struct Leases {
    names: Arc<Mutex<HashSet<String>>>,
}

/// The right to one log, given back when dropped.
pub(crate) struct Lease {
    leases: Leases,
    name: String,
    /// Whatever must live as long as the log: the lock of the data folder.
    _held: Option<Arc<std::fs::File>>,
}

impl Leases {
    pub(crate) fn take(&self, name: &str, held: Option<Arc<std::fs::File>>) -> Result<Lease, LogError> {
        let fresh = self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        if fresh {
            Ok(Lease { leases: self.clone(), name: name.to_owned(), _held: held })
        } else {
            Err(LogError::unavailable("the log is open already"))
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}
