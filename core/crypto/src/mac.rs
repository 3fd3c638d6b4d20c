//! HMAC (RFC 2104) with SHA-2.

use aws_lc_rs::hmac as lc;
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::ffi::Sha256State;

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

fn tag<const N: usize>(algorithm: lc::Algorithm, key: &[u8], data: &[u8]) -> [u8; N] {
    let mut out = [0u8; N];
    // INVARIANT: each caller names its algorithm's own length.
    out.copy_from_slice(lc::sign(&lc::Key::new(algorithm, key), data).as_ref());
    out
}

/// HMAC-SHA-224 of `data`.
#[must_use]
pub fn hmac_sha224(key: &[u8], data: &[u8]) -> [u8; 28] {
    tag(lc::HMAC_SHA224, key, data)
}

/// HMAC-SHA-256 of `data`.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    HmacKey::new(key).tag(data)
}

/// HMAC-SHA-384 of `data`.
#[must_use]
pub fn hmac_sha384(key: &[u8], data: &[u8]) -> [u8; 48] {
    tag(lc::HMAC_SHA384, key, data)
}

/// HMAC-SHA-512 of `data`.
#[must_use]
pub fn hmac_sha512(key: &[u8], data: &[u8]) -> [u8; 64] {
    tag(lc::HMAC_SHA512, key, data)
}

/// An HMAC-SHA-256 key that is used more than once: its two first blocks are hashed already. Wiped when dropped.
pub struct HmacKey {
    inner: Sha256State,
    outer: Sha256State,
}

impl HmacKey {
    /// Takes a key of any length over; one of more than 64 bytes is hashed first (RFC 2104).
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0u8; BLOCK]);
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block.iter_mut().zip(sha256(key)).for_each(|(into, byte)| *into = byte),
        }
        let absorbing = |pad: u8| {
            let mut state = Sha256State::new();
            state.update(Zeroizing::new(block.map(|byte| byte ^ pad)).as_ref());
            state
        };
        Self { inner: absorbing(0x36), outer: absorbing(0x5c) }
    }

    /// HMAC-SHA-256 of `data`.
    #[must_use]
    pub fn tag(&self, data: &[u8]) -> [u8; 32] {
        let mut inner = self.inner.fork();
        inner.update(data);
        let mut outer = self.outer.fork();
        outer.update(&inner.finish());
        outer.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_around_the_block_size_agree_with_the_safe_interface() {
        for length in [0, 1, 63, 64, 65, 200] {
            let key = vec![7u8; length];
            let theirs = lc::sign(&lc::Key::new(lc::HMAC_SHA256, &key), b"data");
            assert_eq!(hmac_sha256(&key, b"data"), theirs.as_ref(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_kept_key_agrees_with_the_safe_interface(key: Vec<u8>, data: Vec<u8>) {
            let kept = HmacKey::new(&key);
            let theirs = lc::sign(&lc::Key::new(lc::HMAC_SHA256, &key), &data);
            prop_assert_eq!(&kept.tag(&data), theirs.as_ref());
            prop_assert_eq!(&kept.tag(&data), theirs.as_ref());
        }
    }
}
