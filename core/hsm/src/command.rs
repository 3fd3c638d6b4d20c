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
    /// Makes a pair that key material is wrapped under for import. Answers [`Reply::Key`].
    WrappingKey {
        /// Who owns the key that is imported into.
        account: AccountId,
        /// The key that is imported into.
        key: KeyId,
        /// RSA, or SM2.
        spec: Spec,
    },
    /// Unwraps imported key material. Answers [`Reply::Key`].
    Import {
        /// Who owns the key.
        account: AccountId,
        /// The key.
        key: KeyId,
        /// What it is made of.
        spec: Spec,
        /// What it may do.
        usage: Usage,
        /// The wrapping pair.
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
        /// 1 byte to 1 MiB (symmetric), or what RSA takes.
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
    /// Makes a key pair for use outside. Answers [`Reply::DataKeyPair`]; [`HsmError::NotForThisSpec`] for ML-DSA and for
    /// what is no pair.
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
    /// Agrees on a secret with another's public key. Answers [`Reply::Plaintext`]: the raw x coordinate, 32, 48 or 66
    /// bytes. [`HsmError::InvalidPublicKey`] for a key of another curve or form, or a point off the curve.
    Agree {
        /// Our key.
        key: KeyRef<'a>,
        /// How.
        algorithm: AgreementAlgorithm,
        /// Their public key, DER `SubjectPublicKeyInfo` of the same named curve, its point uncompressed or compressed.
        peer: &'a [u8],
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
    /// Where the command belongs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        match self {
            Self::GenerateKey { spec, .. } | Self::DataKeyPair { spec, .. } => cost_of(*spec, Work::Make),
            Self::WrappingKey { .. } | Self::Import { .. } => Cost::Pool,
            Self::Decrypt { key, .. }
            | Self::Sign { key, .. }
            | Self::Agree { key, .. }
            | Self::Decapsulate { key, .. } => cost_of(key.binding.spec, Work::Private),
            Self::Encrypt { key, .. } | Self::Verify { key, .. } | Self::Encapsulate { key } => {
                cost_of(key.binding.spec, Work::Public)
            }
            Self::ReEncrypt { from, to, .. } => {
                match (cost_of(from.binding.spec, Work::Private), cost_of(to.binding.spec, Work::Public)) {
                    (Cost::Inline, Cost::Inline) => Cost::Inline,
                    _ => Cost::Pool,
                }
            }
            Self::DataKey { .. }
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

/// Which half of a key works, or whether there is a new one.
#[derive(Clone, Copy)]
enum Work {
    Make,
    Private,
    Public,
}

/// Inline is what takes 70 µs at most on one core of a Zen 4 (`cargo run --release -p sealroom-hsm --example cost`).
/// Making, private half, public half, in µs:
///
/// ```text
/// P-256              10    16    51      ML_DSA_44    27    89   24      RSA_2048   61,000     274   16
/// P-256, Agree             44            ML_DSA_65    42   129   38      RSA_4096  862,000   1,512   61
/// P-384              54   115   265      ML_DSA_87    64   171   57      P-521          54     181  362
/// Ed25519             8     9    37      ML_KEM_1024  20    45   20      P256K1        200     236  220
/// ```
fn cost_of(spec: Spec, work: Work) -> Cost {
    match (spec, work) {
        (
            Spec::SymmetricDefault
            | Spec::Hmac224
            | Spec::Hmac256
            | Spec::Hmac384
            | Spec::Hmac512
            | Spec::EccNistP256
            | Spec::EccNistEdwards25519
            | Spec::MlKem512
            | Spec::MlKem768
            | Spec::MlKem1024,
            _,
        )
        | (Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87, Work::Make | Work::Public)
        | (Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096, Work::Public) => Cost::Inline,
        (Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87, Work::Private)
        | (Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096, Work::Make | Work::Private)
        | (Spec::EccNistP384 | Spec::EccNistP521 | Spec::EccSecgP256K1 | Spec::Sm2, _) => Cost::Pool,
    }
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
        /// PKCS#8 version 1, if it was to be revealed; ML-KEM's in seed form.
        plaintext: Option<Secret<[u8]>>,
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

    use Cost::{Inline, Pool};

    fn generate(spec: Spec) -> Command<'static> {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        Command::GenerateKey { account, key, spec, usage: Usage::SignVerify, origin: Origin::AwsKms }
    }

    fn binding(spec: Spec) -> KeyBinding {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        let (material, usage) = (MaterialId::from_bytes([1; 32]), Usage::SignVerify);
        KeyBinding { account, key, material, spec, usage, origin: Origin::AwsKms }
    }

    /// Making, private half, public half.
    const COSTS: [(Spec, [Cost; 3]); 20] = [
        (Spec::Rsa2048, [Pool, Pool, Inline]),
        (Spec::Rsa3072, [Pool, Pool, Inline]),
        (Spec::Rsa4096, [Pool, Pool, Inline]),
        (Spec::EccNistP256, [Inline, Inline, Inline]),
        (Spec::EccNistP384, [Pool, Pool, Pool]),
        (Spec::EccNistP521, [Pool, Pool, Pool]),
        (Spec::EccSecgP256K1, [Pool, Pool, Pool]),
        (Spec::SymmetricDefault, [Inline, Inline, Inline]),
        (Spec::Hmac224, [Inline, Inline, Inline]),
        (Spec::Hmac256, [Inline, Inline, Inline]),
        (Spec::Hmac384, [Inline, Inline, Inline]),
        (Spec::Hmac512, [Inline, Inline, Inline]),
        (Spec::Sm2, [Pool, Pool, Pool]),
        (Spec::MlDsa44, [Inline, Pool, Inline]),
        (Spec::MlDsa65, [Inline, Pool, Inline]),
        (Spec::MlDsa87, [Inline, Pool, Inline]),
        (Spec::EccNistEdwards25519, [Inline, Inline, Inline]),
        (Spec::MlKem512, [Inline, Inline, Inline]),
        (Spec::MlKem768, [Inline, Inline, Inline]),
        (Spec::MlKem1024, [Inline, Inline, Inline]),
    ];

    #[test]
    fn only_what_takes_microseconds_runs_inline() {
        assert!(COSTS.iter().map(|(spec, _)| spec).eq(Spec::ALL));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let (symmetric, context, b) = (binding(Spec::SymmetricDefault), b"".as_slice(), b"b".as_slice());
        let wrapping = KeyRef { binding: &symmetric, token: &token };
        for (spec, [make, private, public]) in COSTS {
            let binding = binding(spec);
            let key = KeyRef { binding: &binding, token: &token };
            let (encryption, signing) = (EncryptionAlgorithm::SymmetricDefault, SigningAlgorithm::EcdsaSha256);
            let (message, kind) = (Message::Raw(b), BlobKind::Message);
            let re_encrypt = |from, to| Command::ReEncrypt {
                from,
                from_algorithm: encryption,
                from_context: context,
                ciphertext: b,
                to,
                to_algorithm: encryption,
                to_context: context,
            };
            for (command, cost) in [
                (generate(spec), make),
                (Command::DataKeyPair { key: wrapping, context, spec, reveal: true }, make),
                (Command::Decrypt { key, algorithm: encryption, context, ciphertext: b }, private),
                (Command::Sign { key, algorithm: signing, message }, private),
                (Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: b }, private),
                (Command::Decapsulate { key, ciphertext: b }, private),
                (re_encrypt(key, wrapping), private),
                (Command::Encrypt { key, algorithm: encryption, context, plaintext: b, kind }, public),
                (Command::Verify { key, algorithm: signing, message, signature: b }, public),
                (Command::Encapsulate { key }, public),
                (re_encrypt(wrapping, key), public),
                (Command::Mac { key, algorithm: MacAlgorithm::HmacSha256, message: b }, Inline),
                (Command::VerifyMac { key, algorithm: MacAlgorithm::HmacSha256, message: b, mac: b }, Inline),
                (Command::DataKey { key, context, bytes: 32, reveal: true }, Inline),
                (Command::PublicKey { key }, Inline),
                (Command::Random { bytes: 32 }, Inline),
                (Command::Rewrap { key }, Inline),
                (Command::Forget { token: [1; 32] }, Inline),
                (Command::WrappingKey { account: binding.account, key: binding.key, spec }, Pool),
            ] {
                assert_eq!(command.cost(), cost, "{command:?} {spec}");
            }
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", generate(Spec::Rsa2048)), "GenerateKey");
        assert_eq!(format!("{:?}", Message::Raw(b"secret")), "Raw(..)");
    }
}
