//! ML-DSA and ML-KEM: answers of OpenSSL 4.0 (3.5 for ML-KEM-512, which 4.0's Python binding lacks); the µs were made
//! with Python's `hashlib`. The seeds are one byte repeated.

use sealroom_crypto::ml_dsa::{self, SigningKey};
use sealroom_crypto::ml_kem::{self, DecapsulationKey};

use super::MESSAGE;

pub(crate) struct MlDsaAnswer {
    pub(crate) parameters: ml_dsa::Parameters,
    pub(crate) seed: u8,
    pub(crate) spki: &'static [u8],
    pub(crate) signature: &'static [u8],
    /// Of [`MESSAGE`] under this key.
    pub(crate) mu: [u8; 64],
}

pub(crate) const ML_DSA: [MlDsaAnswer; 3] = [
    MlDsaAnswer {
        parameters: ml_dsa::Parameters::MlDsa44,
        seed: 44,
        spki: include_bytes!("ml-dsa-44.spki"),
        signature: include_bytes!("ml-dsa-44.sig"),
        mu: [
            0x56, 0x8c, 0x5d, 0x42, 0xcb, 0x40, 0x7b, 0x14, 0x96, 0x5e, 0x06, 0x83, 0x87, 0x8e, 0x0b, 0x42, 0x95, 0x61,
            0x9d, 0xc8, 0x62, 0xa7, 0x77, 0x8a, 0xc8, 0x92, 0xe2, 0xbd, 0x7a, 0xd5, 0x1e, 0x5e, 0xf0, 0xcb, 0xbd, 0xf5,
            0x56, 0xa9, 0xd3, 0x0e, 0x0a, 0x88, 0xe1, 0x0d, 0x3e, 0xe4, 0x4a, 0x06, 0x4a, 0xf8, 0x0b, 0x72, 0x7e, 0xa9,
            0xe6, 0x91, 0xa7, 0x69, 0xd0, 0xa6, 0xed, 0x75, 0x24, 0xd6,
        ],
    },
    MlDsaAnswer {
        parameters: ml_dsa::Parameters::MlDsa65,
        seed: 65,
        spki: include_bytes!("ml-dsa-65.spki"),
        signature: include_bytes!("ml-dsa-65.sig"),
        mu: [
            0xe5, 0xe9, 0xb7, 0xb9, 0x80, 0x27, 0x41, 0x0b, 0x23, 0x12, 0x4b, 0xf1, 0xad, 0x86, 0xeb, 0xe1, 0x53, 0xc3,
            0x36, 0xb7, 0x3a, 0x45, 0x8e, 0xcd, 0x9f, 0x6f, 0xb8, 0xf9, 0x9d, 0x46, 0x8c, 0xfe, 0x56, 0xd3, 0x0c, 0xa0,
            0xef, 0x33, 0xd0, 0x0e, 0x17, 0x2c, 0xb8, 0xa9, 0x1d, 0xb0, 0xba, 0xad, 0xba, 0x93, 0xc7, 0xa3, 0xd6, 0xfe,
            0xb5, 0xce, 0xc7, 0x92, 0xfc, 0xa6, 0xe1, 0xca, 0xa2, 0x0f,
        ],
    },
    MlDsaAnswer {
        parameters: ml_dsa::Parameters::MlDsa87,
        seed: 87,
        spki: include_bytes!("ml-dsa-87.spki"),
        signature: include_bytes!("ml-dsa-87.sig"),
        mu: [
            0x49, 0xc0, 0x18, 0xea, 0x12, 0x4d, 0xba, 0x31, 0x84, 0x69, 0xfa, 0xd2, 0xe3, 0xc0, 0xff, 0x59, 0xba, 0x5b,
            0xec, 0xca, 0x54, 0x54, 0x32, 0xd2, 0x36, 0xaf, 0xe1, 0x85, 0xad, 0x41, 0xc5, 0xcb, 0xb2, 0xda, 0xf9, 0x17,
            0xd8, 0x33, 0x33, 0xba, 0x55, 0xf4, 0xfc, 0xe9, 0x09, 0x97, 0x4e, 0x81, 0xc5, 0xb1, 0x9a, 0x3a, 0x94, 0xa7,
            0x83, 0x5d, 0xd8, 0x86, 0xa5, 0xfe, 0xbe, 0x6f, 0x40, 0x10,
        ],
    },
];

pub(super) struct MlKemAnswer {
    parameters: ml_kem::Parameters,
    spki: &'static [u8],
    ciphertext: &'static [u8],
    secret: [u8; 32],
    /// What the ciphertext gives with the lowest bit of its last byte changed.
    rejected: [u8; 32],
}

