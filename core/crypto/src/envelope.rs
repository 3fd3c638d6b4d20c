//! The one construction for everything that is sealed: a key per message, AES-256-GCM, and a commitment to the key.
//!
//! ```text
//! salt (16) ‖ nonce (12) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
//! message key (32) ‖ commitment (32) = KBKDF(key, label, salt)
//! ```
//!
//! A key per message takes away the limit of 2^32 messages that random nonces put on AES-GCM. The commitment makes a
//! sealed value open under one key only: GCM alone doesn't promise that to somebody who chose the keys.

use sealroom_foundation::Secret;

/// How many bytes a sealed value has more than its plaintext.
pub const OVERHEAD: usize = 16 + 12 + 32 + 16;

/// Seals `plaintext` and appends the sealed value to `out`. `salt_nonce` must be random, and never the same twice.
#[expect(clippy::todo, reason = "the body follows the door")]
pub fn seal(
    _key: &[u8; 32],
    _label: &'static [u8],
    _salt_nonce: [u8; 28],
    _aad: &[u8],
    _plaintext: &[u8],
    _out: &mut Vec<u8>,
) {
    todo!()
}

/// Opens what [`seal`] made with the same key, label and associated data; `None` for everything else.
#[must_use]
#[expect(clippy::todo, reason = "the body follows the door")]
pub fn open(_key: &[u8; 32], _label: &'static [u8], _aad: &[u8], _sealed: &[u8]) -> Option<Secret<[u8]>> {
    todo!()
}
