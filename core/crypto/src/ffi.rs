//! The only unsafe code of this room: what aws-lc offers and its safe interface doesn't.
//!
//! JUSTIFICATION of SHA-256 with its state on our stack: every call of the service hashes a dozen short inputs (signatures, derived keys, the journal's
//! chain). Through the safe API each takes a context from the heap, and a keyed state can't be kept and copied; here it
//! is a value of 112 bytes. Measured: an HMAC under a kept key 207 → 125 ns; a message key and its commitment, derived
//! from a kept key, 378 → 273 ns. Its functions are total: they fail for no input, so their codes aren't looked at.
//!
//! JUSTIFICATION of the rest: the safe interface has no Ed25519ph, no external µ for ML-DSA and no seeds for ML-KEM, and
//! derives Ed25519's public key anew for each loaded pair, which costs as much as the signature. Failures leave an error
//! in a queue of the thread; it is emptied here, so that nobody else finds it.

#![expect(unsafe_code, reason = "calls aws-lc directly")]

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use aws_lc_sys::{
    CBS, ED25519_sign, ED25519ph_sign, ED25519ph_verify, ERR_clear_error, EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free,
    EVP_PKEY_CTX_new, EVP_PKEY_decapsulate, EVP_PKEY_free, EVP_PKEY_get_raw_public_key, EVP_PKEY_sign,
    EVP_PKEY_sign_init, EVP_PKEY_verify, EVP_PKEY_verify_init, EVP_parse_private_key, EVP_parse_public_key,
    OPENSSL_cleanse, SHA256_CTX, SHA256_Final, SHA256_Init, SHA256_Update,
};
use sealroom_foundation::Secret;

/// A hash in progress. Wiped when dropped, for it may have taken a key in; so it isn't `Clone` either.
pub(crate) struct Sha256State(SHA256_CTX);

impl Sha256State {
    pub(crate) fn new() -> Self {
        let mut state = SHA256_CTX { h: [0; 8], Nl: 0, Nh: 0, data: [0; 64], num: 0, md_len: 0 };
        // SAFETY: the pointer is to a whole SHA256_CTX that nobody else refers to.
        unsafe { SHA256_Init(&raw mut state) };
        Self(state)
    }

    /// Another hash that goes on from here.
    pub(crate) fn fork(&self) -> Self {
        Self(self.0)
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        // SAFETY: the state was initialised by `new`; `data` is readable for its length, and the library doesn't keep
        // the pointer. For an empty slice the length is nought and nothing is read.
        unsafe { SHA256_Update(&raw mut self.0, data.as_ptr().cast(), data.len()) };
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        let mut digest = [0u8; 32];
        // SAFETY: the state was initialised by `new`, which set the digest's length to 32; `digest` has 32 bytes.
        unsafe { SHA256_Final(digest.as_mut_ptr(), &raw mut self.0) };
        digest
    }
}

impl Drop for Sha256State {
    fn drop(&mut self) {
        // SAFETY: writes zeros over exactly the bytes of the state, for which every pattern is valid.
        unsafe { OPENSSL_cleanse((&raw mut self.0).cast(), size_of::<SHA256_CTX>()) };
    }
}

/// Whether the library says that it did what it was asked.
fn done(code: c_int) -> Option<()> {
    if code == 1 {
        return Some(());
    }
    // SAFETY: takes nothing and touches only the calling thread's queue of errors.
    unsafe { ERR_clear_error() };
    None
}

/// An Ed25519 signature under seed ‖ public key.
pub(crate) fn ed25519_sign(message: &[u8], private: &[u8; 64]) -> Option<[u8; 64]> {
    let mut signature = [0u8; 64];
    // SAFETY: writes 64 bytes and reads 64 of the key and `message` for its length; keeps no pointer.
    done(unsafe { ED25519_sign(signature.as_mut_ptr(), message.as_ptr(), message.len(), private.as_ptr()) })?;
    Some(signature)
}

/// An Ed25519ph signature with an empty context under seed ‖ public key.
pub(crate) fn ed25519ph_sign(message: &[u8], private: &[u8; 64]) -> Option<[u8; 64]> {
    let mut signature = [0u8; 64];
    let (message, length) = (message.as_ptr(), message.len());
    // SAFETY: as for `ed25519_sign`; the context has no length, so its pointer isn't followed.
    done(unsafe { ED25519ph_sign(signature.as_mut_ptr(), message, length, private.as_ptr(), ptr::null(), 0) })?;
    Some(signature)
}

/// Whether an Ed25519ph signature with an empty context is right.
pub(crate) fn ed25519ph_verify(message: &[u8], signature: &[u8; 64], public: &[u8; 32]) -> bool {
    let (message, length) = (message.as_ptr(), message.len());
    // SAFETY: reads 64 bytes of the signature, 32 of the key and `message` for its length; keeps no pointer, and the
    // context has no length.
    done(unsafe { ED25519ph_verify(message, length, signature.as_ptr(), public.as_ptr(), ptr::null(), 0) }).is_some()
}

