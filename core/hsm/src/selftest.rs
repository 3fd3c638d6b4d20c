//! Power-on self-tests: every algorithm that is served gives the answer that another library gave.
//!
//! The known answers were made with OpenSSL (through Python's `cryptography`) and Python's `hashlib`; the keys beside
//! this file are for these tests alone. A wrong answer keeps the HSM from starting: a library that miscomputes must
//! not touch a key. Randomised algorithms are tested both ways: a known value opens or verifies, and so does a fresh
//! one. All of it takes some tens of milliseconds,
//! most of which the library needs to start its generator.

use sealroom_crypto::digest::{DigestAlg, sha256, sha384, sha512};
use sealroom_crypto::ec::{self, Curve, EcKeyPair};
use sealroom_crypto::rsa::{self, DecryptingKey, OaepHash, Padding, SigningKey};
use sealroom_crypto::{envelope, mac, random};

use crate::error::StartError;

mod curves;
mod imports;
pub(crate) mod lattice;

pub(crate) const MESSAGE: &[u8] = b"sealroom self-test";

const SHA256: [u8; 32] = [
    0x75, 0xd9, 0x95, 0x96, 0x58, 0x83, 0x7b, 0x9f, 0x35, 0xee, 0x9c, 0x2b, 0x11, 0x40, 0x07, 0x8b, 0x0e, 0x40, 0xe8,
    0xd3, 0x23, 0x13, 0x31, 0x70, 0xeb, 0x05, 0xda, 0xd3, 0x4e, 0x07, 0xe4, 0xcb,
];
const SHA384: [u8; 48] = [
    0x01, 0x59, 0x2f, 0xd2, 0x43, 0x6d, 0x60, 0xd5, 0x54, 0xe4, 0x21, 0xfc, 0xae, 0xd2, 0x79, 0x46, 0x29, 0x0d, 0x19,
    0x0f, 0x92, 0x07, 0xb1, 0xbd, 0x39, 0xc0, 0x26, 0xf5, 0x76, 0x47, 0x7d, 0x21, 0x79, 0xb1, 0x7b, 0xb5, 0xfc, 0xed,
    0xf6, 0x0a, 0xbf, 0xaa, 0x8e, 0xf5, 0xaa, 0x44, 0xba, 0xaa,
];
const SHA512: [u8; 64] = [
    0xe0, 0x8a, 0x2d, 0x3c, 0x3c, 0x47, 0xe2, 0x78, 0x6c, 0x83, 0xa0, 0x86, 0xc0, 0xd0, 0xb2, 0xb2, 0xe2, 0x0e, 0x15,
    0x3c, 0x44, 0x2d, 0xcb, 0x34, 0x82, 0x09, 0xf4, 0x61, 0x52, 0x65, 0x0d, 0x6b, 0x11, 0x37, 0x62, 0x3f, 0xf7, 0xe0,
    0xff, 0x97, 0xa3, 0x4e, 0xff, 0xb5, 0x23, 0x44, 0x9a, 0xed, 0x85, 0x63, 0xd5, 0x49, 0xf5, 0x9d, 0xc4, 0xbf, 0xef,
    0xbc, 0xe9, 0x2d, 0x97, 0xd8, 0x51, 0x02,
];
const HMAC224: [u8; 28] = [
    0xfe, 0xeb, 0x5f, 0x37, 0xe6, 0x7e, 0x44, 0xc1, 0x69, 0x81, 0xd8, 0x91, 0xe7, 0x06, 0x71, 0x08, 0x8f, 0x66, 0x65,
    0xcf, 0x19, 0x64, 0xd7, 0x6d, 0x99, 0x1c, 0x0a, 0x6d,
];
const HMAC256: [u8; 32] = [
    0xaa, 0x01, 0xce, 0xd3, 0xab, 0x18, 0x97, 0x1f, 0x73, 0x7d, 0x5b, 0x01, 0xd7, 0x1c, 0x66, 0x91, 0x5b, 0x31, 0xb6,
    0x80, 0xf7, 0x2e, 0x51, 0xc1, 0x58, 0x4f, 0xba, 0x82, 0x0d, 0x7b, 0x6a, 0xbf,
];
const HMAC384: [u8; 48] = [
    0xd4, 0xf9, 0x89, 0x9f, 0xee, 0xc9, 0x14, 0xa7, 0x5f, 0x7e, 0xc2, 0x62, 0xcb, 0x8d, 0x1f, 0xda, 0x8a, 0x76, 0x1f,
    0xfa, 0x9b, 0x44, 0xc9, 0x49, 0x3f, 0x27, 0x38, 0xe1, 0xdc, 0x5a, 0x58, 0xb6, 0x78, 0x0c, 0xfd, 0x6d, 0xad, 0x1f,
    0x23, 0xc8, 0x98, 0x1d, 0xd2, 0x3c, 0x48, 0x4f, 0xf2, 0x9f,
];
const HMAC512: [u8; 64] = [
    0x6a, 0xee, 0xb7, 0x9e, 0xdd, 0x68, 0x71, 0x1a, 0x37, 0x81, 0xa9, 0xc6, 0x2c, 0xe5, 0x36, 0xb7, 0xaf, 0xf5, 0xac,
    0x70, 0x34, 0x0e, 0xf5, 0xc6, 0xe5, 0x3f, 0x84, 0x81, 0x65, 0x1b, 0xb6, 0x63, 0x27, 0xe5, 0x5d, 0xb1, 0xbc, 0x77,
    0x3f, 0x86, 0x82, 0x95, 0x51, 0x42, 0x3b, 0xfa, 0x4f, 0x5d, 0xee, 0x0b, 0xdd, 0xa4, 0xb2, 0x49, 0x48, 0x59, 0xd7,
    0xdc, 0xc6, 0x81, 0xb7, 0x30, 0xd9, 0xdf,
];
const SEALED: [u8; 94] = [
    0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09,
    0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0xd4, 0xcf, 0x0e, 0xfc, 0xa9, 0x5d, 0x43, 0xdf, 0x5a, 0x6f,
    0xe4, 0xd7, 0xae, 0xd3, 0x6a, 0xeb, 0xbd, 0x78, 0x40, 0x38, 0x93, 0x6f, 0xa3, 0x4e, 0xe4, 0xd2, 0x55, 0x19, 0x65,
    0x9c, 0x21, 0xd9, 0x8d, 0x33, 0xfd, 0x22, 0xbb, 0x4d, 0x04, 0x0b, 0x35, 0xcc, 0x81, 0xf6, 0x1b, 0xed, 0x14, 0x6f,
    0xca, 0xea, 0xd4, 0xd2, 0x8f, 0xb9, 0x48, 0x4c, 0xc9, 0x9a, 0xde, 0x21, 0x8e, 0xf4, 0x07, 0x51, 0x43, 0xb3,
];

