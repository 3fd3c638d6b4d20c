//! Ed25519 keys: signatures over messages, and over what the caller calls a digest.
//!
//! AWS: ED25519_SHA_512 signs RAW messages only. ED25519_PH_SHA_512 signs a DIGEST of 64 bytes only, and hashes it once
//! more: Ed25519ph over those 64 bytes as a message.

use sealroom_crypto::ed25519::{self, PrivateKey};

use crate::algorithm::SigningAlgorithm;
use crate::command::{KeyRef, Message};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::Usage;
use crate::token::{self, Halves};

/// What is signed, and how.
enum Signed<'m> {
    Plain(&'m [u8]),
    Prehashed(&'m [u8; 64]),
}

impl<'m> Signed<'m> {
    fn of(key: KeyRef<'_>, algorithm: SigningAlgorithm, message: Message<'m>) -> Result<Self, HsmError> {
        if key.binding.usage != Usage::SignVerify {
            return Err(HsmError::NotForThisSpec);
        }
        match (algorithm, message) {
            (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => Ok(Self::Plain(message)),
            (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest)) => {
                digest.try_into().map(Self::Prehashed).map_err(|_| HsmError::DigestLength)
            }
            _ => Err(HsmError::NotForThisSpec),
        }
    }
}

pub(crate) fn sign(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
) -> Result<Vec<u8>, HsmError> {
    let signed = Signed::of(key, algorithm, message)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    // The token vouches for the halves: nobody else writes them.
    let private = PrivateKey::from_bytes_unchecked(Halves::of(&content)?.private).ok_or(HsmError::InvalidToken)?;
    let signature = match signed {
        Signed::Plain(message) => private.sign(message),
        Signed::Prehashed(digest) => private.sign_prehashed(digest),
    };
    signature.map(Vec::from).map_err(|_| HsmError::Failed)
}

pub(crate) fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    let signed = Signed::of(key, algorithm, message)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    let spki = Halves::of(&content)?.spki;
    Ok(match signed {
        Signed::Plain(message) => ed25519::verify(spki, message, signature),
        Signed::Prehashed(digest) => ed25519::verify_prehashed(spki, digest, signature),
    })
}

#[cfg(test)]
mod tests;
