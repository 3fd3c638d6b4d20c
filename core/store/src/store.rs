//! [`Store`]: an engine behind the barrier, and [`View`]: the part of it that one room may touch.
//!
//! Each restore of a backup begins a new epoch of the cluster: it writes the row `boot/epoch`. A store that other nodes may
//! share holds each commit to the epoch that it was opened in, so that a node from before the restore can't write any more.

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Guard, Read, Write, within};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{Log, LogError, check_name};
use crate::path::KeyPath;

/// An engine behind the barrier. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    barrier: Barrier,
    /// Holds as long as the epoch lasts; `None` where no other node can be.
    fence: Option<Guard>,
}

impl Store {
    /// Opens the store on `engine`; every value is sealed by `barrier`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open(engine: Engine, barrier: Barrier) -> Result<Self, StoreError> {
        engine.follow().await?;
        let fence = if engine.has_other_nodes() { Some(present_epoch(&engine).await?) } else { None };
        Ok(Self { engine, barrier, fence })
    }

    /// The row that each restore writes anew.
    #[must_use]
    pub fn epoch_path() -> KeyPath {
        KeyPath::build("boot").text("epoch")
    }

    /// Answers all `reads` as of one moment, in one round trip.
    ///
    /// # Errors
    /// [`StoreError::Forged`] when a row doesn't open, [`StoreError::Reserved`] for `boot/`,
    /// [`StoreError::TooLarge`] over a limit, [`StoreError::Unavailable`].
    pub async fn read(&self, reads: &[Read]) -> Result<Vec<Answer>, StoreError> {
        within("questions of a read", reads.len(), Read::MAX_READS)?;
        for read in reads {
            let (Read::Get(path) | Read::Range { prefix: path, .. }) = read;
            sealed_only(path)?;
            if let Read::Range { limit, .. } = read {
                within("rows of a range", usize::try_from(*limit).unwrap_or(usize::MAX), Read::MAX_ROWS)?;
            }
        }
        // Boxed, so that a call whose caches answer doesn't carry the engines' states around with it.
        Box::pin(self.engine.read(reads, &self.barrier)).await
    }

    /// Commits `batch` if its guards hold. When this returns [`Committed::At`], the batch is durable and no mirror of
    /// this process answers with what was there before. Dropping the future doesn't stop a commit that has begun.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when 4,096 commits wait, [`StoreError::Reserved`] for `boot/`,
    /// [`StoreError::TooLarge`] over a limit, [`StoreError::Fenced`], [`StoreError::Unavailable`].
    pub async fn commit(&self, mut batch: Batch) -> Result<Committed, StoreError> {
        batch.writes.iter().map(Write::path).try_for_each(sealed_only)?;
        batch.guards.iter().map(Guard::path).try_for_each(sealed_only)?;
        batch.check_limits()?;
        batch.guards.extend(self.fence.clone());
        let committed = Box::pin(self.engine.commit(batch, &self.barrier)).await?;
        if committed == Committed::Conflict {
            self.check_epoch().await?;
        }
        Ok(committed)
    }

    /// Whether the epoch that this store was opened in still lasts.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it doesn't; [`StoreError::Unavailable`].
    async fn check_epoch(&self) -> Result<(), StoreError> {
        match &self.fence {
            Some(fence) if present_epoch(&self.engine).await? != *fence => Err(StoreError::Fenced),
            Some(_) | None => Ok(()),
        }
    }

    /// The changes after sequence number `after`, oldest first, at most `limit`: names, never values. A commit is never cut,
    /// so that the next call can go on after the last number: the first is given even when it alone passes the limit. `None`
    /// when the engine no longer knows so far back (it keeps the newest 100,000 commits).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn changes(&self, after: u64, limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        self.engine.changes(after, limit).await
    }

    /// What commits changed, for caches to follow.
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.engine.feed()
    }

    /// Learns what other nodes committed; the server's timer calls it every 100 ms. When it fails, mirrors answer nothing until it
    /// succeeds again. Engines that no other node can reach have nothing to learn.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Fenced`], and then at every further call.
    pub async fn poll_changes(&self) -> Result<(), StoreError> {
        if let Err(ended) = self.check_epoch().await {
            self.engine.feed().set_blind(true);
            return Err(ended);
        }
        self.engine.poll().await
    }

    /// The part of the store below `prefix`.
    #[must_use]
    pub fn view(&self, prefix: KeyPath) -> View {
        View { store: self.clone(), prefix }
    }

    /// Opens the append log `name` (`[a-z0-9-]`, 64 at most) with at least `lanes` lanes, recovering what a crash left. A log is
    /// opened once in a process, and by one process at a time.
    ///
    /// # Errors
    /// [`LogError`] when a lane can't be opened or what was synced is damaged.
    pub async fn log(&self, name: &str, lanes: usize) -> Result<Log, LogError> {
        check_name(name, lanes)?;
        self.engine.log(name, lanes).await
    }
}

/// A store bound to what lies at and below one prefix: what a room holds. Paths are whole paths. Cheap to clone.
#[derive(Clone)]
pub struct View {
    store: Store,
    prefix: KeyPath,
}

impl View {
    /// As [`Store::read`].
    ///
    /// # Errors
    /// As [`Store::read`]; [`StoreError::OutsideView`].
    pub async fn read(&self, reads: &[Read]) -> Result<Vec<Answer>, StoreError> {
        for read in reads {
            let (Read::Get(path) | Read::Range { prefix: path, .. }) = read;
            self.admit(path)?;
        }
        self.store.read(reads).await
    }

    /// As [`Store::commit`].
    ///
    /// # Errors
    /// As [`Store::commit`]; [`StoreError::OutsideView`].
    pub async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        self.admits(&batch)?;
        self.store.commit(batch).await
    }

    /// Whether every write and guard of `batch` lies in this view; for who commits a room's batch in its name.
    ///
    /// # Errors
    /// [`StoreError::OutsideView`] with the first path that doesn't.
    pub fn admits(&self, batch: &Batch) -> Result<(), StoreError> {
        let writes = batch.writes.iter().map(Write::path);
        writes.chain(batch.guards.iter().map(Guard::path)).try_for_each(|path| self.admit(path))
    }

    /// As [`Store::feed`]; a mirror sorts out what concerns it.
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.store.feed()
    }

    /// A narrower view.
    ///
    /// # Errors
    /// [`StoreError::OutsideView`] when `prefix` isn't in this one.
    pub fn view(&self, prefix: KeyPath) -> Result<Self, StoreError> {
        self.admit(&prefix)?;
        Ok(Self { store: self.store.clone(), prefix })
    }

    /// The prefix.
    #[must_use]
    pub fn prefix(&self) -> &KeyPath {
        &self.prefix
    }

    fn admit(&self, path: &KeyPath) -> Result<(), StoreError> {
        if path.starts_with(&self.prefix) { Ok(()) } else { Err(StoreError::OutsideView { path: path.clone() }) }
    }
}

/// What holds of `boot/epoch` now.
async fn present_epoch(engine: &Engine) -> Result<Guard, StoreError> {
    let row = engine.boot_read(&Store::epoch_path()).await?;
    Ok(row.map_or_else(|| Guard::Absent(Store::epoch_path()), |row| Guard::Version(row.path, row.version)))
}

fn sealed_only(path: &KeyPath) -> Result<(), StoreError> {
    if path.is_boot() { Err(StoreError::Reserved { path: path.clone() }) } else { Ok(()) }
}
