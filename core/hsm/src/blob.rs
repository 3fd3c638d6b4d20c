//! The ciphertext format of symmetric keys. `docs/ciphertext-format.md` describes it byte by byte.
//!
//! ```text
//! 01 02 kind 00 78 ‖ version (1) ‖ key id form (1) ‖ key id (16) ‖ account (12) ‖ material id (32) ‖ sealed value
//! ```
//!
//! The header and the encryption context are the associated data of the sealed value. Clients treat a blob as opaque
//! bytes; that its base64 begins like AWS's is for the people and programs that look for it.

use sealroom_crypto::envelope::{self, SealingKey};
use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use crate::binding::KeyBinding;
use crate::bytes::{Reader, account_bytes, account_of, key_bytes, key_of};
use crate::error::HsmError;
use crate::random;

/// How many bytes a blob has more than its plaintext.
pub const OVERHEAD: usize = HEADER + envelope::OVERHEAD;

/// The longest plaintext, in bytes.
pub const MAX_PLAINTEXT: usize = 1024 * 1024;

const HEADER: usize = 67;
const VERSION: u8 = 1;
const LABEL: &[u8] = b"sealroom message";

/// Header and context up to this length stand on the stack.
const SHORT: usize = 512;

/// What made a blob. Told apart by the third byte, so that base64 begins `AQICAH` or `AQIDAH`, as AWS's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// Encrypt and ReEncrypt.
    Message,
    /// Data keys and data key pairs.
    DataKey,
}

impl BlobKind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Message => 2,
            Self::DataKey => 3,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            2 => Some(Self::Message),
            3 => Some(Self::DataKey),
            _ => None,
        }
    }
}

/// What a blob says of the key that made it. Not to be trusted before the blob has been opened with that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobHeader {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The piece of key material.
    pub material: MaterialId,
}

/// Reads the header of a blob, or `None` when it is none of ours.
#[must_use]
pub fn header(blob: &[u8]) -> Option<BlobHeader> {
    let mut reader = Reader::new(blob);
    let [1, 2, kind, 0, 0x78, VERSION] = reader.array()? else { return None };
    BlobKind::from_code(*kind)?;
    let key = key_of(reader.array()?)?;
    let account = account_of(reader.array()?)?;
    let material = MaterialId::from_bytes(*reader.array()?);
    (reader.rest().len() > envelope::OVERHEAD).then_some(BlobHeader { account, key, material })
}

fn header_bytes(kind: BlobKind, binding: &KeyBinding) -> [u8; HEADER] {
    let mut bytes = [0u8; HEADER];
    let parts: [&[u8]; 4] = [
        &[1, 2, kind.code(), 0, 0x78, VERSION],
        &key_bytes(binding.key),
        &account_bytes(&binding.account),
        binding.material.as_bytes(),
    ];
    join(&parts, &mut bytes);
    bytes
}

/// Copies the parts one behind the other, as far as `out` reaches, and returns what they fill; `None` past its end.
fn join<'o>(parts: &[&[u8]], out: &'o mut [u8]) -> Option<&'o [u8]> {
    let mut length = 0usize;
    for part in parts {
        out.get_mut(length..length + part.len())?.copy_from_slice(part);
        length += part.len();
    }
    out.get(..length)
}

/// What the messages of a key are sealed with, made of its material.
pub(crate) fn message_key(backing: &[u8; 32]) -> SealingKey {
    SealingKey::new(backing, LABEL)
}

/// Seals `plaintext` as a blob of the key.
pub(crate) fn seal(
    kind: BlobKind,
    binding: &KeyBinding,
    key: &SealingKey,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, HsmError> {
    if plaintext.is_empty() {
        return Err(HsmError::LengthOutOfRange);
    }
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(HsmError::PlaintextTooLong { max: MAX_PLAINTEXT });
    }
    let header = header_bytes(kind, binding);
    let mut blob = Vec::with_capacity(OVERHEAD + plaintext.len());
    blob.extend_from_slice(&header);
    let salt_nonce = random::salt_nonce();
    with_associated_data(&header, context, |aad| {
        key.seal(salt_nonce, aad, plaintext, &mut blob).map_err(|_| HsmError::Failed)
    })?;
    Ok(blob)
}

/// Opens a blob that must be of this key and this piece of material.
pub(crate) fn open(
    binding: &KeyBinding,
    key: &SealingKey,
    context: &[u8],
    blob: &[u8],
) -> Result<Secret<[u8]>, HsmError> {
    let expected = BlobHeader { account: binding.account, key: binding.key, material: binding.material };
    if blob.len() > OVERHEAD + MAX_PLAINTEXT || header(blob) != Some(expected) {
        return Err(HsmError::InvalidCiphertext);
    }
    open_any(key, context, blob).ok_or(HsmError::InvalidCiphertext)
}

/// Opens a blob with nothing but the key material: for whoever imported it and has no HSM at hand. The account, key id
/// and material id are read from the blob's own header, which its seal covers.
///
/// `material` is the KMS key's 32 bytes, `context` the encryption context in the form of [`crate::context::canonical`].
/// `None` for whatever doesn't open: no blob of ours, changed, of other material, or with another context.
#[must_use]
pub fn open_with_material(material: &[u8; 32], context: &[u8], blob: &[u8]) -> Option<Secret<[u8]>> {
    header(blob)?;
    open_any(&message_key(material), context, blob)
}

fn open_any(key: &SealingKey, context: &[u8], blob: &[u8]) -> Option<Secret<[u8]>> {
    let (header, sealed) = blob.split_first_chunk::<HEADER>()?;
    with_associated_data(header, context, |aad| key.open(aad, sealed))
}

/// Header ‖ context: no length between them, for a header has always the same.
fn with_associated_data<T>(header: &[u8; HEADER], context: &[u8], run: impl FnOnce(&[u8]) -> T) -> T {
    let mut short = [0u8; SHORT];
    if let Some(aad) = join(&[header, context], &mut short) {
        return run(aad);
    }
    run(&[header, context].concat())
}

#[cfg(test)]
mod tests;
