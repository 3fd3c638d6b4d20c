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
        /// Whether the answer shows the plaintext.
        reveal: bool,
    },
    /// Makes a key pair for use outside. Answers [`Reply::DataKeyPair`].
    DataKeyPair {
        /// The symmetric key that encrypts the private half.
        key: KeyRef<'a>,
        /// The encryption context.
        context: &'a [u8],
        /// The pair's spec.
        spec: Spec,
        /// Whether the answer shows the private half.
        reveal: bool,
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
    /// Agrees on a secret with another's public key. Answers [`Reply::Plaintext`].
    Agree {
        /// Our key.
        key: KeyRef<'a>,
        /// How.
        algorithm: AgreementAlgorithm,
        /// Their public key, DER `SubjectPublicKeyInfo`.
        peer: &'a [u8],
    },
    /// Makes a shared secret and encapsulates it. Answers [`Reply::Encapsulated`].
    Encapsulate {
        /// The key.
        key: KeyRef<'a>,
    },
    /// Opens an encapsulated secret. Answers [`Reply::Plaintext`].
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

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Microseconds: on the calling thread.
    Inline,
    /// Up to a second: on a thread of the pool.
    Pool,
}

impl Command<'_> {
    /// Where the command belongs: symmetric keys, MACs, P-256 and RSA's public half cost microseconds (RSA-4096 Verify
    /// 61 µs), the other curves, RSA's private half and all of SM2 (Encrypt 465 µs) up to a second.
    #[must_use]
    pub fn cost(&self) -> Cost {
        match self {
            Self::GenerateKey { spec, .. } | Self::DataKeyPair { spec, .. } => cost_of_private(*spec),
            Self::WrappingKey { .. } | Self::Import { .. } => Cost::Pool,
            Self::ReEncrypt { to, .. } if to.binding.spec == Spec::Sm2 => Cost::Pool,
            Self::Decrypt { key, .. } | Self::ReEncrypt { from: key, .. } | Self::Sign { key, .. } => {
                cost_of_private(key.binding.spec)
            }
            Self::Encrypt { key, .. } if key.binding.spec == Spec::Sm2 => Cost::Pool,
            Self::Agree { key, .. } | Self::Encapsulate { key } | Self::Decapsulate { key, .. } => {
                cost_of_private(key.binding.spec)
            }
            Self::Verify { key, .. } if key.binding.spec.rsa_bits().is_none() => cost_of_private(key.binding.spec),
            Self::Verify { .. }
            | Self::Encrypt { .. }
            | Self::DataKey { .. }
            | Self::Mac { .. }
            | Self::VerifyMac { .. }
            | Self::PublicKey { .. }
            | Self::Random { .. }
            | Self::Rewrap { .. }
            | Self::Forget { .. } => Cost::Inline,
        }
    }
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

