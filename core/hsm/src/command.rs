//! The closed list of what the HSM does, and what it answers.
//!
//! Every command of the 56 operations is here, served yet or not: one that isn't answers [`HsmError::NotServed`].

use std::fmt;

use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use crate::algorithm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm};
use crate::binding::KeyBinding;
use crate::blob::BlobKind;
use crate::spec::{Origin, Spec, Usage};
use crate::token::KeyToken;

#[expect(unused_imports, reason = "for the links of the documentation")]
use crate::error::HsmError;

mod cost;

pub use cost::Cost;

/// A key as a command names it: the token, and what the token must be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    /// What the token must be bound to.
    pub binding: &'a KeyBinding,
    /// The encrypted key.
    pub token: &'a KeyToken,
}

/// What is signed: AWS's `MessageType` with the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The message; the HSM hashes it.
    Raw(&'a [u8]),
    /// The message's digest.
    Digest(&'a [u8]),
    /// ML-DSA's external µ (FIPS 204, 6.2): 64 bytes.
    ExternalMu(&'a [u8]),
}

/// In which form a plaintext leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release<'a> {
    /// As it is.
    Plain,
    /// Enveloped for whoever holds the private half of this RSA key of 2,048 bits or more, DER `SubjectPublicKeyInfo`.
    /// [`HsmError::InvalidPublicKey`] when it is none.
    To(&'a [u8]),
}

/// What the HSM can be asked. Contexts are in the form of [`crate::context::canonical`].
///
/// It borrows plaintexts, so its `Debug` shows the name of the command and nothing of its content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Makes a key. Answers [`Reply::Key`].
    GenerateKey {
        /// Who owns it.
        account: AccountId,
        /// Its id.
        key: KeyId,
        /// What it is made of.
        spec: Spec,
        /// What it may do.
        usage: Usage,
        /// Where it comes from; for the binding.
        origin: Origin,
    },
    /// Makes a pair that key material is wrapped under for import. Answers [`Reply::Key`], whose token opens for
    /// [`Command::Import`] only, with the binding [`KeyBinding::of_wrapping_key`].
    WrappingKey {
        /// Who owns the key that is imported into.
        account: AccountId,
        /// The key that is imported into.
        key: KeyId,
        /// RSA, or SM2; else [`HsmError::NotForThisSpec`].
        spec: Spec,
    },
    /// Unwraps imported key material. Answers [`Reply::Key`]; its material id is the same whenever the same material is
    /// imported into the same key, and another for other material. The origin in the binding is [`Origin::External`].
    ///
    /// [`HsmError::NotForThisSpec`] for what [`WrappingAlgorithm::suits`] refuses, [`HsmError::InvalidToken`] for a
    /// wrapping pair of another key, [`HsmError::InvalidKeyMaterial`] for whatever else doesn't come in.
    Import {
        /// Who owns the key.
        account: AccountId,
        /// The key.
        key: KeyId,
        /// What it is made of.
        spec: Spec,
        /// What it may do.
        usage: Usage,
        /// The wrapping pair, with the binding [`KeyBinding::of_wrapping_key`].
        wrapping: KeyRef<'a>,
        /// How it is wrapped.
        algorithm: WrappingAlgorithm,
        /// The wrapped material.
        wrapped: &'a [u8],
    },
    /// Encrypts. Answers [`Reply::Ciphertext`].
    Encrypt {
        /// The key.
        key: KeyRef<'a>,
        /// How.
        algorithm: EncryptionAlgorithm,
        /// The encryption context; empty for asymmetric keys.
        context: &'a [u8],
        /// 1 byte to 1 MiB (symmetric), to 1,024 bytes (SM2), or what RSA takes.
        plaintext: &'a [u8],
        /// What kind of blob a symmetric ciphertext is.
        kind: BlobKind,
    },
    /// Decrypts. Answers [`Reply::Plaintext`].
    Decrypt {
        /// The key.
        key: KeyRef<'a>,
        /// How.
        algorithm: EncryptionAlgorithm,
        /// The encryption context.
        context: &'a [u8],
        /// The ciphertext.
        ciphertext: &'a [u8],
        /// How the plaintext leaves.
        release: Release<'a>,
    },
    /// Decrypts and encrypts under another key; the plaintext doesn't leave. Answers [`Reply::Ciphertext`].
    ReEncrypt {
        /// The key that opens.
        from: KeyRef<'a>,
        /// How.
        from_algorithm: EncryptionAlgorithm,
        /// The context of the old ciphertext.
        from_context: &'a [u8],
        /// The old ciphertext.
        ciphertext: &'a [u8],
        /// The key that encrypts.
        to: KeyRef<'a>,
        /// How.
        to_algorithm: EncryptionAlgorithm,
        /// The context of the new ciphertext.
        to_context: &'a [u8],
    },
    /// Makes a data key. Answers [`Reply::DataKey`].
    DataKey {
        /// The symmetric key that encrypts it.
        key: KeyRef<'a>,
        /// The encryption context.
        context: &'a [u8],
        /// 1 to 1,024.
        bytes: u16,
        /// How the plaintext leaves, if it does.
        release: Option<Release<'a>>,
    },
    /// Makes a key pair for use outside. Answers [`Reply::DataKeyPair`]; [`HsmError::NotForThisSpec`] for ML-DSA and for
    /// what is no pair.
    DataKeyPair {
        /// The symmetric key that encrypts the private half.
        key: KeyRef<'a>,
        /// The encryption context.
        context: &'a [u8],
        /// The pair's spec.
        spec: Spec,
        /// How the private half leaves, if it does.
        release: Option<Release<'a>>,
    },
    /// Signs. Answers [`Reply::Signature`].
    Sign {
        /// The key.
        key: KeyRef<'a>,
        /// How.
        algorithm: SigningAlgorithm,
        /// What.
        message: Message<'a>,
    },
    /// Checks a signature. Answers [`Reply::Verified`].
    Verify {
        /// The key.
        key: KeyRef<'a>,
        /// How it was signed.
        algorithm: SigningAlgorithm,
        /// What was signed.
        message: Message<'a>,
        /// The signature.
        signature: &'a [u8],
    },
    /// Computes an HMAC. Answers [`Reply::Mac`].
    Mac {
        /// The key.
        key: KeyRef<'a>,
        /// How.
        algorithm: MacAlgorithm,
        /// Of what.
        message: &'a [u8],
    },
    /// Checks an HMAC. Answers [`Reply::Verified`].
    VerifyMac {
        /// The key.
        key: KeyRef<'a>,
        /// How.
        algorithm: MacAlgorithm,
        /// Of what.
        message: &'a [u8],
        /// The HMAC to check.
        mac: &'a [u8],
    },
    /// Agrees on a secret with another's public key. Answers [`Reply::Plaintext`]: the raw x coordinate, 32, 48 or 66
    /// bytes. [`HsmError::InvalidPublicKey`] for a key of another curve or form, or a point off the curve.
    Agree {
        /// Our key.
        key: KeyRef<'a>,
        /// How.
        algorithm: AgreementAlgorithm,
        /// Their public key, DER `SubjectPublicKeyInfo` of the same named curve, its point uncompressed or compressed.
        peer: &'a [u8],
        /// How the secret leaves.
        release: Release<'a>,
    },
    /// Makes a shared secret of 32 bytes and encapsulates it. Answers [`Reply::Encapsulated`].
    Encapsulate {
        /// The key.
        key: KeyRef<'a>,
    },
    /// Opens an encapsulated secret. Answers [`Reply::Plaintext`]; [`HsmError::InvalidCiphertext`] for a ciphertext of
    /// another length. A tampered one is no error: it gives another secret (FIPS 203, implicit rejection).
    Decapsulate {
        /// The key.
        key: KeyRef<'a>,
        /// What was encapsulated.
        ciphertext: &'a [u8],
    },
    /// The public half of a pair. Answers [`Reply::PublicKey`].
    PublicKey {
        /// The key.
        key: KeyRef<'a>,
    },
    /// Random bytes for a caller. Answers [`Reply::Random`].
    Random {
        /// 1 to 1,024.
        bytes: u16,
        /// How they leave.
        release: Release<'a>,
    },
    /// Checks a signature of somebody whose certificate leads to a root. Answers [`Reply::Verified`]. There is no key of
    /// ours in it; it is here because it takes as long as the dear commands. See `crypto::certificate` for what is good.
    VerifyCertified {
        /// The roots, DER.
        roots: &'a [&'a [u8]],
        /// The certificate of who signed, DER.
        leaf: &'a [u8],
        /// The certificates between, DER, in any order.
        issuers: &'a [&'a [u8]],
        /// When all certificates must be valid, in seconds of the Unix epoch.
        at: u64,
        /// What was signed.
        message: &'a [u8],
        /// The signature, r ‖ s.
        signature: &'a [u8],
    },
    /// Seals the token anew under the newest domain key; its binding stays. Answers [`Reply::Token`].
    Rewrap {
        /// The key.
        key: KeyRef<'a>,
    },
    /// Drops what is kept ready of a destroyed key. Answers [`Reply::Done`].
    Forget {
        /// The digest of its token ([`KeyToken::digest`]).
        token: [u8; 32],
    },
}

