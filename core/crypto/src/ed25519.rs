//! Ed25519 and Ed25519ph (RFC 8032).
//!
//! A private key is kept as its seed and its public key, 64 bytes: the form that signing takes, so that a signature
//! costs no derivation.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{self as lc, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sealroom_foundation::Secret;

use crate::{Failed, der, ffi};

/// `{ id-Ed25519 }`: there are no parameters.
const ALGORITHM: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

/// `PrivateKeyInfo { version 0, { id-Ed25519 }, OCTET STRING { OCTET STRING of 32 bytes` (RFC 8410).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// How long a signature is, in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// A private key: seed ‖ public key.
pub struct PrivateKey(Secret<[u8; 64]>);

impl PrivateKey {
    /// The key of a seed.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Failed> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Failed)?;
        Self::joined(seed, pair.public_key().as_ref()).ok_or(Failed)
    }

    /// The key of a PKCS#8 document, version 1 or 2; `None` when it is none. Bytes behind the document aren't looked
    /// at.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        let seed = pair.seed().ok()?.as_be_bytes().ok()?;
        Self::joined(seed.as_ref(), pair.public_key().as_ref())
    }

    /// What [`PrivateKey::as_bytes`] gave; `None` for another length.
    ///
    /// Whether the halves belong together isn't checked, and signatures under halves that don't betray the key: so only
    /// bytes that nobody could change may come here.
    #[must_use]
    pub fn from_bytes_unchecked(bytes: &[u8]) -> Option<Self> {
        Secret::copy_from(bytes).map(Self)
    }

    fn joined(seed: &[u8], public: &[u8]) -> Option<Self> {
        if (seed.len(), public.len()) != (32, 32) {
            return None;
        }
        Some(Self(Secret::filled(|out: &mut [u8; 64]| {
            out.iter_mut().zip(seed.iter().chain(public)).for_each(|(into, byte)| *into = *byte);
        })))
    }

    /// Seed ‖ public key, to be kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 64] {
        self.0.expose()
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.0.expose().split_at(32)
    }

    /// The document for use elsewhere: PKCS#8 version 1, 48 bytes.
    #[must_use]
    pub fn pkcs8(&self) -> Secret<[u8]> {
        der::behind(&PKCS8_HEAD, self.halves().0)
    }

    /// The public half, DER `SubjectPublicKeyInfo`, 44 bytes.
    #[must_use]
    pub fn public_spki(&self) -> Vec<u8> {
        der::spki(&ALGORITHM, self.halves().1)
    }

    /// Signs a message of any length with Ed25519. The same message gives the same signature.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], Failed> {
        ffi::ed25519_sign(message, self.0.expose()).ok_or(Failed)
    }

    /// Signs a message of any length with Ed25519ph: what is signed is the message's SHA-512, made here. The context
    /// is empty.
    ///
    /// # Errors
    /// [`Failed`] when the library fails.
    pub fn sign_prehashed(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], Failed> {
        ffi::ed25519ph_sign(message, self.0.expose()).ok_or(Failed)
    }
}

/// Whether an Ed25519 signature over `message` is right under the public key.
#[must_use]
pub fn verify(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let public = der::raw_key(&ALGORITHM, 32, spki);
    public.is_some_and(|public| UnparsedPublicKey::new(&lc::ED25519, public).verify(message, signature).is_ok())
}

