//! The wire: one form for each command and reply, and no panic over any bytes.

use proptest::prelude::*;
use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use super::*;
use crate::algorithm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm};
use crate::binding::KeyBinding;
use crate::blob::BlobKind;
use crate::command::{Command, KeyRef, Message, Reply};
use crate::error::HsmError;
use crate::spec::{Origin, Spec, Usage};
use crate::token::KeyToken;

struct Fixture {
    account: AccountId,
    key: KeyId,
    first: (KeyBinding, KeyToken),
    second: (KeyBinding, KeyToken),
}

impl Fixture {
    fn new() -> Self {
        let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(true, [3; 16]));
        let material = MaterialId::from_bytes([4; 32]);
        let (spec, usage, origin) = (Spec::SymmetricDefault, Usage::EncryptDecrypt, Origin::AwsKms);
        let first = KeyBinding { account, key, material, spec, usage, origin };
        let second = KeyBinding { account: AccountId::platform(), spec: Spec::Rsa4096, ..first };
        let token = |byte| KeyToken::from_bytes(&[byte; 40]).unwrap();
        Self { account, key, first: (first, token(1)), second: (second, token(2)) }
    }

    /// Each command once.
    fn commands(&self) -> Vec<Command<'_>> {
        let (account, id) = (self.account, self.key);
        let key = KeyRef { binding: &self.first.0, token: &self.first.1 };
        let other = KeyRef { binding: &self.second.0, token: &self.second.1 };
        let (spec, usage, origin) = (Spec::MlKem1024, Usage::EncapsulateDecapsulate, Origin::ExternalKeyStore);
        let (context, algorithm) = (b"context".as_slice(), EncryptionAlgorithm::Sm2Pke);
        let (signing, mac) = (SigningAlgorithm::Ed25519PhSha512, MacAlgorithm::HmacSha384);
        vec![
            Command::GenerateKey { account, key: id, spec, usage, origin },
            Command::WrappingKey { account, key: id, spec },
            Command::Import {
                account,
                key: id,
                spec,
                usage,
                wrapping: other,
                algorithm: WrappingAlgorithm::RsaAesKeyWrapSha1,
                wrapped: b"wrapped",
            },
            Command::Encrypt { key, algorithm, context, plaintext: b"plaintext", kind: BlobKind::DataKey },
            Command::Decrypt { key, algorithm, context, ciphertext: b"ciphertext" },
            Command::ReEncrypt {
                from: key,
                from_algorithm: EncryptionAlgorithm::SymmetricDefault,
                from_context: b"",
                ciphertext: b"ciphertext",
                to: other,
                to_algorithm: EncryptionAlgorithm::RsaesOaepSha1,
                to_context: context,
            },
            Command::DataKey { key, context, bytes: 1_024, reveal: true },
            Command::DataKeyPair { key, context, spec, reveal: false },
            Command::Sign { key, algorithm: signing, message: Message::Raw(b"message") },
            Command::Sign { key, algorithm: signing, message: Message::ExternalMu(b"mu") },
            Command::Verify { key, algorithm: signing, message: Message::Digest(b"digest"), signature: b"signature" },
            Command::Mac { key, algorithm: mac, message: b"message" },
            Command::VerifyMac { key, algorithm: mac, message: b"message", mac: b"mac" },
            Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: b"peer" },
            Command::Encapsulate { key },
            Command::Decapsulate { key, ciphertext: b"ciphertext" },
            Command::PublicKey { key },
            Command::Random { bytes: 7 },
            Command::Rewrap { key: other },
            Command::Forget { token: [9; 32] },
        ]
    }
}

