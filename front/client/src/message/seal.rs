//! Making a message of version 2.

use std::num::NonZeroU32;

use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_crypto::gcm::{GcmKey, IV};
use sealroom_crypto::transcript::Transcript;
use sealroom_foundation::Secret;

use super::body::{FINAL_MARK, Piece};
use super::context::{EncryptionContext, PUBLIC_KEY};
use super::header::{EncryptedDataKey, NewHeader};
use super::keys;
use super::suite::Suite;
use super::{MAX_FRAME, MessageError};

/// Bytes of plaintext in a frame, unless another length is asked for: the SDKs' default.
pub const DEFAULT_FRAME_LENGTH: FrameLength = FrameLength(NonZeroU32::MIN.saturating_add(4095));

/// How much plaintext a frame takes: 1 to [`MAX_FRAME`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLength(NonZeroU32);

impl FrameLength {
    /// `None` for nought, and for more than [`MAX_FRAME`].
    #[must_use]
    pub fn new(bytes: u32) -> Option<Self> {
        let length = NonZeroU32::new(bytes)?;
        usize::try_from(bytes).is_ok_and(|bytes| bytes <= MAX_FRAME).then_some(Self(length))
    }

    fn bytes(self) -> usize {
        // INVARIANT: at most `MAX_FRAME`.
        usize::try_from(self.0.get()).unwrap_or(MAX_FRAME)
    }
}

/// A message before its data key is known. A data key is to be asked for with [`Draft::context`].
pub struct Draft {
    suite: Suite,
    pair: Option<EcKeyPair>,
    context: EncryptionContext,
    frame_length: FrameLength,
}

impl Draft {
    /// A message that ends with a signature by `pair`, of P-384, made for this message alone.
    ///
    /// # Errors
    /// [`MessageError::Crypto`].
    pub fn signed(
        pair: EcKeyPair,
        mut context: EncryptionContext,
        frame_length: FrameLength,
    ) -> Result<Self, MessageError> {
        let point = base64_simd::STANDARD.encode_to_string(pair.compressed_point()?);
        context.insert(PUBLIC_KEY, &point).ok_or(MessageError::Unwritable)?;
        Ok(Self { suite: Suite::SIGNED, pair: Some(pair), context, frame_length })
    }

    /// A message without a signature: whoever can open it could have made it.
    #[must_use]
    pub fn unsigned(context: EncryptionContext, frame_length: FrameLength) -> Self {
        Self { suite: Suite::UNSIGNED, pair: None, context, frame_length }
    }

    /// What the message's data key has to be bound to.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// Writes the header to `out`. `message_id` must be random; `data_key` is used for this message alone, and
    /// `data_keys` are it, as its providers encrypted it.
    ///
    /// # Errors
    /// [`MessageError::Broken`] for a data key of another length than 32 bytes, [`MessageError::Unwritable`],
    /// [`MessageError::Crypto`].
    pub fn start(
        self,
        message_id: [u8; 32],
        data_keys: &[EncryptedDataKey],
        data_key: &Secret<[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<Sealer, MessageError> {
        let keys = keys::derive(self.suite, &message_id, data_key)?;
        let header = NewHeader {
            suite: self.suite,
            message_id: &message_id,
            context: &self.context,
            data_keys,
            frame_length: self.frame_length.0,
            commitment: &keys.commitment.ok_or(MessageError::Broken)?,
        };
        let mut bytes = header.covered()?;
        let tag = keys.cipher.seal([0; IV], &bytes, &mut [])?;
        bytes.extend(tag);
        let mut signing = self.pair.map(|pair| (pair, Transcript::new(Curve::P384.digest())));
        if let Some((_, transcript)) = &mut signing {
            transcript.update(&bytes);
        }
        out.extend(bytes);
        let frame = Vec::with_capacity(self.frame_length.bytes());
        Ok(Sealer { cipher: keys.cipher, message_id, frame_length: self.frame_length, number: 1, frame, signing })
    }
}

/// A message in the making.
pub struct Sealer {
    cipher: GcmKey,
    message_id: [u8; 32],
    frame_length: FrameLength,
    /// Of the frame that comes next.
    pub(super) number: u32,
    /// What waits to become a frame; always shorter than one.
    frame: Vec<u8>,
    signing: Option<(EcKeyPair, Transcript)>,
}

impl Sealer {
    /// Takes the next plaintext and appends to `out` the frames that are whole.
    ///
    /// # Errors
    /// [`MessageError::TooLong`], [`MessageError::Crypto`]; the message is then not to be used.
    pub fn push(&mut self, mut plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), MessageError> {
        while !plaintext.is_empty() {
            let room = self.frame_length.bytes() - self.frame.len();
            let (now, later) = plaintext.split_at(room.min(plaintext.len()));
            self.frame.extend_from_slice(now);
            plaintext = later;
            // AWS: a last frame may be full by the specification, but the SDK for Python reads none that is. So a
            // frame is written as soon as it is full, and the last one may be empty.
            if self.frame.len() == self.frame_length.bytes() {
                self.write(Piece::Frame, out)?;
                self.number = self.number.checked_add(1).ok_or(MessageError::TooLong)?;
            }
        }
        Ok(())
    }

    /// Appends the last frame and the signature, if the message is signed.
    ///
    /// # Errors
    /// As [`Sealer::push`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        self.write(Piece::FinalFrame, out)?;
        if let Some((pair, transcript)) = self.signing {
            let signature = pair.sign_digest(&transcript.finish())?;
            let length = u16::try_from(signature.len()).map_err(|_| MessageError::Unwritable)?;
            out.extend(length.to_be_bytes());
            out.extend(signature);
        }
        Ok(())
    }

    fn write(&mut self, piece: Piece, out: &mut Vec<u8>) -> Result<(), MessageError> {
        // A frame that isn't the last may not have the last one's mark for a number.
        if piece == Piece::Frame && self.number == FINAL_MARK {
            return Err(MessageError::TooLong);
        }
        let (start, number) = (out.len(), self.number.to_be_bytes());
        let mut iv = [0u8; IV];
        iv.last_chunk_mut::<4>().ok_or(MessageError::Unwritable)?.copy_from_slice(&number);
        if piece == Piece::FinalFrame {
            out.extend(FINAL_MARK.to_be_bytes());
        }
        out.extend(number);
        out.extend(iv);
        if piece == Piece::FinalFrame {
            let length = u32::try_from(self.frame.len()).map_err(|_| MessageError::Unwritable)?;
            out.extend(length.to_be_bytes());
        }
        let aad = piece.aad(&self.message_id, self.number, self.frame.len());
        let tag = self.cipher.seal(iv, &aad, &mut self.frame)?;
        out.append(&mut self.frame);
        out.extend(tag);
        if let Some((_, transcript)) = &mut self.signing {
            transcript.update(out.get(start..).unwrap_or_default());
        }
        Ok(())
    }
}
