//! [`Mirror`]: a bounded cache of what rows say, kept right by the feed.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::feed::Feed;
use crate::path::KeyPath;

/// A bounded cache from `K` to `V`. It answers only while it has followed every commit that the feed knows.
pub struct Mirror<K, V> {
    feed: Feed,
    key_of: fn(&KeyPath) -> Option<K>,
    held: PhantomData<V>,
}

impl<K: Hash + Eq + Clone, V> Mirror<K, V> {
    /// A mirror of at most `capacity` entries. `key_of` says which entry a change of a row makes void.
    #[must_use]
    pub fn new(feed: Feed, _capacity: usize, key_of: fn(&KeyPath) -> Option<K>) -> Self {
        Self { feed, key_of, held: PhantomData }
    }

    /// The entry of `key`, if it is held. Takes one atomic load and a read lock of one shard.
    #[must_use]
    #[expect(clippy::todo, reason = "lands next")]
    pub fn get(&self, _key: &K) -> Option<Arc<V>> {
        let _ = (&self.feed, self.key_of, self.held);
        todo!()
    }

    /// The entry of `key`, loaded when it isn't held; `None` when `load` finds nothing, which isn't remembered. An entry whose rows
    /// changed while it was loaded is returned but not kept.
    ///
    /// # Errors
    /// Those of `load`.
    #[expect(clippy::todo, reason = "lands next")]
    pub async fn get_or_load<E, F>(&self, _key: &K, _load: impl FnOnce() -> F) -> Result<Option<Arc<V>>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        todo!()
    }
}
