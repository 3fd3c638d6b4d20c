//! The message's form, byte for byte; that it opens, `tests/openssl.rs` asks OpenSSL.

use sealroom_crypto::rsa::DecryptingKey;

use super::*;
use crate::command::{Command, Reply};
use crate::hsm::tests::{TestKey, hsm};
use crate::spec::{Spec, Usage};

#[test]
fn the_form_is_the_one_that_aws_sends() {
    let found = enveloped(&[0xaa; 32], &[0xbb; 256], [0xcc; 16], &[0xdd; 1_008]);
    let mut expected = Vec::new();
    // ContentInfo, [0], EnvelopedData of version 2.
    expected.extend([0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03, 0xa0, 0x80]);
    expected.extend([0x30, 0x80, 0x02, 0x01, 0x02]);
    // One recipient of version 2, named by 32 bytes.
    expected.extend([0x31, 0x82, 0x01, 0x6b, 0x30, 0x82, 0x01, 0x67, 0x02, 0x01, 0x02, 0x80, 0x20]);
    expected.extend([0xaa; 32]);
    // RSAES-OAEP with SHA-256, and MGF1 with SHA-256, and the wrapped key.
    expected.extend([0x30, 0x3c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, 0x30, 0x2f]);
    expected.extend([0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    expected.extend([0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01]);
    expected.extend([0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    expected.extend([0x05, 0x00, 0x04, 0x82, 0x01, 0x00]);
    expected.extend([0xbb; 256]);
    // The content: data, AES-256-CBC with its first block, in pieces of a thousand bytes.
    expected.extend([0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0x30, 0x1d]);
    expected.extend([0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x04, 0x10]);
    expected.extend([0xcc; 16]);
    expected.extend([0xa0, 0x80, 0x04, 0x82, 0x03, 0xe8]);
    expected.extend([0xdd; 1_000]);
    expected.extend([0x04, 0x08]);
    expected.extend([0xdd; 8]);
    expected.extend([0; 10]);
    assert_eq!(found, expected);
}

#[test]
fn a_message_is_under_a_key_of_its_own() {
    let pair = rsa::generate(2_048).unwrap();
    let private = DecryptingKey::from_pkcs8(pair.pkcs8.expose()).unwrap();
    // The wrapped key stands at one place while its length doesn't change.
    let wrapped = |message: &[u8]| message[131..131 + 256].to_vec();
    let draw = || {
        let Ok(Released::Enveloped(message)) = release(Secret::copy_of(b"plaintext"), Release::To(&pair.spki)) else {
            panic!()
        };
        assert!(!message.windows(9).any(|window| window == b"plaintext"));
        private.decrypt_oaep(OaepHash::Sha256, &wrapped(&message)).unwrap()
    };
    let (one, another) = (draw(), draw());
    assert_eq!(one.len(), 32);
    assert!(!one.ct_eq(another.expose()));
}

#[test]
fn keys_of_other_kinds_and_lengths_get_nothing() {
    let hsm = hsm();
    let ec = TestKey::new(&hsm, Spec::EccNistP256, Usage::SignVerify).public.unwrap();
    let symmetric = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    for key in [&ec[..], b"", b"no key"] {
        let release = Release::To(key);
        let (context, spec) = (b"".as_slice(), Spec::EccNistP256);
        for command in [
            Command::Random { bytes: 32, release },
            Command::DataKey { key: symmetric.get(), context, bytes: 32, release: Some(release) },
            Command::DataKeyPair { key: symmetric.get(), context, spec, release: Some(release) },
        ] {
            assert_eq!(hsm.execute(command).err(), Some(HsmError::InvalidPublicKey), "{command:?}");
        }
    }
}

#[test]
fn what_has_no_plaintext_to_release_releases_none() {
    let hsm = hsm();
    let key = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let made = hsm.execute(Command::DataKey { key: key.get(), context: b"", bytes: 32, release: None });
    assert!(matches!(made, Ok(Reply::DataKey { plaintext: None, .. })));
}
