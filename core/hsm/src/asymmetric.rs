//! RSA and elliptic curve pairs: signatures, OAEP, and the public half. Other pairs sign in modules of their own.
//!
//! The public half lies in the token beside the private one, so that Verify, RSA Encrypt and GetPublicKey load no
//! private key.

use std::sync::Arc;

use sealroom_crypto::digest::{Digest, DigestAlg};
use sealroom_crypto::ec::{self, Curve, EcKeyPair};
use sealroom_crypto::rsa::{self, OaepHash, Padding};
use sealroom_foundation::Secret;

use crate::algorithm::{EncryptionAlgorithm, SigningAlgorithm};
use crate::command::{KeyRef, Message};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::objects::Object;
use crate::spec::{Spec, Usage};
use crate::token::{self, Halves};
use crate::{edwards, ml_dsa, sm2};

/// A signing algorithm that suits a key.
enum Scheme {
    Rsa(Padding, DigestAlg),
    Ec(Curve),
}

impl Scheme {
    fn of(key: KeyRef<'_>, algorithm: SigningAlgorithm) -> Result<Self, HsmError> {
        use SigningAlgorithm as A;
        let (spec, usage) = (key.binding.spec, key.binding.usage);
        if usage != Usage::SignVerify {
            return Err(HsmError::NotForThisSpec);
        }
        let rsa = |padding, hash| spec.rsa_bits().map(|_| Self::Rsa(padding, hash));
        let ec = |hash| spec.curve().filter(|curve| curve.digest() == hash).map(Self::Ec);
        let scheme = match algorithm {
            A::RsassaPssSha256 => rsa(Padding::Pss, DigestAlg::Sha256),
            A::RsassaPssSha384 => rsa(Padding::Pss, DigestAlg::Sha384),
            A::RsassaPssSha512 => rsa(Padding::Pss, DigestAlg::Sha512),
            A::RsassaPkcs1V15Sha256 => rsa(Padding::Pkcs1, DigestAlg::Sha256),
            A::RsassaPkcs1V15Sha384 => rsa(Padding::Pkcs1, DigestAlg::Sha384),
            A::RsassaPkcs1V15Sha512 => rsa(Padding::Pkcs1, DigestAlg::Sha512),
            A::EcdsaSha256 => ec(DigestAlg::Sha256),
            A::EcdsaSha384 => ec(DigestAlg::Sha384),
            A::EcdsaSha512 => ec(DigestAlg::Sha512),
            A::Sm2Dsa | A::MlDsaShake256 | A::Ed25519Sha512 | A::Ed25519PhSha512 => None,
        };
        scheme.ok_or(HsmError::NotForThisSpec)
    }

    fn digest(&self, message: Message<'_>) -> Result<Digest, HsmError> {
        let hash = match self {
            Self::Rsa(_, hash) => *hash,
            Self::Ec(curve) => curve.digest(),
        };
        match message {
            Message::Raw(message) => Ok(hash.digest(message)),
            Message::Digest(digest) => hash.import(digest).ok_or(HsmError::DigestLength),
            Message::ExternalMu(_) => Err(HsmError::NotForThisSpec),
        }
    }
}

pub(crate) fn sign(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
) -> Result<Vec<u8>, HsmError> {
    match key.binding.spec {
        Spec::EccNistEdwards25519 => return edwards::sign(hsm, key, algorithm, message),
        Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87 => return ml_dsa::sign(hsm, key, algorithm, message),
        Spec::Sm2 => return sm2::sign(hsm, key, algorithm, message),
        _ => {}
    }
    let scheme = Scheme::of(key, algorithm)?;
    let digest = scheme.digest(message)?;
    let object = loaded(hsm, key)?;
    match (scheme, object.as_ref()) {
        (Scheme::Rsa(padding, hash), Object::RsaSigning(rsa)) => rsa.sign(padding, hash, &digest),
        (Scheme::Ec(_), Object::Ec(pair)) => pair.sign_digest(&digest),
        _ => return Err(HsmError::Failed),
    }
    .map_err(|_| HsmError::Failed)
}

