//! Key derivation: NIST SP 800-108 in counter mode with HMAC-SHA-256.
//!
//! The library has this function too; ours can keep a key's hashed blocks, and the tests hold it to the library's.

use crate::Failed;
use crate::mac::HmacKey;

/// The most bytes of label and context together. LIMIT: ours, so that the input stands on the stack.
pub const MAX_INFO: usize = 200;

/// The most bytes that are derived at once: 255 blocks.
pub const MAX_OUT: usize = 255 * BLOCK;

const BLOCK: usize = 32;
const COUNTER: usize = 4;

/// Fills `out` from `key`: block i is HMAC(key, \[i\]32 ‖ label ‖ 00 ‖ context ‖ \[bits of out\]32).
///
/// # Errors
/// [`Failed`], with `out` zeroed, past [`MAX_INFO`] or [`MAX_OUT`].
pub fn kbkdf(key: &[u8], label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Failed> {
    DerivationKey::new(key).derive(label, context, out)
}

/// A key that others are derived from more than once. Wiped when dropped.
pub struct DerivationKey(HmacKey);

impl DerivationKey {
    /// Takes a key of any length over.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(HmacKey::new(key))
    }

    /// [`kbkdf`] with this key.
    ///
    /// # Errors
    /// As there.
    pub fn derive(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Failed> {
        let derived = self.fill(label, context, out);
        if derived.is_none() {
            out.fill(0);
        }
        derived.ok_or(Failed)
    }

    fn fill(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Option<()> {
        let info = label.len().checked_add(context.len()).filter(|length| *length <= MAX_INFO)? + 5;
        let bits = u32::try_from(out.len()).ok().filter(|_| out.len() <= MAX_OUT)? * 8;
        let mut input = [0u8; COUNTER + MAX_INFO + 5];
        let input = input.get_mut(..COUNTER + info)?;
        let (_counter, rest) = input.split_at_mut_checked(COUNTER)?;
        let (into_label, rest) = rest.split_at_mut_checked(label.len())?;
        let (_zero, rest) = rest.split_at_mut_checked(1)?;
        let (into_context, into_bits) = rest.split_at_mut_checked(context.len())?;
        into_label.copy_from_slice(label);
        into_context.copy_from_slice(context);
        into_bits.copy_from_slice(&bits.to_be_bytes());
        for (number, block) in (1u32..).zip(out.chunks_mut(BLOCK)) {
            input.first_chunk_mut::<COUNTER>()?.clone_from(&number.to_be_bytes());
            block.copy_from_slice(self.0.tag(input).get(..block.len())?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
    use proptest::prelude::*;

    use super::*;
    use crate::mac::hmac_sha256;

    #[test]
    fn each_block_is_an_hmac_over_counter_and_info() {
        let mut out = [0u8; 70];
        kbkdf(b"key", b"label", b"context", &mut out).unwrap();
        let block = |counter: u8| {
            hmac_sha256(b"key", &[&[0, 0, 0, counter][..], b"label", &[0], b"context", &[0, 0, 2, 48]].concat())
        };
        assert_eq!(out[..32], block(1));
        assert_eq!(out[32..64], block(2));
        assert_eq!(out[64..], block(3)[..6]);
    }

    #[test]
    fn limits_hold_at_and_past_them() {
        let mut out = vec![1u8; MAX_OUT];
        assert!(kbkdf(b"key", &[1; 100], &[2; 100], &mut out).is_ok());
        assert_eq!(kbkdf(b"key", &[1; 100], &[2; 101], &mut out), Err(Failed));
        assert!(out.iter().all(|byte| *byte == 0));
        assert_eq!(kbkdf(b"key", b"", b"", &mut vec![1u8; MAX_OUT + 1]), Err(Failed));
    }

    proptest! {
        #[test]
        fn it_is_the_function_of_the_library(
            key in prop::collection::vec(any::<u8>(), 1..100),
            label in prop::collection::vec(any::<u8>(), 0..100),
            context in prop::collection::vec(any::<u8>(), 0..100),
            length in 1usize..300,
        ) {
            let (mut ours, mut theirs) = (vec![0u8; length], vec![0u8; length]);
            kbkdf(&key, &label, &context, &mut ours).unwrap();
            let bits = u32::try_from(length).unwrap() * 8;
            let info = [label.as_slice(), &[0], &context, &bits.to_be_bytes()].concat();
            let algorithm = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).unwrap();
            kbkdf_ctr_hmac(algorithm, &key, &info, &mut theirs).unwrap();
            prop_assert_eq!(ours, theirs);
        }
    }
}
