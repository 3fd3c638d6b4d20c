//! SM2 keys. Their private halves are loaded for each command: that costs little beside what SM2 itself costs, and so
//! no copy of them is kept.

use sealroom_crypto::rsa::NewPair;
use sealroom_crypto::sm2 as crypto;
use sealroom_foundation::Secret;

use crate::algorithm::{EncryptionAlgorithm, SigningAlgorithm};
use crate::command::{KeyRef, Message};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::{Spec, Usage};
use crate::token::{self, Halves};

/// The longest plaintext, in bytes. AWS: 1,024 for SM2PKE.
pub(crate) const MAX_PLAINTEXT: usize = 1_024;

/// Makes a pair: `SubjectPublicKeyInfo` and PKCS#8, for a KMS key as for a data key pair.
pub(crate) fn generate() -> Result<NewPair, HsmError> {
    crypto::KeyPair::generate().and_then(|pair| pair.export()).map_err(|_| HsmError::Failed)
}

pub(crate) fn sign(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
) -> Result<Vec<u8>, HsmError> {
    let message = signed(key, algorithm, message)?;
    with_private(hsm, key, |pair| pair.sign(message).map_err(|_| HsmError::Failed))
}

pub(crate) fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    let message = signed(key, algorithm, message)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    Ok(crypto::verify(Halves::of(&content)?.spki, message, signature))
}

/// AWS: a digest is the standard's e, which has the signer's identity in it already.
fn signed<'m>(
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'m>,
) -> Result<crypto::Message<'m>, HsmError> {
    suits(key, Usage::SignVerify, algorithm == SigningAlgorithm::Sm2Dsa)?;
    match message {
        Message::Raw(message) => Ok(crypto::Message::Raw(message)),
        Message::Digest(digest) => digest.try_into().map(crypto::Message::Digest).map_err(|_| HsmError::DigestLength),
        Message::ExternalMu(_) => Err(HsmError::NotForThisSpec),
    }
}

pub(crate) fn encrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: EncryptionAlgorithm,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, HsmError> {
    suits(key, Usage::EncryptDecrypt, algorithm == EncryptionAlgorithm::Sm2Pke && context.is_empty())?;
    if plaintext.is_empty() {
        return Err(HsmError::LengthOutOfRange);
    }
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(HsmError::PlaintextTooLong { max: MAX_PLAINTEXT });
    }
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    crypto::encrypt(Halves::of(&content)?.spki, plaintext).ok_or(HsmError::Failed)
}

pub(crate) fn decrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: EncryptionAlgorithm,
    context: &[u8],
    ciphertext: &[u8],
) -> Result<Secret<[u8]>, HsmError> {
    suits(key, Usage::EncryptDecrypt, algorithm == EncryptionAlgorithm::Sm2Pke && context.is_empty())?;
    with_private(hsm, key, |pair| pair.decrypt(ciphertext).ok_or(HsmError::InvalidCiphertext))
}

/// The x-coordinate that both sides come to: 32 bytes.
pub(crate) fn agree(hsm: &Hsm, key: KeyRef<'_>, peer: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    suits(key, Usage::KeyAgreement, true)?;
    with_private(hsm, key, |pair| pair.agree(peer).ok_or(HsmError::InvalidPublicKey))
}

fn suits(key: KeyRef<'_>, usage: Usage, algorithm: bool) -> Result<(), HsmError> {
    let suits = key.binding.spec == Spec::Sm2 && key.binding.usage == usage && algorithm;
    suits.then_some(()).ok_or(HsmError::NotForThisSpec)
}

fn with_private<T>(
    hsm: &Hsm,
    key: KeyRef<'_>,
    run: impl FnOnce(&crypto::KeyPair) -> Result<T, HsmError>,
) -> Result<T, HsmError> {
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    run(&crypto::KeyPair::from_pkcs8(Halves::of(&content)?.private).ok_or(HsmError::InvalidToken)?)
}

#[cfg(test)]
mod tests;
