//! Everything that a KMS operation refuses with, and what the caller reads.
//!
//! A variant is one cause; its display is AWS's text, letter for letter. KMS answers all of its own codes with HTTP 400,
//! whatever they would be elsewhere. Causes inside this program say nothing to the caller: the log keeps them.

use sealroom_api::ErrorAnswer;
use sealroom_foundation::{KeyArn, KeyId, Region};
use sealroom_hsm::{HsmError, Origin, Spec, Usage};
use sealroom_store::StoreError;
use thiserror::Error;

pub(crate) use import::ImportError;

use crate::attestation::RecipientError;
use crate::state::StateError;

mod import;

/// Why an operation was refused.
#[derive(Debug, Error)]
pub(crate) enum KmsError {
    // Resolution: nothing is known of a key, so nothing is recorded of one.
    #[error("Invalid keyId '{0}'")]
    InvalidKeyId(String),
    #[error("Invalid arn {0}")]
    ForeignRegion(Region),
    #[error("Key '{0}' does not exist")]
    NoSuchKey(KeyArn),
    #[error("Alias {0} is not found.")]
    NoSuchAlias(String),
    #[error("Key Aliases are not supported for this operation.")]
    AliasForm,

    // Authorization.
    #[error("{0}")]
    AccessDenied(String),
    #[error(
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are \
         not allowed to access."
    )]
    CiphertextDenied,
    #[error("the grant token is not valid")]
    GrantToken,

    // The key: its state, then what it is for.
    #[error("{arn} {state}")]
    State { arn: Box<str>, state: StateError },
    #[error("{arn} key usage is {usage} which is not valid for {operation}.")]
    Usage { arn: Box<str>, usage: Usage, operation: &'static str },
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    #[error("Algorithm {algorithm} is incompatible with key spec {spec}.")]
    Algorithm { algorithm: &'static str, spec: Spec },

    // The request against the key.
    #[error("Message type {kind} is incompatible with key spec {spec}.")]
    MessageType { kind: &'static str, spec: Spec },
    #[error("Message type {kind} is incompatible with algorithm {algorithm}.")]
    MessageTypeOfAlgorithm { kind: &'static str, algorithm: &'static str },
    #[error("Digest is invalid length for algorithm {algorithm}.")]
    DigestLength { algorithm: &'static str },
    #[error("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {max} bytes.")]
    PlaintextTooLong { algorithm: &'static str, spec: Spec, max: usize },
    #[error("Invalid EncryptionContext")]
    Context,
    #[error("EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")]
    ContextOnAsymmetric,
    #[error("KeyId must not be null")]
    KeyIdMissing,
    #[error("SourceKeyId must not be null")]
    SourceKeyIdMissing,
    #[error(
        "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"
    )]
    CiphertextMissing,
    #[error("DryRunModifiers can only be used when DryRun is set.")]
    ModifierWithoutDryRun,
    #[error("Please specify either number of bytes or key spec.")]
    DataKeySize,
    #[error(transparent)]
    Recipient(RecipientError),
    #[error("PendingWindowInDays must be between 7 and 30")]
    WindowRange,
    #[error("the ciphertext does not open")]
    InvalidCiphertext,
    #[error("the signature does not verify")]
    InvalidSignature,
    #[error("The request would have succeeded, but the DryRun option is set.")]
    DryRun,

    // Making keys.
    #[error("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")]
    UsageMissing,
    #[error("KeyUsage {usage} is not compatible with KeySpec {spec}")]
    UsageClash { usage: Usage, spec: Spec },
    #[error(
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."
    )]
    TwoSpecs,
    #[error("{0}")]
    NotServed(String),
    #[error("Too many tags")]
    TooManyTags,
    #[error("Duplicate tag keys")]
    DuplicateTags,
    #[error("Tags beginning with aws: are reserved")]
    ReservedTag,
    #[error("Tag keys and values may hold letters, digits, spaces and _ . : / = + - @")]
    TagCharacters,
    #[error("the key policy is malformed")]
    Policy,
    #[error("Policy contains a statement with one or more invalid principals.")]
    PolicyPrincipal,
    #[error("The new key policy will not allow you to update the key policy in the future.")]
    Lockout,
    #[error("The key policy document is larger than the 32768 bytes that a key policy may have.")]
    PolicySize,

    // Cryptography without ciphertexts.
    #[error("the MAC is not this key's over this message")]
    InvalidMac,
    #[error("a key in a custom key store encrypts no pairs")]
    InKeyStore,
    #[error("the key has no public half")]
    NoPublicKey,
    #[error("the other side's public key is not valid for this key")]
    PeerKey,
    #[error("NumberOfBytes is required.")]
    NumberOfBytes,
    #[error("there is no such custom key store")]
    NoSuchKeyStore,

    // Reading and replacing policies.
    #[error("No such policy exists")]
    NoSuchPolicy,
    #[error("The AWS_RAM policy can only be managed by the RAM service")]
    RamPolicy,
    #[error("Only default policy is supported")]
    PolicyName,

    // Aliases.
    #[error(
        "Alias must start with the prefix \"alias/\". Please see \
         https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
    )]
    AliasPrefix,
    #[error("{0} contains invalid characters for an alias")]
    AliasCharacters(String),
    #[error("names below alias/aws/ are the services' own")]
    ReservedAlias,
    #[error("Aliases must refer to keys. Not aliases")]
    AliasOfAlias,
    #[error("An alias with the name {0} already exists")]
    AliasExists(String),
    #[error("Aliases per key quota for this account in this region is {most}, current usage is {used}.")]
    AliasQuota { most: u32, used: u32 },
    #[error("The KMS key of an alias can only be replaced by one of the same type and with the same key usage.")]
    AliasKind,

    // Rotation.
    #[error("{arn} origin is {origin} which is not valid for this operation.")]
    Origin { arn: Box<str>, origin: Origin },
    #[error("{arn} is a multi-region replica key which is not valid for {operation}.")]
    Replica { arn: Box<str>, operation: &'static str },
    #[error("keys of this kind don't rotate")]
    NotRotated,
    #[error("Input parameter includeKeyMaterial can only be used with symmetric keys.")]
    MaterialOfAsymmetric,
    #[error(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed \
         for this key: {arn}"
    )]
    OnDemandLimit { arn: Box<str> },
    #[error("An automatic rotation of {arn} is in progress or begins within the next 20 minutes.")]
    RotationConflict { arn: Box<str> },
    #[error("No available key material pending rotation for the key: {arn}.")]
    NothingPending { arn: Box<str> },

    // Import.
    #[error(transparent)]
    Import(#[from] ImportError),
    // Multi-Region keys.
    #[error("{arn} is not a multi-region primary key.")]
    NoPrimary { arn: Box<str> },
    #[error("{arn} is not a multi-Region primary key.")]
    NotPrimary { arn: Box<str> },
    #[error("{arn} is not a multi-Region key.")]
    SingleRegion { arn: Box<str> },
    #[error("{0} cannot have a replica because it contains the primary.")]
    RegionOfPrimary(Region),
    #[error("The replica key Region must be in the same AWS partition as the primary key Region.")]
    OtherPartition,
    #[error("Region {0} is not a valid Region or multi-Region keys are not supported in Region {0}.")]
    UnknownRegion(String),
    #[error("You can create only one replica of each primary key in each AWS Region.")]
    ReplicaExists,
    #[error("Replica keys per primary key quota for this account in this region is {most}, current usage is {most}.")]
    ReplicaQuota { most: usize },
    #[error("{0} does not have a replica key in the specified Region.")]
    NoReplicaThere(KeyId),

    // Grants.
    #[error("{0}")]
    GrantForm(&'static str),
    #[error("{0}")]
    GrantPrincipal(String),
    #[error("Retiring principal {0} could not be found")]
    RetiringPrincipal(String),
    #[error(
        "Operations [{refused}] are not supported when creating a grant for {kind} KMS key with key usage {usage}. Valid \
         operations are [{valid}]"
    )]
    GrantOperations { refused: String, kind: &'static str, usage: Usage, valid: String },
    #[error("EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.")]
    ContextConstraint,
    #[error("More than one constraint supplied")]
    TwoConstraints,
    #[error("Grant ID {0} not found")]
    NoSuchGrant(String),
    #[error("the grant id is not of the form of one")]
    GrantIdForm,
    #[error("Grants per key quota for this account in this region is {most}, current usage is {most}.")]
    GrantQuota { most: u32 },

    // Quotas.
    #[error("KMS keys quota for this account in this region is {most}, current usage is {most}.")]
    KeyQuota { most: u32 },
    #[error("You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")]
    Throttled,

    // Lists.
    #[error("the marker is not one of ours")]
    Marker,
    #[error(
        "1 validation error detected: Value '{asked}' at 'limit' failed to satisfy constraint: Member must have value less \
         than or equal to {most}"
    )]
    ListLimit { asked: i32, most: u32 },

    // This program. The caller reads none of it.
    #[error("the store did not answer")]
    Store(#[from] StoreError),
    #[error("the HSM's queue is full")]
    Busy,
    #[error("{0}")]
    Fault(&'static str),
}

/// What the caller of a cryptographic operation learns of the HSM's refusal. The operations look at sizes and
/// algorithms before they ask, so what remains is the ciphertext, or a fault of ours.
impl From<HsmError> for KmsError {
    fn from(error: HsmError) -> Self {
        match error {
            HsmError::InvalidCiphertext => Self::InvalidCiphertext,
            HsmError::Busy => Self::Busy,
            HsmError::NotServed => Self::NotServed("This key spec is not supported by this service.".to_owned()),
            HsmError::InvalidToken => Self::Fault("a key token does not open"),
            HsmError::DigestLength
            | HsmError::PlaintextTooLong { .. }
            | HsmError::NotForThisSpec
            | HsmError::LengthOutOfRange => Self::Fault("the HSM refused what the room had checked"),
            HsmError::InvalidPublicKey | HsmError::InvalidKeyMaterial => {
                Self::Fault("the HSM refused what it was not given")
            }
            HsmError::Failed => Self::Fault("the HSM failed"),
        }
    }
}

impl KmsError {
    /// Whether the operation failed before a key was known: nothing of the request is recorded then (corrections 10.1).
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(
            self,
            Self::InvalidKeyId(_)
                | Self::ForeignRegion(_)
                | Self::NoSuchKey(_)
                | Self::NoSuchAlias(_)
                | Self::AliasForm
        )
    }

    /// Whether the caller was denied, perhaps without being told whether there is such a key.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(self, Self::AccessDenied(_) | Self::CiphertextDenied)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidKeyId(_)
            | Self::ForeignRegion(_)
            | Self::NoSuchKey(_)
            | Self::NoSuchAlias(_)
            | Self::NoSuchGrant(_)
            | Self::NoSuchPolicy
            | Self::RetiringPrincipal(_) => "NotFoundException",
            Self::AliasForm | Self::GrantPrincipal(_) => "InvalidArnException",
            Self::GrantIdForm => "InvalidGrantIdException",
            Self::AccessDenied(_) | Self::CiphertextDenied => "AccessDeniedException",
            Self::GrantToken => "InvalidGrantTokenException",
            Self::State { state: StateError::Disabled, .. } => "DisabledException",
            Self::Import(error) => error.code(),
            Self::State { .. } | Self::NothingPending { .. } | Self::NotPrimary { .. } => "KMSInvalidStateException",
            Self::RotationConflict { .. } => "ConflictException",
            Self::Usage { .. } | Self::Algorithm { .. } => "InvalidKeyUsageException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::MessageType { .. }
            | Self::MessageTypeOfAlgorithm { .. }
            | Self::DigestLength { .. }
            | Self::PlaintextTooLong { .. }
            | Self::Context
            | Self::ContextOnAsymmetric
            | Self::KeyIdMissing
            | Self::SourceKeyIdMissing
            | Self::CiphertextMissing
            | Self::ModifierWithoutDryRun
            | Self::DataKeySize
            | Self::Recipient(_)
            | Self::WindowRange
            | Self::UsageMissing
            | Self::UsageClash { .. }
            | Self::TwoSpecs
            | Self::GrantForm(_)
            | Self::GrantOperations { .. }
            | Self::ContextConstraint
            | Self::TwoConstraints
            | Self::ListLimit { .. }
            | Self::PeerKey
            | Self::RamPolicy
            | Self::MaterialOfAsymmetric
            | Self::AliasPrefix
            | Self::AliasCharacters(_)
            | Self::AliasOfAlias
            | Self::AliasKind
            | Self::RegionOfPrimary(_)
            | Self::OtherPartition
            | Self::UnknownRegion(_)
            | Self::NoReplicaThere(_)
            | Self::NumberOfBytes => "ValidationException",
            // AWS: the documented code is InvalidAliasNameException; this is the one that has been seen.
            Self::ReservedAlias => "NotAuthorizedException",
            Self::AliasExists(_) | Self::ReplicaExists => "AlreadyExistsException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::InvalidSignature => "KMSInvalidSignatureException",
            Self::InvalidMac => "KMSInvalidMacException",
            Self::NoSuchKeyStore => "CustomKeyStoreNotFoundException",
            Self::DryRun => "DryRunOperationException",
            Self::NotServed(_)
            | Self::NoPublicKey
            | Self::InKeyStore
            | Self::PolicyName
            | Self::Origin { .. }
            | Self::Replica { .. }
            | Self::NoPrimary { .. }
            | Self::SingleRegion { .. }
            | Self::NotRotated => "UnsupportedOperationException",
            Self::TooManyTags | Self::DuplicateTags | Self::ReservedTag | Self::TagCharacters => "TagException",
            Self::Policy | Self::PolicyPrincipal | Self::Lockout => "MalformedPolicyDocumentException",
            Self::PolicySize
            | Self::GrantQuota { .. }
            | Self::OnDemandLimit { .. }
            | Self::AliasQuota { .. }
            | Self::KeyQuota { .. }
            | Self::ReplicaQuota { .. } => "LimitExceededException",
            Self::Marker => "InvalidMarkerException",
            Self::Busy | Self::Throttled => "ThrottlingException",
            Self::Store(_) => "ServiceUnavailable",
            Self::Fault(_) => "InternalFailure",
        }
    }

    /// What the caller reads; AWS says nothing for some codes.
    fn message(&self) -> Option<String> {
        match self {
            Self::GrantToken
            | Self::GrantIdForm
            | Self::InvalidCiphertext
            | Self::InvalidSignature
            | Self::InvalidMac
            | Self::NoPublicKey
            | Self::InKeyStore
            | Self::NotRotated
            | Self::Import(ImportError::Token | ImportError::TokenExpired)
            | Self::PeerKey
            | Self::NoSuchKeyStore
            | Self::ReservedAlias
            | Self::Policy
            | Self::Marker => None,
            Self::Busy => Some(
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.".to_owned(),
            ),
            told => Some(told.to_string()),
        }
    }

    /// What the caller gets. Faults are written to the log here, because nobody sees them later.
    pub(crate) fn answer(&self) -> ErrorAnswer {
        match self {
            Self::Store(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "the store did not answer");
                ErrorAnswer::service_unavailable()
            }
            Self::Fault(fault) => {
                tracing::error!(fault, "a fault in kms");
                ErrorAnswer::internal_failure()
            }
            told => ErrorAnswer::sender(told.code(), 400, told.message()),
        }
    }
}
