//! AES-256 in CBC mode with PKCS #7 padding, which CMS asks for.
//!
//! It authenticates nothing: for keys that are used once and for readers who can tell a wrong plaintext. Nothing of ours
//! is kept this way.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use sealroom_foundation::Secret;

use crate::Failed;

const BLOCK: usize = 16;

/// Encrypts. The ciphertext is as long as the plaintext, rounded up to the next whole block beyond it. `iv` must be
/// random, and not used with this key before.
///
/// # Errors
/// [`Failed`] when the library fails.
pub fn encrypt(key: &Secret<[u8; 32]>, iv: [u8; BLOCK], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
    let key = UnboundCipherKey::new(&AES_256, key.expose()).map_err(|_| Failed)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| Failed)?;
    // Room for the padding from the start: a buffer that moved would leave the plaintext where it was.
    let mut buffer = Vec::with_capacity(plaintext.len() + BLOCK);
    buffer.extend_from_slice(plaintext);
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    if key.less_safe_encrypt(&mut buffer, context).is_err() {
        // It may be the plaintext still.
        drop(Secret::from_vec(buffer));
        return Err(Failed);
    }
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A, F.2.5: its four blocks, and the block of padding that follows them here.
    #[test]
    fn the_published_example_comes_out() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2).unwrap(), 16).unwrap())
                .collect()
        };
        let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let plaintext = hex(concat!(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
            "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        ));
        let expected = hex(concat!(
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
            "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
        ));
        let iv = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let ciphertext = encrypt(&Secret::copy_from(&key).unwrap(), iv, &plaintext).unwrap();
        assert_eq!(ciphertext[..64], expected[..]);
        assert_eq!(ciphertext.len(), 80);
    }

    #[test]
    fn there_is_always_padding() {
        let key = Secret::new([1; 32]);
        for (length, sealed) in [(0, 16), (1, 16), (15, 16), (16, 32), (17, 32), (4_096, 4_112)] {
            let ciphertext = encrypt(&key, [2; 16], &vec![3; length]).unwrap();
            assert_eq!(ciphertext.len(), sealed, "{length}");
            assert_eq!(ciphertext.capacity(), length + 16, "{length}: the buffer moved");
        }
    }
}
