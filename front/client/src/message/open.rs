//! Opening a message, piece after piece.
//!
//! ```text
//! mark ─ number ─┬─ frame ── mark …
//!                └─ final head ─ final frame ─┬─ done
//! unframed head ─ unframed ───────────────────┴─ signature's length ─ signature ─ done
//! ```

use sealroom_crypto::ec::Curve;
use sealroom_crypto::gcm::{GcmKey, IV, TAG};
use sealroom_crypto::transcript::Transcript;
use sealroom_crypto::{ct_eq, point};
use sealroom_foundation::Secret;

use super::body::{FINAL_MARK, NUMBER, Piece};
use super::context::PUBLIC_KEY;
use super::header::Header;
use super::keys;
use super::{MAX_FRAME, MessageError};

/// A message that is being opened.
pub struct Opener {
    cipher: GcmKey,
    message_id: Vec<u8>,
    /// Bytes of a frame.
    frame_length: usize,
    /// Of the frame that comes next.
    number: u32,
    verifying: Option<Verifying>,
    stage: Stage,
    /// What came and isn't a whole part yet.
    waiting: Vec<u8>,
}

struct Verifying {
    curve: Curve,
    point: Vec<u8>,
    transcript: Transcript,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// A frame's number, or the mark of the last frame.
    Number,
    /// The rest of a frame: IV, ciphertext, tag.
    Frame,
    /// Number, IV and length of the last frame.
    FinalHead,
    /// IV and length of a body without frames.
    UnframedHead,
    /// Ciphertext and tag of the last frame, or of a body without frames.
    Last {
        piece: Piece,
        iv: [u8; IV],
        length: usize,
    },
    SignatureLength,
    Signature(usize),
    Done,
    /// It failed before; nothing more comes out.
    Broken,
}

const LONG: usize = 8;

impl Opener {
    /// Checks that `data_key` is the one that the message commits to and that its header is as it was made; from here on
    /// the header may be believed.
    ///
    /// # Errors
    /// [`MessageError::Broken`], [`MessageError::Header`] for a signature's public key that is none,
    /// [`MessageError::Crypto`].
    pub fn start(header: &Header, data_key: &Secret<[u8]>) -> Result<Self, MessageError> {
        let keys = keys::derive(header.suite, &header.message_id, data_key)?;
        let committed = match (&keys.commitment, &header.commitment) {
            (Some(derived), Some(told)) => ct_eq(derived, told),
            (derived, told) => derived.is_none() && told.is_none(),
        };
        if !committed || keys.cipher.open(header.iv, &header.covered, &[], &header.tag, &mut []).is_none() {
            return Err(MessageError::Broken);
        }
        let frame_length = header.frame_length.and_then(|length| usize::try_from(length.get()).ok());
        let mut verifying = header.suite.curve.map(|curve| Verifying::new(curve, header)).transpose()?;
        if let Some(verifying) = &mut verifying {
            verifying.transcript.update(&header.bytes);
        }
        Ok(Self {
            cipher: keys.cipher,
            message_id: header.message_id.clone(),
            frame_length: frame_length.unwrap_or_default(),
            number: 1,
            verifying,
            stage: if frame_length.is_some() { Stage::Number } else { Stage::UnframedHead },
            waiting: Vec::new(),
        })
    }

