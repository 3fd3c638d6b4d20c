//! The wire: one form for each command and reply, and no panic over any bytes.

use proptest::prelude::*;
use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use super::*;
use crate::algorithm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm};
use crate::binding::KeyBinding;
use crate::blob::BlobKind;
use crate::command::{Command, KeyRef, Message, Release, Released, Reply};
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
            Command::Decrypt { key, algorithm, context, ciphertext: b"ciphertext", release: Release::Plain },
            Command::ReEncrypt {
                from: key,
                from_algorithm: EncryptionAlgorithm::SymmetricDefault,
                from_context: b"",
                ciphertext: b"ciphertext",
                to: other,
                to_algorithm: EncryptionAlgorithm::RsaesOaepSha1,
                to_context: context,
            },
            Command::DataKey { key, context, bytes: 1_024, release: Some(Release::Plain) },
            Command::DataKeyPair { key, context, spec, release: None },
            Command::Sign { key, algorithm: signing, message: Message::Raw(b"message") },
            Command::Sign { key, algorithm: signing, message: Message::ExternalMu(b"mu") },
            Command::Verify { key, algorithm: signing, message: Message::Digest(b"digest"), signature: b"signature" },
            Command::Mac { key, algorithm: mac, message: b"message" },
            Command::VerifyMac { key, algorithm: mac, message: b"message", mac: b"mac" },
            Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: b"peer", release: Release::Plain },
            Command::Encapsulate { key },
            Command::Decapsulate { key, ciphertext: b"ciphertext" },
            Command::PublicKey { key },
            Command::Random { bytes: 7, release: Release::Plain },
            Command::Rewrap { key: other },
            Command::Forget { token: [9; 32] },
            Command::VerifyCertified {
                roots: &[b"one", b"another"],
                leaf: b"leaf",
                issuers: &[],
                at: 7,
                message: b"message",
                signature: b"signature",
            },
            Command::Decrypt { key, algorithm, context, ciphertext: b"ciphertext", release: Release::To(b"key") },
            Command::DataKey { key, context, bytes: 1_024, release: Some(Release::To(b"key")) },
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
        Ok(Reply::Plaintext(Released::Plain(secret()))),
        Ok(Reply::DataKey { plaintext: Some(Released::Plain(secret())), ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::DataKey { plaintext: None, ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::DataKeyPair { public: b"public".to_vec(), plaintext: None, ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::Signature(b"signature".to_vec())),
        Ok(Reply::Verified(true)),
        Ok(Reply::Verified(false)),
        Ok(Reply::Mac(b"mac".to_vec())),
        Ok(Reply::Encapsulated { secret: secret(), ciphertext: b"ciphertext".to_vec() }),
        Ok(Reply::PublicKey(b"public".to_vec())),
        Ok(Reply::Random(Released::Plain(secret()))),
        Ok(Reply::Token(token())),
        Ok(Reply::Plaintext(Released::Enveloped(b"enveloped".to_vec()))),
        Ok(Reply::DataKey {
            plaintext: Some(Released::Enveloped(b"enveloped".to_vec())),
            ciphertext: b"ciphertext".to_vec(),
        }),
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
    assert_eq!(numbers, (1..=20).collect());
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
        is_read(&bytes);
        let _ = decode_reply(&bytes);
    }

    #[test]
    fn what_is_read_from_changed_bytes_is_what_they_say(which in 0usize..23, at: prop::sample::Index, byte: u8) {
        let fixture = Fixture::new();
        let mut bytes = encode_command(&fixture.commands()[which]).expose().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // One form for each command: whatever is still read is written as the same bytes.
        let written = with_command(&bytes, |read| encode_command(&read).expose().to_vec());
        prop_assert!(written.is_err() || written == Ok(bytes));
    }

    #[test]
    fn what_is_read_from_a_changed_reply_is_what_it_says(which in 0usize..29, at: prop::sample::Index, byte: u8) {
        let mut bytes = encode_reply(&replies()[which]).expose().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let written = decode_reply(&bytes).map(|read| encode_reply(&read).expose().to_vec());
        prop_assert!(written.is_err() || written == Ok(bytes));
    }
}

/// What an arbitrary command or reply is made of.
#[derive(Debug, Clone)]
struct Parts {
    names: [prop::sample::Index; 5],
    ids: ([u8; 16], [u8; 32]),
    number: u16,
    flag: bool,
    blocks: [Vec<u8>; 3],
    token: Vec<u8>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let names = prop::array::uniform5(any::<prop::sample::Index>());
    let block = || prop::collection::vec(any::<u8>(), 0..300);
    let blocks = [block(), block(), block()];
    let rest = (any::<([u8; 16], [u8; 32])>(), any::<u16>(), any::<bool>());
    (names, rest, blocks, prop::collection::vec(any::<u8>(), 1..300))
        .prop_map(|(names, (ids, number, flag), blocks, token)| Parts { names, ids, number, flag, blocks, token })
}

impl Parts {
    fn pick<T: Copy>(&self, number: usize, all: &[T]) -> T {
        *self.names[number].get(all)
    }

    fn key(&self, account: AccountId) -> (KeyBinding, KeyToken) {
        let binding = KeyBinding {
            account,
            key: KeyId::from_bytes(self.flag, self.ids.0),
            material: MaterialId::from_bytes(self.ids.1),
            spec: self.pick(0, Spec::ALL),
            usage: self.pick(1, Usage::ALL),
            origin: self.pick(2, Origin::ALL),
        };
        (binding, KeyToken::from_bytes(&self.token).unwrap())
    }

    fn release<'a>(&self, key: &'a [u8]) -> Release<'a> {
        self.pick(1, &[Release::Plain, Release::To(key)])
    }

    fn may_release<'a>(&self, key: &'a [u8]) -> Option<Release<'a>> {
        self.pick(2, &[None, Some(Release::Plain), Some(Release::To(key))])
    }

    /// Every command, made of these parts.
    fn commands<'a>(
        &'a self,
        own: &'a (KeyBinding, KeyToken),
        far: &'a (KeyBinding, KeyToken),
        many: &'a [&'a [u8]],
    ) -> Vec<Command<'a>> {
        let KeyBinding { account, key: id, spec, usage, origin, .. } = own.0;
        let (key, other) = (KeyRef { binding: &own.0, token: &own.1 }, KeyRef { binding: &far.0, token: &far.1 });
        let [first, second, third] = self.blocks.each_ref().map(Vec::as_slice);
        let encryption = self.pick(3, EncryptionAlgorithm::ALL);
        let (signing, mac) = (self.pick(3, SigningAlgorithm::ALL), self.pick(3, MacAlgorithm::ALL));
        let kind = if self.flag { BlobKind::DataKey } else { BlobKind::Message };
        let message = self.pick(4, &[Message::Raw(first), Message::Digest(first), Message::ExternalMu(first)]);
        vec![
            Command::GenerateKey { account, key: id, spec, usage, origin },
            Command::WrappingKey { account, key: id, spec },
            Command::Import {
                account,
                key: id,
                spec,
                usage,
                wrapping: other,
                algorithm: self.pick(3, WrappingAlgorithm::ALL),
                wrapped: first,
            },
            Command::Encrypt { key, algorithm: encryption, context: first, plaintext: second, kind },
            Command::Decrypt {
                key,
                algorithm: encryption,
                context: first,
                ciphertext: second,
                release: self.release(third),
            },
            Command::ReEncrypt {
                from: key,
                from_algorithm: encryption,
                from_context: first,
                ciphertext: second,
                to: other,
                to_algorithm: self.pick(4, EncryptionAlgorithm::ALL),
                to_context: third,
            },
            Command::DataKey { key, context: first, bytes: self.number, release: self.may_release(third) },
            Command::DataKeyPair {
                key,
                context: first,
                spec: self.pick(4, Spec::ALL),
                release: self.may_release(third),
            },
            Command::Sign { key, algorithm: signing, message },
            Command::Verify { key, algorithm: signing, message, signature: second },
            Command::Mac { key, algorithm: mac, message: first },
            Command::VerifyMac { key, algorithm: mac, message: first, mac: second },
            Command::Agree {
                key,
                algorithm: self.pick(3, AgreementAlgorithm::ALL),
                peer: first,
                release: self.release(third),
            },
            Command::Encapsulate { key },
            Command::Decapsulate { key, ciphertext: first },
            Command::PublicKey { key },
            Command::Random { bytes: self.number, release: self.release(third) },
            Command::Rewrap { key: other },
            Command::Forget { token: self.ids.1 },
            Command::VerifyCertified {
                roots: many,
                leaf: first,
                issuers: many,
                at: u64::from(self.number),
                message: second,
                signature: third,
            },
        ]
    }

    /// Every reply, made of these parts.
    fn replies(&self) -> Vec<Reply> {
        let [first, second, third] = self.blocks.each_ref();
        let secret = || Secret::copy_of(second);
        let (ciphertext, public) = (|| first.clone(), || third.clone());
        let token = || KeyToken::from_bytes(&self.token).unwrap();
        let material = MaterialId::from_bytes(self.ids.1);
        let released = || if self.flag { Released::Plain(secret()) } else { Released::Enveloped(first.clone()) };
        let maybe = || self.pick(0, &[true, false]).then(released);
        vec![
            Reply::Key { material, token: token(), public: self.flag.then(public) },
            Reply::Ciphertext(ciphertext()),
            Reply::Plaintext(released()),
            Reply::DataKey { plaintext: maybe(), ciphertext: ciphertext() },
            Reply::DataKeyPair { public: public(), plaintext: maybe(), ciphertext: ciphertext() },
            Reply::Signature(ciphertext()),
            Reply::Verified(self.flag),
            Reply::Mac(ciphertext()),
            Reply::Encapsulated { secret: secret(), ciphertext: ciphertext() },
            Reply::PublicKey(public()),
            Reply::Random(released()),
            Reply::Token(token()),
            Reply::Done,
        ]
    }
}

