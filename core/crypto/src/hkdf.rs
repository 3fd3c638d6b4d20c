//! HKDF (RFC 5869), extract and expand at once.
//!
//! For formats of others: what is ours derives with [`crate::kdf`]. An empty salt stands for the absent one, which the
//! RFC says is the same.

use aws_lc_rs::hkdf as lc;

use crate::Failed;
use crate::digest::DigestAlg;

struct Length(usize);

impl lc::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Fills `out` with HKDF of `secret` under `salt`, for `info`.
///
/// # Errors
/// [`Failed`], with `out` zeroed, for more than 255 digests of output or when the library fails.
pub fn hkdf(hash: DigestAlg, salt: &[u8], secret: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Failed> {
    let algorithm = match hash {
        DigestAlg::Sha256 => lc::HKDF_SHA256,
        DigestAlg::Sha384 => lc::HKDF_SHA384,
        DigestAlg::Sha512 => lc::HKDF_SHA512,
    };
    let extracted = lc::Salt::new(algorithm, salt).extract(secret);
    let filled = extracted.expand(&[info], Length(out.len())).and_then(|expanded| expanded.fill(out));
    if filled.is_err() {
        out.fill(0);
    }
    filled.map_err(|_| Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mac::{hmac_sha256, hmac_sha384, hmac_sha512};

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn sha256_gives_the_outputs_of_rfc_5869() {
        // Appendix A.1 and A.3: with a salt and an info, and without either.
        let secret = [0x0b; 22];
        let rows = [
            (
                bytes("000102030405060708090a0b0c"),
                bytes("f0f1f2f3f4f5f6f7f8f9"),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (
                Vec::new(),
                Vec::new(),
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            ),
        ];
        for (salt, info, wanted) in rows {
            let mut out = [0u8; 42];
            hkdf(DigestAlg::Sha256, &salt, &secret, &info, &mut out).unwrap();
            assert_eq!(out.as_slice(), bytes(wanted));
        }
    }

    #[test]
    fn each_hash_extracts_then_expands_with_its_own_hmac() {
        let (salt, secret, info) = (b"salt".as_slice(), b"secret".as_slice(), b"info\x01".as_slice());
        let rows: [(DigestAlg, Vec<u8>); 3] = [
            (DigestAlg::Sha256, hmac_sha256(&hmac_sha256(salt, secret), info).to_vec()),
            (DigestAlg::Sha384, hmac_sha384(&hmac_sha384(salt, secret), info).to_vec()),
            (DigestAlg::Sha512, hmac_sha512(&hmac_sha512(salt, secret), info).to_vec()),
        ];
        for (hash, first_block) in rows {
            let mut out = [0u8; 32];
            hkdf(hash, salt, secret, b"info", &mut out).unwrap();
            assert_eq!(out, first_block[..32], "{hash:?}");
        }
    }

    #[test]
    fn the_longest_output_and_one_byte_more() {
        let mut out = vec![1u8; 255 * 64 + 1];
        assert!(hkdf(DigestAlg::Sha512, b"", b"secret", b"", &mut out[1..]).is_ok());
        assert_eq!(hkdf(DigestAlg::Sha512, b"", b"secret", b"", &mut out), Err(Failed));
        assert!(out.iter().all(|byte| *byte == 0));
    }
}