/// A key that the library holds, and wipes when it frees it.
pub(crate) struct EvpKey(NonNull<EVP_PKEY>);

// SAFETY: the library allows an EVP_PKEY to be used from several threads as long as none changes it (its evp.h). The
// functions below change nothing but its reference count, which is atomic.
unsafe impl Send for EvpKey {}
// SAFETY: as above.
unsafe impl Sync for EvpKey {}

impl EvpKey {
    /// The key of a PKCS#8 document; `None` when it is none, or when bytes follow it.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        Self::parse(pkcs8, EVP_parse_private_key)
    }

    /// The key of a `SubjectPublicKeyInfo`; `None` when it is none, or when bytes follow it.
    pub(crate) fn from_spki(spki: &[u8]) -> Option<Self> {
        Self::parse(spki, EVP_parse_public_key)
    }

    fn parse(bytes: &[u8], parse: unsafe extern "C" fn(*mut CBS) -> *mut EVP_PKEY) -> Option<Self> {
        let mut left = CBS { data: bytes.as_ptr(), len: bytes.len() };
        // SAFETY: `left` spans exactly `bytes`, which outlives the call; the library moves its start and copies what it
        // keeps. What it returns is ours to free, or null.
        let key = NonNull::new(unsafe { parse(&raw mut left) }).map(Self);
        done(c_int::from(key.is_some()))?;
        key.filter(|_| left.len == 0)
    }

    fn context(&self) -> Option<Context> {
        // SAFETY: the key is alive; the context takes a reference of its own to it. No engine is named.
        let context = unsafe { EVP_PKEY_CTX_new(self.0.as_ptr(), ptr::null_mut()) };
        NonNull::new(context).map(Context)
    }

    /// The raw public key, which must have `length` bytes.
    pub(crate) fn raw_public(&self, length: usize) -> Option<Vec<u8>> {
        let (mut raw, mut written) = (vec![0u8; length], length);
        // SAFETY: `written` says how much room `raw` has, and the library writes no more.
        done(unsafe { EVP_PKEY_get_raw_public_key(self.0.as_ptr(), raw.as_mut_ptr(), &raw mut written) })?;
        (written == length).then_some(raw)
    }

    /// An ML-DSA signature of `length` bytes over a µ.
    pub(crate) fn sign_mu(&self, mu: &[u8; 64], length: usize) -> Option<Vec<u8>> {
        let context = self.context()?;
        let (mut signature, mut written) = (vec![0u8; length], length);
        // SAFETY: the context is alive.
        done(unsafe { EVP_PKEY_sign_init(context.0.as_ptr()) })?;
        // SAFETY: as above; `written` says how much room `signature` has, and `mu` is read for its length.
        let code = unsafe {
            EVP_PKEY_sign(context.0.as_ptr(), signature.as_mut_ptr(), &raw mut written, mu.as_ptr(), mu.len())
        };
        done(code)?;
        (written == length).then_some(signature)
    }

    /// Whether an ML-DSA signature over a µ is right.
    pub(crate) fn verify_mu(&self, mu: &[u8; 64], signature: &[u8]) -> bool {
        let Some(context) = self.context() else { return false };
        // SAFETY: the context is alive.
        if done(unsafe { EVP_PKEY_verify_init(context.0.as_ptr()) }).is_none() {
            return false;
        }
        // SAFETY: as above; both inputs are read for their lengths.
        let code =
            unsafe { EVP_PKEY_verify(context.0.as_ptr(), signature.as_ptr(), signature.len(), mu.as_ptr(), mu.len()) };
        done(code).is_some()
    }

    /// The shared secret in an ML-KEM ciphertext; `None` for one of another length.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Option<Secret<[u8; 32]>> {
        let context = self.context()?;
        let (mut opened, mut written) = (None, 32);
        let secret = Secret::filled(|out: &mut [u8; 32]| {
            // SAFETY: the context is alive; `written` says how much room `out` has, and the ciphertext is read for its
            // length.
            opened = done(unsafe {
                EVP_PKEY_decapsulate(
                    context.0.as_ptr(),
                    out.as_mut_ptr(),
                    &raw mut written,
                    ciphertext.as_ptr(),
                    ciphertext.len(),
                )
            });
        });
        opened.filter(|()| written == 32).map(|()| secret)
    }
}

impl Drop for EvpKey {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and nobody uses it after this.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) };
    }
}

/// One use of a key.
struct Context(NonNull<EVP_PKEY_CTX>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is ours and nobody uses it after this.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) };
    }
}
