//! Key derivation: NIST SP 800-108 in counter mode with HMAC-SHA-256.

use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

/// The most bytes of label and context together. LIMIT: ours, so that the input stands on the stack.
pub const MAX_INFO: usize = 200;

/// Fills `out` from `key`: block i is HMAC(key, \[i\]32 ‖ label ‖ 00 ‖ context ‖ \[bits of out\]32).
///
/// Returns `false`, with `out` zeroed, when label and context are longer than [`MAX_INFO`] or `out` is longer than
/// 8,160 bytes (255 blocks).
#[must_use]
pub fn kbkdf(key: &[u8], label: &[u8], context: &[u8], out: &mut [u8]) -> bool {
    let derived = try_kbkdf(key, label, context, out).is_some();
    if !derived {
        out.fill(0);
    }
    derived
}

fn try_kbkdf(key: &[u8], label: &[u8], context: &[u8], out: &mut [u8]) -> Option<()> {
    let mut info = [0u8; MAX_INFO + 5];
    let bits = u32::try_from(out.len()).ok().filter(|length| *length <= 255 * 32)?.checked_mul(8)?.to_be_bytes();
    let length = [label, &[0], context, &bits].iter().try_fold(0usize, |at, part| {
        info.get_mut(at..at + part.len())?.copy_from_slice(part);
        Some(at + part.len())
    })?;
    let algorithm = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256)?;
    kbkdf_ctr_hmac(algorithm, key, info.get(..length)?, out).ok()
}
