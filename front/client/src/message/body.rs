//! What opening and sealing share of a body: its marks, and what each piece's tag covers beside the ciphertext.

/// Stands where a frame's number would, before the last one.
pub(super) const FINAL_MARK: u32 = u32::MAX;
/// Bytes of a frame's number.
pub(super) const NUMBER: usize = 4;

/// Which kind of piece is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Frame,
    FinalFrame,
    /// The whole body of a message without frames; its number is 1.
    Unframed,
}

impl Piece {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Frame => b"AWSKMSEncryptionClient Frame",
            Self::FinalFrame => b"AWSKMSEncryptionClient Final Frame",
            Self::Unframed => b"AWSKMSEncryptionClient Single Block",
        }
    }

    /// The additional authenticated data of piece `number`, of `length` bytes.
    ///
    /// AWS: <https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/body-aad-reference.html>
    pub(super) fn aad(self, message_id: &[u8], number: u32, length: usize) -> Vec<u8> {
        // INVARIANT: a piece is at most `MAX_FRAME` bytes.
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        [message_id, self.label(), &number.to_be_bytes(), &length.to_be_bytes()].concat()
    }
}
