//! [`KeyPath`]: the name of a row, as bytes whose order is the order of its segments.
//!
//! Each segment is escaped and ends with a zero byte: `00` becomes `01 01`, `01` becomes `01 02`. So no segment holds a
//! zero, the end of a segment sorts before everything else, and a path is a prefix of another exactly when its
//! segments are. Numbers are eight bytes, big-endian, and sort as numbers. No secret and no free text of a user belongs in
//! a path: the barrier hides values, not names.

use std::fmt;

use thiserror::Error;

const END: u8 = 0x00;
const ESCAPE: u8 = 0x01;

/// The name of a row, or of everything below it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<u8>);

/// Bytes that no [`KeyPath`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the bytes are no key path")]
pub struct PathError;

impl KeyPath {
    /// LIMIT: bytes of an encoded path that an engine takes.
    pub const MAX_BYTES: usize = 1_024;

    /// Starts a path with the name of the room.
    #[must_use]
    pub fn build(room: &str) -> Self {
        Self(Vec::with_capacity(96)).text(room)
    }

    /// Adds a segment of text.
    #[must_use]
    pub fn text(self, segment: &str) -> Self {
        self.bytes(segment.as_bytes())
    }

    /// Adds a segment of bytes.
    #[must_use]
    pub fn bytes(mut self, segment: &[u8]) -> Self {
        for &byte in segment {
            match byte {
                END => self.0.extend_from_slice(&[ESCAPE, 0x01]),
                ESCAPE => self.0.extend_from_slice(&[ESCAPE, 0x02]),
                other => self.0.push(other),
            }
        }
        self.0.push(END);
        self
    }

    /// Adds a number that sorts as a number.
    #[must_use]
    pub fn u64_be(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// The encoded bytes: what engines order and compare.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads encoded bytes back.
    ///
    /// # Errors
    /// [`PathError`] when the last segment has no end, an escape is wrong, or there is no segment.
    pub fn from_encoded(bytes: &[u8]) -> Result<Self, PathError> {
        let mut escaped = false;
        for &byte in bytes {
            escaped = match (escaped, byte) {
                (true, 0x01 | 0x02) => false,
                (true, _) => return Err(PathError),
                (false, byte) => byte == ESCAPE,
            };
        }
        if escaped || bytes.last() != Some(&END) {
            return Err(PathError);
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The segments, unescaped, in order.
    pub fn segments(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.0.split_inclusive(|&byte| byte == END).map(unescape)
    }

    /// The segment at `index`, unescaped.
    #[must_use]
    pub fn segment(&self, index: usize) -> Option<Vec<u8>> {
        self.segments().nth(index)
    }

    /// The segment at `index` as text; `None` when there is none or it isn't UTF-8.
    #[must_use]
    pub fn segment_text(&self, index: usize) -> Option<String> {
        self.segment(index).and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// The segment at `index` as a number written by [`KeyPath::u64_be`].
    #[must_use]
    pub fn segment_u64(&self, index: usize) -> Option<u64> {
        self.segment(index).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
    }

    /// Whether this path is `prefix` or lies below it.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// Whether the row may be clear: it lies under `boot`.
    pub(crate) fn is_boot(&self) -> bool {
        self.0.starts_with(b"boot\0")
    }

    /// The first bytes after everything below this path: its last end mark becomes an escape mark, which no segment
    /// ends with.
    pub(crate) fn end_of_prefix(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        if let Some(last) = end.last_mut() {
            *last = ESCAPE;
        }
        end
    }
}

fn unescape(segment: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(segment.len());
    let mut escaped = false;
    for &byte in segment.iter().take_while(|&&byte| byte != END) {
        match (escaped, byte) {
            (false, ESCAPE) => escaped = true,
            (false, byte) => out.push(byte),
            (true, byte) => {
                out.push(byte.wrapping_sub(1));
                escaped = false;
            }
        }
    }
    out
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `kms/111122223333/us-east-1`, bytes that aren't printable ASCII as `%xx`. For people; not read back.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            for byte in segment {
                match byte {
                    b'!'..=b'~' if byte != b'/' && byte != b'%' => fmt::Write::write_char(f, char::from(byte))?,
                    other => write!(f, "%{other:02x}")?,
                }
            }
        }
        Ok(())
    }
}
