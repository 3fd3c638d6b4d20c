//! Commands as bytes. The table at [`commands!`] is the format: each command's number and its fields in their order.

use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use super::{VERSION, WireError};
use crate::algorithm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm};
use crate::binding::KeyBinding;
use crate::blob::BlobKind;
use crate::bytes::{Pieces, Reader, account_bytes, account_of, assemble, key_bytes, key_of};
use crate::command::{Command, KeyRef, Message, Release};
use crate::spec::{Origin, Spec, Usage};
use crate::token::KeyToken;

/// How a field stands on the wire. What is read may have to be owned before a command can borrow it.
trait Field {
    /// What stands in the command.
    type Value<'v>;
    /// What is read.
    type Owned<'r>;

    fn put(out: &mut Pieces<'_>, value: &Self::Value<'_>);
    fn read<'r>(reader: &mut Reader<'r>) -> Option<Self::Owned<'r>>;
    fn lend<'o, 'r: 'o>(owned: &'o Self::Owned<'r>) -> Self::Value<'o>;
}

macro_rules! commands {
    ($($number:literal $variant:ident { $($field:ident: $kind:ty),+ })+) => {
        fn put_command(out: &mut Pieces<'_>, command: &Command<'_>) {
            match command {
                $(Command::$variant { $($field),+ } => {
                    out.put(&[VERSION, $number]);
                    $(<$kind as Field>::put(out, $field);)+
                })+
            }
        }

        fn read_command<T>(bytes: &[u8], run: impl FnOnce(Command<'_>) -> T) -> Option<T> {
            let mut reader = Reader::new(bytes);
            let [VERSION, number] = reader.array()? else { return None };
            match number {
                $($number => {
                    $(let $field = <$kind as Field>::read(&mut reader)?;)+
                    reader.end()?;
                    Some(run(Command::$variant { $($field: <$kind as Field>::lend(&$field)),+ }))
                })+
                _ => None,
            }
        }
    };
}

commands! {
    1 GenerateKey { account: AccountId, key: KeyId, spec: Spec, usage: Usage, origin: Origin }
    2 WrappingKey { account: AccountId, key: KeyId, spec: Spec }
    3 Import {
        account: AccountId, key: KeyId, spec: Spec, usage: Usage, wrapping: Key, algorithm: WrappingAlgorithm,
        wrapped: Block
    }
    4 Encrypt { key: Key, algorithm: EncryptionAlgorithm, context: Block, plaintext: Block, kind: BlobKind }
    5 Decrypt { key: Key, algorithm: EncryptionAlgorithm, context: Block, ciphertext: Block, release: Leaves }
    6 ReEncrypt {
        from: Key, from_algorithm: EncryptionAlgorithm, from_context: Block, ciphertext: Block,
        to: Key, to_algorithm: EncryptionAlgorithm, to_context: Block
    }
    7 DataKey { key: Key, context: Block, bytes: u16, release: MayLeave }
    8 DataKeyPair { key: Key, context: Block, spec: Spec, release: MayLeave }
    9 Sign { key: Key, algorithm: SigningAlgorithm, message: Signed }
    10 Verify { key: Key, algorithm: SigningAlgorithm, message: Signed, signature: Block }
    11 Mac { key: Key, algorithm: MacAlgorithm, message: Block }
    12 VerifyMac { key: Key, algorithm: MacAlgorithm, message: Block, mac: Block }
    13 Agree { key: Key, algorithm: AgreementAlgorithm, peer: Block, release: Leaves }
    14 Encapsulate { key: Key }
    15 Decapsulate { key: Key, ciphertext: Block }
    16 PublicKey { key: Key }
    17 Random { bytes: u16, release: Leaves }
    18 Rewrap { key: Key }
    19 Forget { token: [u8; 32] }
    20 VerifyCertified { roots: Blocks, leaf: Block, issuers: Blocks, at: u64, message: Block, signature: Block }
}

/// Writes a command down.
#[must_use]
pub fn encode_command(command: &Command<'_>) -> Secret<[u8]> {
    assemble(|out| put_command(out, command))
}

/// Reads a command and hands it to `run`. The command borrows from `bytes`; its keys live only as long as the call.
///
/// # Errors
/// [`WireError`] when the bytes are none of [`encode_command`]'s.
pub fn with_command<T>(bytes: &[u8], run: impl FnOnce(Command<'_>) -> T) -> Result<T, WireError> {
    read_command(bytes, run).ok_or(WireError)
}

/// A field that is its own value.
macro_rules! plain {
    ($kind:ty, |$value:ident| $bytes:expr, |$reader:ident| $read:expr) => {
        impl Field for $kind {
            type Value<'v> = Self;
            type Owned<'r> = Self;

            fn put(out: &mut Pieces<'_>, $value: &Self) {
                out.put(&$bytes);
            }

            fn read<'r>($reader: &mut Reader<'r>) -> Option<Self> {
                $read
            }

            fn lend<'o, 'r: 'o>(owned: &'o Self) -> Self {
                *owned
            }
        }
    };
}

macro_rules! codes {
    ($($kind:ty),+) => {
        $(plain!($kind, |value| [value.code()], |reader| Self::from_code(reader.u8()?));)+
    };
}

