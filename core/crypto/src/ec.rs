//! Elliptic curve pairs for ECDSA: P-256, P-384, P-521 and secp256k1. Signatures are DER, each curve has its hash.
//!
//! AWS: signatures aren't normalised to a low S, here as there; clients that need one normalise themselves.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPublicKeyCompressedBin, PublicKeyX509Der};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm};
use aws_lc_rs::signature::{KeyPair as _, UnparsedPublicKey};
use sealroom_foundation::Secret;
use zeroize::Zeroizing;

use crate::Failed;
use crate::digest::{Digest, DigestAlg};
use crate::rsa::NewPair;

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, with SHA-256.
    P256,
    /// NIST P-384, with SHA-384.
    P384,
    /// NIST P-521, with SHA-512.
    P521,
    /// secp256k1, with SHA-256.
    P256K1,
}

impl Curve {
    /// The hash that the curve signs with.
    #[must_use]
    pub const fn digest(self) -> DigestAlg {
        match self {
            Self::P256 | Self::P256K1 => DigestAlg::Sha256,
            Self::P384 => DigestAlg::Sha384,
            Self::P521 => DigestAlg::Sha512,
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &lc::ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &lc::ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &lc::ECDSA_P521_SHA512_ASN1_SIGNING,
            Self::P256K1 => &lc::ECDSA_P256K1_SHA256_ASN1_SIGNING,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &lc::ECDSA_P256_SHA256_ASN1,
            Self::P384 => &lc::ECDSA_P384_SHA384_ASN1,
            Self::P521 => &lc::ECDSA_P521_SHA512_ASN1,
            Self::P256K1 => &lc::ECDSA_P256K1_SHA256_ASN1,
        }
    }
}

/// A pair loaded for signing.
pub struct EcKeyPair {
    pair: EcdsaKeyPair,
}

impl EcKeyPair {
    /// Makes a pair.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn generate(curve: Curve) -> Result<Self, Failed> {
        EcdsaKeyPair::generate(curve.signing()).map(|pair| Self { pair }).map_err(|_| Failed)
    }

    /// Loads PKCS#8 and checks the key; `None` when it is none of this curve.
    #[must_use]
    pub fn from_pkcs8(curve: Curve, pkcs8: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).ok().map(|pair| Self { pair })
    }

    /// The P-256 pair of a private scalar, big-endian; `None` when it is nought or not below the order.
    #[must_use]
    pub fn from_p256_scalar(scalar: &[u8; 32]) -> Option<Self> {
        // PrivateKeyInfo { version 0, { id-ecPublicKey, prime256v1 }, ECPrivateKey { version 1, scalar } }
        const HEAD: [u8; 35] = [
            0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
            0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
        ];
        let mut pkcs8 = Zeroizing::new([0u8; HEAD.len() + 32]);
        let (head, tail) = pkcs8.split_at_mut_checked(HEAD.len())?;
        head.copy_from_slice(&HEAD);
        tail.copy_from_slice(scalar);
        Self::from_pkcs8(Curve::P256, pkcs8.as_ref())
    }

    /// Both halves, in the forms in which they are kept.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn export(&self) -> Result<NewPair, Failed> {
        let private = self.pair.to_pkcs8v1().map_err(|_| Failed)?;
        Ok(NewPair { pkcs8: Secret::copy_of(private.as_ref()), spki: self.public_spki()? })
    }

    /// The public half, DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn public_spki(&self) -> Result<Vec<u8>, Failed> {
        let public: PublicKeyX509Der<'_> = self.pair.public_key().as_der().map_err(|_| Failed)?;
        Ok(public.as_ref().to_vec())
    }

    /// The public half as a compressed point (SEC 1, 2.3.3).
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn compressed_point(&self) -> Result<Vec<u8>, Failed> {
        let point: EcPublicKeyCompressedBin<'_> = self.pair.public_key().as_be_bytes().map_err(|_| Failed)?;
        Ok(point.as_ref().to_vec())
    }

    /// Signs a digest of the curve's hash.
    ///
    /// # Errors
    /// [`Failed`] for a digest of another hash, or when the library fails.
    pub fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Failed> {
        self.pair.sign_digest(&digest.0).map(|signature| signature.as_ref().to_vec()).map_err(|_| Failed)
    }
}

/// Whether the DER `signature` over `digest` is right under the public key.
#[must_use]
pub fn verify_digest(curve: Curve, spki: &[u8], digest: &Digest, signature: &[u8]) -> bool {
    UnparsedPublicKey::new(curve.verification(), spki).verify_digest(&digest.0, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::P256K1];

    #[test]
    fn signatures_verify_under_their_own_key_and_digest_only() {
        for curve in CURVES {
            let (pair, other) = (EcKeyPair::generate(curve).unwrap(), EcKeyPair::generate(curve).unwrap());
            let digest = curve.digest().digest(b"message");
            let signature = pair.sign_digest(&digest).unwrap();
            let spki = pair.public_spki().unwrap();
            assert!(verify_digest(curve, &spki, &digest, &signature));
            assert!(!verify_digest(curve, &spki, &curve.digest().digest(b"another"), &signature));
            assert!(!verify_digest(curve, &other.public_spki().unwrap(), &digest, &signature));
            let mut damaged = signature;
            *damaged.last_mut().unwrap() ^= 1;
            assert!(!verify_digest(curve, &spki, &digest, &damaged));
        }
    }

    #[test]
    fn a_pair_loads_again_as_its_own_curve_only() {
        for curve in CURVES {
            let pair = EcKeyPair::generate(curve).unwrap().export().unwrap();
            for other in CURVES {
                let loaded = EcKeyPair::from_pkcs8(other, pair.pkcs8.expose());
                assert_eq!(loaded.is_some(), curve == other, "{curve:?} as {other:?}");
                let spki = loaded.map(|pair| pair.public_spki().unwrap());
                assert!(spki.is_none_or(|spki| spki == pair.spki));
            }
        }
    }

    #[test]
    fn a_digest_of_another_hash_is_refused() {
        let pair = EcKeyPair::generate(Curve::P384).unwrap();
        assert!(pair.sign_digest(&DigestAlg::Sha256.digest(b"message")).is_err());
    }

    #[test]
    fn the_scalar_one_is_the_base_point_and_nought_is_no_key() {
        let mut scalar = [0u8; 32];
        assert!(EcKeyPair::from_p256_scalar(&scalar).is_none());
        assert!(EcKeyPair::from_p256_scalar(&[0xff; 32]).is_none());
        scalar[31] = 1;
        let spki = EcKeyPair::from_p256_scalar(&scalar).unwrap().public_spki().unwrap();
        let base_x = [0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47];
        assert!(spki.windows(8).any(|window| window == base_x));
    }
}
