//! Sealed files: the message format of the AWS Encryption SDK, versions 1 (read) and 2 (read and written).
//!
//! ```text
//! header: version, suite, message id, encryption context, encrypted data keys, frame length, commitment, tag
//! body:   frames, each with number, IV, ciphertext and tag; the last one is marked and may be shorter
//! footer: a signature over all before it (suites that sign)
//! ```
//!
//! Bytes come in and go out; this module knows no file, no socket and no KMS, and draws no random byte. Whoever opens a
//! message reads its [`Header`], has one of its encrypted data keys decrypted, and pushes the rest through an
//! [`Opener`], which gives out no plaintext whose tag it hasn't checked. Whoever makes one has a [`Draft`], whose
//! encryption context the data key is asked for with, and then a [`Sealer`].
//!
//! What would surprise: a frame's plaintext comes out before the signature is read, which stands at the end. The caller
//! has to keep it back until [`Opener::finish`] says that all is well.
//!
//! AWS: <https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html>

mod body;
mod context;
mod header;
mod keys;
mod open;
mod seal;
mod suite;

pub use context::{ContextError, EncryptionContext};
pub use header::{EncryptedDataKey, Header, KMS_PROVIDER};
pub use open::Opener;
pub use seal::{DEFAULT_FRAME_LENGTH, Draft, FrameLength, Sealer};
pub use suite::{CommitmentPolicy, Suite};

use sealroom_crypto::Failed;
use thiserror::Error;

/// LIMIT: bytes of a header; no honest one comes near. What is longer is refused before it is read.
pub const MAX_HEADER: usize = 256 * 1024;
/// LIMIT: bytes of a frame, and of a body without frames: each is kept in memory until its tag is checked.
pub const MAX_FRAME: usize = 64 * 1024 * 1024;

/// Why a message can't be read or made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The first bytes are none of a message.
    #[error("this is no message of the AWS Encryption SDK")]
    NotAMessage,
    /// An algorithm suite that nobody specified.
    #[error("the message's algorithm suite `{0:#06x}` is unknown")]
    UnknownSuite(u16),
    /// The header's parts contradict each other, or the format.
    #[error("the message's header makes no sense: {0}")]
    Header(&'static str),
    /// The header is longer than [`MAX_HEADER`].
    #[error("the message's header is longer than {MAX_HEADER} bytes")]
    LongHeader,
    /// More encrypted data keys than the caller takes.
    #[error("the message has {found} encrypted data keys; {limit} are allowed")]
    DataKeys {
        /// How many there are.
        found: u16,
        /// How many the caller takes.
        limit: u16,
    },
    /// Frames, or a body without frames, of more than [`MAX_FRAME`] bytes.
    #[error("the message has pieces of {0} bytes; at most {MAX_FRAME} are read")]
    LongFrame(u64),
    /// A message without key commitment, where [`CommitmentPolicy`] asks for it.
    #[error("the message's algorithm suite `{0:#06x}` has no key commitment, which the commitment policy requires")]
    Uncommitted(u16),
    /// The message ends before its end.
    #[error("the message breaks off")]
    BreaksOff,
    /// Bytes follow the message's end.
    #[error("something follows the message's end")]
    Trailing,
    /// A tag, the commitment or the signature is wrong. Which of these, nobody is told.
    #[error("the message is damaged, or was sealed under another key")]
    Broken,
    /// More frames than the format can number.
    #[error("too long for one message: use longer frames")]
    TooLong,
    /// An encryption context, or a list of keys, that doesn't fit the format's lengths.
    #[error("the encryption context or the encrypted data keys are too long")]
    Unwritable,
    /// The library failed.
    #[error(transparent)]
    Crypto(#[from] Failed),
}

#[cfg(test)]
mod tests;
