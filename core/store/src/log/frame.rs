//! How records lie in a file: frames, headers, marks, and the checksum that tells a torn one from a whole one.
//!
//! ```text
//! segment file = header ‖ frame ‖ frame ‖ …
//! header       = "SEALLOG" ‖ version (1) ‖ lane (4) ‖ first (8) ‖ synced (8) ‖ salt (8) ‖ CRC-32C of all that (4)
//! frame        = tag (4) ‖ CRC-32C (4) ‖ length (4) ‖ sequence (8) ‖ record
//! mark         = a frame of length FFFFFFFF and no record: all records up to `sequence` have been synced
//! ```
//!
//! Numbers are big-endian. The tag is half of the segment's random salt, the checksum covers the other half, length, sequence and
//! record: whoever chooses what a record says can't make its bytes look like frames. `synced` and the marks prove, after
//! a crash, what may not be missing. The checksum finds tears and decay, not forgery: that is the journal's chain.

use crc_fast::{CrcAlgorithm, Digest};

/// Bytes of a segment's header.
pub(crate) const HEADER: usize = 40;
/// Bytes of a frame before its record.
pub(crate) const FRAME: usize = 20;

const MAGIC: &[u8; 7] = b"SEALLOG";
const VERSION: u8 = 1;
const MARK: u32 = u32::MAX;

/// What a segment file says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) lane: u32,
    /// The number of its first record, whether or not that has been written.
    pub(crate) first: u64,
    /// Every record up to this number was synced when the file was made.
    pub(crate) synced: u64,
    pub(crate) salt: u64,
}

/// Why bytes are no header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoHeader {
    /// Another format: not ours to touch.
    Foreign,
    /// Never written, or not before the crash: too short, or nothing but zeros.
    Missing,
    /// Written and changed since.
    Damaged,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.lane.to_be_bytes());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.synced.to_be_bytes());
        bytes.extend_from_slice(&self.salt.to_be_bytes());
        let check = crc(&bytes, &[]);
        bytes.extend_from_slice(&check.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, NoHeader> {
        let Some((whole, _)) = bytes.split_first_chunk::<HEADER>().filter(|(whole, _)| **whole != [0; HEADER]) else {
            return Err(NoHeader::Missing);
        };
        if whole.starts_with(MAGIC) && whole.get(MAGIC.len()) != Some(&VERSION) {
            return Err(NoHeader::Foreign);
        }
        let header = Self {
            lane: u32_at(whole, 8),
            first: u64_at(whole, 12),
            synced: u64_at(whole, 20),
            salt: u64_at(whole, 28),
        };
        if header.encode() == whole { Ok(header) } else { Err(NoHeader::Damaged) }
    }

    fn tag(&self) -> u32 {
        u32::try_from(self.salt >> 32).unwrap_or_default()
    }

    fn check(&self, counted: &[u8; 12], record: &[u8]) -> u32 {
        let mut head = [0; 20];
        let (salt, rest) = head.split_at_mut(8);
        salt.copy_from_slice(&self.salt.to_be_bytes());
        rest.copy_from_slice(counted);
        crc(&head, record)
    }

    fn frame(&self, length: u32, sequence: u64, record: &[u8], out: &mut Vec<u8>) {
        let mut counted = [0; 12];
        let (front, back) = counted.split_at_mut(4);
        front.copy_from_slice(&length.to_be_bytes());
        back.copy_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&self.tag().to_be_bytes());
        out.extend_from_slice(&self.check(&counted, record).to_be_bytes());
        out.extend_from_slice(&counted);
        out.extend_from_slice(record);
    }

    /// Appends a record's frame to `out`.
    pub(crate) fn frame_record(&self, sequence: u64, record: &[u8], out: &mut Vec<u8>) {
        // INVARIANT: a record is at most `Log::MAX_RECORD`, far below the mark's length.
        self.frame(u32::try_from(record.len()).unwrap_or_default(), sequence, record, out);
    }

    /// Appends a mark to `out`: everything up to `synced` has been synced.
    pub(crate) fn frame_mark(&self, synced: u64, out: &mut Vec<u8>) {
        self.frame(MARK, synced, &[], out);
    }

    /// Reads the fixed part of a frame; `None` when it isn't one of this segment's.
    pub(crate) fn read_frame(&self, fixed: &[u8]) -> Option<Frame> {
        let (fixed, _) = fixed.split_first_chunk::<FRAME>()?;
        if u32_at(fixed, 0) != self.tag() {
            return None;
        }
        let (check, length, sequence) = (u32_at(fixed, 4), u32_at(fixed, 8), u64_at(fixed, 12));
        let mark = length == MARK;
        let length = if mark { 0 } else { usize::try_from(length).ok()? };
        let frame = Frame { mark, length, sequence, check };
        (length <= super::Log::MAX_RECORD).then_some(frame)
    }

    /// Whether `record` is what the frame was written with.
    pub(crate) fn is_whole(&self, frame: &Frame, fixed: &[u8], record: &[u8]) -> bool {
        let counted = fixed.get(8..FRAME).and_then(|counted| counted.first_chunk());
        counted.is_some_and(|counted| self.check(counted, record) == frame.check)
    }
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) mark: bool,
    /// Bytes of the record that follows.
    pub(crate) length: usize,
    pub(crate) sequence: u64,
    check: u32,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().map(u32::from_be_bytes).unwrap_or_default()
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_be_bytes).unwrap_or_default()
}

/// CRC-32C (Castagnoli) of `head` and `rest` together.
fn crc(head: &[u8], rest: &[u8]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(head);
    digest.update(rest);
    // INVARIANT: a checksum of 32 bits fits; the library's type holds those of 64 bits too.
    u32::try_from(digest.finalize()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_32c() {
        // RFC 3720, B.4, and the check value of the Rocksoft model.
        let descending: Vec<u8> = (0..32).rev().collect();
        let ascending: Vec<u8> = (0..32).collect();
        let cases: [(&[u8], u32); 5] = [
            (b"123456789", 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
            (&descending, 0x113f_db5c),
        ];
        for (bytes, check) in cases {
            let (head, rest) = bytes.split_at(bytes.len() / 3);
            assert_eq!(crc(head, rest), check, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_header_reads_back_and_no_changed_bit_of_it_does() {
        let header = Header { lane: 3, first: 77, synced: 70, salt: 0x0123_4567_89ab_cdef };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(Header::decode(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit / 8 == MAGIC.len() { NoHeader::Foreign } else { NoHeader::Damaged };
            assert_eq!(Header::decode(&changed), Err(expected), "bit {bit}");
        }
        for missing in [&bytes[..HEADER - 1], &[], &[0; HEADER]] {
            assert_eq!(Header::decode(missing), Err(NoHeader::Missing));
        }
    }

    #[test]
    fn a_frame_is_whole_only_under_its_own_salt_and_unchanged() {
        let header = Header { lane: 0, first: 1, synced: 0, salt: 0xfeed_beef_0000_0001 };
        let mut bytes = Vec::new();
        header.frame_record(9, b"what happened", &mut bytes);
        let whole = |header: &Header, bytes: &[u8]| {
            let frame = header.read_frame(bytes)?;
            header.is_whole(&frame, bytes, bytes.get(FRAME..FRAME + frame.length)?).then_some(frame.sequence)
        };
        assert_eq!(whole(&header, &bytes), Some(9));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(whole(&header, &changed), None, "bit {bit}");
        }
        for salt in [header.salt ^ 1, header.salt ^ (1 << 63)] {
            assert_eq!(whole(&Header { salt, ..header }, &bytes), None);
        }
    }
}
