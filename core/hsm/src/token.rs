//! Key tokens: backing keys, encrypted under a domain key and bound to a [`KeyBinding`](crate::KeyBinding).

use std::fmt;

use zeroize::Zeroize;

use crate::error::HsmError;

/// The most bytes a token may have: an RSA-4096 pair takes under 2,600.
pub const MAX_TOKEN: usize = 8 * 1024;

/// An encrypted backing key. Not secret, but it is what destroying a key destroys: so it is wiped when dropped, and
/// not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyToken(Box<[u8]>);

impl KeyToken {
    /// The bytes, to be stored.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A token as it was stored. Whether it opens shows when it is used.
    ///
    /// # Errors
    /// [`HsmError::InvalidToken`] when no token has this length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HsmError> {
        if bytes.is_empty() || bytes.len() > MAX_TOKEN {
            return Err(HsmError::InvalidToken);
        }
        Ok(Self(bytes.into()))
    }

    /// SHA-256 of the bytes: names the token in a tombstone after it is gone.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sealroom_crypto::digest::sha256(&self.0)
    }
}

impl Drop for KeyToken {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for KeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyToken(..)")
    }
}
