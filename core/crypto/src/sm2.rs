//! SM2 (GB/T 32918): signatures over SM3, public key encryption, and key agreement. The only room part that aws-lc
//! doesn't do: it stands on the `sm2` crate, whose field arithmetic is constant in time by construction and not audited.
//!
//! Signatures are DER and made for the default distinguishing identifier; ciphertexts are the DER sequence of GM/T 0009
//! (x, y, hash, ciphertext). Both are what OpenSSL reads and writes. Private halves travel as PKCS#8.
//!
//! What would surprise: the kept scalar is wiped when dropped; while one operation runs, that crate has copies of it on
//! the stack that nobody wipes.

use std::convert::Infallible;

use sealroom_foundation::Secret;
use sm2::dsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use sm2::dsa::signature::rand_core::{TryCryptoRng, TryRng};
use sm2::dsa::signature::{RandomizedSigner as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::Generate as _;
use sm2::elliptic_curve::point::AffineCoordinates as _;
use sm2::pkcs8::der::Decode as _;
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use sm2::pke::{Cipher, DecryptingKey, EncryptingKey};
use sm2::{ProjectivePoint, PublicKey, Scalar, SecretKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::Failed;
use crate::rsa::NewPair;

/// AWS: signatures are for this distinguishing identifier, the standard's default.
const DISTINGUISHING_ID: &str = "1234567812345678";

/// How often a signature is tried: one in 2^255 draws has no signature.
const ATTEMPTS: u8 = 4;

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message: signer's identity and public key are hashed before it.
    Raw(&'a [u8]),
    /// The standard's e: the SM3 digest over that identity and the message, which the caller has made.
    Digest(&'a [u8; 32]),
}

/// The generator of this room, for the crate.
struct Generator;

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0u8; 4];
        crate::random::fill(&mut bytes);
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0u8; 8];
        crate::random::fill(&mut bytes);
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        crate::random::fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Generator {}

/// A pair, with its private half.
pub struct KeyPair(SecretKey);

impl KeyPair {
    /// Makes a pair.
    ///
    /// # Errors
    /// [`Failed`] when there is no randomness.
    pub fn generate() -> Result<Self, Failed> {
        SecretKey::try_generate_from_rng(&mut Generator).map(Self).map_err(|_| Failed)
    }

    /// Loads PKCS#8; `None` when it is no SM2 key, or its public half isn't the private one's.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let key = SecretKey::from_pkcs8_der(pkcs8).ok()?;
        // The standard's scalars end at n − 2: the one above signs nothing.
        let above = *key.to_nonzero_scalar() + Scalar::ONE;
        (above != Scalar::ZERO).then_some(Self(key))
    }

    /// Both halves, in the forms in which they are kept.
    ///
    /// # Errors
    /// [`Failed`] when they can't be written.
    pub fn export(&self) -> Result<NewPair, Failed> {
        let private = self.0.to_pkcs8_der().map_err(|_| Failed)?;
        let public = self.0.public_key().to_public_key_der().map_err(|_| Failed)?;
        Ok(NewPair { pkcs8: Secret::copy_of(private.as_bytes()), spki: public.into_vec() })
    }

    /// Signs. The signature is DER.
    ///
    /// # Errors
    /// [`Failed`] when no draw of four gives a signature.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>, Failed> {
        let key = SigningKey::new(DISTINGUISHING_ID, &self.0).map_err(|_| Failed)?;
        let attempt = |_| -> Option<Signature> {
            match message {
                Message::Raw(message) => key.try_sign_with_rng(&mut Generator, message).ok(),
                Message::Digest(digest) => key.sign_prehash_with_rng(&mut Generator, digest).ok(),
            }
        };
        let signature = (0..ATTEMPTS).find_map(attempt).ok_or(Failed)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    /// Opens a ciphertext of the public half; `None` for whatever doesn't open.
    #[must_use]
    pub fn decrypt(&self, ciphertext: &[u8]) -> Option<Secret<[u8]>> {
        let cipher: Cipher<'_> = Cipher::from_der(ciphertext).ok()?;
        let key = DecryptingKey::new(self.0.clone());
        let mut opened = None;
        let plaintext = Secret::filled_slice(cipher.c2().len(), |out| {
            opened = key.decrypt_cipher_with_buf(&cipher, out).ok().filter(|length| *length > 0);
        });
        opened.map(|_| plaintext)
    }

    /// The x-coordinate that both sides come to, 32 bytes; `None` when `spki` is no public half of this curve.
    #[must_use]
    pub fn agree(&self, spki: &[u8]) -> Option<Secret<[u8]>> {
        let peer = PublicKey::from_public_key_der(spki).ok()?;
        let mut scalar = self.0.to_nonzero_scalar();
        let mut shared = ProjectivePoint::from(*peer.as_affine()) * *scalar;
        scalar.zeroize();
        let x = Zeroizing::new(shared.to_affine().x());
        shared.zeroize();
        Some(Secret::copy_of(&x))
    }
}

