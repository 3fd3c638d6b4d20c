//! Key tokens: backing keys, encrypted under a domain key and bound to a [`KeyBinding`].
//!
//! ```text
//! version (1) ‖ domain key id (4) ‖ sealed value
//! content of a secret key: its bytes
//! content of a pair:       length of the public half (2) ‖ SubjectPublicKeyInfo ‖ private half (see `pair`)
//! ```
//!
//! The associated data is the version, the domain key's id and every field of the binding. Pairs that key material is
//! wrapped under look the same, but are sealed under another key: neither kind opens as the other.

use std::fmt;

use sealroom_crypto::envelope::SealingKey;
use sealroom_crypto::rsa::NewPair;
use sealroom_foundation::Secret;
use zeroize::Zeroize;

use crate::binding::{AssociatedData, KeyBinding};
use crate::bytes::{Reader, assemble};
use crate::domain::{self, Domain, Domains};
use crate::error::HsmError;

/// The most bytes a token may have: an RSA-4096 pair takes about 3,000.
pub(crate) const MAX_TOKEN: usize = 8 * 1_024;

const VERSION: u8 = 1;

/// An encrypted backing key. Not secret, but it is what destroying a key destroys: so it is wiped when dropped, and
/// not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyToken {
    bytes: Box<[u8]>,
    /// Kept beside them: what is loaded of a key is found by it, at every use.
    digest: [u8; 32],
}

impl KeyToken {
    /// The bytes, to be stored.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A token as it was stored. Whether it opens shows when it is used.
    ///
    /// # Errors
    /// [`HsmError::InvalidToken`] when no token has this length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HsmError> {
        if bytes.is_empty() || bytes.len() > MAX_TOKEN {
            return Err(HsmError::InvalidToken);
        }
        Ok(Self { bytes: bytes.into(), digest: sealroom_crypto::digest::sha256(bytes) })
    }

    /// The number of the domain key that it is sealed under, as it says itself.
    #[must_use]
    pub fn domain(&self) -> Option<u32> {
        domain::split(&self.bytes).map(|(id, _)| id)
    }

    /// SHA-256 of the bytes: names the token in a tombstone after it is gone.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl Drop for KeyToken {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for KeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyToken(..)")
    }
}

/// Seals a secret key.
pub(crate) fn seal(domain: &Domain, binding: &KeyBinding, content: &[u8]) -> Result<KeyToken, HsmError> {
    seal_under(domain, &domain.tokens, binding, content)
}

fn seal_under(domain: &Domain, key: &SealingKey, binding: &KeyBinding, content: &[u8]) -> Result<KeyToken, HsmError> {
    let aad = AssociatedData::of_token(VERSION, domain.id, binding).ok_or(HsmError::Failed)?;
    let sealed = domain::seal(domain.id, key, aad.as_bytes(), content).ok_or(HsmError::Failed)?;
    KeyToken::from_bytes(&sealed)
}

/// Seals a pair.
pub(crate) fn seal_pair(
    domain: &Domain,
    binding: &KeyBinding,
    spki: &[u8],
    private: &Secret<[u8]>,
) -> Result<KeyToken, HsmError> {
    seal(domain, binding, both(spki, private)?.expose())
}

/// Seals a pair that key material is wrapped under.
pub(crate) fn seal_wrapping(domain: &Domain, binding: &KeyBinding, pair: &NewPair) -> Result<KeyToken, HsmError> {
    seal_under(domain, &domain.wrapping_tokens, binding, both(&pair.spki, &pair.pkcs8)?.expose())
}

/// The content of a pair.
fn both(spki: &[u8], private: &Secret<[u8]>) -> Result<Secret<[u8]>, HsmError> {
    let length = u16::try_from(spki.len()).map_err(|_| HsmError::Failed)?;
    Ok(assemble(|out| {
        out.put(&length.to_be_bytes());
        out.put(spki);
        out.put(private.expose());
    }))
}

/// Opens a token whose content has any length.
pub(crate) fn open(domains: &Domains, binding: &KeyBinding, token: &KeyToken) -> Result<Secret<[u8]>, HsmError> {
    with_sealed(domains, binding, token, |domain| &domain.tokens, SealingKey::open)
}

/// Opens what [`seal_wrapping`] made, and nothing else.
pub(crate) fn open_wrapping(
    domains: &Domains,
    binding: &KeyBinding,
    token: &KeyToken,
) -> Result<Secret<[u8]>, HsmError> {
    with_sealed(domains, binding, token, |domain| &domain.wrapping_tokens, SealingKey::open)
}

/// Opens the token of a key of 32 bytes.
pub(crate) fn open_32(domains: &Domains, binding: &KeyBinding, token: &KeyToken) -> Result<Secret<[u8; 32]>, HsmError> {
    with_sealed(
        domains,
        binding,
        token,
        |domain| &domain.tokens,
        |key, aad, sealed| {
            let mut opened = None;
            let content = Secret::filled(|out| opened = key.open_into(aad, sealed, out));
            opened.map(|()| content)
        },
    )
}

fn with_sealed<T>(
    domains: &Domains,
    binding: &KeyBinding,
    token: &KeyToken,
    key: impl FnOnce(&Domain) -> &SealingKey,
    open: impl FnOnce(&SealingKey, &[u8], &[u8]) -> Option<T>,
) -> Result<T, HsmError> {
    let opened = || {
        let (id, sealed) = domain::split(&token.bytes)?;
        let aad = AssociatedData::of_token(VERSION, id, binding)?;
        open(key(domains.get(id)?), aad.as_bytes(), sealed)
    };
    opened().ok_or(HsmError::InvalidToken)
}

/// The two halves of an opened pair.
pub(crate) struct Halves<'a> {
    pub(crate) spki: &'a [u8],
    pub(crate) private: &'a [u8],
}

impl<'a> Halves<'a> {
    pub(crate) fn of(content: &'a Secret<[u8]>) -> Result<Self, HsmError> {
        let mut reader = Reader::new(content.expose());
        let spki = reader.u16().and_then(|length| reader.take(usize::from(length)));
        spki.map(|spki| Self { spki, private: reader.rest() }).ok_or(HsmError::InvalidToken)
    }
}

#[cfg(test)]
mod tests;