/// Whether two replies are the same, to the byte.
fn same(a: &Reply, b: &Reply) -> bool {
    let released = |a: &Released, b: &Released| match (a, b) {
        (Released::Plain(a), Released::Plain(b)) => a.ct_eq(b.expose()),
        (Released::Enveloped(a), Released::Enveloped(b)) => a == b,
        _ => false,
    };
    let option = |a: &Option<Released>, b: &Option<Released>| match (a, b) {
        (Some(a), Some(b)) => released(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    match (a, b) {
        (Reply::Key { material: a, token: b, public: c }, Reply::Key { material: x, token: y, public: z }) => {
            (a, b, c) == (x, y, z)
        }
        (Reply::Ciphertext(a), Reply::Ciphertext(b))
        | (Reply::Signature(a), Reply::Signature(b))
        | (Reply::Mac(a), Reply::Mac(b))
        | (Reply::PublicKey(a), Reply::PublicKey(b)) => a == b,
        (Reply::Plaintext(a), Reply::Plaintext(b)) | (Reply::Random(a), Reply::Random(b)) => released(a, b),
        (Reply::DataKey { plaintext: a, ciphertext: b }, Reply::DataKey { plaintext: x, ciphertext: y }) => {
            option(a, x) && b == y
        }
        (
            Reply::DataKeyPair { public: a, plaintext: b, ciphertext: c },
            Reply::DataKeyPair { public: x, plaintext: y, ciphertext: z },
        ) => a == x && option(b, y) && c == z,
        (Reply::Verified(a), Reply::Verified(b)) => a == b,
        (Reply::Encapsulated { secret: a, ciphertext: b }, Reply::Encapsulated { secret: x, ciphertext: y }) => {
            a.ct_eq(x.expose()) && b == y
        }
        (Reply::Token(a), Reply::Token(b)) => a == b,
        (Reply::Done, Reply::Done) => true,
        _ => false,
    }
}

proptest! {
    #[test]
    fn commands_of_any_content_are_read_as_they_were_written(parts in parts()) {
        let (own, far) =
            (parts.key("111122223333".parse().unwrap()), parts.key(AccountId::platform()));
        let many: Vec<&[u8]> = parts.blocks.iter().map(Vec::as_slice).collect();
        for command in parts.commands(&own, &far, &many) {
            let bytes = encode_command(&command);
            let read = with_command(bytes.expose(), |read| read == command);
            prop_assert_eq!(read, Ok(true), "{:?}", command);
        }
    }

    #[test]
    fn replies_of_any_content_are_read_as_they_were_written(parts in parts()) {
        for reply in parts.replies() {
            let written = Ok(reply);
            let read = decode_reply(encode_reply(&written).expose());
            let (Ok(written), Ok(Ok(read))) = (written, read) else { panic!() };
            prop_assert!(same(&written, &read), "{:?}", written);
        }
    }
}
