//! RSA pairs made ahead of need, because making one takes up to a second and callers wait for it.
//!
//! This room starts no thread for them: whoever has an idle thread calls [`Spares::make_one`] there, and again when
//! keys were made. Spares lie in this process only and are gone when it ends.

use std::sync::{Mutex, PoisonError};

use sealroom_crypto::rsa::{self, NewPair};

use crate::spec::Spec;

/// How many are kept of each size.
const EACH: usize = 4;

const SIZES: [Spec; 3] = [Spec::Rsa2048, Spec::Rsa3072, Spec::Rsa4096];

/// Ready-made RSA pairs, four of each size at most.
#[derive(Default)]
pub struct Spares(Mutex<[Vec<NewPair>; SIZES.len()]>);

impl Spares {
    /// Makes one pair of the size that has the fewest, the smaller first, and says which; `None` when nothing is
    /// missing. Takes up to seconds: the server calls it from a thread of the lowest priority.
    pub fn make_one(&self) -> Option<Spec> {
        let (size, spec) = self.most_wanted()?;
        let pair = rsa::generate(spec.rsa_bits()?).ok()?;
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.get_mut(size).filter(|shelf| shelf.len() < EACH)?.push(pair);
        Some(spec)
    }

    fn most_wanted(&self) -> Option<(usize, Spec)> {
        let shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = shelves.iter().map(Vec::len).zip(SIZES).enumerate();
        let (size, (count, spec)) = counted.min_by_key(|(_, (count, _))| *count)?;
        (count < EACH).then_some((size, spec))
    }

    /// A ready-made pair, if there is one.
    pub(crate) fn take(&self, spec: Spec) -> Option<NewPair> {
        let size = SIZES.iter().position(|size| *size == spec)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(size)?.pop()
    }

    /// How many pairs of each size are ready: 2,048, 3,072 and 4,096 bits; for a gauge.
    #[must_use]
    pub fn ready(&self) -> [usize; 3] {
        let shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts = [0; SIZES.len()];
        counts.iter_mut().zip(shelves.iter()).for_each(|(count, shelf)| *count = shelf.len());
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> NewPair {
        NewPair { pkcs8: sealroom_foundation::Secret::copy_of(b"private"), spki: b"public".to_vec() }
    }

    #[test]
    fn the_smallest_missing_size_is_made_first_and_taken_once() {
        let spares = Spares::default();
        assert_eq!(spares.make_one(), Some(Spec::Rsa2048));
        assert_eq!(spares.ready(), [1, 0, 0]);
        assert!(spares.take(Spec::Rsa2048).is_some());
        assert!(spares.take(Spec::Rsa2048).is_none());
        assert!(spares.take(Spec::EccNistP256).is_none());
    }

    #[test]
    fn full_shelves_want_nothing_and_a_gap_is_filled() {
        let spares = Spares::default();
        for shelf in spares.0.lock().unwrap().iter_mut() {
            shelf.extend((0..EACH).map(|_| pair()));
        }
        assert_eq!(spares.make_one(), None);
        assert!(spares.take(Spec::Rsa3072).is_some());
        assert_eq!(spares.most_wanted(), Some((1, Spec::Rsa3072)));
    }
}
