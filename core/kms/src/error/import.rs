//! What the import of key material is refused with.

use sealroom_foundation::MaterialId;
use sealroom_hsm::{Spec, WrappingAlgorithm};
use thiserror::Error;

/// Why material doesn't come in, or isn't deleted.
#[derive(Debug, Error)]
pub(crate) enum ImportError {
    #[error("Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to import a {spec} key.")]
    Wrapping { algorithm: WrappingAlgorithm, wrapping: Spec, spec: Spec },
    #[error("the import token does not open")]
    Token,
    #[error("the import token is older than a day")]
    TokenExpired,
    #[error("Input parameter {member} cannot be used with {spec} imported keys.")]
    OnlySymmetric { member: &'static str, spec: Spec },
    #[error("Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.")]
    IdOfNewMaterial,
    /// What is wrong with when the material expires, in AWS's words.
    #[error("{0}")]
    ValidTo(&'static str),
    #[error("Key material (id: {id}) has never been imported into KMS key {arn}.")]
    NeverImported { id: String, arn: Box<str> },
    #[error("Imported key material does not have the expected identifier ({expected}).")]
    UnexpectedMaterial { expected: MaterialId },
    #[error("Key material (id: {id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn}.")]
    KnownMaterial { id: MaterialId, arn: Box<str> },
    #[error("Key material (id: {id}) being imported as EXISTING_KEY_MATERIAL is not associated with KMS key {arn}.")]
    UnknownMaterial { id: MaterialId, arn: Box<str> },
    #[error(
        "New key material (id: {id}) cannot be imported into KMS key {arn}, because another key material (id: {pending}) \
         is pending rotation."
    )]
    SecondPending { id: MaterialId, pending: MaterialId, arn: Box<str> },
}

impl ImportError {
    /// AWS's code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Token => "InvalidImportTokenException",
            Self::TokenExpired => "ExpiredImportTokenException",
            Self::UnexpectedMaterial { .. } | Self::KnownMaterial { .. } | Self::UnknownMaterial { .. } => {
                "IncorrectKeyMaterialException"
            }
            Self::SecondPending { .. } => "KMSInvalidStateException",
            Self::Wrapping { .. }
            | Self::OnlySymmetric { .. }
            | Self::IdOfNewMaterial
            | Self::ValidTo(_)
            | Self::NeverImported { .. } => "ValidationException",
        }
    }
}