/// Each reply once, and each optional part there and not there.
fn replies() -> Vec<Result<Reply, HsmError>> {
    let (material, token) = (MaterialId::from_bytes([5; 32]), || KeyToken::from_bytes(&[6; 40]).unwrap());
    let secret = || Secret::copy_of(b"secret");
    let mut all = vec![
        Ok(Reply::Key { material, token: token(), public: None }),
        Ok(Reply::Key { material, token: token(), public: Some(b"public".to_vec()) }),
        Ok(Reply::Ciphertext(b"ciphertext".to_vec())),
        Ok(Reply::Plaintext(secret())),
        Ok(Reply::DataKey { plaintext: Some(secret()), ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::DataKey { plaintext: None, ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::DataKeyPair { public: b"public".to_vec(), plaintext: None, ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::Signature(b"signature".to_vec())),
        Ok(Reply::Verified(true)),
        Ok(Reply::Verified(false)),
        Ok(Reply::Mac(b"mac".to_vec())),
        Ok(Reply::Encapsulated { secret: secret(), ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::PublicKey(b"public".to_vec())),
        Ok(Reply::Random(secret())),
        Ok(Reply::Token(token())),
        Ok(Reply::Done),
    ];
    let errors = [
        HsmError::InvalidCiphertext,
        HsmError::InvalidToken,
        HsmError::DigestLength,
        HsmError::PlaintextTooLong { max: 190 },
        HsmError::NotForThisSpec,
        HsmError::LengthOutOfRange,
        HsmError::InvalidPublicKey,
        HsmError::InvalidKeyMaterial,
        HsmError::NotServed,
        HsmError::Busy,
        HsmError::Failed,
    ];
    all.extend(errors.into_iter().map(Err));
    all
}

fn is_read(bytes: &[u8]) -> bool {
    with_command(bytes, |_| ()).is_ok()
}

#[test]
fn every_command_is_read_as_it_was_written() {
    let fixture = Fixture::new();
    for command in fixture.commands() {
        let bytes = encode_command(&command);
        with_command(bytes.expose(), |read| {
            assert!(read == command, "{command:?}");
            assert!(encode_command(&read).ct_eq(bytes.expose()), "{command:?}");
        })
        .unwrap();
    }
}

#[test]
fn commands_of_another_length_are_refused() {
    let fixture = Fixture::new();
    for command in fixture.commands() {
        let bytes = encode_command(&command);
        for length in 0..bytes.len() {
            assert!(!is_read(&bytes.expose()[..length]), "{command:?} at {length}");
        }
        assert!(!is_read(&[bytes.expose(), &[0]].concat()), "{command:?}");
    }
}

#[test]
fn every_reply_is_read_as_it_was_written_and_at_its_length_only() {
    for reply in replies() {
        let bytes = encode_reply(&reply);
        let read = decode_reply(bytes.expose()).unwrap();
        assert!(encode_reply(&read).ct_eq(bytes.expose()), "{reply:?}");
        for length in 0..bytes.len() {
            assert!(decode_reply(&bytes.expose()[..length]).is_err(), "{reply:?} at {length}");
        }
        assert!(decode_reply(&[bytes.expose(), &[0]].concat()).is_err(), "{reply:?}");
    }
}

#[test]
fn the_table_serves_as_many_commands_as_there_are_numbers() {
    let numbers: std::collections::BTreeSet<u8> =
        Fixture::new().commands().iter().map(|command| encode_command(command).expose()[1]).collect();
    assert_eq!(numbers, (1..=19).collect());
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
        is_read(&bytes);
        let _ = decode_reply(&bytes);
    }

    #[test]
    fn what_is_read_from_changed_bytes_is_what_they_say(which in 0usize..20, at: prop::sample::Index, byte: u8) {
        let fixture = Fixture::new();
        let mut bytes = encode_command(&fixture.commands()[which]).expose().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // One form for each command: whatever is still read is written as the same bytes.
        let written = with_command(&bytes, |read| encode_command(&read).expose().to_vec());
        prop_assert!(written.is_err() || written == Ok(bytes));
    }

    #[test]
    fn what_is_read_from_a_changed_reply_is_what_it_says(which in 0usize..27, at: prop::sample::Index, byte: u8) {
        let mut bytes = encode_reply(&replies()[which]).expose().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let written = decode_reply(&bytes).map(|read| encode_reply(&read).expose().to_vec());
        prop_assert!(written.is_err() || written == Ok(bytes));
    }
}
