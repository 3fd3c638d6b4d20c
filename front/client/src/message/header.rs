//! Headers, read and written.
//!
//! A header is read before anything of it is authenticated: its bytes decide which key is asked for, and then the key
//! decides whether the bytes were right ([`super::Opener::start`]). So each length is checked against what is there,
//! and nothing is kept that wasn't bounded.

use std::num::NonZeroU32;

use sealroom_crypto::gcm::{IV, TAG};

use super::context::{EncryptionContext, PUBLIC_KEY};
use super::keys::COMMITMENT;
use super::suite::{CommitmentPolicy, Suite};
use super::{MAX_FRAME, MAX_HEADER, MessageError};

/// The provider id of data keys that a KMS encrypted; the provider's information is then the key's ARN.
pub const KMS_PROVIDER: &str = "aws-kms";

const VERSION_1: u8 = 1;
const VERSION_2: u8 = 2;
/// "Customer authenticated encrypted data", the one type of version 1.
const TYPE: u8 = 0x80;
const UNFRAMED: u8 = 1;
const FRAMED: u8 = 2;

/// A data key as its provider encrypted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who can decrypt it: [`KMS_PROVIDER`].
    pub provider: Vec<u8>,
    /// The provider's name for the key: a key ARN.
    pub provider_info: Vec<u8>,
    /// The encrypted key.
    pub ciphertext: Vec<u8>,
}

/// A message's header, not yet authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(super) suite: Suite,
    pub(super) message_id: Vec<u8>,
    pub(super) context: EncryptionContext,
    pub(super) data_keys: Vec<EncryptedDataKey>,
    /// `None` for a body without frames.
    pub(super) frame_length: Option<NonZeroU32>,
    pub(super) commitment: Option<[u8; COMMITMENT]>,
    pub(super) iv: [u8; IV],
    pub(super) tag: [u8; TAG],
    /// What the tag covers.
    pub(super) covered: Vec<u8>,
    /// All bytes, IV and tag included: what a signature covers.
    pub(super) bytes: Vec<u8>,
}

impl Header {
    /// Reads the header that `bytes` begin with: it, and how many bytes it has. `None` when more bytes are needed.
    /// `max_data_keys` is how many encrypted data keys are taken.
    ///
    /// # Errors
    /// [`MessageError`], as soon as the bytes can't become a header any more.
    pub fn read(bytes: &[u8], max_data_keys: u16) -> Result<Option<(Self, usize)>, MessageError> {
        let mut reader = Reader { rest: bytes };
        match header(&mut reader, bytes, max_data_keys) {
            Ok(header) => Ok(Some((header, bytes.len() - reader.rest.len()))),
            Err(Stop::Short) if bytes.len() >= MAX_HEADER => Err(MessageError::LongHeader),
            Err(Stop::Short) => Ok(None),
            Err(Stop::Wrong(error)) => Err(error),
        }
    }

    /// Refuses a message that `policy` doesn't let be opened. Asked before a key is.
    ///
    /// # Errors
    /// [`MessageError::Uncommitted`].
    pub fn check(&self, policy: CommitmentPolicy) -> Result<(), MessageError> {
        match policy {
            CommitmentPolicy::RequireEncryptRequireDecrypt if !self.suite.commits() => {
                Err(MessageError::Uncommitted(self.suite.id()))
            }
            CommitmentPolicy::RequireEncryptRequireDecrypt | CommitmentPolicy::RequireEncryptAllowDecrypt => Ok(()),
        }
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The encryption context, the public key of a signature among it.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The data key, as each of its providers encrypted it.
    #[must_use]
    pub fn data_keys(&self) -> &[EncryptedDataKey] {
        &self.data_keys
    }
}

/// Why reading stops.
enum Stop {
    Short,
    Wrong(MessageError),
}

impl From<MessageError> for Stop {
    fn from(error: MessageError) -> Self {
        Self::Wrong(error)
    }
}

fn wrong(text: &'static str) -> Stop {
    Stop::Wrong(MessageError::Header(text))
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Stop::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.take(N)?.try_into().map_err(|_| Stop::Short)
    }

