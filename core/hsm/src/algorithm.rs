//! AWS's algorithm names, in AWS's spelling.

use std::fmt;
use std::str::FromStr;

use crate::spec::{UnknownName, aws_names};

aws_names! {
    /// AWS's `EncryptionAlgorithmSpec`.
    EncryptionAlgorithm, "encryption algorithm":
    SymmetricDefault = 1, "SYMMETRIC_DEFAULT";
    RsaesOaepSha1 = 2, "RSAES_OAEP_SHA_1";
    RsaesOaepSha256 = 3, "RSAES_OAEP_SHA_256";
    Sm2Pke = 4, "SM2PKE";
}

aws_names! {
    /// AWS's `SigningAlgorithmSpec`.
    SigningAlgorithm, "signing algorithm":
    RsassaPssSha256 = 1, "RSASSA_PSS_SHA_256";
    RsassaPssSha384 = 2, "RSASSA_PSS_SHA_384";
    RsassaPssSha512 = 3, "RSASSA_PSS_SHA_512";
    RsassaPkcs1V15Sha256 = 4, "RSASSA_PKCS1_V1_5_SHA_256";
    RsassaPkcs1V15Sha384 = 5, "RSASSA_PKCS1_V1_5_SHA_384";
    RsassaPkcs1V15Sha512 = 6, "RSASSA_PKCS1_V1_5_SHA_512";
    EcdsaSha256 = 7, "ECDSA_SHA_256";
    EcdsaSha384 = 8, "ECDSA_SHA_384";
    EcdsaSha512 = 9, "ECDSA_SHA_512";
    Sm2Dsa = 10, "SM2DSA";
    MlDsaShake256 = 11, "ML_DSA_SHAKE_256";
    Ed25519Sha512 = 12, "ED25519_SHA_512";
    Ed25519PhSha512 = 13, "ED25519_PH_SHA_512";
}

aws_names! {
    /// AWS's `MacAlgorithmSpec`.
    MacAlgorithm, "MAC algorithm":
    HmacSha224 = 1, "HMAC_SHA_224";
    HmacSha256 = 2, "HMAC_SHA_256";
    HmacSha384 = 3, "HMAC_SHA_384";
    HmacSha512 = 4, "HMAC_SHA_512";
}

aws_names! {
    /// AWS's `KeyAgreementAlgorithmSpec`.
    AgreementAlgorithm, "key agreement algorithm":
    Ecdh = 1, "ECDH";
}

aws_names! {
    /// AWS's `AlgorithmSpec`: how imported key material is wrapped.
    WrappingAlgorithm, "wrapping algorithm":
    RsaesPkcs1V15 = 1, "RSAES_PKCS1_V1_5";
    RsaesOaepSha1 = 2, "RSAES_OAEP_SHA_1";
    RsaesOaepSha256 = 3, "RSAES_OAEP_SHA_256";
    RsaAesKeyWrapSha1 = 4, "RSA_AES_KEY_WRAP_SHA_1";
    RsaAesKeyWrapSha256 = 5, "RSA_AES_KEY_WRAP_SHA_256";
    Sm2Pke = 6, "SM2PKE";
}