const RSA_PKCS8: &[u8] = include_bytes!("selftest/rsa-2048.pkcs8");
const RSA_SPKI: &[u8] = include_bytes!("selftest/rsa-2048.spki");

struct RsaAnswer {
    hash: DigestAlg,
    pkcs1: &'static [u8],
    pss: &'static [u8],
}

const RSA_SIGNATURES: [RsaAnswer; 3] = [
    RsaAnswer {
        hash: DigestAlg::Sha256,
        pkcs1: include_bytes!("selftest/rsa-pkcs1-256.sig"),
        pss: include_bytes!("selftest/rsa-pss-256.sig"),
    },
    RsaAnswer {
        hash: DigestAlg::Sha384,
        pkcs1: include_bytes!("selftest/rsa-pkcs1-384.sig"),
        pss: include_bytes!("selftest/rsa-pss-384.sig"),
    },
    RsaAnswer {
        hash: DigestAlg::Sha512,
        pkcs1: include_bytes!("selftest/rsa-pkcs1-512.sig"),
        pss: include_bytes!("selftest/rsa-pss-512.sig"),
    },
];

const RSA_CIPHERTEXTS: [(OaepHash, &[u8]); 2] = [
    (OaepHash::Sha1, include_bytes!("selftest/rsa-oaep-1.ct")),
    (OaepHash::Sha256, include_bytes!("selftest/rsa-oaep-256.ct")),
];

