//! Loaded keys, kept because loading one costs as much as using it.
//!
//! A kept key is found by its token's digest and used only for the binding that the token was opened with, so a shelf
//! opens nothing that the token wouldn't. Imported material is never kept: it may be deleted from one moment to the next,
//! on another node too, and must then be nowhere. LIMIT: each shelf has its own; past it, one that wasn't used lately goes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::binding::KeyBinding;
use crate::command::KeyRef;
use crate::error::HsmError;
use crate::spec::Origin;

/// A shelf has so many parts with a lock each, so that threads seldom meet.
const PARTS: usize = 16;

struct Entry<T> {
    binding: KeyBinding,
    kept: Arc<T>,
    used: AtomicBool,
}

type Part<T> = RwLock<HashMap<[u8; 32], Entry<T>, BuildHasherDefault<Digest>>>;

/// A digest is as good as its own hash: nobody chooses one.
#[derive(Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.last_chunk::<8>().map_or(self.0, |last| u64::from_le_bytes(*last));
    }

    /// The length, which all have in common.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Kept keys of one kind, by their tokens' digests.
pub(crate) struct Shelf<T> {
    parts: [Part<T>; PARTS],
    /// LIMIT: of each part.
    limit: usize,
}

impl<T> Shelf<T> {
    /// A shelf for about `limit` keys.
    pub(crate) fn new(limit: usize) -> Self {
        Self { parts: std::array::from_fn(|_| RwLock::default()), limit: limit.div_ceil(PARTS).max(1) }
    }

    /// What is kept of a key; `load` makes it when nothing is.
    pub(crate) fn get_or_load(
        &self,
        key: KeyRef<'_>,
        load: impl FnOnce() -> Result<T, HsmError>,
    ) -> Result<Arc<T>, HsmError> {
        if key.binding.origin == Origin::External {
            return load().map(Arc::new);
        }
        let digest = key.token.digest();
        if let Some(kept) = self.get(&digest, key.binding) {
            return Ok(kept);
        }
        let kept = Arc::new(load()?);
        self.put(digest, Entry { binding: *key.binding, kept: kept.clone(), used: AtomicBool::new(true) });
        Ok(kept)
    }

    /// Drops what is kept of a destroyed key's token.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        self.part(digest).write().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        self.parts.iter().for_each(|part| part.write().unwrap_or_else(PoisonError::into_inner).clear());
    }

    fn part(&self, digest: &[u8; 32]) -> &Part<T> {
        let [first, ..] = digest;
        let [part, ..] = &self.parts;
        // INVARIANT: the rest of a division by the number of parts names one of them.
        self.parts.get(usize::from(*first) % PARTS).unwrap_or(part)
    }

    fn get(&self, digest: &[u8; 32], binding: &KeyBinding) -> Option<Arc<T>> {
        let part = self.part(digest).read().unwrap_or_else(PoisonError::into_inner);
        let entry = part.get(digest).filter(|entry| entry.binding == *binding)?;
        // Only where it changes something: a write takes the line from the other threads.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(entry.kept.clone())
    }

    fn put(&self, digest: [u8; 32], entry: Entry<T>) {
        let mut part = self.part(&digest).write().unwrap_or_else(PoisonError::into_inner);
        if part.len() >= self.limit && !part.contains_key(&digest) {
            let idle = part.iter().find(|(_, kept)| !kept.used.swap(false, Ordering::Relaxed)).map(|(key, _)| *key);
            // Where all were used since the last look, any goes: they are unused from now on.
            if let Some(victim) = idle.or_else(|| part.keys().next().copied()) {
                part.remove(&victim);
            }
        }
        part.insert(digest, entry);
    }
}

#[cfg(test)]
mod tests {
    use sealroom_foundation::{KeyId, MaterialId};

    use super::*;
    use crate::spec::{Spec, Usage};
    use crate::token::KeyToken;

    fn binding(material: u8) -> KeyBinding {
        KeyBinding {
            account: "111122223333".parse().unwrap(),
            key: KeyId::from_bytes(false, [1; 16]),
            material: MaterialId::from_bytes([material; 32]),
            spec: Spec::EccNistP256,
            usage: Usage::SignVerify,
            origin: Origin::AwsKms,
        }
    }

    #[test]
    fn a_key_is_loaded_once_and_again_after_it_was_forgotten() {
        let (shelf, binding) = (Shelf::new(10), binding(1));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let key = KeyRef { binding: &binding, token: &token };
        let first = shelf.get_or_load(key, || Ok(5)).unwrap();
        let second = shelf.get_or_load(key, || Err(HsmError::Failed)).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        shelf.forget(&token.digest());
        assert!(shelf.get_or_load(key, || Err(HsmError::Failed)).is_err());
    }

    #[test]
    fn another_binding_finds_nothing() {
        let (shelf, right, wrong) = (Shelf::new(10), binding(1), binding(2));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        shelf.get_or_load(KeyRef { binding: &right, token: &token }, || Ok(5)).unwrap();
        let found = shelf.get_or_load(KeyRef { binding: &wrong, token: &token }, || Err(HsmError::InvalidToken));
        assert_eq!(found.err(), Some(HsmError::InvalidToken));
    }

    #[test]
    fn imported_material_is_loaded_each_time() {
        let (shelf, binding) = (Shelf::new(10), KeyBinding { origin: Origin::External, ..binding(1) });
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let key = KeyRef { binding: &binding, token: &token };
        assert_eq!(shelf.get_or_load(key, || Ok(5)).as_deref(), Ok(&5));
        assert_eq!(shelf.get_or_load(key, || Err(HsmError::Failed)).err(), Some(HsmError::Failed));
        assert!(shelf.parts.iter().all(|part| part.read().unwrap().is_empty()));
    }

    #[test]
    fn one_past_the_limit_drops_one_of_its_part() {
        const LIMIT: usize = 64;
        let (shelf, binding) = (Shelf::new(LIMIT), binding(1));
        for number in 0..=LIMIT {
            let mut digest = [0u8; 32];
            digest[24..].copy_from_slice(&number.to_be_bytes());
            shelf.put(digest, Entry { binding, kept: Arc::new(number), used: AtomicBool::new(true) });
            assert_eq!(shelf.parts[0].read().unwrap().len(), (number + 1).min(LIMIT / PARTS));
            assert_eq!(shelf.get(&digest, &binding).as_deref(), Some(&number));
        }
    }

    #[test]
    fn what_was_used_since_the_last_look_stays() {
        let (shelf, binding) = (Shelf::new(2 * PARTS), binding(1));
        let put = |number: u8, used| {
            let mut digest = [0u8; 32];
            digest[1] = number;
            shelf.put(digest, Entry { binding, kept: Arc::new(number), used: AtomicBool::new(used) });
            digest
        };
        let used = put(1, true);
        let idle = put(2, false);
        put(3, true);
        assert!(shelf.get(&used, &binding).is_some() && shelf.get(&idle, &binding).is_none());
    }
}
