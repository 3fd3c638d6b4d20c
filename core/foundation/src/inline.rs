//! A short ASCII text kept inline, so that ids are `Copy` and a request makes no allocation for them.

use std::fmt;

/// At most `N` (< 256) bytes of printable ASCII.
#[derive(Clone, Copy)]
pub(crate) struct Inline<const N: usize> {
    len: u8,
    bytes: [u8; N],
}

impl<const N: usize> Inline<N> {
    /// No text.
    pub(crate) const EMPTY: Self = Self { len: 0, bytes: [0u8; N] };

    /// `None` when `text` is longer than `N` or holds anything but printable ASCII.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let len = u8::try_from(text.len()).ok()?;
        let mut bytes = [0u8; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        text.bytes().all(|b| b.is_ascii_graphic() || b == b' ').then_some(Self { len, bytes })
    }

    pub(crate) fn as_str(&self) -> &str {
        // INVARIANT: `new` admits ASCII only, so the fallback is never taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text's bytes: what is compared and hashed, without asking again whether they are text.
    fn as_bytes(&self) -> &[u8] {
        // INVARIANT: `len <= N`, so the fallback is never taken.
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl<const N: usize> PartialEq for Inline<N> {
    fn eq(&self, other: &Self) -> bool {
        // Whole arrays: behind the text are zeros in both, and a length that is known needs no call.
        self.len == other.len && self.bytes == other.bytes
    }
}
impl<const N: usize> Eq for Inline<N> {}
impl<const N: usize> PartialOrd for Inline<N> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<const N: usize> Ord for Inline<N> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}
impl<const N: usize> std::hash::Hash for Inline<N> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(&self.bytes);
    }
}
impl<const N: usize> fmt::Display for Inline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl<const N: usize> fmt::Debug for Inline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
