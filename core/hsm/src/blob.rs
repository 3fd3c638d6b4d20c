//! The ciphertext format of symmetric keys. `docs/ciphertext-format.md` describes it byte by byte.

use sealroom_foundation::{AccountId, KeyId, MaterialId};

/// What made a blob. Told apart by the third byte, so that base64 begins `AQICAH` or `AQIDAH`, as AWS's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// Encrypt and ReEncrypt.
    Message,
    /// Data keys and data key pairs.
    DataKey,
}

/// What a blob says of the key that made it. Not to be trusted before the blob has been opened with that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobHeader {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The piece of key material.
    pub material: MaterialId,
}

/// Reads the header of a blob, or `None` when it is none of ours.
#[must_use]
#[expect(clippy::todo, reason = "the body follows the door")]
pub fn header(_blob: &[u8]) -> Option<BlobHeader> {
    todo!()
}