/// Whether an Ed25519ph signature over `message`, which is hashed here, is right under the public key.
#[must_use]
pub fn verify_prehashed(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let right = || {
        let public = der::raw_key(&ALGORITHM, 32, spki)?.try_into().ok()?;
        Some(ffi::ed25519ph_verify(message, signature.try_into().ok()?, public))
    };
    right().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_seed(&[byte; 32]).unwrap()
    }

    #[test]
    fn signatures_verify_under_their_own_key_message_and_variant_only() {
        let (own, other) = (key(1), key(2).public_spki());
        let spki = own.public_spki();
        for message in [b"".as_slice(), b"message", &[7; 64], &[8; 5_000]] {
            let plain = own.sign(message).unwrap();
            let hashed = own.sign_prehashed(message).unwrap();
            assert!(verify(&spki, message, &plain) && verify_prehashed(&spki, message, &hashed));
            assert!(!verify(&spki, message, &hashed) && !verify_prehashed(&spki, message, &plain));
            assert!(!verify(&other, message, &plain) && !verify_prehashed(&other, message, &hashed));
            assert!(!verify(&spki, b"another", &plain) && !verify_prehashed(&spki, b"another", &hashed));
            for at in [0, 31, 32, 63] {
                let damage = |mut signature: [u8; 64]| {
                    signature[at] ^= 1;
                    signature
                };
                assert!(!verify(&spki, message, &damage(plain)), "{at}");
                assert!(!verify_prehashed(&spki, message, &damage(hashed)), "{at}");
            }
            for length in [0, 63] {
                assert!(!verify(&spki, message, &plain[..length]));
                assert!(!verify_prehashed(&spki, message, &hashed[..length]));
            }
        }
    }

    #[test]
    fn a_key_comes_back_from_what_is_kept_and_from_its_document() {
        let own = key(3);
        assert_eq!((own.pkcs8().len(), own.public_spki().len()), (48, 44));
        let again = [PrivateKey::from_bytes_unchecked(own.as_bytes()), PrivateKey::from_pkcs8(own.pkcs8().expose())];
        for again in again {
            assert_eq!(again.unwrap().as_bytes(), own.as_bytes());
        }
        assert!(PrivateKey::from_bytes_unchecked(&own.as_bytes()[1..]).is_none());
        for length in 0..48 {
            assert!(PrivateKey::from_pkcs8(&own.pkcs8().expose()[..length]).is_none());
        }
    }

    /// RFC 8032, 7.1, TEST 2 and 7.3, TEST abc.
    #[test]
    fn the_rfc_has_the_same_answers() {
        let seed = b"\x4c\xcd\x08\x9b\x28\xff\x96\xda\x9d\xb6\xc3\x46\xec\x11\x4e\x0f\
                     \x5b\x8a\x31\x9f\x35\xab\xa6\x24\xda\x8c\xf6\xed\x4f\xb8\xa6\xfb";
        assert_eq!(
            PrivateKey::from_seed(seed).unwrap().sign(&[0x72]).unwrap(),
            *b"\x92\xa0\x09\xa9\xf0\xd4\xca\xb8\x72\x0e\x82\x0b\x5f\x64\x25\x40\
               \xa2\xb2\x7b\x54\x16\x50\x3f\x8f\xb3\x76\x22\x23\xeb\xdb\x69\xda\
               \x08\x5a\xc1\xe4\x3e\x15\x99\x6e\x45\x8f\x36\x13\xd0\xf1\x1d\x8c\
               \x38\x7b\x2e\xae\xb4\x30\x2a\xee\xb0\x0d\x29\x16\x12\xbb\x0c\x00"
        );
        let seed = b"\x83\x3f\xe6\x24\x09\x23\x7b\x9d\x62\xec\x77\x58\x75\x20\x91\x1e\
                     \x9a\x75\x9c\xec\x1d\x19\x75\x5b\x7d\xa9\x01\xb9\x6d\xca\x3d\x42";
        assert_eq!(
            PrivateKey::from_seed(seed).unwrap().sign_prehashed(b"abc").unwrap(),
            *b"\x98\xa7\x02\x22\xf0\xb8\x12\x1a\xa9\xd3\x0f\x81\x3d\x68\x3f\x80\
               \x9e\x46\x2b\x46\x9c\x7f\xf8\x76\x39\x49\x9b\xb9\x4e\x6d\xae\x41\
               \x31\xf8\x50\x42\x46\x3c\x2a\x35\x5a\x20\x03\xd0\x62\xad\xf5\xaa\
               \xa1\x0b\x8c\x61\xe6\x36\x06\x2a\xaa\xd1\x1c\x2a\x26\x08\x34\x06"
        );
    }
}
