//! The HSM itself.

use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Entropy, Purpose, Seal, SealBroken, Sign};

use crate::command::{Command, Reply};
use crate::domain::DomainKeys;
use crate::error::{HsmError, StartError};
use crate::spare::Spares;

/// The function from commands and tokens to replies, with the domain keys inside. Shared by reference.
pub struct Hsm {
    spares: Spares,
}

#[expect(clippy::todo, clippy::needless_pass_by_value, reason = "the body follows the door")]
impl Hsm {
    /// Runs the power-on self-tests and takes the domain keys over.
    ///
    /// # Errors
    /// [`StartError`] names the test that failed.
    pub fn start(_keys: DomainKeys) -> Result<Self, StartError> {
        todo!()
    }

    /// Runs a command on the calling thread, however long it takes.
    ///
    /// # Errors
    /// [`HsmError`]; never [`HsmError::Busy`].
    pub fn execute(&self, _command: Command<'_>) -> Result<Reply, HsmError> {
        todo!()
    }

    /// Makes a store key: wrapped, to be stored in clear, and plain, for the barrier.
    #[must_use]
    pub fn new_store_key(&self) -> (Vec<u8>, Secret<[u8; 32]>) {
        todo!()
    }

    /// Opens what [`Hsm::new_store_key`] wrapped.
    ///
    /// # Errors
    /// [`SealBroken`] when it is damaged or of another cluster.
    pub fn open_store_key(&self, _wrapped: &[u8]) -> Result<Secret<[u8; 32]>, SealBroken> {
        todo!()
    }

    /// The RSA pairs kept ready.
    #[must_use]
    pub fn spares(&self) -> &Spares {
        &self.spares
    }
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Seal for Hsm {
    fn seal(&self, _purpose: Purpose, _aad: &[u8], _plaintext: &[u8]) -> Vec<u8> {
        todo!()
    }

    fn open(&self, _purpose: Purpose, _aad: &[u8], _sealed: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        todo!()
    }
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Sign for Hsm {
    fn sign(&self, _purpose: Purpose, _bytes: &[u8]) -> Vec<u8> {
        todo!()
    }

    fn public(&self, _purpose: Purpose) -> Vec<u8> {
        todo!()
    }
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Entropy for Hsm {
    fn fill(&self, _out: &mut [u8]) {
        todo!()
    }
}
