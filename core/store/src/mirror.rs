//! [`Mirror`]: a bounded cache of what rows say, kept right by the feed.
//!
//! A mirror remembers the position of the feed up to which it has thrown out what commits made void. A look that finds the
//! feed's head elsewhere first catches up, so it never answers with what a published commit changed. Following and
//! keeping take the same lock: an entry is kept only if nothing made it void between the moment its load began and the
//! moment the mirror itself has followed to. Looks take neither that lock nor a write lock while nothing changes.

mod shard;

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::feed::{Changes, Feed};
use crate::path::KeyPath;

use shard::Shard;

/// LIMIT: parts with a lock of their own.
const SHARDS: usize = 16;

/// A bounded cache from `K` to `V`. It answers only while it has followed every commit that the feed knows.
pub struct Mirror<K, V> {
    feed: Feed,
    key_of: fn(&KeyPath) -> Option<K>,
    hasher: RandomState,
    shards: Box<[RwLock<Shard<K, V>>]>,
    /// The position of the feed that every shard has followed to. Changed under `following` only.
    followed: AtomicU64,
    following: Mutex<()>,
}

impl<K: Hash + Eq + Clone, V> Mirror<K, V> {
    /// A mirror of at most `capacity` entries. `key_of` says which entry a change of a row makes void.
    #[must_use]
    pub fn new(feed: Feed, capacity: usize, key_of: fn(&KeyPath) -> Option<K>) -> Self {
        // A small mirror holds exactly its capacity; a large one loses less than a shard's share to rounding.
        let shards = if capacity < SHARDS * SHARDS { 1 } else { SHARDS };
        let shards = (0..shards).map(|_| RwLock::new(Shard::new(capacity / shards))).collect();
        Self {
            feed,
            key_of,
            hasher: RandomState::new(),
            shards,
            followed: AtomicU64::new(0),
            following: Mutex::default(),
        }
    }

    /// The entry of `key`, if it is held. Takes one atomic load and a read lock of one shard.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.follow(self.feed.head()?);
        let hash = self.hasher.hash_one(key);
        self.shard(hash)?.read().unwrap_or_else(PoisonError::into_inner).find(hash, key)
    }

    /// The entry of `key`, loaded when it isn't held; `None` when `load` finds nothing, which isn't remembered. An entry whose rows
    /// changed while it was loaded is returned but not kept.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get_or_load<E, F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<Option<Arc<V>>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        if let Some(held) = self.get(key) {
            return Ok(Some(held));
        }
        let began = self.feed.head();
        let Some(value) = load().await?.map(Arc::new) else { return Ok(None) };
        if let Some(began) = began {
            self.keep(key, &value, began);
        }
        Ok(Some(value))
    }

    /// Keeps what was loaded since position `began`, unless it is void by now.
    fn keep(&self, key: &K, value: &Arc<V>, began: u64) {
        let _following = self.following();
        // INVARIANT: whoever looks sees a head past `followed` before a commit published from here on was followed, so
        // what is kept under this lock is thrown out before it can be wrong.
        match self.feed.since(began) {
            Changes::Lost { .. } => {}
            Changes::Paths { commits, .. } => {
                let void =
                    commits.iter().flat_map(|paths| paths.iter()).filter_map(self.key_of).any(|void| void == *key);
                if !void {
                    let hash = self.hasher.hash_one(key);
                    if let Some(shard) = self.shard(hash) {
                        shard.write().unwrap_or_else(PoisonError::into_inner).keep(
                            hash,
                            key.clone(),
                            Arc::clone(value),
                        );
                    }
                }
            }
        }
    }

    /// Throws out what commits up to `head` made void.
    fn follow(&self, head: u64) {
        if self.followed.load(Ordering::Acquire) == head {
            return;
        }
        let _following = self.following();
        let followed = self.followed.load(Ordering::Acquire);
        if followed >= head {
            return;
        }
        let reached = match self.feed.since(followed) {
            Changes::Lost { head } => {
                for shard in &self.shards {
                    shard.write().unwrap_or_else(PoisonError::into_inner).clear();
                }
                head
            }
            Changes::Paths { head, commits } => {
                for key in commits.iter().flat_map(|paths| paths.iter()).filter_map(self.key_of) {
                    let hash = self.hasher.hash_one(&key);
                    if let Some(shard) = self.shard(hash) {
                        shard.write().unwrap_or_else(PoisonError::into_inner).forget(hash, &key);
                    }
                }
                head
            }
        };
        self.followed.store(reached, Ordering::Release);
    }

    fn following(&self) -> MutexGuard<'_, ()> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard of a hash: chosen by its upper half, because the shard's own table uses the lower bits.
    fn shard(&self, hash: u64) -> Option<&RwLock<Shard<K, V>>> {
        let upper = usize::try_from(hash >> 32).unwrap_or_default();
        self.shards.get(upper % self.shards.len().max(1))
    }
}

#[cfg(test)]
mod tests;
