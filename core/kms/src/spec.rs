//! Which algorithms each key spec has, in the order in which AWS's metadata lists them.
//!
//! Tables only. What a spec may be used for, and which specs are made at all, is the HSM's affair.

use sealroom_hsm::{EncryptionAlgorithm, MacAlgorithm, Origin, SigningAlgorithm, Spec};

/// The algorithms of Encrypt, Decrypt and ReEncrypt.
pub(crate) const fn encryption_algorithms(spec: Spec) -> &'static [EncryptionAlgorithm] {
    use EncryptionAlgorithm::{RsaesOaepSha1, RsaesOaepSha256, Sm2Pke, SymmetricDefault};
    match spec {
        Spec::SymmetricDefault => &[SymmetricDefault],
        Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096 => &[RsaesOaepSha1, RsaesOaepSha256],
        Spec::Sm2 => &[Sm2Pke],
        Spec::EccNistP256
        | Spec::EccNistP384
        | Spec::EccNistP521
        | Spec::EccSecgP256K1
        | Spec::EccNistEdwards25519
        | Spec::MlDsa44
        | Spec::MlDsa65
        | Spec::MlDsa87
        | Spec::Hmac224
        | Spec::Hmac256
        | Spec::Hmac384
        | Spec::Hmac512
        | Spec::MlKem512
        | Spec::MlKem768
        | Spec::MlKem1024 => &[],
    }
}

/// The algorithms of Sign and Verify.
pub(crate) const fn signing_algorithms(spec: Spec) -> &'static [SigningAlgorithm] {
    use SigningAlgorithm as Alg;
    match spec {
        Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096 => &[
            Alg::RsassaPkcs1V15Sha256,
            Alg::RsassaPkcs1V15Sha384,
            Alg::RsassaPkcs1V15Sha512,
            Alg::RsassaPssSha256,
            Alg::RsassaPssSha384,
            Alg::RsassaPssSha512,
        ],
        Spec::EccNistP256 | Spec::EccSecgP256K1 => &[Alg::EcdsaSha256],
        Spec::EccNistP384 => &[Alg::EcdsaSha384],
        Spec::EccNistP521 => &[Alg::EcdsaSha512],
        Spec::EccNistEdwards25519 => &[Alg::Ed25519PhSha512, Alg::Ed25519Sha512],
        Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87 => &[Alg::MlDsaShake256],
        Spec::Sm2 => &[Alg::Sm2Dsa],
        Spec::SymmetricDefault
        | Spec::Hmac224
        | Spec::Hmac256
        | Spec::Hmac384
        | Spec::Hmac512
        | Spec::MlKem512
        | Spec::MlKem768
        | Spec::MlKem1024 => &[],
    }
}

/// The longest plaintext of an encryption, in bytes; `None` where the request's own limit is the limit.
pub(crate) fn longest_plaintext(spec: Spec, algorithm: EncryptionAlgorithm) -> Option<usize> {
    // RFC 8017, 7.1.1: two hashes and two bytes fewer than the modulus.
    let hash = match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => 20,
        EncryptionAlgorithm::RsaesOaepSha256 => 32,
        EncryptionAlgorithm::Sm2Pke => return Some(1024),
        EncryptionAlgorithm::SymmetricDefault => return None,
    };
    let modulus = usize::from(spec.rsa_bits()? / 8);
    modulus.checked_sub(2 * hash + 2)
}

/// The length of an algorithm's digest in bytes; `None` when it signs no digests.
pub(crate) const fn digest_length(algorithm: SigningAlgorithm) -> Option<usize> {
    use SigningAlgorithm as Alg;
    match algorithm {
        Alg::RsassaPssSha256 | Alg::RsassaPkcs1V15Sha256 | Alg::EcdsaSha256 | Alg::Sm2Dsa => Some(32),
        Alg::RsassaPssSha384 | Alg::RsassaPkcs1V15Sha384 | Alg::EcdsaSha384 => Some(48),
        Alg::RsassaPssSha512 | Alg::RsassaPkcs1V15Sha512 | Alg::EcdsaSha512 | Alg::Ed25519PhSha512 => Some(64),
        Alg::MlDsaShake256 | Alg::Ed25519Sha512 => None,
    }
}

/// Whether a key of `spec` and `origin` shows the id of its material: symmetric keys of KMS's own or imported
/// material.
pub(crate) const fn shows_material(spec: Spec, origin: Origin) -> bool {
    matches!(spec, Spec::SymmetricDefault) && matches!(origin, Origin::AwsKms | Origin::External)
}

/// The algorithms of GenerateMac and VerifyMac.
pub(crate) const fn mac_algorithms(spec: Spec) -> &'static [MacAlgorithm] {
    match spec {
        Spec::Hmac224 => &[MacAlgorithm::HmacSha224],
        Spec::Hmac256 => &[MacAlgorithm::HmacSha256],
        Spec::Hmac384 => &[MacAlgorithm::HmacSha384],
        Spec::Hmac512 => &[MacAlgorithm::HmacSha512],
        Spec::SymmetricDefault
        | Spec::Rsa2048
        | Spec::Rsa3072
        | Spec::Rsa4096
        | Spec::EccNistP256
        | Spec::EccNistP384
        | Spec::EccNistP521
        | Spec::EccSecgP256K1
        | Spec::EccNistEdwards25519
        | Spec::MlDsa44
        | Spec::MlDsa65
        | Spec::MlDsa87
        | Spec::MlKem512
        | Spec::MlKem768
        | Spec::MlKem1024
        | Spec::Sm2 => &[],
    }
}
