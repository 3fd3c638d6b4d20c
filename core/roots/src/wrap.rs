//! How a root key wraps: the envelope of `crypto`, under a label of its own.

use sealroom_crypto::{envelope, random};
use sealroom_foundation::Secret;
use sealroom_foundation::ports::SealBroken;

const LABEL: &[u8] = b"sealroom root";

/// Seals `secret`, bound to `aad`.
pub(crate) fn seal(key: &Secret<[u8; 32]>, aad: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut salt_nonce = [0u8; 28];
    random::fill(&mut salt_nonce);
    let mut out = Vec::with_capacity(envelope::OVERHEAD + secret.len());
    // INVARIANT: sealing fails only where memory ends; `out` is then empty, and nothing opens as nothing.
    let _ = envelope::seal(key.expose(), LABEL, salt_nonce, aad, secret, &mut out);
    out
}

/// Opens what [`seal`] made.
pub(crate) fn open(key: &Secret<[u8; 32]>, aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
    envelope::open(key.expose(), LABEL, aad, wrapped).ok_or(SealBroken)
}
