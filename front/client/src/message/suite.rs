//! Algorithm suites, as numbers in a header and as what they stand for.
//!
//! AWS: <https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/algorithms-reference.html>

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::ec::Curve;

use super::MessageError;

/// Whether messages without key commitment are opened. What is made always has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentPolicy {
    /// No: the SDKs' default.
    RequireEncryptRequireDecrypt,
    /// Yes, for messages from before key commitment.
    RequireEncryptAllowDecrypt,
}

/// One algorithm suite: AES-GCM, a way to derive its key, and perhaps a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    id: u16,
    key_bytes: usize,
    pub(super) derivation: Derivation,
    pub(super) curve: Option<Curve>,
}

/// How the message's key comes from the data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derivation {
    /// It is the data key.
    None,
    /// HKDF with this hash; info is the suite's number and the message id.
    Hkdf(DigestAlg),
    /// HKDF-SHA-512 with the message id as salt, once for the key and once for the commitment to it.
    Committing,
}

const fn suite(id: u16, key_bytes: usize, derivation: Derivation, curve: Option<Curve>) -> Suite {
    Suite { id, key_bytes, derivation, curve }
}

const SUITES: [Suite; 11] = [
    Suite::UNSIGNED,
    Suite::SIGNED,
    suite(0x0014, 16, Derivation::None, None),
    suite(0x0046, 24, Derivation::None, None),
    suite(0x0078, 32, Derivation::None, None),
    suite(0x0114, 16, Derivation::Hkdf(DigestAlg::Sha256), None),
    suite(0x0146, 24, Derivation::Hkdf(DigestAlg::Sha256), None),
    suite(0x0178, 32, Derivation::Hkdf(DigestAlg::Sha256), None),
    suite(0x0214, 16, Derivation::Hkdf(DigestAlg::Sha256), Some(Curve::P256)),
    suite(0x0346, 24, Derivation::Hkdf(DigestAlg::Sha384), Some(Curve::P384)),
    suite(0x0378, 32, Derivation::Hkdf(DigestAlg::Sha384), Some(Curve::P384)),
];

impl Suite {
    /// `AES_256_GCM_HKDF_SHA512_COMMIT_KEY`.
    pub const UNSIGNED: Self = suite(0x0478, 32, Derivation::Committing, None);
    /// `AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384`, the SDKs' default.
    pub const SIGNED: Self = suite(0x0578, 32, Derivation::Committing, Some(Curve::P384));

    /// The suite of a number.
    ///
    /// # Errors
    /// [`MessageError::UnknownSuite`].
    pub fn from_id(id: u16) -> Result<Self, MessageError> {
        SUITES.into_iter().find(|suite| suite.id == id).ok_or(MessageError::UnknownSuite(id))
    }

    /// The number.
    #[must_use]
    pub fn id(self) -> u16 {
        self.id
    }

    /// How long a data key is, in bytes.
    #[must_use]
    pub fn key_bytes(self) -> usize {
        self.key_bytes
    }

    /// Whether a message commits to its key. Such messages are of version 2, the others of version 1.
    #[must_use]
    pub fn commits(self) -> bool {
        self.derivation == Derivation::Committing
    }

    /// Whether a message ends with a signature.
    #[must_use]
    pub fn signs(self) -> bool {
        self.curve.is_some()
    }
}