pub(crate) fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    match key.binding.spec {
        Spec::EccNistEdwards25519 => return edwards::verify(hsm, key, algorithm, message, signature),
        Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87 => {
            return ml_dsa::verify(hsm, key, algorithm, message, signature);
        }
        Spec::Sm2 => return sm2::verify(hsm, key, algorithm, message, signature),
        _ => {}
    }
    let scheme = Scheme::of(key, algorithm)?;
    let digest = scheme.digest(message)?;
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    let spki = Halves::of(&content)?.spki;
    Ok(match scheme {
        Scheme::Rsa(padding, hash) => rsa::verify(spki, padding, hash, &digest, signature),
        Scheme::Ec(curve) => ec::verify_digest(curve, spki, &digest, signature),
    })
}

/// The hash of an OAEP algorithm that suits the key, and the bits of its modulus.
fn oaep(key: KeyRef<'_>, algorithm: EncryptionAlgorithm, context: &[u8]) -> Result<(OaepHash, u16), HsmError> {
    if key.binding.usage != Usage::EncryptDecrypt || !context.is_empty() {
        return Err(HsmError::NotForThisSpec);
    }
    let hash = match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => OaepHash::Sha1,
        EncryptionAlgorithm::RsaesOaepSha256 => OaepHash::Sha256,
        EncryptionAlgorithm::SymmetricDefault | EncryptionAlgorithm::Sm2Pke => return Err(HsmError::NotForThisSpec),
    };
    key.binding.spec.rsa_bits().map(|bits| (hash, bits)).ok_or(HsmError::NotForThisSpec)
}

pub(crate) fn encrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: EncryptionAlgorithm,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, HsmError> {
    if key.binding.spec == Spec::Sm2 {
        return sm2::encrypt(hsm, key, algorithm, context, plaintext);
    }
    let (hash, bits) = oaep(key, algorithm, context)?;
    let max = hash.max_plaintext(bits);
    if plaintext.is_empty() {
        return Err(HsmError::LengthOutOfRange);
    }
    if plaintext.len() > max {
        return Err(HsmError::PlaintextTooLong { max });
    }
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    rsa::encrypt_oaep(Halves::of(&content)?.spki, hash, plaintext).ok_or(HsmError::Failed)
}

pub(crate) fn decrypt(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: EncryptionAlgorithm,
    context: &[u8],
    ciphertext: &[u8],
) -> Result<Secret<[u8]>, HsmError> {
    if key.binding.spec == Spec::Sm2 {
        return sm2::decrypt(hsm, key, algorithm, context, ciphertext);
    }
    let (hash, _) = oaep(key, algorithm, context)?;
    match loaded(hsm, key)?.as_ref() {
        Object::RsaDecrypting(rsa) => rsa.decrypt_oaep(hash, ciphertext).ok_or(HsmError::InvalidCiphertext),
        _ => Err(HsmError::Failed),
    }
}

pub(crate) fn public_key(hsm: &Hsm, key: KeyRef<'_>) -> Result<Vec<u8>, HsmError> {
    if !key.binding.spec.is_asymmetric() {
        return Err(HsmError::NotForThisSpec);
    }
    let content = token::open(&hsm.domains, key.binding, key.token)?;
    Halves::of(&content).map(|halves| halves.spki.to_vec())
}

fn loaded(hsm: &Hsm, key: KeyRef<'_>) -> Result<Arc<Object>, HsmError> {
    hsm.objects.get_or_load(key, || {
        let content = token::open(&hsm.domains, key.binding, key.token)?;
        let pkcs8 = Halves::of(&content)?.private;
        let object = match (key.binding.spec.curve(), key.binding.usage) {
            (Some(curve), _) => EcKeyPair::from_pkcs8(curve, pkcs8).map(Object::Ec),
            (None, Usage::EncryptDecrypt) => rsa::DecryptingKey::from_pkcs8(pkcs8).map(Object::RsaDecrypting),
            (None, _) => rsa::SigningKey::from_pkcs8(pkcs8).map(Object::RsaSigning),
        };
        object.ok_or(HsmError::InvalidToken)
    })
}
