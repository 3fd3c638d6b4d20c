//! Everything that an STS operation refuses with, and what the caller reads.

use sealroom_api::ErrorAnswer;
use sealroom_api::sts::ErrorCode;
use sealroom_authz::MalformedPolicy;
use sealroom_store::StoreError;
use thiserror::Error;

use crate::iam::document_text;

/// Why an operation was refused.
#[derive(Debug, Error)]
pub(crate) enum StsError {
    #[error("{0}")]
    AccessDenied(String),
    /// AWS: the value alone is told, and that it is invalid.
    #[error("{0} is invalid")]
    Invalid(String),
    #[error("{0}")]
    Validation(&'static str),
    #[error(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must have {what}"
    )]
    Constraint { value: String, at: &'static str, what: String },
    #[error("{0}")]
    Parameter(&'static str),
    #[error("{0}")]
    Document(String),
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    TooLarge(usize),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in this program that can't be.
    #[error("{0}")]
    Fault(&'static str),
}

impl From<MalformedPolicy> for StsError {
    fn from(malformed: MalformedPolicy) -> Self {
        Self::Document(document_text(&malformed))
    }
}

impl StsError {
    /// What the caller is told.
    pub(crate) fn answer(&self) -> ErrorAnswer {
        let text = self.to_string();
        match self {
            Self::AccessDenied(_) => ErrorAnswer::access_denied(text),
            Self::Invalid(_) | Self::Validation(_) | Self::Constraint { .. } => ErrorAnswer::validation(text),
            Self::Parameter(_) => ErrorAnswer::sender("InvalidParameterValue", 400, Some(text)),
            Self::Document(_) => ErrorCode::MalformedPolicyDocumentException.with(text),
            Self::TooLarge(_) => ErrorCode::PackedPolicyTooLargeException.with(text),
            Self::Store(_) => ErrorAnswer::service_unavailable(),
            Self::Fault(what) => {
                tracing::error!(what, "an STS operation failed");
                ErrorAnswer::internal_failure()
            }
        }
    }
}
