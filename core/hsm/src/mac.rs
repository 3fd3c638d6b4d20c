//! HMAC keys.

use sealroom_crypto::{ct_eq, mac as crypto};

use crate::algorithm::MacAlgorithm;
use crate::command::KeyRef;
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::{Spec, Usage};
use crate::token;

pub(crate) fn mac(hsm: &Hsm, key: KeyRef<'_>, algorithm: MacAlgorithm, message: &[u8]) -> Result<Vec<u8>, HsmError> {
    let suits = match algorithm {
        MacAlgorithm::HmacSha224 => key.binding.spec == Spec::Hmac224,
        MacAlgorithm::HmacSha256 => key.binding.spec == Spec::Hmac256,
        MacAlgorithm::HmacSha384 => key.binding.spec == Spec::Hmac384,
        MacAlgorithm::HmacSha512 => key.binding.spec == Spec::Hmac512,
    };
    if !suits || key.binding.usage != Usage::GenerateVerifyMac {
        return Err(HsmError::NotForThisSpec);
    }
    let backing = token::open(&hsm.domains, key.binding, key.token)?;
    let backing = backing.expose();
    Ok(match algorithm {
        MacAlgorithm::HmacSha224 => crypto::hmac_sha224(backing, message).to_vec(),
        MacAlgorithm::HmacSha256 => crypto::hmac_sha256(backing, message).to_vec(),
        MacAlgorithm::HmacSha384 => crypto::hmac_sha384(backing, message).to_vec(),
        MacAlgorithm::HmacSha512 => crypto::hmac_sha512(backing, message).to_vec(),
    })
}

pub(crate) fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: MacAlgorithm,
    message: &[u8],
    presented: &[u8],
) -> Result<bool, HsmError> {
    mac(hsm, key, algorithm, message).map(|right| ct_eq(&right, presented))
}
