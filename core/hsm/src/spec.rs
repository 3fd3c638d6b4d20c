//! What kinds of keys there are: AWS's `KeySpec`, `KeyUsageType` and `OriginType`, in AWS's spelling.
//!
//! Each value also has a one-byte code, which tokens and the wire codec use; a code never changes once released.

use std::fmt;
use std::str::FromStr;

use sealroom_crypto::ec::Curve;
use sealroom_crypto::{ml_dsa, ml_kem};

/// A text that names no value of the enum it was parsed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such {kind}")]
pub struct UnknownName {
    kind: &'static str,
}

/// Defines an enum of AWS's names with their codes: `as_str`, `ALL`, `code`, `from_code`, `Display`, `FromStr`.
macro_rules! aws_names {
    ($(#[$outer:meta])* $name:ident, $kind:literal: $($variant:ident = $code:literal, $text:literal;)+) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
        }

        impl $name {
            /// Every value, in the order of AWS's model.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// AWS's spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The code in tokens and on the wire.
            #[must_use]
            pub(crate) const fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value of a code.
            #[must_use]
            pub(crate) const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;
            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(UnknownName::of($kind)) }
            }
        }
    };
}
pub(crate) use aws_names;

impl UnknownName {
    /// For enums that other modules define with the macro.
    pub(crate) const fn of(kind: &'static str) -> Self {
        Self { kind }
    }
}

aws_names! {
    /// What a key is made of: AWS's `KeySpec`.
    Spec, "key spec":
    Rsa2048 = 1, "RSA_2048";
    Rsa3072 = 2, "RSA_3072";
    Rsa4096 = 3, "RSA_4096";
    EccNistP256 = 4, "ECC_NIST_P256";
    EccNistP384 = 5, "ECC_NIST_P384";
    EccNistP521 = 6, "ECC_NIST_P521";
    EccSecgP256K1 = 7, "ECC_SECG_P256K1";
    SymmetricDefault = 8, "SYMMETRIC_DEFAULT";
    Hmac224 = 9, "HMAC_224";
    Hmac256 = 10, "HMAC_256";
    Hmac384 = 11, "HMAC_384";
    Hmac512 = 12, "HMAC_512";
    Sm2 = 13, "SM2";
    MlDsa44 = 14, "ML_DSA_44";
    MlDsa65 = 15, "ML_DSA_65";
    MlDsa87 = 16, "ML_DSA_87";
    EccNistEdwards25519 = 17, "ECC_NIST_EDWARDS25519";
    MlKem512 = 18, "ML_KEM_512";
    MlKem768 = 19, "ML_KEM_768";
    MlKem1024 = 20, "ML_KEM_1024";
}

aws_names! {
    /// What a key may do: AWS's `KeyUsageType`.
    Usage, "key usage":
    SignVerify = 1, "SIGN_VERIFY";
    EncryptDecrypt = 2, "ENCRYPT_DECRYPT";
    GenerateVerifyMac = 3, "GENERATE_VERIFY_MAC";
    KeyAgreement = 4, "KEY_AGREEMENT";
    EncapsulateDecapsulate = 5, "ENCAPSULATE_DECAPSULATE";
}

aws_names! {
    /// Where a key's material comes from: AWS's `OriginType`.
    Origin, "key origin":
    AwsKms = 1, "AWS_KMS";
    External = 2, "EXTERNAL";
    AwsCloudHsm = 3, "AWS_CLOUDHSM";
    ExternalKeyStore = 4, "EXTERNAL_KEY_STORE";
}

impl Spec {
    /// Whether the key is a pair: it has a public half.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        !matches!(self, Self::SymmetricDefault | Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512)
    }

    /// The curve of an ECDSA spec.
    pub(crate) const fn curve(self) -> Option<Curve> {
        match self {
            Self::EccNistP256 => Some(Curve::P256),
            Self::EccNistP384 => Some(Curve::P384),
            Self::EccNistP521 => Some(Curve::P521),
            Self::EccSecgP256K1 => Some(Curve::P256K1),
            _ => None,
        }
    }

    /// The parameters of an ML-DSA spec.
    pub(crate) const fn ml_dsa(self) -> Option<ml_dsa::Parameters> {
        match self {
            Self::MlDsa44 => Some(ml_dsa::Parameters::MlDsa44),
            Self::MlDsa65 => Some(ml_dsa::Parameters::MlDsa65),
            Self::MlDsa87 => Some(ml_dsa::Parameters::MlDsa87),
            _ => None,
        }
    }

    /// The parameters of an ML-KEM spec.
    pub(crate) const fn ml_kem(self) -> Option<ml_kem::Parameters> {
        match self {
            Self::MlKem512 => Some(ml_kem::Parameters::MlKem512),
            Self::MlKem768 => Some(ml_kem::Parameters::MlKem768),
            Self::MlKem1024 => Some(ml_kem::Parameters::MlKem1024),
            _ => None,
        }
    }

    /// How long an HMAC key that we make is, in bytes: as long as the hash.
    pub(crate) const fn hmac_bytes(self) -> Option<usize> {
        match self {
            Self::Hmac224 => Some(28),
            Self::Hmac256 => Some(32),
            Self::Hmac384 => Some(48),
            Self::Hmac512 => Some(64),
            _ => None,
        }
    }

    /// Whether a key of this spec may have this usage.
    #[must_use]
    pub const fn allows(self, usage: Usage) -> bool {
        match self {
            Self::SymmetricDefault => matches!(usage, Usage::EncryptDecrypt),
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => matches!(usage, Usage::EncryptDecrypt | Usage::SignVerify),
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => {
                matches!(usage, Usage::SignVerify | Usage::KeyAgreement)
            }
            Self::EccSecgP256K1 | Self::EccNistEdwards25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => {
                matches!(usage, Usage::SignVerify)
            }
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => matches!(usage, Usage::GenerateVerifyMac),
            Self::Sm2 => matches!(usage, Usage::EncryptDecrypt | Usage::SignVerify | Usage::KeyAgreement),
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => matches!(usage, Usage::EncapsulateDecapsulate),
        }
    }

    /// The modulus of an RSA spec, in bits.
    #[must_use]
    pub const fn rsa_bits(self) -> Option<u16> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::{
        AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm,
    };

    #[test]
    fn the_names_are_those_of_the_model_in_its_order_and_parse_back() {
        let model: serde_json::Value = serde_json::from_str(include_str!("../../../models/kms.json")).unwrap();
        let names = |shape: &str| -> Vec<String> {
            serde_json::from_value(model["shapes"][shape]["enum"].clone()).unwrap_or_else(|_| panic!("{shape}"))
        };
        macro_rules! check {
            ($($kind:ident = $shape:literal),+) => { $(
                let ours: Vec<&str> = $kind::ALL.iter().map(|value| value.as_str()).collect();
                assert_eq!(ours, names($shape));
                for value in $kind::ALL {
                    assert_eq!(value.as_str().parse(), Ok(*value));
                    assert_eq!($kind::from_code(value.code()), Some(*value));
                }
                assert!("nothing".parse::<$kind>().is_err() && $kind::from_code(0).is_none());
            )+ };
        }
        check!(Spec = "KeySpec", Usage = "KeyUsageType", Origin = "OriginType");
        check!(EncryptionAlgorithm = "EncryptionAlgorithmSpec", SigningAlgorithm = "SigningAlgorithmSpec");
        check!(MacAlgorithm = "MacAlgorithmSpec", AgreementAlgorithm = "KeyAgreementAlgorithmSpec");
        check!(WrappingAlgorithm = "AlgorithmSpec");
    }
}
