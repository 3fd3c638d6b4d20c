//! The only unsafe code of this room: SHA-256 with its state on our stack.
//!
//! JUSTIFICATION: every call of the service hashes a dozen short inputs (signatures, derived keys, the journal's
//! chain). Through the safe API each takes a context from the heap, and a keyed state can't be kept and copied; here it
//! is a value of 112 bytes. Measured: an HMAC under a kept key 207 → 125 ns; a message key and its commitment, derived
//! from a kept key, 378 → 273 ns.
//!
//! The functions below are total: they fail for no input, so their codes aren't looked at.

#![expect(unsafe_code, reason = "calls aws-lc's SHA-256 directly")]

use aws_lc_sys::{OPENSSL_cleanse, SHA256_CTX, SHA256_Final, SHA256_Init, SHA256_Update};

/// A hash in progress. Wiped when dropped, for it may have taken a key in; so it isn't `Clone` either.
pub(crate) struct Sha256State(SHA256_CTX);

impl Sha256State {
    pub(crate) fn new() -> Self {
        let mut state = SHA256_CTX { h: [0; 8], Nl: 0, Nh: 0, data: [0; 64], num: 0, md_len: 0 };
        // SAFETY: the pointer is to a whole SHA256_CTX that nobody else refers to.
        unsafe { SHA256_Init(&raw mut state) };
        Self(state)
    }

    /// Another hash that goes on from here.
    pub(crate) fn fork(&self) -> Self {
        Self(self.0)
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        // SAFETY: the state was initialised by `new`; `data` is readable for its length, and the library doesn't keep
        // the pointer. For an empty slice the length is nought and nothing is read.
        unsafe { SHA256_Update(&raw mut self.0, data.as_ptr().cast(), data.len()) };
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        let mut digest = [0u8; 32];
        // SAFETY: the state was initialised by `new`, which set the digest's length to 32; `digest` has 32 bytes.
        unsafe { SHA256_Final(digest.as_mut_ptr(), &raw mut self.0) };
        digest
    }
}

impl Drop for Sha256State {
    fn drop(&mut self) {
        // SAFETY: writes zeros over exactly the bytes of the state, for which every pattern is valid.
        unsafe { OPENSSL_cleanse((&raw mut self.0).cast(), size_of::<SHA256_CTX>()) };
    }
}
