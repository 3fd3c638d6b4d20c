//! One shard of a mirror: a table of bounded size that makes room by the CLOCK rule. It knows nothing of the feed.
//!
//! The table is keyed by the hash that the mirror has computed already. Two keys of one hash share a place and
//! push each other out; the hash is seeded, so nobody can arrange for that.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Entries, at most `capacity`.
pub(super) struct Shard<K, V> {
    capacity: usize,
    /// Where in `slots` the entry of a hash is.
    places: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    slots: Vec<Slot<K, V>>,
    /// The slot that is asked next to make room.
    hand: usize,
}

struct Slot<K, V> {
    hash: u64,
    key: K,
    value: Arc<V>,
    /// Looked at since the hand last came by.
    used: AtomicBool,
}

impl<K: Eq, V> Shard<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, places: HashMap::default(), slots: Vec::new(), hand: 0 }
    }

    pub(super) fn find(&self, hash: u64, key: &K) -> Option<Arc<V>> {
        let slot = self.slots.get(*self.places.get(&hash)?).filter(|slot| slot.key == *key)?;
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&slot.value))
    }

    pub(super) fn keep(&mut self, hash: u64, key: K, value: Arc<V>) {
        let slot = Slot { hash, key, value, used: AtomicBool::new(false) };
        if let Some(held) = self.places.get(&hash).and_then(|place| self.slots.get_mut(*place)) {
            *held = slot;
            return;
        }
        if self.slots.len() < self.capacity {
            self.places.insert(hash, self.slots.len());
            self.slots.push(slot);
            return;
        }
        let place = self.make_room();
        if let Some(held) = self.slots.get_mut(place) {
            self.places.remove(&held.hash);
            self.places.insert(hash, place);
            *held = slot;
        }
    }

    pub(super) fn forget(&mut self, hash: u64, key: &K) {
        let Some(place) = self.places.get(&hash).copied() else { return };
        if self.slots.get(place).is_none_or(|slot| slot.key != *key) {
            return;
        }
        self.places.remove(&hash);
        self.slots.swap_remove(place);
        if let Some(moved) = self.slots.get(place) {
            self.places.insert(moved.hash, place);
        }
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.slots.clear();
    }

    /// The first slot that nobody looked at since the hand came by; everyone it passes loses that protection.
    fn make_room(&mut self) -> usize {
        loop {
            self.hand = if self.hand.saturating_add(1) < self.slots.len() { self.hand + 1 } else { 0 };
            match self.slots.get_mut(self.hand) {
                Some(slot) if slot.used.swap(false, Ordering::Relaxed) => {}
                Some(_) | None => return self.hand,
            }
        }
    }
}

/// Takes a hash for what it is.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 << 8) | u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
