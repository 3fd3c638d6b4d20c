//! RSA pairs: generation, PKCS#8, OAEP encryption, PKCS #1 v1.5 and PSS signatures (RFC 8017).
//!
//! A key is loaded for one use, as a KMS key has one: loading checks the key and costs as much as a signature, so
//! whoever uses a key often keeps the loaded object. Public halves travel as DER `SubjectPublicKeyInfo`.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{self as lc, KeyPair as _, RsaParameters, UnparsedPublicKey};
use sealroom_foundation::Secret;

use crate::Failed;
use crate::digest::{Digest, DigestAlg};

/// The hash of OAEP, also of its MGF1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OaepHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl OaepHash {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }

    /// The longest plaintext under a modulus of `bits`, in bytes.
    #[must_use]
    pub const fn max_plaintext(self, bits: u16) -> usize {
        let hash = match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        };
        (bits as usize / 8).saturating_sub(2 * hash + 2)
    }
}

/// The padding of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// PKCS #1 v1.5.
    Pkcs1,
    /// PSS: MGF1 with the same hash, the salt as long as the hash.
    Pss,
}

fn signing(padding: Padding, hash: DigestAlg) -> &'static dyn lc::RsaEncoding {
    match (padding, hash) {
        (Padding::Pkcs1, DigestAlg::Sha256) => &lc::RSA_PKCS1_SHA256,
        (Padding::Pkcs1, DigestAlg::Sha384) => &lc::RSA_PKCS1_SHA384,
        (Padding::Pkcs1, DigestAlg::Sha512) => &lc::RSA_PKCS1_SHA512,
        (Padding::Pss, DigestAlg::Sha256) => &lc::RSA_PSS_SHA256,
        (Padding::Pss, DigestAlg::Sha384) => &lc::RSA_PSS_SHA384,
        (Padding::Pss, DigestAlg::Sha512) => &lc::RSA_PSS_SHA512,
    }
}

fn verification(padding: Padding, hash: DigestAlg) -> &'static RsaParameters {
    match (padding, hash) {
        (Padding::Pkcs1, DigestAlg::Sha256) => &lc::RSA_PKCS1_2048_8192_SHA256,
        (Padding::Pkcs1, DigestAlg::Sha384) => &lc::RSA_PKCS1_2048_8192_SHA384,
        (Padding::Pkcs1, DigestAlg::Sha512) => &lc::RSA_PKCS1_2048_8192_SHA512,
        (Padding::Pss, DigestAlg::Sha256) => &lc::RSA_PSS_2048_8192_SHA256,
        (Padding::Pss, DigestAlg::Sha384) => &lc::RSA_PSS_2048_8192_SHA384,
        (Padding::Pss, DigestAlg::Sha512) => &lc::RSA_PSS_2048_8192_SHA512,
    }
}

/// A new pair, in the forms in which it is kept.
pub struct NewPair {
    /// The private half, PKCS#8.
    pub pkcs8: Secret<[u8]>,
    /// The public half, DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
}

/// Makes a pair with a modulus of 2,048, 3,072 or 4,096 bits and the exponent 65,537. Takes up to seconds.
///
/// # Errors
/// [`Failed`] for another size, or when the library fails.
pub fn generate(bits: u16) -> Result<NewPair, Failed> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        _ => return Err(Failed),
    };
    export(&KeyPair::generate(size).map_err(|_| Failed)?)
}

fn export(pair: &KeyPair) -> Result<NewPair, Failed> {
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Failed)?;
    Ok(NewPair { pkcs8: Secret::copy_of(private.as_ref()), spki: public.as_ref().to_vec() })
}

/// Loads a pair that was made elsewhere and writes it anew; `None` when it is none with a modulus of exactly `bits`.
pub(crate) fn load(pkcs8: &[u8], bits: u16) -> Option<NewPair> {
    let pair = KeyPair::from_pkcs8(pkcs8).ok()?;
    let modulus = pair.public_key().modulus().big_endian_without_leading_zero();
    let exact = modulus.len() * 8 == usize::from(bits) && modulus.first().is_some_and(|byte| byte & 0x80 != 0);
    exact.then(|| export(&pair).ok()).flatten()
}

/// A private key loaded for signing.
pub struct SigningKey(KeyPair);

impl SigningKey {
    /// Loads PKCS#8 and checks the key; `None` when it is none.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        KeyPair::from_pkcs8(pkcs8).ok().map(Self)
    }

    /// Signs a digest. The signature is as long as the modulus.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn sign(&self, padding: Padding, hash: DigestAlg, digest: &Digest) -> Result<Vec<u8>, Failed> {
        let mut signature = vec![0u8; self.0.public_modulus_len()];
        self.0.sign_digest(signing(padding, hash), &digest.0, &mut signature).map_err(|_| Failed)?;
        Ok(signature)
    }
}

/// A private key loaded for decryption.
pub struct DecryptingKey(OaepPrivateDecryptingKey);