struct EcAnswer {
    curve: Curve,
    pkcs8: &'static [u8],
    spki: &'static [u8],
    signature: &'static [u8],
}

const EC_SIGNATURES: [EcAnswer; 4] = [
    EcAnswer {
        curve: Curve::P256,
        pkcs8: include_bytes!("selftest/ec-p256.pkcs8"),
        spki: include_bytes!("selftest/ec-p256.spki"),
        signature: include_bytes!("selftest/ec-p256.sig"),
    },
    EcAnswer {
        curve: Curve::P384,
        pkcs8: include_bytes!("selftest/ec-p384.pkcs8"),
        spki: include_bytes!("selftest/ec-p384.spki"),
        signature: include_bytes!("selftest/ec-p384.sig"),
    },
    EcAnswer {
        curve: Curve::P521,
        pkcs8: include_bytes!("selftest/ec-p521.pkcs8"),
        spki: include_bytes!("selftest/ec-p521.spki"),
        signature: include_bytes!("selftest/ec-p521.sig"),
    },
    EcAnswer {
        curve: Curve::P256K1,
        pkcs8: include_bytes!("selftest/ec-p256k1.pkcs8"),
        spki: include_bytes!("selftest/ec-p256k1.spki"),
        signature: include_bytes!("selftest/ec-p256k1.sig"),
    },
];

/// Runs all tests.
///
/// # Errors
/// The first one that failed.
pub(crate) fn run() -> Result<(), StartError> {
    check("randomness", randomness())?;
    check("SHA-256", sha256(MESSAGE) == SHA256)?;
    check("SHA-384", sha384(MESSAGE) == SHA384)?;
    check("SHA-512", sha512(MESSAGE) == SHA512)?;
    check("HMAC-SHA-224", mac::hmac_sha224(b"key", MESSAGE) == HMAC224)?;
    check("HMAC-SHA-256", mac::hmac_sha256(b"key", MESSAGE) == HMAC256)?;
    check("HMAC-SHA-384", mac::hmac_sha384(b"key", MESSAGE) == HMAC384)?;
    check("HMAC-SHA-512", mac::hmac_sha512(b"key", MESSAGE) == HMAC512)?;
    check("KBKDF and AES-256-GCM", sealing(&SEALED))?;
    check("RSA signatures", rsa_signatures(&RSA_SIGNATURES).unwrap_or(false))?;
    check("RSA OAEP", rsa_oaep(&RSA_CIPHERTEXTS).unwrap_or(false))?;
    check("ECDSA", EC_SIGNATURES.iter().all(|answer| ecdsa(answer).unwrap_or(false)))?;
    check("Ed25519", curves::ed25519(&curves::PLAIN, &curves::PREHASHED).unwrap_or(false))?;
    check("AES key wrap with padding", imports::unwrapping(&imports::WRAPPED))?;
    check("SM2", imports::sm2(&imports::SM2).unwrap_or(false))?;
    check("ECDH", curves::ECDH.iter().all(|answer| curves::ecdh(answer).unwrap_or(false)))?;
    check("ML-DSA", lattice::ML_DSA.iter().all(|answer| lattice::ml_dsa(answer).unwrap_or(false)))?;
    check("ML-KEM", lattice::ML_KEM.iter().all(|answer| lattice::ml_kem(answer).unwrap_or(false)))
}

fn check(name: &'static str, right: bool) -> Result<(), StartError> {
    right.then_some(()).ok_or(StartError::SelfTest(name))
}

/// Not stuck: two draws differ from each other and from nothing.
fn randomness() -> bool {
    let (mut first, mut second) = ([0u8; 32], [0u8; 32]);
    random::fill(&mut first);
    random::fill(&mut second);
    first != second && first != [0; 32] && second != [0; 32]
}

