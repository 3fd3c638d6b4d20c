//! New pairs, in the form in which their private half is kept, and the form in which it leaves.
//!
//! ```text
//! spec                       kept                        DataKeyPair gives (PKCS#8 version 1)
//! RSA, ECC_NIST_P*, P256K1,  PKCS#8                      the same
//! SM2
//! ECC_NIST_EDWARDS25519      seed (32) ‖ public (32)     48 bytes
//! ML_DSA_*                   seed (32)                   none: AWS makes no such pairs
//! ML_KEM_*                   seed (64)                   86 bytes, seed form
//! ```

use sealroom_crypto::ed25519::PrivateKey;
use sealroom_crypto::rsa::NewPair;
use sealroom_crypto::{Failed, ml_dsa, ml_kem, random};
use sealroom_foundation::Secret;

use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::spec::Spec;

/// A new pair.
pub(crate) struct Pair {
    /// The private half, in the form that is kept.
    pub(crate) private: Secret<[u8]>,
    /// The public half, DER `SubjectPublicKeyInfo`.
    pub(crate) spki: Vec<u8>,
}

impl From<NewPair> for Pair {
    fn from(pair: NewPair) -> Self {
        Self { private: pair.pkcs8, spki: pair.spki }
    }
}

impl From<PrivateKey> for Pair {
    fn from(key: PrivateKey) -> Self {
        Self { private: Secret::copy_of(key.as_bytes()), spki: key.public_spki() }
    }
}

/// Makes a pair. RSA takes up to seconds, unless one is kept ready.
pub(crate) fn generate(hsm: &Hsm, spec: Spec) -> Result<Pair, HsmError> {
    let made = match spec {
        Spec::Rsa2048
        | Spec::Rsa3072
        | Spec::Rsa4096
        | Spec::EccNistP256
        | Spec::EccNistP384
        | Spec::EccNistP521
        | Spec::EccSecgP256K1
        | Spec::Sm2 => return hsm.new_pair(spec).map(Pair::from),
        Spec::EccNistEdwards25519 => ed25519(),
        Spec::MlDsa44 => lattice_signature(ml_dsa::Parameters::MlDsa44),
        Spec::MlDsa65 => lattice_signature(ml_dsa::Parameters::MlDsa65),
        Spec::MlDsa87 => lattice_signature(ml_dsa::Parameters::MlDsa87),
        Spec::MlKem512 => encapsulation(ml_kem::Parameters::MlKem512),
        Spec::MlKem768 => encapsulation(ml_kem::Parameters::MlKem768),
        Spec::MlKem1024 => encapsulation(ml_kem::Parameters::MlKem1024),
        Spec::SymmetricDefault | Spec::Hmac224 | Spec::Hmac256 | Spec::Hmac384 | Spec::Hmac512 => {
            return Err(HsmError::NotForThisSpec);
        }
    };
    made.map_err(|_| HsmError::Failed)
}

/// Makes a pair for use outside: its private half is PKCS#8.
pub(crate) fn generate_for_outside(hsm: &Hsm, spec: Spec) -> Result<Pair, HsmError> {
    // AWS: `DataKeyPairSpec` has no ML-DSA.
    if spec.ml_dsa().is_some() {
        return Err(HsmError::NotForThisSpec);
    }
    let Pair { private, spki } = generate(hsm, spec)?;
    let private = match (spec, spec.ml_kem()) {
        (Spec::EccNistEdwards25519, _) => {
            PrivateKey::from_bytes_unchecked(private.expose()).ok_or(HsmError::Failed)?.pkcs8()
        }
        (_, Some(parameters)) => ml_kem::pkcs8(parameters, private.expose().try_into().map_err(|_| HsmError::Failed)?),
        _ => private,
    };
    Ok(Pair { private, spki })
}

fn ed25519() -> Result<Pair, Failed> {
    let seed = Secret::filled(|seed: &mut [u8; 32]| random::fill(seed));
    PrivateKey::from_seed(seed.expose()).map(Pair::from)
}

fn lattice_signature(parameters: ml_dsa::Parameters) -> Result<Pair, Failed> {
    let seed = Secret::filled(|seed: &mut [u8; 32]| random::fill(seed));
    let spki = ml_dsa::public_spki(parameters, seed.expose())?;
    Ok(Pair { private: Secret::copy_of(seed.expose()), spki })
}

fn encapsulation(parameters: ml_kem::Parameters) -> Result<Pair, Failed> {
    let seed = Secret::filled(|seed: &mut [u8; ml_kem::SEED_LEN]| random::fill(seed));
    let spki = ml_kem::DecapsulationKey::from_seed(parameters, seed.expose())?.public_spki()?;
    Ok(Pair { private: Secret::copy_of(seed.expose()), spki })
}

#[cfg(test)]
mod tests;
