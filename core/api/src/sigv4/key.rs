//! The signing key: derived from a secret for one day, Region and service, and kept ready for many signatures.

use sealroom_crypto::mac::{HmacKey, hmac_sha256};
use sealroom_foundation::Secret;

use super::TERMINATOR;

/// Derives the key that signs the requests of `date` (`20260912`), `region` and `service` under `secret`, a secret
/// access key. Four HMACs: worth caching.
#[must_use]
pub fn derive_signing_key(secret: &[u8], date: &str, region: &str, service: &str) -> Secret<[u8; 32]> {
    let mut seed = b"AWS4".to_vec();
    seed.reserve_exact(secret.len());
    seed.extend_from_slice(secret);
    let seed = Secret::from_vec(seed);
    let dated = Secret::new(hmac_sha256(seed.expose(), date.as_bytes()));
    [region, service, TERMINATOR]
        .iter()
        .fold(dated, |key, part| Secret::new(hmac_sha256(key.expose(), part.as_bytes())))
}

/// A derived signing key with its HMAC already keyed.
pub struct SigningKey(HmacKey);

impl SigningKey {
    /// Derives and keys: see [`derive_signing_key`].
    #[must_use]
    pub fn derive(secret: &[u8], date: &str, region: &str, service: &str) -> Self {
        Self::from(&derive_signing_key(secret, date, region, service))
    }

    pub(super) fn tag(&self, string_to_sign: &[u8]) -> [u8; 32] {
        self.0.tag(string_to_sign)
    }
}

impl From<&Secret<[u8; 32]>> for SigningKey {
    fn from(key: &Secret<[u8; 32]>) -> Self {
        Self(HmacKey::new(key.expose()))
    }
}