impl Command<'_> {
    /// The variant's name, for logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::GenerateKey { .. } => "GenerateKey",
            Self::WrappingKey { .. } => "WrappingKey",
            Self::Import { .. } => "Import",
            Self::Encrypt { .. } => "Encrypt",
            Self::Decrypt { .. } => "Decrypt",
            Self::ReEncrypt { .. } => "ReEncrypt",
            Self::DataKey { .. } => "DataKey",
            Self::DataKeyPair { .. } => "DataKeyPair",
            Self::Sign { .. } => "Sign",
            Self::Verify { .. } => "Verify",
            Self::Mac { .. } => "Mac",
            Self::VerifyMac { .. } => "VerifyMac",
            Self::Agree { .. } => "Agree",
            Self::Encapsulate { .. } => "Encapsulate",
            Self::Decapsulate { .. } => "Decapsulate",
            Self::PublicKey { .. } => "PublicKey",
            Self::Random { .. } => "Random",
            Self::VerifyCertified { .. } => "VerifyCertified",
            Self::Rewrap { .. } => "Rewrap",
            Self::Forget { .. } => "Forget",
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw(_) => "Raw(..)",
            Self::Digest(_) => "Digest(..)",
            Self::ExternalMu(_) => "ExternalMu(..)",
        })
    }
}

