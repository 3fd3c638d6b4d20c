//! The one construction for everything that is sealed: a key per message, AES-256-GCM, and a commitment to the key.
//!
//! ```text
//! salt (16) ‖ nonce (12) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
//! message key (32) ‖ commitment (32) = KBKDF(key, label, salt)
//! ```
//!
//! A key per message takes away the limit of 2^32 messages that random nonces put on AES-GCM. The commitment makes a
//! sealed value open under one key only: GCM alone doesn't promise that to somebody who chose the keys. It is
//! compared before anything is decrypted, in constant time.
//!
//! What would surprise: the nonce is random although the key is fresh; a FIPS module may insist on drawing it, and
//! both builds must read each other's values.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sealroom_foundation::Secret;
use zeroize::Zeroizing;

use crate::kdf::DerivationKey;
use crate::{Failed, ct_eq};

/// How many bytes a sealed value has more than its plaintext.
pub const OVERHEAD: usize = SALT + NONCE + COMMITMENT + TAG;

const SALT: usize = 16;
const NONCE: usize = 12;
const COMMITMENT: usize = 32;
const TAG: usize = 16;

/// Seals `plaintext` and appends the sealed value to `out`. `salt_nonce` must be random, and never the same twice.
///
/// # Errors
/// [`Failed`] when the library fails; `out` is then as it was.
pub fn seal(
    key: &[u8; 32],
    label: &'static [u8],
    salt_nonce: [u8; SALT + NONCE],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Failed> {
    SealingKey::new(key, label).seal(salt_nonce, aad, plaintext, out)
}

/// Opens what [`seal`] made with the same key, label and associated data; `None` for everything else.
#[must_use]
pub fn open(key: &[u8; 32], label: &'static [u8], aad: &[u8], sealed: &[u8]) -> Option<Secret<[u8]>> {
    SealingKey::new(key, label).open(aad, sealed)
}

/// A key that seals more than once, under one label. Wiped when dropped.
pub struct SealingKey {
    key: DerivationKey,
    label: &'static [u8],
}

impl SealingKey {
    /// Takes a key over. The label says what is sealed: what one label seals opens under no other.
    #[must_use]
    pub fn new(key: &[u8; 32], label: &'static [u8]) -> Self {
        Self { key: DerivationKey::new(key), label }
    }

    /// [`seal`] with this key.
    ///
    /// # Errors
    /// As there.
    pub fn seal(
        &self,
        salt_nonce: [u8; SALT + NONCE],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let start = out.len();
        let sealed = self.append(salt_nonce, aad, plaintext, out);
        if sealed.is_none() {
            out.truncate(start);
        }
        sealed.ok_or(Failed)
    }

    fn append(&self, salt_nonce: [u8; SALT + NONCE], aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let (salt, nonce) = salt_nonce.split_first_chunk::<SALT>()?;
        let message = MessageKey::derive(self, salt)?;
        out.reserve_exact(OVERHEAD + plaintext.len());
        out.extend_from_slice(&salt_nonce);
        out.extend_from_slice(message.commitment()?);
        let start = out.len();
        out.resize(start + plaintext.len() + TAG, 0);
        let (ciphertext, tag) = out.get_mut(start..)?.split_at_mut_checked(plaintext.len())?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        message.cipher()?.seal_out_of_place_scatter(nonce, Aad::from(aad), plaintext, ciphertext, &[], tag).ok()
    }

    /// [`open`] with this key.
    #[must_use]
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Secret<[u8]>> {
        let length = sealed.len().checked_sub(OVERHEAD)?;
        let mut opened = None;
        let plaintext = Secret::filled_slice(length, |out| opened = self.open_into(aad, sealed, out));
        opened.map(|()| plaintext)
    }

    /// [`open`] into a buffer that must be exactly as long as the plaintext. It is zeroed when nothing opens.
    #[must_use]
    pub fn open_into(&self, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<()> {
        let opened = self.decrypt(aad, sealed, out);
        if opened.is_none() {
            out.fill(0);
        }
        opened
    }

    fn decrypt(&self, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<()> {
        let (salt, rest) = sealed.split_first_chunk::<SALT>()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (commitment, rest) = rest.split_first_chunk::<COMMITMENT>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
        let message = MessageKey::derive(self, salt)?;
        if ciphertext.len() != out.len() || !ct_eq(message.commitment()?, commitment) {
            return None;
        }
        let nonce = Nonce::assume_unique_for_key(*nonce);
        message.cipher()?.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, out).ok()
    }
}

/// The key of one message, and the commitment to it.
struct MessageKey(Zeroizing<[u8; 32 + COMMITMENT]>);

impl MessageKey {
    fn derive(key: &SealingKey, salt: &[u8; SALT]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0u8; 32 + COMMITMENT]);
        key.key.derive(key.label, salt, bytes.as_mut()).ok()?;
        Some(Self(bytes))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let key = self.0.first_chunk::<32>()?;
        UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
    }

    fn commitment(&self) -> Option<&[u8; COMMITMENT]> {
        self.0.last_chunk()
    }
}

#[cfg(test)]
mod tests;
