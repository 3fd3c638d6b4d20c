//! Which operations a grant gives, and which of them a key can do at all.

use sealroom_api::Enumeration;
use sealroom_api::kms::GrantOperation;
use sealroom_hsm::{Spec, Usage};

use crate::error::KmsError;

/// A set of operations, in the order of the model's list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Operations(Box<[GrantOperation]>);

impl Operations {
    /// The set of what is listed; an operation that is listed twice is in it once.
    #[must_use]
    pub fn of(listed: &[GrantOperation]) -> Self {
        Self(GrantOperation::ALL.iter().copied().filter(|operation| listed.contains(operation)).collect())
    }

    /// Whether `operation` is one of them.
    #[must_use]
    pub fn contains(&self, operation: GrantOperation) -> bool {
        self.0.contains(&operation)
    }

    /// Whether `other` has all of these.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|operation| other.contains(*operation))
    }

    /// The operations.
    #[must_use]
    pub fn as_slice(&self) -> &[GrantOperation] {
        &self.0
    }

    /// Whether a key of `spec` for `usage` can do all of them.
    ///
    /// # Errors
    /// AWS's text, with the operations that it can't do.
    pub(crate) fn fit(&self, spec: Spec, usage: Usage) -> Result<(), KmsError> {
        if self.0.is_empty() {
            return Err(KmsError::GrantForm("Operations must name at least one operation."));
        }
        let valid = of_keys(spec, usage);
        let refused: Vec<&str> = self.0.iter().filter(|op| !valid.contains(op)).map(|op| op.as_str()).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let valid: Vec<&str> = valid.iter().map(|op| op.as_str()).collect();
        let kind = if is_symmetric(spec) { "a symmetric" } else { "an asymmetric" };
        Err(KmsError::GrantOperations { refused: refused.join(", "), kind, usage, valid: valid.join(", ") })
    }
}

/// What AWS calls symmetric: keys without a public half.
fn is_symmetric(spec: Spec) -> bool {
    matches!(spec, Spec::SymmetricDefault | Spec::Hmac224 | Spec::Hmac256 | Spec::Hmac384 | Spec::Hmac512)
}

/// The operations that a grant on such a key may give, as AWS orders them where that is recorded.
pub(crate) fn of_keys(spec: Spec, usage: Usage) -> &'static [GrantOperation] {
    use GrantOperation as Op;
    match usage {
        Usage::EncryptDecrypt if spec == Spec::SymmetricDefault => &[
            Op::CreateGrant,
            Op::RetireGrant,
            Op::DescribeKey,
            Op::Encrypt,
            Op::Decrypt,
            Op::ReEncryptFrom,
            Op::ReEncryptTo,
            Op::GenerateDataKey,
            Op::GenerateDataKeyWithoutPlaintext,
            Op::GenerateDataKeyPair,
            Op::GenerateDataKeyPairWithoutPlaintext,
        ],
        Usage::EncryptDecrypt => &[
            Op::CreateGrant,
            Op::RetireGrant,
            Op::DescribeKey,
            Op::GetPublicKey,
            Op::Encrypt,
            Op::Decrypt,
            Op::ReEncryptFrom,
            Op::ReEncryptTo,
        ],
        Usage::SignVerify => {
            &[Op::CreateGrant, Op::RetireGrant, Op::DescribeKey, Op::GetPublicKey, Op::Sign, Op::Verify]
        }
        Usage::GenerateVerifyMac => {
            &[Op::CreateGrant, Op::RetireGrant, Op::DescribeKey, Op::GenerateMac, Op::VerifyMac]
        }
        Usage::KeyAgreement => {
            &[Op::CreateGrant, Op::RetireGrant, Op::DescribeKey, Op::GetPublicKey, Op::DeriveSharedSecret]
        }
        Usage::EncapsulateDecapsulate => {
            &[Op::CreateGrant, Op::RetireGrant, Op::DescribeKey, Op::GetPublicKey, Op::Encapsulate, Op::Decapsulate]
        }
    }
}
