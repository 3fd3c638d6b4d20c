//! SM2 through the commands: what each gives, and to whom it is refused.

use super::*;
use crate::algorithm::AgreementAlgorithm;
use crate::command::{Command, Release, Released, Reply};
use crate::hsm::tests::{TestKey, decrypt, encrypt, hsm};

const MESSAGE: &[u8] = b"message";

fn key(hsm: &Hsm, usage: Usage) -> TestKey {
    TestKey::new(hsm, Spec::Sm2, usage)
}

fn sign(hsm: &Hsm, key: KeyRef<'_>, message: Message<'_>) -> Result<Vec<u8>, HsmError> {
    match hsm.execute(Command::Sign { key, algorithm: SigningAlgorithm::Sm2Dsa, message })? {
        Reply::Signature(signature) => Ok(signature),
        other => panic!("{other:?}"),
    }
}

fn verify(hsm: &Hsm, key: KeyRef<'_>, message: Message<'_>, signature: &[u8]) -> Result<bool, HsmError> {
    match hsm.execute(Command::Verify { key, algorithm: SigningAlgorithm::Sm2Dsa, message, signature })? {
        Reply::Verified(right) => Ok(right),
        other => panic!("{other:?}"),
    }
}

fn agree(hsm: &Hsm, key: KeyRef<'_>, peer: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    match hsm.execute(Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer, release: Release::Plain })? {
        Reply::Plaintext(Released::Plain(secret)) => Ok(secret),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_are_of_one_key_and_one_message() {
    let hsm = hsm();
    let (own, other) = (key(&hsm, Usage::SignVerify), key(&hsm, Usage::SignVerify));
    for (message, another) in
        [(Message::Raw(MESSAGE), Message::Raw(b"another")), (Message::Digest(&[1; 32]), Message::Digest(&[2; 32]))]
    {
        let signature = sign(&hsm, own.get(), message).unwrap();
        assert_eq!(verify(&hsm, own.get(), message, &signature), Ok(true));
        assert_eq!(verify(&hsm, own.get(), another, &signature), Ok(false));
        assert_eq!(verify(&hsm, other.get(), message, &signature), Ok(false));
        assert_eq!(verify(&hsm, own.get(), message, b""), Ok(false));
        assert!(crypto::verify(
            own.public.as_deref().unwrap(),
            signed(own.get(), SigningAlgorithm::Sm2Dsa, message).unwrap(),
            &signature
        ));
    }
}

#[test]
fn a_digest_has_32_bytes_and_there_is_no_external_mu() {
    let hsm = hsm();
    let own = key(&hsm, Usage::SignVerify);
    for (message, expected) in [
        (Message::Digest(&[1; 31]), HsmError::DigestLength),
        (Message::Digest(&[1; 33]), HsmError::DigestLength),
        (Message::Digest(&[1; 64]), HsmError::DigestLength),
        (Message::ExternalMu(&[1; 64]), HsmError::NotForThisSpec),
    ] {
        assert_eq!(sign(&hsm, own.get(), message).err(), Some(expected));
        assert_eq!(verify(&hsm, own.get(), message, b"signature").err(), Some(expected));
    }
}

#[test]
fn plaintexts_of_1_to_1024_bytes_fit_and_open_under_their_own_key() {
    let hsm = hsm();
    let (own, other) = (key(&hsm, Usage::EncryptDecrypt), key(&hsm, Usage::EncryptDecrypt));
    let algorithm = EncryptionAlgorithm::Sm2Pke;
    for length in [1, 32, MAX_PLAINTEXT] {
        let ciphertext = encrypt(&hsm, own.get(), algorithm, &vec![7; length]).unwrap();
        assert!(decrypt(&hsm, own.get(), algorithm, &ciphertext).unwrap().ct_eq(&vec![7; length]));
        for refused in [
            decrypt(&hsm, other.get(), algorithm, &ciphertext),
            decrypt(&hsm, own.get(), algorithm, &ciphertext[1..]),
            decrypt(&hsm, own.get(), algorithm, b""),
        ] {
            assert_eq!(refused.err(), Some(HsmError::InvalidCiphertext));
        }
    }
    assert_eq!(encrypt(&hsm, own.get(), algorithm, b"").err(), Some(HsmError::LengthOutOfRange));
    let too_long = encrypt(&hsm, own.get(), algorithm, &[7; MAX_PLAINTEXT + 1]);
    assert_eq!(too_long.err(), Some(HsmError::PlaintextTooLong { max: MAX_PLAINTEXT }));
}

#[test]
fn two_keys_here_and_one_outside_agree() {
    let hsm = hsm();
    let (ours, theirs) = (key(&hsm, Usage::KeyAgreement), key(&hsm, Usage::KeyAgreement));
    let secret = agree(&hsm, ours.get(), theirs.public.as_deref().unwrap()).unwrap();
    assert_eq!(secret.len(), 32);
    assert!(agree(&hsm, theirs.get(), ours.public.as_deref().unwrap()).unwrap().ct_eq(secret.expose()));
    let outside = crypto::KeyPair::generate().unwrap();
    let there = outside.agree(ours.public.as_deref().unwrap()).unwrap();
    assert!(agree(&hsm, ours.get(), &outside.export().unwrap().spki).unwrap().ct_eq(there.expose()));
}

#[test]
fn public_keys_that_cannot_be_used_are_refused() {
    let hsm = hsm();
    let ours = key(&hsm, Usage::KeyAgreement);
    let right = ours.public.clone().unwrap();
    let mut off_the_curve = right.clone();
    *off_the_curve.last_mut().unwrap() ^= 1;
    let foreign = TestKey::new(&hsm, Spec::EccNistP256, Usage::KeyAgreement).public.unwrap();
    for peer in [
        &foreign,
        &off_the_curve,
        &[right.as_slice(), &[0]].concat(),
        &right[..90].to_vec(),
        &vec![],
        &vec![0x30; 8_192],
    ] {
        assert_eq!(agree(&hsm, ours.get(), peer).err(), Some(HsmError::InvalidPublicKey));
    }
}

#[test]
fn a_key_does_what_its_usage_says_and_nothing_else() {
    let hsm = hsm();
    let context = b"context".as_slice();
    for usage in [Usage::SignVerify, Usage::EncryptDecrypt, Usage::KeyAgreement] {
        let own = key(&hsm, usage);
        let (key, algorithm) = (own.get(), EncryptionAlgorithm::Sm2Pke);
        let refused = |done: Option<HsmError>, with: Usage| {
            assert_eq!(done, (usage != with).then_some(HsmError::NotForThisSpec), "{usage} {with}");
        };
        refused(sign(&hsm, key, Message::Raw(MESSAGE)).err(), Usage::SignVerify);
        refused(encrypt(&hsm, key, algorithm, MESSAGE).err(), Usage::EncryptDecrypt);
        refused(agree(&hsm, key, own.public.as_deref().unwrap()).err(), Usage::KeyAgreement);
        let public = hsm.execute(Command::PublicKey { key });
        assert!(matches!(public, Ok(Reply::PublicKey(public)) if Some(&public) == own.public.as_ref()));
        for command in [
            Command::Sign { key, algorithm: SigningAlgorithm::EcdsaSha256, message: Message::Raw(MESSAGE) },
            Command::Encrypt {
                key,
                algorithm: EncryptionAlgorithm::RsaesOaepSha256,
                context: b"",
                plaintext: b"p",
                kind: crate::BlobKind::Message,
            },
            Command::Encrypt { key, algorithm, context, plaintext: b"p", kind: crate::BlobKind::Message },
            Command::Decrypt { key, algorithm, context, ciphertext: b"c", release: Release::Plain },
            Command::Mac { key, algorithm: crate::MacAlgorithm::HmacSha256, message: MESSAGE },
        ] {
            assert_eq!(hsm.execute(command).err(), Some(HsmError::NotForThisSpec), "{command:?}");
        }
    }
}

#[test]
fn a_data_key_pair_is_a_pair_for_use_outside() {
    let hsm = hsm();
    let sealing = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let make =
        Command::DataKeyPair { key: sealing.get(), context: b"", spec: Spec::Sm2, release: Some(Release::Plain) };
    let Ok(Reply::DataKeyPair { public, plaintext: Some(Released::Plain(shown)), ciphertext }) = hsm.execute(make)
    else {
        panic!()
    };
    assert_eq!(crypto::KeyPair::from_pkcs8(shown.expose()).unwrap().export().unwrap().spki, public);
    let opened = decrypt(&hsm, sealing.get(), EncryptionAlgorithm::SymmetricDefault, &ciphertext).unwrap();
    assert!(opened.ct_eq(shown.expose()));
}
