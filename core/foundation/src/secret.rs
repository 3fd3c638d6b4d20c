//! `Secret<T>`: bytes that are wiped when dropped and never printed, cloned or serialised by accident.
//!
//! A secret is made once, in place, and borrowed with [`Secret::expose`]; whoever calls that says in its own
//! name what it does with the bytes. This module doesn't lock memory: the process does that (`hsm::memory`).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A heap value wiped on drop. No `Debug` of the content, no `Clone`, no `Serialize`.
///
/// The box keeps a move of the `Secret` from leaving copies of the bytes on the stack.
///
/// ```compile_fail
/// let secret = sealroom_foundation::Secret::new([0u8; 32]);
/// let copy = secret.clone();
/// ```
/// ```compile_fail
/// let secret = sealroom_foundation::Secret::new([0u8; 32]);
/// let text = secret.to_string();
/// ```
pub struct Secret<T: Zeroize + ?Sized>(Box<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` over. Prefer [`Secret::filled`], which leaves no copy behind.
    pub fn new(value: T) -> Self {
        Self(Box::new(value))
    }
}

impl<const N: usize> Secret<[u8; N]> {
    /// Makes `N` zero bytes and lets `fill` write them in place.
    pub fn filled(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0u8; N]);
        fill(&mut bytes);
        Self(bytes)
    }

    /// Copies exactly `N` bytes, or returns `None` when `bytes` has another length.
    pub fn copy_from(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != N {
            return None;
        }
        Some(Self::filled(|out| out.copy_from_slice(bytes)))
    }
}

impl Secret<[u8]> {
    /// Makes `len` zero bytes and lets `fill` write them in place.
    pub fn filled_slice(len: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut bytes = vec![0u8; len].into_boxed_slice();
        fill(&mut bytes);
        Self(bytes)
    }

    /// Copies `bytes`; the caller still has to wipe the original.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::filled_slice(bytes.len(), |out| out.copy_from_slice(bytes))
    }

    /// Takes the content of `bytes` over and wipes the vector, spare capacity included.
    pub fn from_vec(mut bytes: Vec<u8>) -> Self {
        let secret = Self::copy_of(&bytes);
        bytes.zeroize();
        secret
    }

    /// The number of bytes. A length is not a secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Zeroize + ?Sized> Secret<T> {
    /// The content. Whoever calls this must not keep, print or copy it without wiping the copy.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The content, to write in place.
    pub fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize + AsRef<[u8]> + ?Sized> Secret<T> {
    /// Compares in time that depends on the length only.
    #[must_use]
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        let mine: &[u8] = self.0.as_ref().as_ref();
        mine.ct_eq(other).into()
    }
}

impl<T: Zeroize + ?Sized> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + ?Sized> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let secret = Secret::copy_of(b"hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn comparison_knows_length_and_content() {
        let secret = Secret::new(*b"abcd");
        assert!(secret.ct_eq(b"abcd"));
        assert!(!secret.ct_eq(b"abce"));
        assert!(!secret.ct_eq(b"abc"));
    }

    #[test]
    fn fixed_size_refuses_another_length() {
        assert!(Secret::<[u8; 4]>::copy_from(b"abc").is_none());
        assert!(Secret::<[u8; 4]>::copy_from(b"abcd").is_some());
    }
}
