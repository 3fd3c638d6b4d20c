//! What import and SM2 need: AES key wrap with padding, and SM2's signatures, ciphertexts and key agreement. Answers of
//! OpenSSL 3.0; the agreed secret is computed from the curve's equation by whole numbers.

use sealroom_crypto::key_wrap;
use sealroom_crypto::sm2::{self, KeyPair, Message};

use super::MESSAGE;

/// [`MESSAGE`] under the key of 32 bytes `07`: `openssl enc -id-aes256-wrap-pad`.
pub(super) const WRAPPED: [u8; 32] = [
    0x5d, 0xd2, 0xb9, 0xd1, 0xe0, 0x71, 0x33, 0x54, 0x16, 0xb2, 0x13, 0x06, 0xf3, 0xba, 0xdf, 0xa1, 0x2a, 0xe6, 0xab,
    0x6a, 0xaa, 0x77, 0xc4, 0x40, 0x2e, 0x20, 0xe2, 0x86, 0xbe, 0x0a, 0xa9, 0x7c,
];

const SM2_PKCS8: &[u8] = include_bytes!("sm2.pkcs8");
const SM2_SPKI: &[u8] = include_bytes!("sm2.spki");

pub(super) struct Sm2Answer {
    /// Over [`MESSAGE`], for the default identifier.
    signature: &'static [u8],
    /// Of [`MESSAGE`].
    ciphertext: &'static [u8],
    /// What the key agrees on with itself.
    secret: [u8; 32],
}

pub(super) const SM2: Sm2Answer = Sm2Answer {
    signature: include_bytes!("sm2.sig"),
    ciphertext: include_bytes!("sm2.ct"),
    secret: [
        0xef, 0xa5, 0xd7, 0x94, 0x34, 0x38, 0xb2, 0x7a, 0xda, 0x49, 0xf0, 0x5e, 0xca, 0xed, 0x2d, 0x4c, 0x9d, 0xda,
        0x61, 0x7d, 0x4b, 0xdc, 0x9b, 0x98, 0x2b, 0xe8, 0x4f, 0xce, 0x4b, 0x54, 0x32, 0x03,
    ],
};

pub(super) fn unwrapping(wrapped: &[u8]) -> bool {
    let own = key_wrap::wrap_padded(&[7; 32], MESSAGE).is_some_and(|own| own == wrapped);
    own && key_wrap::unwrap_padded(&[7; 32], wrapped).is_some_and(|key| key.ct_eq(MESSAGE))
}

pub(super) fn sm2(answer: &Sm2Answer) -> Option<bool> {
    let key = KeyPair::from_pkcs8(SM2_PKCS8)?;
    let verifies = |message, signature: &[u8]| sm2::verify(SM2_SPKI, Message::Raw(message), signature);
    let opens = |ciphertext: &[u8]| key.decrypt(ciphertext).is_some_and(|plaintext| plaintext.ct_eq(MESSAGE));
    Some(
        key.export().ok()?.spki == SM2_SPKI
            && verifies(MESSAGE, answer.signature)
            && verifies(MESSAGE, &key.sign(Message::Raw(MESSAGE)).ok()?)
            && !verifies(b"another message", answer.signature)
            && opens(answer.ciphertext)
            && opens(&sm2::encrypt(SM2_SPKI, MESSAGE)?)
            && key.agree(SM2_SPKI)?.ct_eq(&answer.secret),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_noticed() {
        assert!(unwrapping(&WRAPPED));
        let mut damaged = WRAPPED;
        damaged[31] ^= 1;
        assert!(!unwrapping(&damaged));
        assert_eq!(sm2(&SM2), Some(true));
        let mut secret = SM2.secret;
        secret[0] ^= 1;
        for wrong in [
            Sm2Answer { signature: SM2.ciphertext, ..SM2 },
            Sm2Answer { ciphertext: SM2.signature, ..SM2 },
            Sm2Answer { secret, ..SM2 },
        ] {
            assert_eq!(sm2(&wrong), Some(false));
        }
    }
}
