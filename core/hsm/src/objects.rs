//! Loaded private keys of pairs, kept because loading one costs as much as using it.
//!
//! A kept object is found by the token's digest and used only for the binding that the token was opened with, so this
//! shelf opens nothing that the token wouldn't. LIMIT: [`LIMIT`] objects; past it, one that wasn't used lately goes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use sealroom_crypto::agreement::AgreementKey;
use sealroom_crypto::ec::EcKeyPair;
use sealroom_crypto::ml_dsa;
use sealroom_crypto::rsa::{DecryptingKey, SigningKey};

use crate::binding::KeyBinding;
use crate::command::KeyRef;
use crate::error::HsmError;

/// How many objects are kept: 4 MiB if all are RSA-4096, 6 MiB if all are ML-DSA-87.
const LIMIT: usize = 256;

/// A loaded private key.
pub(crate) enum Object {
    RsaSigning(SigningKey),
    RsaDecrypting(DecryptingKey),
    Ec(EcKeyPair),
    Agreement(AgreementKey),
    MlDsa(ml_dsa::SigningKey),
}

struct Entry {
    binding: KeyBinding,
    object: Arc<Object>,
    used: AtomicBool,
}

/// The kept objects, by their tokens' digests.
#[derive(Default)]
pub(crate) struct Objects(RwLock<HashMap<[u8; 32], Entry>>);

impl Objects {
    /// The object of a key; `load` makes it when it isn't kept.
    pub(crate) fn get_or_load(
        &self,
        key: KeyRef<'_>,
        load: impl FnOnce() -> Result<Object, HsmError>,
    ) -> Result<Arc<Object>, HsmError> {
        let digest = key.token.digest();
        if let Some(object) = self.get(&digest, key.binding) {
            return Ok(object);
        }
        let object = Arc::new(load()?);
        self.put(digest, Entry { binding: *key.binding, object: object.clone(), used: AtomicBool::new(true) });
        Ok(object)
    }

    fn get(&self, digest: &[u8; 32], binding: &KeyBinding) -> Option<Arc<Object>> {
        let shelf = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = shelf.get(digest).filter(|entry| entry.binding == *binding)?;
        entry.used.store(true, Ordering::Relaxed);
        Some(entry.object.clone())
    }

    fn put(&self, digest: [u8; 32], entry: Entry) {
        let mut shelf = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() >= LIMIT && !shelf.contains_key(&digest) {
            let idle = shelf.iter().find(|(_, kept)| !kept.used.swap(false, Ordering::Relaxed)).map(|(key, _)| *key);
            // Where all were used since the last look, any goes: they are unused from now on.
            if let Some(victim) = idle.or_else(|| shelf.keys().next().copied()) {
                shelf.remove(&victim);
            }
        }
        shelf.insert(digest, entry);
    }

    /// Drops the object of a destroyed key's token.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use sealroom_crypto::ec::Curve;
    use sealroom_foundation::{KeyId, MaterialId};

    use super::*;
    use crate::spec::{Origin, Spec, Usage};
    use crate::token::KeyToken;

    fn object() -> Object {
        Object::Ec(EcKeyPair::generate(Curve::P256).unwrap())
    }

    fn binding(material: u8) -> KeyBinding {
        KeyBinding {
            account: "111122223333".parse().unwrap(),
            key: KeyId::from_bytes(false, [1; 16]),
            material: MaterialId::from_bytes([material; 32]),
            spec: Spec::EccNistP256,
            usage: Usage::SignVerify,
            origin: Origin::AwsKms,
        }
    }

    #[test]
    fn an_object_is_loaded_once_and_again_after_it_was_forgotten() {
        let (shelf, binding) = (Objects::default(), binding(1));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let key = KeyRef { binding: &binding, token: &token };
        let first = shelf.get_or_load(key, || Ok(object())).unwrap();
        let second = shelf.get_or_load(key, || Err(HsmError::Failed)).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        shelf.forget(&token.digest());
        assert!(shelf.get_or_load(key, || Err(HsmError::Failed)).is_err());
    }

    #[test]
    fn another_binding_finds_nothing() {
        let (shelf, right, wrong) = (Objects::default(), binding(1), binding(2));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        shelf.get_or_load(KeyRef { binding: &right, token: &token }, || Ok(object())).unwrap();
        let found = shelf.get_or_load(KeyRef { binding: &wrong, token: &token }, || Err(HsmError::InvalidToken));
        assert_eq!(found.err(), Some(HsmError::InvalidToken));
    }

    #[test]
    fn one_past_the_limit_drops_one() {
        let (shelf, binding) = (Objects::default(), binding(1));
        let object = Arc::new(object());
        for number in 0..=LIMIT {
            let mut digest = [0u8; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            shelf.put(digest, Entry { binding, object: object.clone(), used: AtomicBool::new(true) });
            assert_eq!(shelf.0.read().unwrap().len(), (number + 1).min(LIMIT));
            assert!(shelf.get(&digest, &binding).is_some());
        }
    }
}