fn sealing(known: &[u8]) -> bool {
    let mut sealed = Vec::new();
    let done = envelope::seal(&[7; 32], MESSAGE, [9; 28], b"aad", MESSAGE, &mut sealed);
    let opens = |sealed: &[u8]| envelope::open(&[7; 32], MESSAGE, b"aad", sealed);
    let damaged: Vec<u8> = known.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at + 1 == known.len())).collect();
    done.is_ok() && sealed == known && opens(known).is_some_and(|open| open.ct_eq(MESSAGE)) && opens(&damaged).is_none()
}

fn rsa_signatures(answers: &[RsaAnswer]) -> Option<bool> {
    let key = SigningKey::from_pkcs8(RSA_PKCS8)?;
    let right = |answer: &RsaAnswer| {
        let digest = answer.hash.digest(MESSAGE);
        let verifies = |padding, signature: &[u8]| rsa::verify(RSA_SPKI, padding, answer.hash, &digest, signature);
        let fresh = key.sign(Padding::Pss, answer.hash, &digest).ok()?;
        Some(
            key.sign(Padding::Pkcs1, answer.hash, &digest).ok()? == answer.pkcs1
                && verifies(Padding::Pkcs1, answer.pkcs1)
                && verifies(Padding::Pss, answer.pss)
                && verifies(Padding::Pss, &fresh)
                && !verifies(Padding::Pss, answer.pkcs1),
        )
    };
    Some(answers.iter().all(|answer| right(answer).unwrap_or(false)))
}

fn rsa_oaep(answers: &[(OaepHash, &[u8])]) -> Option<bool> {
    let key = DecryptingKey::from_pkcs8(RSA_PKCS8)?;
    let opens = |hash, ciphertext: &[u8]| key.decrypt_oaep(hash, ciphertext).is_some_and(|open| open.ct_eq(MESSAGE));
    Some(answers.iter().all(|(hash, known)| {
        let fresh = rsa::encrypt_oaep(RSA_SPKI, *hash, MESSAGE);
        opens(*hash, known) && fresh.is_some_and(|fresh| opens(*hash, &fresh))
    }))
}

fn ecdsa(answer: &EcAnswer) -> Option<bool> {
    let pair = EcKeyPair::from_pkcs8(answer.curve, answer.pkcs8)?;
    let digest = answer.curve.digest().digest(MESSAGE);
    let fresh = pair.sign_digest(&digest).ok()?;
    let verifies = |signature: &[u8]| ec::verify_digest(answer.curve, answer.spki, &digest, signature);
    let other = answer.curve.digest().digest(b"another message");
    Some(
        pair.public_spki().ok()? == answer.spki
            && verifies(answer.signature)
            && verifies(&fresh)
            && !ec::verify_digest(answer.curve, answer.spki, &other, answer.signature),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_known_answers_are_given() {
        assert_eq!(run(), Ok(()));
    }

    #[test]
    fn a_wrong_answer_is_noticed() {
        let mut sealed = SEALED;
        sealed[30] ^= 1;
        assert!(!sealing(&sealed));
        let swapped = RsaAnswer { pss: RSA_SIGNATURES[1].pss, ..RSA_SIGNATURES[0] };
        assert_eq!(rsa_signatures(&[swapped]), Some(false));
        let swapped = RsaAnswer { pkcs1: RSA_SIGNATURES[1].pkcs1, ..RSA_SIGNATURES[0] };
        assert_eq!(rsa_signatures(&[swapped]), Some(false));
        assert_eq!(rsa_oaep(&[(OaepHash::Sha1, RSA_CIPHERTEXTS[1].1)]), Some(false));
        for answer in EC_SIGNATURES {
            let signature = EC_SIGNATURES[usize::from(answer.curve == Curve::P256)].signature;
            assert_eq!(ecdsa(&EcAnswer { signature, ..answer }), Some(false), "{:?}", answer.curve);
        }
        assert_eq!(check("name", false), Err(StartError::SelfTest("name")));
    }
}