/// Whether the DER `signature` over the message is right under the public key.
#[must_use]
pub fn verify(spki: &[u8], message: Message<'_>, signature: &[u8]) -> bool {
    let right = || {
        let key = VerifyingKey::new(DISTINGUISHING_ID, PublicKey::from_public_key_der(spki).ok()?).ok()?;
        let signature = Signature::from_der(signature).ok()?;
        match message {
            Message::Raw(message) => key.verify(message, &signature).ok(),
            Message::Digest(digest) => key.verify_prehash(digest, &signature).ok(),
        }
    };
    right().is_some()
}

/// Encrypts under a public key; `None` when the key is none, or the plaintext empty.
#[must_use]
pub fn encrypt(spki: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = EncryptingKey::new(PublicKey::from_public_key_der(spki).ok()?);
    key.encrypt_der(&mut Generator, plaintext).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_verify_under_their_own_key_and_message_only() {
        let (pair, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap().export().unwrap().spki);
        let spki = pair.export().unwrap().spki;
        for (message, another) in [
            (Message::Raw(b"message"), Message::Raw(b"another")),
            (Message::Digest(&[1; 32]), Message::Digest(&[2; 32])),
        ] {
            let mut signature = pair.sign(message).unwrap();
            assert!(verify(&spki, message, &signature));
            assert!(!verify(&spki, another, &signature) && !verify(&other, message, &signature));
            assert_ne!(signature, pair.sign(message).unwrap());
            *signature.last_mut().unwrap() ^= 1;
            assert!(!verify(&spki, message, &signature));
        }
        let raw = pair.sign(Message::Raw(&[1; 32])).unwrap();
        assert!(!verify(&spki, Message::Digest(&[1; 32]), &raw));
    }

    #[test]
    fn ciphertexts_open_under_their_own_key_whole_only() {
        let (pair, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let spki = pair.export().unwrap().spki;
        for length in [1, 32, 1_024, 2_400] {
            let ciphertext = encrypt(&spki, &vec![7; length]).unwrap();
            assert!(pair.decrypt(&ciphertext).unwrap().ct_eq(&vec![7; length]));
            assert!(other.decrypt(&ciphertext).is_none());
            assert!(pair.decrypt(&[ciphertext.as_slice(), &[0]].concat()).is_none());
        }
        assert!(encrypt(&spki, b"").is_none() && encrypt(b"no key", b"plaintext").is_none());
        let ciphertext = encrypt(&spki, b"plaintext").unwrap();
        for at in 0..ciphertext.len() {
            let mut damaged = ciphertext.clone();
            damaged[at] ^= 1;
            assert!(pair.decrypt(&damaged).is_none() && pair.decrypt(&ciphertext[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn both_sides_agree_and_a_third_does_not() {
        let pairs: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().unwrap()).collect();
        let public: Vec<Vec<u8>> = pairs.iter().map(|pair| pair.export().unwrap().spki).collect();
        let shared = pairs[0].agree(&public[1]).unwrap();
        assert_eq!(shared.len(), 32);
        assert!(pairs[1].agree(&public[0]).unwrap().ct_eq(shared.expose()));
        assert!(!pairs[2].agree(&public[0]).unwrap().ct_eq(shared.expose()));
        let foreign = crate::ec::EcKeyPair::generate(crate::ec::Curve::P256).unwrap().public_spki().unwrap();
        assert!(pairs[0].agree(&foreign).is_none() && pairs[0].agree(b"").is_none());
    }

    #[test]
    fn a_pair_loads_again_as_itself() {
        let pair = KeyPair::generate().unwrap().export().unwrap();
        let again = KeyPair::from_pkcs8(pair.pkcs8.expose()).unwrap().export().unwrap();
        assert!(again.pkcs8.ct_eq(pair.pkcs8.expose()) && again.spki == pair.spki);
        assert!(KeyPair::from_pkcs8(b"no key").is_none());
    }

    #[test]
    fn scalars_that_cannot_sign_are_no_keys() {
        // Order of the group, big-endian (GB/T 32918.5).
        let order: [u8; 32] = [
            0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72, 0x03,
            0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x23,
        ];
        let head = [
            0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
            0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
        ];
        let load = |below: u8| {
            let mut scalar = order;
            scalar[31] -= below;
            KeyPair::from_pkcs8(&[&head[..], &scalar].concat()).is_some()
        };
        assert_eq!([load(0), load(1), load(2)], [false, false, true]);
        assert!(KeyPair::from_pkcs8(&[&head[..], &[0; 32]].concat()).is_none());
    }
}
