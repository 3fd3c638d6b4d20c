//! ML-KEM (FIPS 203). A private key is kept as its seed of 64 bytes (d ‖ z).
//!
//! What would surprise: a ciphertext that was tampered with is no error. It decapsulates to a secret that only the
//! private key predicts (implicit rejection), and the two sides notice when their secrets differ.

use aws_lc_rs::kem::{Algorithm, AlgorithmId, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024};
use sealroom_foundation::Secret;

use crate::ffi::EvpKey;
use crate::{Failed, der};

/// How long a seed is, in bytes.
pub const SEED_LEN: usize = 64;

/// How long a shared secret is, in bytes.
pub const SECRET_LEN: usize = 32;

/// The parameter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameters {
    /// ML-KEM-512.
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

impl Parameters {
    /// How long a ciphertext is, in bytes.
    #[must_use]
    pub const fn ciphertext_len(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1_088,
            Self::MlKem1024 => 1_568,
        }
    }

    /// How long a raw public key is, in bytes.
    const fn public_len(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1_184,
            Self::MlKem1024 => 1_568,
        }
    }

    fn kem(self) -> &'static Algorithm<AlgorithmId> {
        match self {
            Self::MlKem512 => &ML_KEM_512,
            Self::MlKem768 => &ML_KEM_768,
            Self::MlKem1024 => &ML_KEM_1024,
        }
    }

    /// The last arc of the object identifier.
    const fn arc(self) -> u8 {
        match self {
            Self::MlKem512 => 1,
            Self::MlKem768 => 2,
            Self::MlKem1024 => 3,
        }
    }

    /// `{ id-alg-ml-kem-.. }`: there are no parameters.
    const fn algorithm(self) -> [u8; 13] {
        [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, self.arc()]
    }

    /// `PrivateKeyInfo { version 0, { id-alg-ml-kem-.. }, OCTET STRING { [0] of 64 bytes` (RFC 9935, seed form).
    fn pkcs8_head(self) -> Vec<u8> {
        [&[0x30, 0x54, 0x02, 0x01, 0x00], self.algorithm().as_slice(), &[0x04, 0x42, 0x80, 0x40]].concat()
    }
}

/// A private key loaded for use.
pub struct DecapsulationKey {
    parameters: Parameters,
    key: EvpKey,
}

impl DecapsulationKey {
    /// Loads the key of a seed.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn from_seed(parameters: Parameters, seed: &[u8; SEED_LEN]) -> Result<Self, Failed> {
        let key = EvpKey::from_pkcs8(pkcs8(parameters, seed).expose()).ok_or(Failed)?;
        Ok(Self { parameters, key })
    }

    /// The public half, DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn public_spki(&self) -> Result<Vec<u8>, Failed> {
        let raw = self.key.raw_public(self.parameters.public_len()).ok_or(Failed)?;
        Ok(der::spki(&self.parameters.algorithm(), &raw))
    }

    /// The shared secret in a ciphertext; `None` when no ciphertext of these parameters has this length.
    #[must_use]
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Option<Secret<[u8; SECRET_LEN]>> {
        if ciphertext.len() != self.parameters.ciphertext_len() {
            return None;
        }
        self.key.decapsulate(ciphertext)
    }
}

/// The document of a private key for use elsewhere: PKCS#8 version 1 in seed form, 86 bytes.
#[must_use]
pub fn pkcs8(parameters: Parameters, seed: &[u8; SEED_LEN]) -> Secret<[u8]> {
    der::behind(&parameters.pkcs8_head(), seed)
}

/// A new shared secret, and the ciphertext that carries it to the owner of the public key.
pub struct Encapsulated {
    /// The shared secret.
    pub secret: Secret<[u8]>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

/// Makes a shared secret for the owner of a public key; `None` when it is no public key of these parameters.
#[must_use]
pub fn encapsulate(parameters: Parameters, spki: &[u8]) -> Option<Encapsulated> {
    let raw = der::raw_key(&parameters.algorithm(), parameters.public_len(), spki)?;
    let (ciphertext, secret) = EncapsulationKey::new(parameters.kem(), raw).ok()?.encapsulate().ok()?;
    Some(Encapsulated { secret: Secret::copy_of(secret.as_ref()), ciphertext: ciphertext.as_ref().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Parameters; 3] = [Parameters::MlKem512, Parameters::MlKem768, Parameters::MlKem1024];

    fn key(parameters: Parameters, byte: u8) -> DecapsulationKey {
        DecapsulationKey::from_seed(parameters, &[byte; SEED_LEN]).unwrap()
    }

    #[test]
    fn both_sides_have_the_same_secret_and_others_another() {
        for parameters in ALL {
            let (own, other) = (key(parameters, 1), key(parameters, 2));
            let made = encapsulate(parameters, &own.public_spki().unwrap()).unwrap();
            assert_eq!((made.secret.len(), made.ciphertext.len()), (SECRET_LEN, parameters.ciphertext_len()));
            assert!(made.secret.ct_eq(own.decapsulate(&made.ciphertext).unwrap().expose()));
            assert!(!made.secret.ct_eq(other.decapsulate(&made.ciphertext).unwrap().expose()));
            let again = encapsulate(parameters, &own.public_spki().unwrap()).unwrap();
            assert!(!made.secret.ct_eq(again.secret.expose()) && made.ciphertext != again.ciphertext);
        }
    }

    #[test]
    fn a_tampered_ciphertext_gives_another_secret_each_time_the_same_and_another_length_none() {
        for parameters in ALL {
            let own = key(parameters, 1);
            let mut made = encapsulate(parameters, &own.public_spki().unwrap()).unwrap();
            made.ciphertext[5] ^= 1;
            let rejected = own.decapsulate(&made.ciphertext).unwrap();
            assert!(!made.secret.ct_eq(rejected.expose()));
            assert!(rejected.ct_eq(own.decapsulate(&made.ciphertext).unwrap().expose()));
            assert!(own.decapsulate(&made.ciphertext[1..]).is_none() && own.decapsulate(b"").is_none());
            assert!(own.decapsulate(&[made.ciphertext.as_slice(), &[0]].concat()).is_none());
        }
    }

    #[test]
    fn forms_have_their_lengths_and_public_keys_of_others_are_refused() {
        for (parameters, length) in ALL.into_iter().zip([822, 1_206, 1_590]) {
            let spki = key(parameters, 1).public_spki().unwrap();
            assert_eq!((spki.len(), pkcs8(parameters, &[1; SEED_LEN]).len()), (length, 86));
            for other in ALL {
                assert_eq!(encapsulate(other, &spki).is_some(), other == parameters);
            }
            assert!(encapsulate(parameters, &spki[1..]).is_none());
            assert!(encapsulate(parameters, &[spki.as_slice(), &[0]].concat()).is_none());
        }
    }
}
