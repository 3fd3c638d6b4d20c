//! SYMMETRIC_DEFAULT: blobs under a key per message, and data keys.

use std::sync::Arc;

use sealroom_crypto::envelope::SealingKey;
use sealroom_crypto::random;
use sealroom_foundation::Secret;

use crate::blob::{self, BlobKind};
use crate::command::{KeyRef, Release, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::{Spec, Usage};
use crate::{recipient, token};

/// The longest data key, in bytes. AWS: `NumberOfBytes` is 1 to 1,024.
const MAX_DATA_KEY: u16 = 1_024;

/// How many keys are kept open, at 400 bytes each: as many as the service keeps records of in memory, so that a call
/// costs the same however many keys there are.
pub(crate) const KEPT: usize = 100_000;

/// What messages under the key are sealed with.
fn message_key(hsm: &Hsm, key: KeyRef<'_>) -> Result<Arc<SealingKey>, HsmError> {
    if key.binding.spec != Spec::SymmetricDefault || key.binding.usage != Usage::EncryptDecrypt {
        return Err(HsmError::NotForThisSpec);
    }
    let open = || Ok(blob::message_key(token::open_32(&hsm.domains, key.binding, key.token)?.expose()));
    hsm.message_keys.get_or_load(key, open)
}

pub(crate) fn encrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    context: &[u8],
    plaintext: &[u8],
    kind: BlobKind,
) -> Result<Vec<u8>, HsmError> {
    blob::seal(kind, key.binding, &*message_key(hsm, key)?, context, plaintext)
}

pub(crate) fn decrypt(hsm: &Hsm, key: KeyRef<'_>, context: &[u8], blob: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    blob::open(key.binding, &*message_key(hsm, key)?, context, blob)
}

pub(crate) fn data_key(
    hsm: &Hsm,
    key: KeyRef<'_>,
    context: &[u8],
    bytes: u16,
    release: Option<Release<'_>>,
) -> Result<Reply, HsmError> {
    if bytes == 0 || bytes > MAX_DATA_KEY {
        return Err(HsmError::LengthOutOfRange);
    }
    let sealing = message_key(hsm, key)?;
    let plaintext = Secret::filled_slice(usize::from(bytes), random::fill);
    let ciphertext = blob::seal(BlobKind::DataKey, key.binding, &sealing, context, plaintext.expose())?;
    let plaintext = release.map(|release| recipient::release(plaintext, release)).transpose()?;
    Ok(Reply::DataKey { plaintext, ciphertext })
}
