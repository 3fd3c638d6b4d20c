//! ML-DSA keys: signatures over messages, and over an external µ (FIPS 204, 6.2). Both are the same signatures: what
//! one made, the other verifies.

use std::sync::Arc;

use sealroom_crypto::ml_dsa::{self, MU_LEN, Parameters, SigningKey};

use crate::algorithm::SigningAlgorithm;
use crate::command::{KeyRef, Message};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::objects::Object;
use crate::spec::Usage;
use crate::token::{self, Halves};

/// What is signed.
enum Signed<'m> {
    Message(&'m [u8]),
    Mu(&'m [u8; MU_LEN]),
}

fn suiting<'m>(
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'m>,
) -> Result<(Parameters, Signed<'m>), HsmError> {
    let parameters = key.binding.spec.ml_dsa().ok_or(HsmError::NotForThisSpec)?;
    if key.binding.usage != Usage::SignVerify || algorithm != SigningAlgorithm::MlDsaShake256 {
        return Err(HsmError::NotForThisSpec);
    }
    let signed = match message {
        Message::Raw(message) => Signed::Message(message),
        Message::ExternalMu(mu) => Signed::Mu(mu.try_into().map_err(|_| HsmError::DigestLength)?),
        // AWS: `Message type DIGEST is incompatible with key spec ML_DSA_44.`
        Message::Digest(_) => return Err(HsmError::NotForThisSpec),
    };
    Ok((parameters, signed))
}

pub(crate) fn sign(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
) -> Result<Vec<u8>, HsmError> {
    let (parameters, signed) = suiting(key, algorithm, message)?;
    let object = loaded(hsm, key, parameters)?;
    let Object::MlDsa(private) = object.as_ref() else { return Err(HsmError::Failed) };
    match signed {
        Signed::Message(message) => private.sign(message),
        Signed::Mu(mu) => private.sign_mu(mu),
    }
    .map_err(|_| HsmError::Failed)
}

pub(crate) fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    let (parameters, signed) = suiting(key, algorithm, message)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    let spki = Halves::of(&content)?.spki;
    Ok(match signed {
        Signed::Message(message) => ml_dsa::verify(parameters, spki, message, signature),
        Signed::Mu(mu) => ml_dsa::verify_mu(parameters, spki, mu, signature),
    })
}

fn loaded(hsm: &Hsm, key: KeyRef<'_>, parameters: Parameters) -> Result<Arc<Object>, HsmError> {
    hsm.objects.get_or_load(key, || {
        let content = token::open(&hsm.domains, key.binding, key.token)?;
        let seed = Halves::of(&content)?.private.try_into().map_err(|_| HsmError::InvalidToken)?;
        SigningKey::from_seed(parameters, seed).map(Object::MlDsa).map_err(|_| HsmError::Failed)
    })
}

#[cfg(test)]
mod tests;