impl DecryptingKey {
    /// Loads PKCS#8 and checks the key; `None` when it is none.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?;
        OaepPrivateDecryptingKey::new(key).ok().map(Self)
    }

    /// The length of the modulus, in bytes: that of every ciphertext.
    #[must_use]
    pub fn modulus_bytes(&self) -> usize {
        self.0.key_size_bytes()
    }

    /// Opens an OAEP ciphertext with an empty label; `None` for whatever doesn't open.
    #[must_use]
    pub fn decrypt_oaep(&self, hash: OaepHash, ciphertext: &[u8]) -> Option<Secret<[u8]>> {
        let mut length = None;
        let buffer = Secret::filled_slice(self.0.min_output_size(), |out| {
            length = self.0.decrypt(hash.algorithm(), ciphertext, out, None).ok().map(|plaintext| plaintext.len());
        });
        buffer.expose().get(..length?).map(Secret::copy_of)
    }
}

/// The length of a public key's modulus in bits; `None` when it is no RSA key, has another form than DER's, or is shorter
/// than 2,048 bits.
#[must_use]
pub fn modulus_bits(spki: &[u8]) -> Option<usize> {
    let key = PublicEncryptingKey::from_der(spki).ok()?;
    // The library reads over what follows the key.
    let der: PublicKeyX509Der<'_> = key.as_der().ok()?;
    (der.as_ref() == spki).then(|| key.key_size_bits())
}

/// Encrypts with OAEP and an empty label under a public key; `None` when the key is none, or the plaintext longer
/// than [`OaepHash::max_plaintext`].
#[must_use]
pub fn encrypt_oaep(spki: &[u8], hash: OaepHash, plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(spki).ok()?).ok()?;
    let mut ciphertext = vec![0u8; key.ciphertext_size()];
    key.encrypt(hash.algorithm(), plaintext, &mut ciphertext, None).ok()?;
    Some(ciphertext)
}

/// Whether `signature` over `digest` is right under the public key.
#[must_use]
pub fn verify(spki: &[u8], padding: Padding, hash: DigestAlg, digest: &Digest, signature: &[u8]) -> bool {
    UnparsedPublicKey::new(verification(padding, hash), spki).verify_digest(&digest.0, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_verify_under_their_own_padding_hash_and_digest_only() {
        let pair = generate(2048).unwrap();
        let key = SigningKey::from_pkcs8(pair.pkcs8.expose()).unwrap();
        for padding in [Padding::Pkcs1, Padding::Pss] {
            for hash in [DigestAlg::Sha256, DigestAlg::Sha384, DigestAlg::Sha512] {
                let (digest, other) = (hash.digest(b"message"), hash.digest(b"another"));
                let mut signature = key.sign(padding, hash, &digest).unwrap();
                assert_eq!(signature.len(), 256);
                assert!(verify(&pair.spki, padding, hash, &digest, &signature));
                assert!(!verify(&pair.spki, padding, hash, &other, &signature));
                let swapped = if padding == Padding::Pss { Padding::Pkcs1 } else { Padding::Pss };
                assert!(!verify(&pair.spki, swapped, hash, &digest, &signature));
                signature[17] ^= 1;
                assert!(!verify(&pair.spki, padding, hash, &digest, &signature));
            }
        }
    }

    #[test]
    fn oaep_takes_its_longest_plaintext_and_not_one_byte_more() {
        let pair = generate(2048).unwrap();
        let key = DecryptingKey::from_pkcs8(pair.pkcs8.expose()).unwrap();
        for (hash, max) in [(OaepHash::Sha1, 214), (OaepHash::Sha256, 190)] {
            assert_eq!(hash.max_plaintext(2048), max);
            let ciphertext = encrypt_oaep(&pair.spki, hash, &vec![5; max]).unwrap();
            assert_eq!(key.decrypt_oaep(hash, &ciphertext).unwrap().expose(), vec![5; max]);
            assert!(encrypt_oaep(&pair.spki, hash, &vec![5; max + 1]).is_none());
            let other = if hash == OaepHash::Sha1 { OaepHash::Sha256 } else { OaepHash::Sha1 };
            assert!(key.decrypt_oaep(other, &ciphertext).is_none());
        }
    }

    #[test]
    fn limits_of_the_larger_moduli_are_those_of_aws() {
        for (bits, sha1, sha256) in [(3072, 342, 318), (4096, 470, 446)] {
            assert_eq!((OaepHash::Sha1.max_plaintext(bits), OaepHash::Sha256.max_plaintext(bits)), (sha1, sha256));
        }
    }

    #[test]
    fn a_public_key_has_its_length_and_one_form() {
        for bits in [2048, 3072] {
            let spki = generate(bits).unwrap().spki;
            assert_eq!(modulus_bits(&spki), Some(usize::from(bits)));
            assert_eq!(modulus_bits(&[&spki[..], &[0]].concat()), None);
            assert_eq!(modulus_bits(&spki[..spki.len() - 1]), None);
        }
        assert_eq!(modulus_bits(b"no key"), None);
    }

    #[test]
    fn other_sizes_and_damaged_keys_are_refused() {
        assert!(generate(1024).is_err());
        assert!(SigningKey::from_pkcs8(b"no key").is_none());
        assert!(DecryptingKey::from_pkcs8(b"no key").is_none());
    }
}
