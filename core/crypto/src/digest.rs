//! SHA-2.

use aws_lc_rs::digest as lc;

use crate::ffi::Sha256State;

/// A hash function for signatures over digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestAlg {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlg {
    /// The digest's length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Always false; there for the sake of [`DigestAlg::len`].
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    pub(crate) fn algorithm(self) -> &'static lc::Algorithm {
        match self {
            Self::Sha256 => &lc::SHA256,
            Self::Sha384 => &lc::SHA384,
            Self::Sha512 => &lc::SHA512,
        }
    }

    /// Hashes `data`.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Digest {
        Digest(lc::digest(self.algorithm(), data))
    }

    /// Takes a digest that was made elsewhere; `None` when it has another length.
    #[must_use]
    pub fn import(self, digest: &[u8]) -> Option<Digest> {
        lc::Digest::import_less_safe(digest, self.algorithm()).ok().map(Digest)
    }
}

/// A digest together with the function that made it.
#[derive(Clone, Copy)]
pub struct Digest(pub(crate) lc::Digest);

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

fn fixed<const N: usize>(digest: &lc::Digest) -> [u8; N] {
    let mut out = [0u8; N];
    // INVARIANT: each caller names its algorithm's own length.
    out.copy_from_slice(digest.as_ref());
    out
}

/// SHA-256 of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut state = Sha256State::new();
    state.update(data);
    state.finish()
}

/// SHA-384 of `data`.
#[must_use]
pub fn sha384(data: &[u8]) -> [u8; 48] {
    fixed(&lc::digest(&lc::SHA384, data))
}

/// SHA-512 of `data`.
#[must_use]
pub fn sha512(data: &[u8]) -> [u8; 64] {
    fixed(&lc::digest(&lc::SHA512, data))
}

/// SHA-256 over data that comes in parts.
pub struct Sha256(Sha256State);

impl Clone for Sha256 {
    fn clone(&self) -> Self {
        Self(self.0.fork())
    }
}

impl Sha256 {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Sha256State::new())
    }

    /// Takes the next part.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digests_of_nothing_are_the_published_ones() {
        assert_eq!(sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
        assert_eq!(sha384(b"")[..4], [0x38, 0xb0, 0x60, 0xa7]);
        assert_eq!(sha512(b"")[..4], [0xcf, 0x83, 0xe1, 0x35]);
    }

    #[test]
    fn an_imported_digest_has_the_length_of_its_hash() {
        for (hash, length) in [(DigestAlg::Sha256, 32), (DigestAlg::Sha384, 48), (DigestAlg::Sha512, 64)] {
            assert_eq!((hash.len(), hash.digest(b"data").as_ref().len()), (length, length));
            assert!(hash.import(&[1; 64][..length]).is_some_and(|digest| digest.as_ref() == &[1; 64][..length]));
            assert!(hash.import(&[1; 65][..length + 1]).is_none() && hash.import(&[]).is_none());
        }
    }

    proptest! {
        #[test]
        fn parts_hash_like_the_whole_and_like_the_safe_interface(parts: Vec<Vec<u8>>) {
            let mut hash = Sha256::new();
            parts.iter().for_each(|part| hash.update(part));
            let whole = parts.concat();
            prop_assert_eq!(hash.clone().finish(), sha256(&whole));
            prop_assert_eq!(hash.finish(), fixed::<32>(&lc::digest(&lc::SHA256, &whole)));
        }
    }
}