codes!(Spec, Usage, Origin, BlobKind);
codes!(EncryptionAlgorithm, SigningAlgorithm, MacAlgorithm, AgreementAlgorithm, WrappingAlgorithm);
plain!(AccountId, |value| account_bytes(value), |reader| account_of(reader.array()?));
plain!(KeyId, |value| key_bytes(*value), |reader| key_of(reader.array()?));
plain!(u16, |value| value.to_be_bytes(), |reader| reader.u16());
plain!(u64, |value| value.to_be_bytes(), |reader| reader.array().map(|bytes| Self::from_be_bytes(*bytes)));
plain!([u8; 32], |value| *value, |reader| reader.array().copied());

/// Bytes behind their length.
struct Block;

impl Field for Block {
    type Value<'v> = &'v [u8];
    type Owned<'r> = &'r [u8];

    fn put(out: &mut Pieces<'_>, value: &&[u8]) {
        out.block(value);
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<&'r [u8]> {
        reader.block()
    }

    fn lend<'o, 'r: 'o>(owned: &'o &'r [u8]) -> &'o [u8] {
        owned
    }
}

/// LIMIT: blocks of one list that are read.
const MOST_BLOCKS: u16 = 256;

/// Blocks behind their number.
struct Blocks;

impl Field for Blocks {
    type Value<'v> = &'v [&'v [u8]];
    type Owned<'r> = Vec<&'r [u8]>;

    fn put(out: &mut Pieces<'_>, value: &&[&[u8]]) {
        out.put(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        value.iter().for_each(|block| out.block(block));
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<Vec<&'r [u8]>> {
        let number = reader.u16().filter(|number| *number <= MOST_BLOCKS)?;
        (0..number).map(|_| reader.block()).collect()
    }

    fn lend<'o, 'r: 'o>(owned: &'o Vec<&'r [u8]>) -> &'o [&'o [u8]] {
        owned
    }
}

/// How a plaintext leaves that does leave.
struct Leaves;

impl Field for Leaves {
    type Value<'v> = Release<'v>;
    type Owned<'r> = Release<'r>;

    fn put(out: &mut Pieces<'_>, value: &Release<'_>) {
        MayLeave::put(out, &Some(*value));
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<Release<'r>> {
        MayLeave::read(reader)?
    }

    fn lend<'o, 'r: 'o>(owned: &'o Release<'r>) -> Release<'o> {
        *owned
    }
}

/// How a plaintext leaves, if it does: nothing (0), as it is (1), or for a key (2) as a block.
struct MayLeave;

impl Field for MayLeave {
    type Value<'v> = Option<Release<'v>>;
    type Owned<'r> = Option<Release<'r>>;

    fn put(out: &mut Pieces<'_>, value: &Option<Release<'_>>) {
        match value {
            None => out.u8(0),
            Some(Release::Plain) => out.u8(1),
            Some(Release::To(key)) => {
                out.u8(2);
                out.block(key);
            }
        }
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<Option<Release<'r>>> {
        match reader.u8()? {
            0 => Some(None),
            1 => Some(Some(Release::Plain)),
            2 => reader.block().map(|key| Some(Release::To(key))),
            _ => None,
        }
    }

    fn lend<'o, 'r: 'o>(owned: &'o Option<Release<'r>>) -> Option<Release<'o>> {
        *owned
    }
}

/// A message with its type.
struct Signed;

impl Field for Signed {
    type Value<'v> = Message<'v>;
    type Owned<'r> = Message<'r>;

    fn put(out: &mut Pieces<'_>, value: &Message<'_>) {
        let (number, bytes) = match value {
            Message::Raw(bytes) => (1, bytes),
            Message::Digest(bytes) => (2, bytes),
            Message::ExternalMu(bytes) => (3, bytes),
        };
        out.u8(number);
        out.block(bytes);
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<Message<'r>> {
        match (reader.u8()?, reader.block()?) {
            (1, bytes) => Some(Message::Raw(bytes)),
            (2, bytes) => Some(Message::Digest(bytes)),
            (3, bytes) => Some(Message::ExternalMu(bytes)),
            _ => None,
        }
    }

    fn lend<'o, 'r: 'o>(owned: &'o Message<'r>) -> Message<'o> {
        *owned
    }
}

/// A key: its binding, and its token as a block.
struct Key;

impl Field for Key {
    type Value<'v> = KeyRef<'v>;
    type Owned<'r> = (KeyBinding, KeyToken);

    fn put(out: &mut Pieces<'_>, value: &KeyRef<'_>) {
        let KeyBinding { account, key, material, spec, usage, origin } = value.binding;
        out.put(&account_bytes(account));
        out.put(&key_bytes(*key));
        out.put(material.as_bytes());
        out.put(&[spec.code(), usage.code(), origin.code()]);
        out.block(value.token.to_bytes());
    }

    fn read<'r>(reader: &mut Reader<'r>) -> Option<Self::Owned<'r>> {
        let binding = KeyBinding {
            account: account_of(reader.array()?)?,
            key: key_of(reader.array()?)?,
            material: MaterialId::from_bytes(*reader.array()?),
            spec: Spec::from_code(reader.u8()?)?,
            usage: Usage::from_code(reader.u8()?)?,
            origin: Origin::from_code(reader.u8()?)?,
        };
        let token = KeyToken::from_bytes(reader.block()?).ok()?;
        Some((binding, token))
    }

    fn lend<'o, 'r: 'o>((binding, token): &'o Self::Owned<'r>) -> KeyRef<'o> {
        KeyRef { binding, token }
    }
}
