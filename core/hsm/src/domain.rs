//! Domain keys: what everything else is sealed under.

use sealroom_foundation::Secret;
use sealroom_foundation::ports::Root;

use crate::error::DomainKeysError;

/// The domain keys of a cluster: the newest seals, the older ones still open.
pub struct DomainKeys {
    #[expect(dead_code, reason = "the body follows the door")]
    keys: Vec<(u32, Secret<[u8; 32]>)>,
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl DomainKeys {
    /// Makes a first domain key.
    #[must_use]
    pub fn generate() -> Self {
        todo!()
    }

    /// Encrypts all of them under the root of trust, to be stored.
    #[must_use]
    pub fn wrap(&self, _root: &dyn Root) -> Vec<u8> {
        todo!()
    }

    /// Opens what [`DomainKeys::wrap`] made.
    ///
    /// # Errors
    /// [`DomainKeysError`] when another root wrapped them or they are damaged.
    pub fn unwrap(_root: &dyn Root, _wrapped: &[u8]) -> Result<Self, DomainKeysError> {
        todo!()
    }
}
