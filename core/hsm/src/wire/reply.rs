//! Replies and refusals as bytes.

use sealroom_foundation::{MaterialId, Secret};

use super::{VERSION, WireError};
use crate::bytes::{Pieces, Reader, assemble};
use crate::command::{Released, Reply};
use crate::error::HsmError;
use crate::token::KeyToken;

const ANSWERED: u8 = 0;
const REFUSED: u8 = 1;

/// Writes a reply or a refusal down.
#[must_use]
pub fn encode_reply(outcome: &Result<Reply, HsmError>) -> Secret<[u8]> {
    assemble(|out| match outcome {
        Ok(reply) => {
            out.put(&[VERSION, ANSWERED]);
            put_reply(out, reply);
        }
        Err(error) => {
            let (code, number) = error_code(*error);
            out.put(&[VERSION, REFUSED, code]);
            out.put(&number.to_be_bytes());
        }
    })
}

/// Reads what [`encode_reply`] wrote.
///
/// # Errors
/// [`WireError`] for everything else.
pub fn decode_reply(bytes: &[u8]) -> Result<Result<Reply, HsmError>, WireError> {
    let mut reader = Reader::new(bytes);
    let read = |reader: &mut Reader<'_>| {
        let [VERSION, outcome] = reader.array()? else { return None };
        match *outcome {
            ANSWERED => read_reply(reader).map(Ok),
            REFUSED => error_of(reader.u8()?, u64::from_be_bytes(*reader.array()?)).map(Err),
            _ => None,
        }
    };
    let outcome = read(&mut reader).ok_or(WireError)?;
    reader.end().ok_or(WireError)?;
    Ok(outcome)
}

fn put_reply(out: &mut Pieces<'_>, reply: &Reply) {
    match reply {
        Reply::Key { material, token, public } => {
            out.u8(1);
            out.put(material.as_bytes());
            out.block(token.to_bytes());
            put_optional(out, public.as_deref());
        }
        Reply::Ciphertext(bytes) => put_block(out, 2, bytes),
        Reply::Plaintext(released) => {
            out.u8(3);
            put_released(out, Some(released));
        }
        Reply::DataKey { plaintext, ciphertext } => {
            put_block(out, 4, ciphertext);
            put_released(out, plaintext.as_ref());
        }
        Reply::DataKeyPair { public, plaintext, ciphertext } => {
            put_block(out, 5, ciphertext);
            put_released(out, plaintext.as_ref());
            out.block(public);
        }
        Reply::Signature(bytes) => put_block(out, 6, bytes),
        Reply::Verified(right) => out.put(&[7, u8::from(*right)]),
        Reply::Mac(bytes) => put_block(out, 8, bytes),
        Reply::Encapsulated { secret, ciphertext } => {
            put_block(out, 9, ciphertext);
            out.block(secret.expose());
        }
        Reply::PublicKey(bytes) => put_block(out, 10, bytes),
        Reply::Random(released) => {
            out.u8(11);
            put_released(out, Some(released));
        }
        Reply::Token(token) => put_block(out, 12, token.to_bytes()),
        Reply::Done => out.u8(13),
    }
}

fn put_block(out: &mut Pieces<'_>, number: u8, bytes: &[u8]) {
    out.u8(number);
    out.block(bytes);
}

fn put_optional(out: &mut Pieces<'_>, bytes: Option<&[u8]>) {
    out.u8(u8::from(bytes.is_some()));
    out.block(bytes.unwrap_or_default());
}

/// Nothing (0), as it is (1) or enveloped (2), and the bytes as a block.
fn put_released(out: &mut Pieces<'_>, released: Option<&Released>) {
    match released {
        None => out.u8(0),
        Some(Released::Plain(secret)) => put_block(out, 1, secret.expose()),
        Some(Released::Enveloped(bytes)) => put_block(out, 2, bytes),
    }
}

fn read_released(reader: &mut Reader<'_>) -> Option<Option<Released>> {
    match reader.u8()? {
        0 => Some(None),
        1 => reader.block().map(|bytes| Some(Released::Plain(Secret::copy_of(bytes)))),
        2 => reader.block().map(|bytes| Some(Released::Enveloped(bytes.to_vec()))),
        _ => None,
    }
}

fn read_reply(reader: &mut Reader<'_>) -> Option<Reply> {
    let number = reader.u8()?;
    Some(match number {
        1 => Reply::Key {
            material: MaterialId::from_bytes(*reader.array()?),
            token: KeyToken::from_bytes(reader.block()?).ok()?,
            public: read_optional(reader)?.map(<[u8]>::to_vec),
        },
        2 => Reply::Ciphertext(reader.block()?.to_vec()),
        3 => Reply::Plaintext(read_released(reader)??),
        4 => {
            let ciphertext = reader.block()?.to_vec();
            Reply::DataKey { ciphertext, plaintext: read_released(reader)? }
        }
        5 => {
            let ciphertext = reader.block()?.to_vec();
            let plaintext = read_released(reader)?;
            Reply::DataKeyPair { ciphertext, plaintext, public: reader.block()?.to_vec() }
        }
        6 => Reply::Signature(reader.block()?.to_vec()),
        7 => Reply::Verified(reader.bool()?),
        8 => Reply::Mac(reader.block()?.to_vec()),
        9 => {
            let ciphertext = reader.block()?.to_vec();
            Reply::Encapsulated { ciphertext, secret: Secret::copy_of(reader.block()?) }
        }
        10 => Reply::PublicKey(reader.block()?.to_vec()),
        11 => Reply::Random(read_released(reader)??),
        12 => Reply::Token(KeyToken::from_bytes(reader.block()?).ok()?),
        13 => Reply::Done,
        _ => return None,
    })
}

fn read_optional<'r>(reader: &mut Reader<'r>) -> Option<Option<&'r [u8]>> {
    let (there, bytes) = (reader.bool()?, reader.block()?);
    if !there && !bytes.is_empty() {
        return None;
    }
    Some(there.then_some(bytes))
}

fn error_code(error: HsmError) -> (u8, u64) {
    match error {
        HsmError::InvalidCiphertext => (1, 0),
        HsmError::InvalidToken => (2, 0),
        HsmError::DigestLength => (3, 0),
        HsmError::PlaintextTooLong { max } => (4, u64::try_from(max).unwrap_or(u64::MAX)),
        HsmError::NotForThisSpec => (5, 0),
        HsmError::LengthOutOfRange => (6, 0),
        HsmError::InvalidPublicKey => (7, 0),
        HsmError::InvalidKeyMaterial => (8, 0),
        HsmError::NotServed => (9, 0),
        HsmError::Busy => (10, 0),
        HsmError::Failed => (11, 0),
    }
}

fn error_of(code: u8, number: u64) -> Option<HsmError> {
    let error = match code {
        1 => HsmError::InvalidCiphertext,
        2 => HsmError::InvalidToken,
        3 => HsmError::DigestLength,
        4 => HsmError::PlaintextTooLong { max: usize::try_from(number).ok()? },
        5 => HsmError::NotForThisSpec,
        6 => HsmError::LengthOutOfRange,
        7 => HsmError::InvalidPublicKey,
        8 => HsmError::InvalidKeyMaterial,
        9 => HsmError::NotServed,
        10 => HsmError::Busy,
        11 => HsmError::Failed,
        _ => return None,
    };
    (error_code(error) == (code, number)).then_some(error)
}
