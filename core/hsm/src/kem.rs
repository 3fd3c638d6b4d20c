//! ML-KEM keys: encapsulation under the public half, decapsulation with the private one.
//!
//! A ciphertext of another length is refused. One that was tampered with is not: it gives a secret that the other side
//! doesn't have (FIPS 203, implicit rejection), as in AWS. Nothing is kept loaded: loading a seed costs less than using
//! it.

use sealroom_crypto::ml_kem::{self, DecapsulationKey, Parameters};
use sealroom_foundation::Secret;

use crate::command::{KeyRef, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::Usage;
use crate::token::{self, Halves};

fn parameters(key: KeyRef<'_>) -> Result<Parameters, HsmError> {
    let parameters = key.binding.spec.ml_kem().filter(|_| key.binding.usage == Usage::EncapsulateDecapsulate);
    parameters.ok_or(HsmError::NotForThisSpec)
}

pub(crate) fn encapsulate(hsm: &Hsm, key: KeyRef<'_>) -> Result<Reply, HsmError> {
    let parameters = parameters(key)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    let made = ml_kem::encapsulate(parameters, Halves::of(&content)?.spki).ok_or(HsmError::Failed)?;
    Ok(Reply::Encapsulated { secret: made.secret, ciphertext: made.ciphertext })
}

pub(crate) fn decapsulate(hsm: &Hsm, key: KeyRef<'_>, ciphertext: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    let parameters = parameters(key)?;
    if ciphertext.len() != parameters.ciphertext_len() {
        return Err(HsmError::InvalidCiphertext);
    }
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    let seed = Halves::of(&content)?.private.try_into().map_err(|_| HsmError::InvalidToken)?;
    let private = DecapsulationKey::from_seed(parameters, seed).map_err(|_| HsmError::Failed)?;
    let secret = private.decapsulate(ciphertext).ok_or(HsmError::Failed)?;
    Ok(Secret::copy_of(secret.expose()))
}

#[cfg(test)]
mod tests;
