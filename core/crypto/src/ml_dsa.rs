//! ML-DSA (FIPS 204) with an empty context. A private key is kept as its seed of 32 bytes.
//!
//! What would surprise: a message and a µ go to two different functions of the library, and the one for µ takes any 64
//! bytes. So they are two functions here too, and a µ has a type that no message has. Signatures are randomised (FIPS
//! 204, "hedged"): two of the same message differ.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    self as lc, KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, UnparsedPublicKey,
};

use crate::ffi::EvpKey;
use crate::{Failed, der};

/// How long an external µ is, in bytes.
pub const MU_LEN: usize = 64;

/// The parameter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameters {
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl Parameters {
    /// How long a signature is, in bytes.
    #[must_use]
    pub const fn signature_len(self) -> usize {
        match self {
            Self::MlDsa44 => 2_420,
            Self::MlDsa65 => 3_309,
            Self::MlDsa87 => 4_627,
        }
    }

    fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::MlDsa44 => &lc::ML_DSA_44_SIGNING,
            Self::MlDsa65 => &lc::ML_DSA_65_SIGNING,
            Self::MlDsa87 => &lc::ML_DSA_87_SIGNING,
        }
    }

    fn verification(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::MlDsa44 => &lc::ML_DSA_44,
            Self::MlDsa65 => &lc::ML_DSA_65,
            Self::MlDsa87 => &lc::ML_DSA_87,
        }
    }

    /// `PrivateKeyInfo { version 0, { id-ml-dsa-.. }, OCTET STRING { [0] of 32 bytes` (RFC 9881, seed form).
    const fn pkcs8_head(self) -> [u8; 22] {
        let last = match self {
            Self::MlDsa44 => 0x11,
            Self::MlDsa65 => 0x12,
            Self::MlDsa87 => 0x13,
        };
        [
            0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last,
            0x04, 0x22, 0x80, 0x20,
        ]
    }
}

/// A private key loaded for signing. Loading costs about half a signature, so whoever signs often keeps it.
pub struct SigningKey {
    parameters: Parameters,
    messages: PqdsaKeyPair,
    mus: EvpKey,
}

impl SigningKey {
    /// Loads the key of a seed.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn from_seed(parameters: Parameters, seed: &[u8; 32]) -> Result<Self, Failed> {
        let messages = pair(parameters, seed)?;
        let pkcs8 = der::behind(&parameters.pkcs8_head(), seed);
        let mus = EvpKey::from_pkcs8(pkcs8.expose()).ok_or(Failed)?;
        Ok(Self { parameters, messages, mus })
    }

    /// The public half, DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn public_spki(&self) -> Result<Vec<u8>, Failed> {
        spki_of(&self.messages)
    }

    /// Signs a message of any length.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut signature = vec![0u8; self.parameters.signature_len()];
        self.messages.sign(message, &mut signature).map_err(|_| Failed)?;
        Ok(signature)
    }

    /// Signs the µ of a message (FIPS 204, 6.2): SHAKE256(SHAKE256(public key, 64) ‖ 00 00 ‖ message, 64).
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn sign_mu(&self, mu: &[u8; MU_LEN]) -> Result<Vec<u8>, Failed> {
        self.mus.sign_mu(mu, self.parameters.signature_len()).ok_or(Failed)
    }
}

fn pair(parameters: Parameters, seed: &[u8; 32]) -> Result<PqdsaKeyPair, Failed> {
    PqdsaKeyPair::from_seed(parameters.signing(), seed).map_err(|_| Failed)
}

fn spki_of(pair: &PqdsaKeyPair) -> Result<Vec<u8>, Failed> {
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Failed)?;
    Ok(public.as_ref().to_vec())
}

/// The public half of a seed, DER `SubjectPublicKeyInfo`: for a new key, which nobody signs with yet.
///
/// # Errors
/// [`Failed`] when the library fails.
pub fn public_spki(parameters: Parameters, seed: &[u8; 32]) -> Result<Vec<u8>, Failed> {
    spki_of(&pair(parameters, seed)?)
}

/// Whether a signature over `message` is right under the public key.
#[must_use]
pub fn verify(parameters: Parameters, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(parameters.verification(), spki).verify(message, signature).is_ok()
}

/// Whether a signature over the message of this µ is right under the public key, which must be of these parameters.
#[must_use]
pub fn verify_mu(parameters: Parameters, spki: &[u8], mu: &[u8; MU_LEN], signature: &[u8]) -> bool {
    signature.len() == parameters.signature_len()
        && EvpKey::from_spki(spki).is_some_and(|key| key.verify_mu(mu, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Parameters; 3] = [Parameters::MlDsa44, Parameters::MlDsa65, Parameters::MlDsa87];

    #[test]
    fn signatures_verify_under_their_own_key_and_message_only() {
        for parameters in ALL {
            let own = SigningKey::from_seed(parameters, &[1; 32]).unwrap();
            let (spki, other) = (own.public_spki().unwrap(), SigningKey::from_seed(parameters, &[2; 32]).unwrap());
            let other = other.public_spki().unwrap();
            assert_eq!(public_spki(parameters, &[1; 32]), Ok(spki.clone()));
            let signature = own.sign(b"message").unwrap();
            assert_eq!(signature.len(), parameters.signature_len());
            assert_ne!(own.sign(b"message").unwrap(), signature);
            assert!(verify(parameters, &spki, b"message", &signature));
            assert!(!verify(parameters, &spki, b"another", &signature));
            assert!(!verify(parameters, &other, b"message", &signature));
            assert!(!verify(parameters, &spki, b"message", &signature[1..]));
            assert!(verify(parameters, &spki, b"", &own.sign(b"").unwrap()));
            for wrong in ALL.into_iter().filter(|wrong| *wrong != parameters) {
                assert!(!verify(wrong, &spki, b"message", &signature), "{wrong:?}");
            }
        }
    }

    #[test]
    fn a_mu_is_no_message_of_64_bytes() {
        for parameters in ALL {
            let own = SigningKey::from_seed(parameters, &[1; 32]).unwrap();
            let (spki, mu) = (own.public_spki().unwrap(), [9; MU_LEN]);
            let (of_mu, of_message) = (own.sign_mu(&mu).unwrap(), own.sign(&mu).unwrap());
            assert_eq!(of_mu.len(), parameters.signature_len());
            assert!(verify_mu(parameters, &spki, &mu, &of_mu) && verify(parameters, &spki, &mu, &of_message));
            assert!(!verify_mu(parameters, &spki, &mu, &of_message) && !verify(parameters, &spki, &mu, &of_mu));
            assert!(!verify_mu(parameters, &spki, &[8; MU_LEN], &of_mu));
            assert!(!verify_mu(parameters, &spki, &mu, &of_mu[1..]));
            assert!(!verify_mu(parameters, &spki[1..], &mu, &of_mu));
            assert!(!verify_mu(parameters, &[spki.as_slice(), &[0]].concat(), &mu, &of_mu));
        }
    }
}
