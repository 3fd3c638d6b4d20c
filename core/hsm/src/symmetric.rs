//! SYMMETRIC_DEFAULT: blobs under a key per message, and data keys.

use sealroom_crypto::random;
use sealroom_foundation::Secret;

use crate::blob::{self, BlobKind};
use crate::command::{KeyRef, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::{Spec, Usage};
use crate::token;

/// The longest data key, in bytes. AWS: `NumberOfBytes` is 1 to 1,024.
const MAX_DATA_KEY: u16 = 1_024;

fn backing_key(hsm: &Hsm, key: KeyRef<'_>) -> Result<Secret<[u8; 32]>, HsmError> {
    if key.binding.spec != Spec::SymmetricDefault || key.binding.usage != Usage::EncryptDecrypt {
        return Err(HsmError::NotForThisSpec);
    }
    token::open_32(&hsm.domains, key.binding, key.token)
}

pub(crate) fn encrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    context: &[u8],
    plaintext: &[u8],
    kind: BlobKind,
) -> Result<Vec<u8>, HsmError> {
    let backing = backing_key(hsm, key)?;
    blob::seal(kind, key.binding, backing.expose(), context, plaintext)
}

pub(crate) fn decrypt(hsm: &Hsm, key: KeyRef<'_>, context: &[u8], blob: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    let backing = backing_key(hsm, key)?;
    blob::open(key.binding, backing.expose(), context, blob)
}

pub(crate) fn data_key(
    hsm: &Hsm,
    key: KeyRef<'_>,
    context: &[u8],
    bytes: u16,
    reveal: bool,
) -> Result<Reply, HsmError> {
    if bytes == 0 || bytes > MAX_DATA_KEY {
        return Err(HsmError::LengthOutOfRange);
    }
    let backing = backing_key(hsm, key)?;
    let plaintext = Secret::filled_slice(usize::from(bytes), random::fill);
    let ciphertext = blob::seal(BlobKind::DataKey, key.binding, backing.expose(), context, plaintext.expose())?;
    Ok(Reply::DataKey { plaintext: reveal.then_some(plaintext), ciphertext })
}