pub(super) const ML_KEM: [MlKemAnswer; 3] = [
    MlKemAnswer {
        parameters: ml_kem::Parameters::MlKem512,
        spki: include_bytes!("ml-kem-512.spki"),
        ciphertext: include_bytes!("ml-kem-512.ct"),
        secret: [
            0x42, 0x60, 0x5f, 0x7f, 0xbf, 0xa2, 0x55, 0xf1, 0x00, 0x76, 0x96, 0x9c, 0xf7, 0x1f, 0xc7, 0xdc, 0x14, 0xc4,
            0x11, 0x21, 0x91, 0x0e, 0x7c, 0x09, 0xc0, 0xa9, 0xe4, 0xfa, 0x75, 0xd7, 0x30, 0x73,
        ],
        rejected: [
            0x05, 0xb0, 0x0b, 0x87, 0xe9, 0x32, 0x76, 0xe9, 0x96, 0xf9, 0x0d, 0xe9, 0xb8, 0x3c, 0xee, 0x10, 0xa3, 0xd3,
            0x54, 0x0a, 0x6c, 0x79, 0x48, 0x3b, 0x24, 0xa6, 0x4a, 0x43, 0x51, 0x36, 0x58, 0x39,
        ],
    },
    MlKemAnswer {
        parameters: ml_kem::Parameters::MlKem768,
        spki: include_bytes!("ml-kem-768.spki"),
        ciphertext: include_bytes!("ml-kem-768.ct"),
        secret: [
            0x61, 0x59, 0xe4, 0x5d, 0x33, 0xe4, 0xf7, 0x05, 0x3c, 0x55, 0xdc, 0x8a, 0x25, 0xe2, 0xb0, 0x1b, 0x86, 0x66,
            0x56, 0xda, 0x56, 0x53, 0x74, 0x8a, 0x59, 0xd1, 0x6a, 0x14, 0xcc, 0x9e, 0xc4, 0xc3,
        ],
        rejected: [
            0xe2, 0x48, 0x04, 0xfc, 0x5c, 0x5f, 0xac, 0x54, 0x7b, 0xa9, 0x07, 0x7f, 0x84, 0x51, 0x0d, 0x31, 0xc1, 0x37,
            0xd6, 0x0f, 0x97, 0xa1, 0xcd, 0x97, 0x69, 0xe2, 0x04, 0x38, 0x16, 0xc1, 0x15, 0x45,
        ],
    },
    MlKemAnswer {
        parameters: ml_kem::Parameters::MlKem1024,
        spki: include_bytes!("ml-kem-1024.spki"),
        ciphertext: include_bytes!("ml-kem-1024.ct"),
        secret: [
            0x7c, 0x9c, 0x2b, 0x5f, 0x35, 0x6f, 0xfa, 0x98, 0xc4, 0x76, 0xa5, 0x97, 0x80, 0x3e, 0xe2, 0x12, 0x98, 0x85,
            0x26, 0x75, 0x3a, 0x73, 0x7f, 0x0d, 0x1f, 0x29, 0x06, 0x60, 0xa7, 0xf3, 0xb7, 0x67,
        ],
        rejected: [
            0x8f, 0xb0, 0xca, 0xbe, 0x61, 0x51, 0x2d, 0xe2, 0x6c, 0xb3, 0xa5, 0xa5, 0x7f, 0x62, 0x5e, 0xd3, 0xf5, 0x30,
            0xde, 0x60, 0xfd, 0xc1, 0x6a, 0x41, 0x2d, 0xd0, 0xec, 0xbc, 0xb1, 0x91, 0x5c, 0x7e,
        ],
    },
];

const ML_KEM_SEED: [u8; ml_kem::SEED_LEN] = [0x51; ml_kem::SEED_LEN];

pub(super) fn ml_dsa(answer: &MlDsaAnswer) -> Option<bool> {
    let key = SigningKey::from_seed(answer.parameters, &[answer.seed; 32]).ok()?;
    let of_message = |signature: &[u8]| ml_dsa::verify(answer.parameters, answer.spki, MESSAGE, signature);
    let of_mu = |signature: &[u8]| ml_dsa::verify_mu(answer.parameters, answer.spki, &answer.mu, signature);
    let other = ml_dsa::verify(answer.parameters, answer.spki, b"another message", answer.signature);
    let right = key.public_spki().ok()? == answer.spki
        && of_message(answer.signature)
        && of_mu(answer.signature)
        && of_mu(&key.sign(MESSAGE).ok()?)
        && of_message(&key.sign_mu(&answer.mu).ok()?);
    Some(right && !other)
}

pub(super) fn ml_kem(answer: &MlKemAnswer) -> Option<bool> {
    let key = DecapsulationKey::from_seed(answer.parameters, &ML_KEM_SEED).ok()?;
    let opens = |ciphertext: &[u8], secret: &[u8]| Some(key.decapsulate(ciphertext)?.ct_eq(secret));
    let mut tampered = answer.ciphertext.to_vec();
    *tampered.last_mut()? ^= 1;
    let fresh = ml_kem::encapsulate(answer.parameters, answer.spki)?;
    Some(
        key.public_spki().ok()? == answer.spki
            && opens(answer.ciphertext, &answer.secret)?
            && opens(&tampered, &answer.rejected)?
            && opens(&fresh.ciphertext, fresh.secret.expose())?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_noticed() {
        for number in 0..3 {
            let of = |at: usize| &ML_DSA[(number + at) % 3];
            assert_eq!(ml_dsa(of(0)), Some(true));
            let wrong = |seed, spki, signature, mu| {
                ml_dsa(&MlDsaAnswer { parameters: of(0).parameters, seed, spki, signature, mu })
            };
            let right = of(0);
            assert_eq!(wrong(1, right.spki, right.signature, right.mu), Some(false));
            assert_eq!(wrong(right.seed, of(1).spki, right.signature, right.mu), Some(false));
            assert_eq!(wrong(right.seed, right.spki, of(1).signature, right.mu), Some(false));
            assert_eq!(wrong(right.seed, right.spki, right.signature, of(1).mu), Some(false));

            let of = |at: usize| &ML_KEM[(number + at) % 3];
            assert_eq!(ml_kem(of(0)), Some(true));
            let wrong = |spki, ciphertext, secret, rejected| {
                ml_kem(&MlKemAnswer { parameters: of(0).parameters, spki, ciphertext, secret, rejected })
            };
            let right = of(0);
            assert_ne!(wrong(of(1).spki, right.ciphertext, right.secret, right.rejected), Some(true));
            assert_ne!(wrong(right.spki, of(1).ciphertext, right.secret, right.rejected), Some(true));
            assert_eq!(wrong(right.spki, right.ciphertext, of(1).secret, right.rejected), Some(false));
            assert_eq!(wrong(right.spki, right.ciphertext, right.secret, right.secret), Some(false));
        }
    }
}
