//! AES-GCM with a key and IVs that the caller chooses, for formats of others.
//!
//! An IV must never come twice under one key: whoever calls this answers for that. What is ours is sealed with
//! [`crate::envelope`], where nobody can get it wrong.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::Failed;

/// How long an IV is, in bytes.
pub const IV: usize = 12;
/// How long a tag is, in bytes.
pub const TAG: usize = 16;

/// A loaded key.
pub struct GcmKey(LessSafeKey);

impl GcmKey {
    /// Loads an AES key of 16, 24 or 32 bytes; `None` for another length.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        UnboundKey::new(algorithm, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Encrypts `data` in place and returns the tag over it and `aad`.
    ///
    /// # Errors
    /// [`Failed`] for more than GCM's 2^36 - 32 bytes, or when the library fails.
    pub fn seal(&self, iv: [u8; IV], aad: &[u8], data: &mut [u8]) -> Result<[u8; TAG], Failed> {
        let nonce = Nonce::assume_unique_for_key(iv);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), data).map_err(|_| Failed)?;
        tag.as_ref().try_into().map_err(|_| Failed)
    }

    /// Decrypts `data` into `out`, which must be as long. `None`, with `out` zeroed, when the tag is another's.
    #[must_use]
    pub fn open(&self, iv: [u8; IV], aad: &[u8], data: &[u8], tag: &[u8; TAG], out: &mut [u8]) -> Option<()> {
        let nonce = Nonce::assume_unique_for_key(iv);
        let opened =
            data.len() == out.len() && self.0.open_separate_gather(nonce, Aad::from(aad), data, tag, out).is_ok();
        if !opened {
            out.fill(0);
        }
        opened.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_published_vectors() {
        // Test cases 1, 7 and 13 of the GCM specification: zero key and IV, nothing to encrypt.
        let rows: [(usize, [u8; 4]); 3] =
            [(16, [0x58, 0xe2, 0xfc, 0xce]), (24, [0xcd, 0x33, 0xb2, 0x8a]), (32, [0x53, 0x0f, 0x8a, 0xfb])];
        for (length, tag) in rows {
            let key = GcmKey::new(&vec![0; length]).unwrap();
            assert_eq!(key.seal([0; IV], b"", &mut []).unwrap()[..4], tag, "{length}");
        }
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_of_everything_only() {
        let key = GcmKey::new(&[1; 32]).unwrap();
        let mut data = *b"plaintext";
        let tag = key.seal([2; IV], b"aad", &mut data).unwrap();
        assert_ne!(&data, b"plaintext");
        let mut out = [9; 9];
        key.open([2; IV], b"aad", &data, &tag, &mut out).unwrap();
        assert_eq!(&out, b"plaintext");
        let other = GcmKey::new(&[3; 32]).unwrap();
        let wrong = [
            other.open([2; IV], b"aad", &data, &tag, &mut out),
            key.open([3; IV], b"aad", &data, &tag, &mut out),
            key.open([2; IV], b"add", &data, &tag, &mut out),
            key.open([2; IV], b"aad", &data, &[0; TAG], &mut out),
            key.open([2; IV], b"aad", &data[1..], &tag, &mut out),
        ];
        assert_eq!(wrong, [None; 5]);
        assert_eq!(out, [0; 9]);
    }

    #[test]
    fn other_lengths_are_no_key() {
        for length in [0, 15, 17, 31, 33, 64] {
            assert!(GcmKey::new(&vec![0; length]).is_none(), "{length}");
        }
    }
}
