//! AWS's names between the two rooms that spell them: the wire's enums and the HSM's.
//!
//! Both come from the same model, so a name that one has and the other lacks is a fault, not an input.

use std::str::FromStr;

use sealroom_api::Enumeration;
use sealroom_api::kms::EncryptionAlgorithmSpec;
use sealroom_hsm::EncryptionAlgorithm;

use crate::error::KmsError;

/// The HSM's word for one of the wire's.
///
/// # Errors
/// A fault, when the HSM has no such word.
pub(crate) fn inward<H: FromStr>(wire: impl Enumeration) -> Result<H, KmsError> {
    wire.as_str().parse().map_err(|_| KmsError::Fault("the HSM lacks a name of the model"))
}

/// The wire's word for one of ours; `None`, which leaves the member out, can't happen.
pub(crate) fn outward<W: Enumeration>(ours: &str) -> Option<W> {
    W::from_text(ours)
}

/// The wire's words for a list of ours.
pub(crate) fn outward_all<'t, W: Enumeration>(ours: impl IntoIterator<Item = &'t str>) -> Option<Vec<W>> {
    ours.into_iter().map(W::from_text).collect()
}

/// The encryption algorithm that was asked for, or AWS's default. Spelt out, for it stands on the hottest path.
pub(crate) fn encryption(asked: Option<EncryptionAlgorithmSpec>) -> (EncryptionAlgorithmSpec, EncryptionAlgorithm) {
    let wire = asked.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault);
    let ours = match wire {
        EncryptionAlgorithmSpec::SymmetricDefault => EncryptionAlgorithm::SymmetricDefault,
        EncryptionAlgorithmSpec::RsaesOaepSha1 => EncryptionAlgorithm::RsaesOaepSha1,
        EncryptionAlgorithmSpec::RsaesOaepSha256 => EncryptionAlgorithm::RsaesOaepSha256,
        EncryptionAlgorithmSpec::Sm2pke => EncryptionAlgorithm::Sm2Pke,
    };
    (wire, ours)
}
