//! Ed25519 keys: which message goes with which algorithm, and what each signature verifies as.

use super::*;
use crate::command::{Command, Reply};
use crate::hsm::tests::{TestKey, hsm};
use crate::spec::Spec;

use SigningAlgorithm::{Ed25519PhSha512 as Prehash, Ed25519Sha512 as Plain};

fn key(hsm: &Hsm) -> TestKey {
    TestKey::new(hsm, Spec::EccNistEdwards25519, Usage::SignVerify)
}

fn sign(hsm: &Hsm, key: KeyRef<'_>, algorithm: SigningAlgorithm, message: Message<'_>) -> Result<Vec<u8>, HsmError> {
    match hsm.execute(Command::Sign { key, algorithm, message })? {
        Reply::Signature(signature) => Ok(signature),
        other => panic!("{other:?}"),
    }
}

fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    match hsm.execute(Command::Verify { key, algorithm, message, signature })? {
        Reply::Verified(right) => Ok(right),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_algorithm_takes_its_own_type_of_message_only() {
    let hsm = hsm();
    let owned = key(&hsm);
    let key = owned.get();
    let digest = [7u8; 64];
    let rows = [
        (Plain, Message::Raw(&digest), None),
        (Plain, Message::Raw(b"m"), None),
        (Plain, Message::Digest(&digest), Some(HsmError::NotForThisSpec)),
        (Plain, Message::ExternalMu(&digest), Some(HsmError::NotForThisSpec)),
        (Prehash, Message::Digest(&digest), None),
        (Prehash, Message::Digest(&digest[1..]), Some(HsmError::DigestLength)),
        (Prehash, Message::Digest(&[7; 65]), Some(HsmError::DigestLength)),
        (Prehash, Message::Digest(&[7; 32]), Some(HsmError::DigestLength)),
        (Prehash, Message::Raw(&digest), Some(HsmError::NotForThisSpec)),
        (Prehash, Message::ExternalMu(&digest), Some(HsmError::NotForThisSpec)),
        (SigningAlgorithm::EcdsaSha512, Message::Raw(b"m"), Some(HsmError::NotForThisSpec)),
        (SigningAlgorithm::MlDsaShake256, Message::Raw(b"m"), Some(HsmError::NotForThisSpec)),
    ];
    for (algorithm, message, refused) in rows {
        let signed = sign(&hsm, key, algorithm, message);
        assert_eq!(signed.as_ref().err(), refused.as_ref(), "{algorithm} {message:?}");
        let signature = signed.unwrap_or_else(|_| vec![1; 64]);
        assert_eq!(signature.len(), 64);
        let verified = verify(&hsm, key, algorithm, message, &signature);
        assert_eq!(verified, refused.map_or(Ok(true), Err), "{algorithm} {message:?}");
    }
}

#[test]
fn a_signature_verifies_for_its_message_algorithm_and_key_only() {
    let hsm = hsm();
    let (owned, other) = (key(&hsm), key(&hsm));
    let key = owned.get();
    let digest = [7u8; 64];
    let plain = sign(&hsm, key, Plain, Message::Raw(&digest)).unwrap();
    let hashed = sign(&hsm, key, Prehash, Message::Digest(&digest)).unwrap();
    assert_eq!(sign(&hsm, key, Plain, Message::Raw(&digest)).unwrap(), plain);
    let rows = [
        (key, Plain, Message::Raw(&digest), &plain, true),
        (key, Prehash, Message::Digest(&digest), &hashed, true),
        (key, Plain, Message::Raw(&digest), &hashed, false),
        (key, Prehash, Message::Digest(&digest), &plain, false),
        (key, Plain, Message::Raw(b"m"), &plain, false),
        (key, Prehash, Message::Digest(&[8; 64]), &hashed, false),
        (other.get(), Plain, Message::Raw(&digest), &plain, false),
        (other.get(), Prehash, Message::Digest(&digest), &hashed, false),
    ];
    for (number, (key, algorithm, message, signature, right)) in rows.into_iter().enumerate() {
        assert_eq!(verify(&hsm, key, algorithm, message, signature), Ok(right), "{number}");
        assert_eq!(verify(&hsm, key, algorithm, message, &signature[1..]), Ok(false), "{number}");
    }
}

/// AWS hashes the 64 bytes once more: Ed25519ph over them as a message.
#[test]
fn the_digest_is_the_message_of_ed25519ph() {
    let hsm = hsm();
    let owned = key(&hsm);
    let digest = sealroom_crypto::digest::sha512(b"message");
    let signature = sign(&hsm, owned.get(), Prehash, Message::Digest(&digest)).unwrap();
    let spki = owned.public.as_deref().unwrap();
    assert!(ed25519::verify_prehashed(spki, &digest, &signature));
    assert!(!ed25519::verify_prehashed(spki, b"message", &signature));
}

#[test]
fn the_public_half_is_that_of_the_key() {
    let hsm = hsm();
    let owned = key(&hsm);
    let reply = hsm.execute(Command::PublicKey { key: owned.get() });
    assert!(matches!(reply, Ok(Reply::PublicKey(spki)) if Some(&spki) == owned.public.as_ref() && spki.len() == 44));
}
