//! AES key wrap with padding (RFC 5649, NIST SP 800-38F KWP) under a key of 256 bits: only the way back, for whoever
//! sends key material wraps it. The initial value is the RFC's own, `A65959A6`.

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

#[cfg(test)]
mod tests {
    use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
    use proptest::prelude::*;

    use super::*;

    const KEK: [u8; 32] = [7; 32];

    fn wrap(key: &[u8]) -> Vec<u8> {
        let mut out = vec![0u8; key.len() + 16];
        let length = AesKek::new(&AES_256, &KEK).unwrap().wrap_with_padding(key, &mut out).unwrap().len();
        out.truncate(length);
        out
    }

    #[test]
    fn lengths_that_no_wrapped_key_has_are_refused() {
        for length in [0, 8, 15, 17, 23, MAX_WRAPPED + 8] {
            assert!(unwrap_padded(&KEK, &vec![1; length]).is_none(), "{length}");
        }
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