    /// Takes the bytes that come next after the header and appends to `out` the plaintext of each piece that is whole
    /// and whose tag is right.
    ///
    /// # Errors
    /// [`MessageError`]; nothing of the message may then be used, and nothing more comes out of it.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), MessageError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(bytes);
        let mut rest = waiting.as_slice();
        while let Some((part, after)) = self.needs().and_then(|needed| rest.split_at_checked(needed)) {
            let stage = std::mem::replace(&mut self.stage, Stage::Broken);
            self.stage = self.step(stage, part, out)?;
            rest = after;
        }
        match self.stage {
            Stage::Done if !rest.is_empty() => {
                self.stage = Stage::Broken;
                return Err(MessageError::Trailing);
            }
            Stage::Broken => return Err(MessageError::Broken),
            _ => {}
        }
        let taken = waiting.len() - rest.len();
        waiting.drain(..taken);
        self.waiting = waiting;
        Ok(())
    }

    /// Says that nothing more comes. Only when this returns `Ok` was the message whole and, if signed, signed right.
    ///
    /// # Errors
    /// [`MessageError::BreaksOff`].
    pub fn finish(self) -> Result<(), MessageError> {
        if matches!(self.stage, Stage::Done) { Ok(()) } else { Err(MessageError::BreaksOff) }
    }

    /// How many bytes the next part has; `None` when none follows.
    fn needs(&self) -> Option<usize> {
        match self.stage {
            Stage::Number => Some(NUMBER),
            Stage::Frame => Some(IV + self.frame_length + TAG),
            Stage::FinalHead => Some(NUMBER + IV + NUMBER),
            Stage::UnframedHead => Some(IV + LONG),
            Stage::Last { length, .. } => Some(length + TAG),
            Stage::SignatureLength => Some(2),
            Stage::Signature(length) => Some(length),
            Stage::Done | Stage::Broken => None,
        }
    }

    fn step(&mut self, stage: Stage, part: &[u8], out: &mut Vec<u8>) -> Result<Stage, MessageError> {
        if !matches!(stage, Stage::SignatureLength | Stage::Signature(_))
            && let Some(verifying) = &mut self.verifying
        {
            verifying.transcript.update(part);
        }
        match stage {
            Stage::Number => match u32::from_be_bytes(first(part)?.0) {
                FINAL_MARK => Ok(Stage::FinalHead),
                number if number == self.number => Ok(Stage::Frame),
                _ => Err(MessageError::Broken),
            },
            Stage::Frame => {
                let (iv, sealed) = first(part)?;
                self.open(Piece::Frame, iv, sealed, out)?;
                self.number = self.number.checked_add(1).ok_or(MessageError::Broken)?;
                Ok(Stage::Number)
            }
            Stage::FinalHead => {
                let (number, rest) = first(part)?;
                let (iv, length) = first(rest)?;
                let length = usize::try_from(u32::from_be_bytes(first(length)?.0)).unwrap_or(usize::MAX);
                if u32::from_be_bytes(number) != self.number || length > self.frame_length {
                    return Err(MessageError::Broken);
                }
                Ok(Stage::Last { piece: Piece::FinalFrame, iv, length })
            }
            Stage::UnframedHead => {
                let (iv, length) = first(part)?;
                let told = u64::from_be_bytes(first(length)?.0);
                let length = usize::try_from(told).ok().filter(|length| *length <= MAX_FRAME);
                let length = length.ok_or(MessageError::LongFrame(told))?;
                Ok(Stage::Last { piece: Piece::Unframed, iv, length })
            }
            Stage::Last { piece, iv, .. } => {
                self.open(piece, iv, part, out)?;
                Ok(if self.verifying.is_some() { Stage::SignatureLength } else { Stage::Done })
            }
            Stage::SignatureLength => Ok(Stage::Signature(u16::from_be_bytes(first(part)?.0).into())),
            Stage::Signature(_) => {
                let right = self.verifying.take().is_some_and(|verifying| verifying.finish(part));
                if right { Ok(Stage::Done) } else { Err(MessageError::Broken) }
            }
            Stage::Done | Stage::Broken => Err(MessageError::Broken),
        }
    }

    fn open(&self, piece: Piece, iv: [u8; IV], sealed: &[u8], out: &mut Vec<u8>) -> Result<(), MessageError> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(MessageError::Broken)?;
        let aad = piece.aad(&self.message_id, self.number, ciphertext.len());
        let start = out.len();
        out.resize(start + ciphertext.len(), 0);
        let opened = self.cipher.open(iv, &aad, ciphertext, tag, out.get_mut(start..).unwrap_or_default());
        if opened.is_none() {
            out.truncate(start);
        }
        opened.ok_or(MessageError::Broken)
    }
}

impl Verifying {
    fn new(curve: Curve, header: &Header) -> Result<Self, MessageError> {
        let encoded = header.context.pairs().get(PUBLIC_KEY);
        let point = encoded.and_then(|text| base64_simd::STANDARD.decode_to_vec(text).ok());
        let point = point.ok_or(MessageError::Header("the public key of the signature"))?;
        Ok(Self { curve, point, transcript: Transcript::new(curve.digest()) })
    }

    fn finish(self, signature: &[u8]) -> bool {
        point::verify_digest(self.curve, &self.point, &self.transcript.finish(), signature)
    }
}

fn first<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), MessageError> {
    // INVARIANT: each part is as long as `Opener::needs` said, so there is always enough.
    bytes.split_first_chunk::<N>().map(|(array, rest)| (*array, rest)).ok_or(MessageError::Broken)
}