/// A plaintext in the form in which it was to leave.
#[derive(Debug)]
pub enum Released {
    /// As it is.
    Plain(Secret<[u8]>),
    /// For a recipient alone: CMS `EnvelopedData` (RFC 5652).
    Enveloped(Vec<u8>),
}

/// What the HSM answers.
#[derive(Debug)]
pub enum Reply {
    /// A new key.
    Key {
        /// The id of its material.
        material: MaterialId,
        /// The encrypted key.
        token: KeyToken,
        /// Its public half, DER `SubjectPublicKeyInfo`, if it is a pair.
        public: Option<Vec<u8>>,
    },
    /// A ciphertext.
    Ciphertext(Vec<u8>),
    /// A plaintext or a shared secret.
    Plaintext(Released),
    /// A data key.
    DataKey {
        /// The key, if it was to be released.
        plaintext: Option<Released>,
        /// The encrypted key.
        ciphertext: Vec<u8>,
    },
    /// A key pair for use outside.
    DataKeyPair {
        /// DER `SubjectPublicKeyInfo`.
        public: Vec<u8>,
        /// PKCS#8 version 1, if it was to be released; ML-KEM's in seed form.
        plaintext: Option<Released>,
        /// The encrypted PKCS#8.
        ciphertext: Vec<u8>,
    },
    /// A signature: DER for ECDSA, as long as the modulus for RSA, else as long as the algorithm has it.
    Signature(Vec<u8>),
    /// Whether a signature or an HMAC is right.
    Verified(bool),
    /// An HMAC.
    Mac(Vec<u8>),
    /// An encapsulated secret.
    Encapsulated {
        /// The shared secret.
        secret: Secret<[u8]>,
        /// What the other side opens.
        ciphertext: Vec<u8>,
    },
    /// DER `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
    /// Random bytes.
    Random(Released),
    /// A token sealed anew.
    Token(KeyToken),
    /// Done; there is nothing to say.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let (key, bytes) = (KeyId::from_bytes(false, [1; 16]), 7);
        let (account, spec) = (AccountId::platform(), Spec::Rsa2048);
        assert_eq!(format!("{:?}", Command::WrappingKey { account, key, spec }), "WrappingKey");
        assert_eq!(format!("{:?}", Command::Random { bytes, release: Release::Plain }), "Random");
        assert_eq!(format!("{:?}", Message::Raw(b"secret")), "Raw(..)");
    }
}
