//! A root key in a file of its own.

use std::path::Path;

use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Root, SealBroken};

use crate::error::RootError;

/// A root key read from a file that only its owner may read.
pub struct KeyFile {
    #[expect(dead_code, reason = "the body follows the door")]
    key: Secret<[u8; 32]>,
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl KeyFile {
    /// Makes a new root key and its file (0600), and waits until file and folder are on the disk.
    ///
    /// # Errors
    /// [`RootError::Io`], also when the file exists.
    pub fn create(_path: &Path) -> Result<Self, RootError> {
        todo!()
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`RootError::TooWide`] when others may read it, [`RootError::Form`], [`RootError::Io`].
    pub fn open(_path: &Path) -> Result<Self, RootError> {
        todo!()
    }
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Root for KeyFile {
    fn kind(&self) -> &'static str {
        "key-file"
    }

    fn wrap(&self, _aad: &[u8], _secret: &[u8]) -> Vec<u8> {
        todo!()
    }

    fn unwrap(&self, _aad: &[u8], _wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        todo!()
    }
}
