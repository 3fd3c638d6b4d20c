//! What the cryptographic operations check alike, after the decision and before the HSM: state, usage, algorithm,
//! context, size, in this order.

use std::collections::BTreeMap;

use sealroom_authz::Allowed;
use sealroom_hsm::{EncryptionAlgorithm, HsmError, KeyRef, Reply, Spec, Usage, context};

use crate::error::KmsError;
use crate::record::{KeyRecord, UnlockError};
use crate::spec;

/// What a wrong usage reads like: Decrypt and ReEncrypt's source say that the key can't have made the blob.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WrongUsage {
    /// `... key usage is ... which is not valid for <operation>.`
    NotValidFor(&'static str),
    /// `The key ID in the request does not identify a CMK that can perform this operation.`
    IncorrectKey,
}

/// Unlocks the current material of a key for `usage`.
pub(crate) fn unlock<'a>(
    record: &'a KeyRecord,
    allowed: &Allowed<'_>,
    usage: Usage,
    wrong: WrongUsage,
) -> Result<KeyRef<'a>, KmsError> {
    record.unlock(allowed, usage).map_err(|error| locked(record, error, wrong))
}

/// The answer to what keeps a key locked.
pub(crate) fn locked(record: &KeyRecord, error: UnlockError, wrong: WrongUsage) -> KmsError {
    match (error, wrong) {
        (UnlockError::OtherResource, _) => KmsError::Fault("a decision for one key was used for another"),
        (UnlockError::State(state), _) => KmsError::State { arn: record.arn_text().into(), state },
        (UnlockError::Usage(_), WrongUsage::IncorrectKey) => KmsError::IncorrectKey,
        (UnlockError::Usage(usage), WrongUsage::NotValidFor(operation)) => {
            KmsError::Usage { arn: record.arn_text().into(), usage, operation }
        }
    }
}

/// Whether a key of `spec` encrypts with `algorithm`.
pub(crate) fn encrypts_with(spec: Spec, algorithm: EncryptionAlgorithm) -> Result<(), KmsError> {
    if spec::encryption_algorithms(spec).contains(&algorithm) {
        return Ok(());
    }
    Err(KmsError::Algorithm { algorithm: algorithm.as_str(), spec })
}

/// The canonical form of an encryption context, which asymmetric keys don't take. An empty map is none.
pub(crate) fn canonical(spec: Spec, pairs: Option<&BTreeMap<String, String>>) -> Result<Vec<u8>, KmsError> {
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else { return Ok(Vec::new()) };
    if spec != Spec::SymmetricDefault {
        return Err(KmsError::ContextOnAsymmetric);
    }
    context::canonical(pairs).map_err(|_| KmsError::Context)
}

/// Whether a plaintext of `length` bytes fits.
pub(crate) fn fits(spec: Spec, algorithm: EncryptionAlgorithm, length: usize) -> Result<(), KmsError> {
    match spec::longest_plaintext(spec, algorithm) {
        Some(max) if length > max => Err(too_long(spec, algorithm, max)),
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn too_long(spec: Spec, algorithm: EncryptionAlgorithm, max: usize) -> KmsError {
    KmsError::PlaintextTooLong { algorithm: algorithm.as_str(), spec, max }
}

/// A dry run that got here would have succeeded.
pub(crate) fn unless_dry_run(dry_run: Option<bool>) -> Result<(), KmsError> {
    if dry_run == Some(true) { Err(KmsError::DryRun) } else { Ok(()) }
}

/// The HSM answered with something else than the command's reply.
pub(crate) fn unexpected(_reply: Reply) -> KmsError {
    KmsError::Fault("the HSM gave another reply than the command's")
}

/// For commands that opened a ciphertext and then encrypt what was in it.
pub(crate) fn re_encryption_error(error: HsmError, spec: Spec, algorithm: EncryptionAlgorithm) -> KmsError {
    match error {
        HsmError::PlaintextTooLong { max } => too_long(spec, algorithm, max),
        other => other.into(),
    }
}
