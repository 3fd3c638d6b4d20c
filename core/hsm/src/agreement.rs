//! Key agreement: ECDH between a pair of ours and a public key from outside.
//!
//! AWS: the answer is the raw x coordinate, 32, 48 or 66 bytes; no key is derived from it.

use std::sync::Arc;

use sealroom_crypto::agreement::AgreementKey;
use sealroom_foundation::Secret;

use crate::algorithm::AgreementAlgorithm;
use crate::command::KeyRef;
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::objects::Object;
use crate::sm2;
use crate::spec::{Spec, Usage};
use crate::token::{self, Halves};

pub(crate) fn agree(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: AgreementAlgorithm,
    peer: &[u8],
) -> Result<Secret<[u8]>, HsmError> {
    let AgreementAlgorithm::Ecdh = algorithm;
    match key.binding.spec {
        _ if key.binding.usage != Usage::KeyAgreement => Err(HsmError::NotForThisSpec),
        Spec::EccNistP256 | Spec::EccNistP384 | Spec::EccNistP521 => match loaded(hsm, key)?.as_ref() {
            Object::Agreement(private) => private.agree(peer).ok_or(HsmError::InvalidPublicKey),
            _ => Err(HsmError::Failed),
        },
        Spec::Sm2 => sm2::agree(hsm, key, peer),
        _ => Err(HsmError::NotForThisSpec),
    }
}

fn loaded(hsm: &Hsm, key: KeyRef<'_>) -> Result<Arc<Object>, HsmError> {
    hsm.objects.get_or_load(key, || {
        let curve = key.binding.spec.curve().ok_or(HsmError::NotForThisSpec)?;
        let content = token::open(&hsm.domains, key.binding, key.token)?;
        let private = AgreementKey::from_pkcs8(curve, Halves::of(&content)?.private);
        private.map(Object::Agreement).ok_or(HsmError::InvalidToken)
    })
}

#[cfg(test)]
mod tests;
