//! HMAC (RFC 2104) with SHA-2.

use aws_lc_rs::hmac as lc;

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
    tag(lc::HMAC_SHA256, key, data)
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
pub struct HmacKey(lc::Key);

impl HmacKey {
    /// Takes a key of any length over.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(lc::Key::new(lc::HMAC_SHA256, key))
    }

    /// HMAC-SHA-256 of `data`.
    #[must_use]
    pub fn tag(&self, data: &[u8]) -> [u8; 32] {
        let mut out = [0u8; 32];
        // INVARIANT: HMAC-SHA-256 has 32 bytes.
        out.copy_from_slice(lc::sign(&self.0, data).as_ref());
        out
    }
}