fn cost_of_private(spec: Spec) -> Cost {
    if spec.is_asymmetric() && !matches!(spec, Spec::EccNistP256 | Spec::EccNistEdwards25519) {
        return Cost::Pool;
    }
    Cost::Inline
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
    Plaintext(Secret<[u8]>),
    /// A data key.
    DataKey {
        /// The key, if it was to be revealed.
        plaintext: Option<Secret<[u8]>>,
        /// The encrypted key.
        ciphertext: Vec<u8>,
    },
    /// A key pair for use outside.
    DataKeyPair {
        /// DER `SubjectPublicKeyInfo`.
        public: Vec<u8>,
        /// PKCS#8, if it was to be revealed.
        plaintext: Option<Secret<[u8]>>,
        /// The encrypted PKCS#8.
        ciphertext: Vec<u8>,
    },
    /// A signature: DER for ECDSA, else as long as the key.
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
    Random(Secret<[u8]>),
    /// A token sealed anew.
    Token(KeyToken),
    /// Done; there is nothing to say.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Origin;

    fn generate(spec: Spec) -> Command<'static> {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        Command::GenerateKey { account, key, spec, usage: Usage::SignVerify, origin: Origin::AwsKms }
    }

    #[test]
    fn only_what_takes_microseconds_runs_inline() {
        for spec in Spec::ALL.iter().copied() {
            let quick = !spec.is_asymmetric() || matches!(spec, Spec::EccNistP256 | Spec::EccNistEdwards25519);
            let expected = if quick { Cost::Inline } else { Cost::Pool };
            assert_eq!(generate(spec).cost(), expected, "{spec}");
        }
    }

    #[test]
    fn the_public_half_of_rsa_runs_inline_and_the_private_half_does_not() {
        let (material, origin) = (MaterialId::from_bytes([1; 32]), Origin::AwsKms);
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        let (spec, usage) = (Spec::Rsa4096, Usage::SignVerify);
        let binding = KeyBinding { account, key, material, spec, usage, origin };
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let key = KeyRef { binding: &binding, token: &token };
        let (algorithm, message) = (SigningAlgorithm::RsassaPssSha256, Message::Raw(b"m"));
        assert_eq!(Command::Verify { key, algorithm, message, signature: b"s" }.cost(), Cost::Inline);
        assert_eq!(Command::Sign { key, algorithm, message }.cost(), Cost::Pool);
    }

    #[test]
    fn sm2_and_all_of_import_run_on_the_pool() {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        let material = MaterialId::from_bytes([1; 32]);
        let of = |spec, usage| KeyBinding { account, key, material, spec, usage, origin: Origin::AwsKms };
        let (sm2, symmetric) =
            (of(Spec::Sm2, Usage::EncryptDecrypt), of(Spec::SymmetricDefault, Usage::EncryptDecrypt));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let [sm2, symmetric] = [&sm2, &symmetric].map(|binding| KeyRef { binding, token: &token });
        let encrypt = |key, algorithm| Command::Encrypt {
            key,
            algorithm,
            context: b"",
            plaintext: b"p",
            kind: BlobKind::Message,
        };
        let re_encrypt = |from, to| Command::ReEncrypt {
            from,
            from_algorithm: EncryptionAlgorithm::Sm2Pke,
            from_context: b"",
            ciphertext: b"c",
            to,
            to_algorithm: EncryptionAlgorithm::Sm2Pke,
            to_context: b"",
        };
        let (algorithm, message, spec, usage) =
            (SigningAlgorithm::Sm2Dsa, Message::Raw(b"m"), Spec::SymmetricDefault, Usage::EncryptDecrypt);
        let wrapping = WrappingAlgorithm::RsaesOaepSha256;
        let pooled = [
            encrypt(sm2, EncryptionAlgorithm::Sm2Pke),
            Command::Decrypt { key: sm2, algorithm: EncryptionAlgorithm::Sm2Pke, context: b"", ciphertext: b"c" },
            re_encrypt(sm2, symmetric),
            re_encrypt(symmetric, sm2),
            Command::Sign { key: sm2, algorithm, message },
            Command::Verify { key: sm2, algorithm, message, signature: b"s" },
            Command::Agree { key: sm2, algorithm: AgreementAlgorithm::Ecdh, peer: b"p" },
            Command::DataKeyPair { key: symmetric, context: b"", spec: Spec::Sm2, reveal: true },
            Command::WrappingKey { account, key, spec: Spec::Rsa2048 },
            Command::WrappingKey { account, key, spec: Spec::Sm2 },
            Command::Import { account, key, spec, usage, wrapping: sm2, algorithm: wrapping, wrapped: b"w" },
        ];
        for command in pooled {
            assert_eq!(command.cost(), Cost::Pool, "{command:?}");
        }
        let inline = [
            encrypt(symmetric, EncryptionAlgorithm::SymmetricDefault),
            re_encrypt(symmetric, symmetric),
            Command::PublicKey { key: sm2 },
            Command::Rewrap { key: sm2 },
        ];
        for command in inline {
            assert_eq!(command.cost(), Cost::Inline, "{command:?}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", generate(Spec::Rsa2048)), "GenerateKey");
        assert_eq!(format!("{:?}", Message::Raw(b"secret")), "Raw(..)");
    }
}
