//! A root key derived from a passphrase by argon2id.

use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Root, SealBroken};

use crate::error::RootError;

/// A root key derived from a passphrase.
pub struct Passphrase {
    #[expect(dead_code, reason = "the body follows the door")]
    key: Secret<[u8; 32]>,
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Passphrase {
    /// Derives a root key with a new salt. Returns it with the parameters (no secret), to be stored in clear.
    ///
    /// # Errors
    /// [`RootError::EmptyPassphrase`].
    pub fn create(_passphrase: &Secret<[u8]>) -> Result<(Self, Vec<u8>), RootError> {
        todo!()
    }

    /// Derives the root key again.
    ///
    /// # Errors
    /// [`RootError::WrongPassphrase`], [`RootError::Parameters`].
    pub fn open(_passphrase: &Secret<[u8]>, _parameters: &[u8]) -> Result<Self, RootError> {
        todo!()
    }
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Root for Passphrase {
    fn kind(&self) -> &'static str {
        "passphrase"
    }

    fn wrap(&self, _aad: &[u8], _secret: &[u8]) -> Vec<u8> {
        todo!()
    }

    fn unwrap(&self, _aad: &[u8], _wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        todo!()
    }
}
