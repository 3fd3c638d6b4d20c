//! Digests, MACs, key derivation, AEAD and key pairs: the only room that names aws-lc.
//!
//! It holds no key of ours, decides nothing and knows no format but [`envelope`]'s. Whoever calls it chooses keys,
//! nonces and salts; [`random::fill`] is for `hsm`, `roots` and `client` alone. Failures carry no reason:
//! an attacker must not learn one, and an operator can't mend one.
//!
//! What would surprise: values that can't fail by construction (HMAC, KDF with lengths of ours) still go through a
//! library that returns errors; those are [`Failed`], and never expected.

pub mod agreement;
mod ber;
pub mod cbc;
pub mod certificate;
mod der;
pub mod digest;
pub mod ec;
pub mod ed25519;
pub mod envelope;
mod ffi;
pub mod gcm;
pub mod hkdf;
pub mod kdf;
pub mod key_wrap;
pub mod mac;
pub mod ml_dsa;
pub mod ml_kem;
pub mod pkcs8;
pub mod point;
pub mod random;
pub mod rsa;
pub mod sm2;
pub mod transcript;

/// The cryptographic library failed where only a lack of memory or a wrong build makes it fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed")]
pub struct Failed;

/// Compares in time that depends on the lengths only.
#[must_use]
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
