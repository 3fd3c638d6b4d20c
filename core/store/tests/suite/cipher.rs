//! A cipher for tests: it refuses whatever was changed, as a real one does, and protects nothing.

use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};

use sealroom_store::Cipher;

pub(crate) struct TestCipher {
    key: u64,
    sealed: AtomicU64,
}

impl TestCipher {
    pub(crate) fn new(key: u64) -> Self {
        Self { key, sealed: AtomicU64::new(0) }
    }

    /// A number that depends on everything: the key, the place, and the bytes.
    fn mix(&self, label: u8, nonce: u64, parts: &[&[u8]]) -> u64 {
        #[expect(deprecated, reason = "the same in every run is what is wanted here")]
        let mut hasher = std::hash::SipHasher::new_with_keys(self.key, nonce);
        hasher.write_u8(label);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish()
    }

    fn mask(&self, nonce: u64, bytes: &mut [u8]) {
        for (block, bytes) in bytes.chunks_mut(8).enumerate() {
            let mask = self.mix(0, nonce, &[&block.to_be_bytes()]).to_be_bytes();
            bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
    }
}

impl Cipher for TestCipher {
    fn seal(&self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) {
        let nonce = self.sealed.fetch_add(1, Ordering::Relaxed);
        out.extend_from_slice(&nonce.to_be_bytes());
        out.extend_from_slice(&self.mix(1, nonce, &[aad, plaintext]).to_be_bytes());
        let body = out.len();
        out.extend_from_slice(plaintext);
        self.mask(nonce, &mut out[body..]);
    }

    fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<8>()?;
        let (tag, body) = rest.split_first_chunk::<8>()?;
        let nonce = u64::from_be_bytes(*nonce);
        let mut plaintext = body.to_vec();
        self.mask(nonce, &mut plaintext);
        (self.mix(1, nonce, &[aad, &plaintext]).to_be_bytes() == *tag).then_some(plaintext)
    }
}
