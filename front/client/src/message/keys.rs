//! From the data key to the message's cipher, and the commitment to the data key.

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::gcm::GcmKey;
use sealroom_crypto::hkdf::hkdf;
use sealroom_foundation::Secret;

use super::MessageError;
use super::suite::{Derivation, Suite};

/// Bytes of a commitment.
pub(super) const COMMITMENT: usize = 32;

const KEY_LABEL: &[u8] = b"DERIVEKEY";
const COMMITMENT_LABEL: &[u8] = b"COMMITKEY";

/// What a message is encrypted with, and what its header must hold as commitment (suites that commit).
pub(super) struct MessageKeys {
    pub(super) cipher: GcmKey,
    pub(super) commitment: Option<[u8; COMMITMENT]>,
}

/// Derives both.
///
/// # Errors
/// [`MessageError::Broken`] for a data key of another length than the suite's, [`MessageError::Crypto`].
pub(super) fn derive(suite: Suite, message_id: &[u8], data_key: &Secret<[u8]>) -> Result<MessageKeys, MessageError> {
    if data_key.len() != suite.key_bytes() {
        return Err(MessageError::Broken);
    }
    let id = suite.id().to_be_bytes();
    let derived = |hash, salt: &[u8], info: &[&[u8]]| {
        let mut made = Ok(());
        let key = Secret::filled_slice(suite.key_bytes(), |out| {
            made = hkdf(hash, salt, data_key.expose(), &info.concat(), out);
        });
        made.map(|()| key)
    };
    let mut commitment = None;
    let key = match suite.derivation {
        Derivation::None => Secret::copy_of(data_key.expose()),
        Derivation::Hkdf(hash) => derived(hash, b"", &[&id, message_id])?,
        Derivation::Committing => {
            let mut out = [0u8; COMMITMENT];
            hkdf(DigestAlg::Sha512, message_id, data_key.expose(), COMMITMENT_LABEL, &mut out)?;
            commitment = Some(out);
            derived(DigestAlg::Sha512, message_id, &[&id, KEY_LABEL])?
        }
    };
    let cipher = GcmKey::new(key.expose()).ok_or(MessageError::Broken)?;
    Ok(MessageKeys { cipher, commitment })
}
