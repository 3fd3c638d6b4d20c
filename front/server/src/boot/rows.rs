//! The cipher of the store's barrier: `crypto`'s envelope under the store key, with salts from the HSM.

use std::sync::Arc;

use sealroom_crypto::envelope::{OVERHEAD, SealingKey};
use sealroom_foundation::Secret;
use sealroom_foundation::ports::Entropy;
use sealroom_store::Cipher;

/// What the store key's values are sealed for.
const LABEL: &[u8] = b"sealroom row";

/// Seals and opens rows under one store key.
pub(super) struct RowCipher {
    key: SealingKey,
    entropy: Arc<dyn Entropy>,
}

impl RowCipher {
    pub(super) fn new(key: &Secret<[u8; 32]>, entropy: Arc<dyn Entropy>) -> Self {
        Self { key: SealingKey::new(key.expose(), LABEL), entropy }
    }
}

impl Cipher for RowCipher {
    fn seal(&self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) {
        let mut salt_nonce = [0u8; 28];
        self.entropy.fill(&mut salt_nonce);
        // INVARIANT: sealing fails only where memory ends; `out` is then as it was, and such a row never opens.
        let _ = self.key.seal(salt_nonce, aad, plaintext, out);
    }

    fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut value = vec![0; sealed.len().checked_sub(OVERHEAD)?];
        self.key.open_into(aad, sealed, &mut value).map(|()| value)
    }
}
