//! AES key wrap with padding (RFC 5649, NIST SP 800-38F KWP) under a key of 256 bits. The initial value is the RFC's own,
//! `A65959A6`. The service only unwraps; whoever sends key material wraps it.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use sealroom_foundation::Secret;

/// The longest wrapped key, in bytes. LIMIT: ours; a wrapped RSA-4096 key has about 2,400.
pub const MAX_WRAPPED: usize = 16 * 1_024;

/// Unwraps a key of any length; `None` for whatever wasn't wrapped under this one, and past [`MAX_WRAPPED`].
#[must_use]
pub fn unwrap_padded(kek: &[u8; 32], wrapped: &[u8]) -> Option<Secret<[u8]>> {
    // The library reads blocks of 8 bytes; the shortest value has two.
    if wrapped.len() < 16 || wrapped.len() > MAX_WRAPPED || !wrapped.len().is_multiple_of(8) {
        return None;
    }
    let kek = AesKek::new(&AES_256, kek).ok()?;
    let mut length = None;
    let buffer = Secret::filled_slice(wrapped.len(), |out| {
        length = kek.unwrap_with_padding(wrapped, out).ok().map(|key| key.len());
    });
    buffer.expose().get(..length?).map(Secret::copy_of)
}

/// Wraps a key of 1 to [`MAX_WRAPPED`] − 8 bytes; `None` for another length.
#[must_use]
pub fn wrap_padded(kek: &[u8; 32], key: &[u8]) -> Option<Vec<u8>> {
    // The value is as long as its whole blocks, and one more.
    let length = key.len().next_multiple_of(8) + 8;
    if key.is_empty() || length > MAX_WRAPPED {
        return None;
    }
    let mut wrapped = vec![0u8; length];
    let taken = AesKek::new(&AES_256, kek).ok()?.wrap_with_padding(key, &mut wrapped).ok()?.len();
    wrapped.truncate(taken);
    Some(wrapped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEK: [u8; 32] = [7; 32];

    fn wrap(key: &[u8]) -> Vec<u8> {
        wrap_padded(&KEK, key).unwrap()
    }

    /// RFC 5649 has examples under a key of 192 bits only; this one is of `openssl enc -id-aes256-wrap-pad`.
    #[test]
    fn it_is_what_openssl_writes() {
        let expected = [
            0x5d, 0xd2, 0xb9, 0xd1, 0xe0, 0x71, 0x33, 0x54, 0x16, 0xb2, 0x13, 0x06, 0xf3, 0xba, 0xdf, 0xa1, 0x2a, 0xe6,
            0xab, 0x6a, 0xaa, 0x77, 0xc4, 0x40, 0x2e, 0x20, 0xe2, 0x86, 0xbe, 0x0a, 0xa9, 0x7c,
        ];
        assert_eq!(wrap(b"sealroom self-test"), expected);
    }

    #[test]
    fn lengths_that_no_wrapped_key_has_are_refused() {
        for length in [0, 8, 15, 17, 23, MAX_WRAPPED + 8] {
            assert!(unwrap_padded(&KEK, &vec![1; length]).is_none(), "{length}");
        }
        assert!(wrap_padded(&KEK, b"").is_none() && wrap_padded(&KEK, &vec![5; MAX_WRAPPED - 7]).is_none());
        let longest = vec![5u8; MAX_WRAPPED - 8];
        assert!(unwrap_padded(&KEK, &wrap(&longest)).is_some_and(|key| key.ct_eq(&longest)));
    }

    proptest! {
        #[test]
        fn what_was_wrapped_comes_back_and_nothing_changed_does(
            key in prop::collection::vec(any::<u8>(), 1..300),
            at: prop::sample::Index,
            bit in 0u8..8,
        ) {
            let mut wrapped = wrap(&key);
            prop_assert!(unwrap_padded(&KEK, &wrapped).is_some_and(|back| back.ct_eq(&key)));
            prop_assert!(unwrap_padded(&[8; 32], &wrapped).is_none());
            let at = at.index(wrapped.len());
            wrapped[at] ^= 1 << bit;
            prop_assert!(unwrap_padded(&KEK, &wrapped).is_none());
        }
    }
}