    fn u8(&mut self) -> Result<u8, Stop> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes behind their length.
    fn counted(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

fn header(reader: &mut Reader<'_>, bytes: &[u8], max_data_keys: u16) -> Result<Header, Stop> {
    let version = reader.u8()?;
    match version {
        VERSION_1 if reader.u8()? == TYPE => {}
        VERSION_2 => {}
        _ => return Err(MessageError::NotAMessage.into()),
    }
    let suite = Suite::from_id(reader.u16()?)?;
    if suite.commits() != (version == VERSION_2) {
        return Err(wrong("the algorithm suite is one of another version"));
    }
    let message_id = reader.take(if suite.commits() { 32 } else { 16 })?.to_vec();
    let context = context(reader.counted()?)?;
    if suite.signs() != context.pairs().contains_key(PUBLIC_KEY) {
        return Err(wrong("a public key is in the encryption context if and only if the suite signs"));
    }
    let data_keys = data_keys(reader, max_data_keys)?;
    let content = reader.u8()?;
    if version == VERSION_1 && (reader.u32()?, usize::from(reader.u8()?)) != (0, IV) {
        return Err(wrong("reserved bytes or the IV's length"));
    }
    let frame_length = frame_length(content, reader.u32()?)?;
    let commitment = if suite.commits() { Some(reader.array()?) } else { None };
    let covered = before(bytes, reader);
    // Version 2 has no place for an IV: it is zero.
    let iv = if version == VERSION_1 { reader.array()? } else { [0; IV] };
    let tag = reader.array()?;
    let bytes = before(bytes, reader);
    Ok(Header { suite, message_id, context, data_keys, frame_length, commitment, iv, tag, covered, bytes })
}

fn before(bytes: &[u8], reader: &Reader<'_>) -> Vec<u8> {
    bytes.get(..bytes.len() - reader.rest.len()).unwrap_or_default().to_vec()
}

/// The pairs of a context. All its bytes are there, so one that is short is wrong.
fn context(bytes: &[u8]) -> Result<EncryptionContext, Stop> {
    let mut context = EncryptionContext::default();
    if bytes.is_empty() {
        return Ok(context);
    }
    let mut pairs = |reader: &mut Reader<'_>| {
        let count = reader.u16()?;
        for _ in 0..count {
            let name = std::str::from_utf8(reader.counted()?).map_err(|_| Stop::Short)?;
            let value = std::str::from_utf8(reader.counted()?).map_err(|_| Stop::Short)?;
            context.insert(name, value).ok_or(Stop::Short)?;
        }
        if count == 0 { Err(Stop::Short) } else { Ok(()) }
    };
    let mut reader = Reader { rest: bytes };
    if pairs(&mut reader).is_err() || !reader.rest.is_empty() {
        return Err(wrong("the encryption context"));
    }
    Ok(context)
}

fn data_keys(reader: &mut Reader<'_>, limit: u16) -> Result<Vec<EncryptedDataKey>, Stop> {
    let found = reader.u16()?;
    if found == 0 {
        return Err(wrong("no encrypted data key"));
    }
    if found > limit {
        return Err(MessageError::DataKeys { found, limit }.into());
    }
    let mut data_keys = Vec::new();
    for _ in 0..found {
        let (provider, info, ciphertext) = (reader.counted()?, reader.counted()?, reader.counted()?);
        data_keys.push(EncryptedDataKey {
            provider: provider.to_vec(),
            provider_info: info.to_vec(),
            ciphertext: ciphertext.to_vec(),
        });
    }
    Ok(data_keys)
}

fn frame_length(content: u8, length: u32) -> Result<Option<NonZeroU32>, Stop> {
    let frame_length = NonZeroU32::new(length);
    match (content, frame_length) {
        (UNFRAMED, None) => Ok(None),
        (FRAMED, Some(_)) if usize::try_from(length).is_ok_and(|length| length <= MAX_FRAME) => Ok(frame_length),
        (FRAMED, Some(_)) => Err(MessageError::LongFrame(length.into()).into()),
        _ => Err(wrong("the kind of content or the frame length")),
    }
}

/// What a header of version 2 says, to be written.
pub(super) struct NewHeader<'a> {
    pub(super) suite: Suite,
    pub(super) message_id: &'a [u8; 32],
    pub(super) context: &'a EncryptionContext,
    pub(super) data_keys: &'a [EncryptedDataKey],
    pub(super) frame_length: NonZeroU32,
    pub(super) commitment: &'a [u8; COMMITMENT],
}

impl NewHeader<'_> {
    /// The bytes that the header's tag covers.
    ///
    /// # Errors
    /// [`MessageError::Unwritable`] for what doesn't fit into 16 bits of length.
    pub(super) fn covered(&self) -> Result<Vec<u8>, MessageError> {
        let mut out = vec![VERSION_2];
        out.extend(self.suite.id().to_be_bytes());
        out.extend(self.message_id);
        let mut context = Vec::new();
        if !self.context.pairs().is_empty() {
            context.extend(short(self.context.pairs().len())?);
            for text in self.context.pairs().iter().flat_map(|(name, value)| [name, value]) {
                counted(text.as_bytes(), &mut context)?;
            }
        }
        counted(&context, &mut out)?;
        out.extend(short(self.data_keys.len())?);
        for key in self.data_keys {
            for part in [&key.provider, &key.provider_info, &key.ciphertext] {
                counted(part, &mut out)?;
            }
        }
        out.push(FRAMED);
        out.extend(self.frame_length.get().to_be_bytes());
        out.extend(self.commitment);
        if self.data_keys.is_empty() || out.len() > MAX_HEADER - TAG {
            return Err(MessageError::Unwritable);
        }
        Ok(out)
    }
}

fn short(length: usize) -> Result<[u8; 2], MessageError> {
    u16::try_from(length).map(u16::to_be_bytes).map_err(|_| MessageError::Unwritable)
}

fn counted(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), MessageError> {
    out.extend(short(bytes.len())?);
    out.extend(bytes);
    Ok(())
}
