//! Domain keys: what everything else is sealed under, and the keys derived from them.
//!
//! ```text
//! domain key ── KBKDF "sealroom token"     ──> seals key tokens
//!            ├─ KBKDF "sealroom wrapping key" ──> seals tokens of pairs that material is wrapped under
//!            ├─ KBKDF "sealroom store key" ──> seals the store key
//!            ├─ KBKDF "sealroom seal", purpose ──> seals values of that purpose (ports::Seal)
//!            └─ KBKDF "sealroom sign", purpose ──> P-256 scalar that signs for that purpose (ports::Sign)
//! ```
//!
//! A domain key seals nothing itself. The newest one seals, the older ones still open what they sealed.

use std::collections::HashMap;

use sealroom_crypto::ec::EcKeyPair;
use sealroom_crypto::envelope::{self, SealingKey};
use sealroom_crypto::{kdf, random};
use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Purpose, Root};

use crate::bytes::{Reader, assemble};
use crate::error::{DomainKeysError, StartError};

const WRAP_AAD: &[u8] = b"sealroom domain keys v1";
const VERSION: u8 = 1;

/// The most domain keys that are kept. LIMIT: a rotation a week for a lifetime.
const MAX_KEYS: usize = 4_096;

/// Every purpose; `all_purposes_are_listed` holds it to the enum.
const PURPOSES: [Purpose; 8] = [
    Purpose::PageMarker,
    Purpose::SessionToken,
    Purpose::AccessKeySecret,
    Purpose::GrantToken,
    Purpose::ImportToken,
    Purpose::AuthorizationMessage,
    Purpose::JournalCheckpoint,
    Purpose::BackupManifest,
];

/// The domain keys of a cluster: the newest seals, the older ones still open.
pub struct DomainKeys {
    /// Ids rise; the newest is last.
    keys: Vec<(u32, Secret<[u8; 32]>)>,
}

impl DomainKeys {
    /// Makes a first domain key.
    #[must_use]
    pub fn generate() -> Self {
        Self { keys: vec![(1, Secret::filled(|key| random::fill(key)))] }
    }

    /// Adds a domain key, which seals from now on; false when there are too many.
    #[must_use]
    pub fn rotate(&mut self) -> bool {
        let next = self.keys.last().and_then(|(id, _)| id.checked_add(1));
        let Some(id) = next.filter(|_| self.keys.len() < MAX_KEYS) else { return false };
        self.keys.push((id, Secret::filled(|key| random::fill(key))));
        true
    }

    /// Encrypts all of them under the root of trust, to be stored.
    #[must_use]
    pub fn wrap(&self, root: &dyn Root) -> Vec<u8> {
        let content = assemble(|out| {
            out.u8(VERSION);
            for (id, key) in &self.keys {
                out.put(&id.to_be_bytes());
                out.put(key.expose());
            }
        });
        root.wrap(WRAP_AAD, content.expose())
    }

    /// Opens what [`DomainKeys::wrap`] made.
    ///
    /// # Errors
    /// [`DomainKeysError`] when another root wrapped them or they are damaged.
    pub fn unwrap(root: &dyn Root, wrapped: &[u8]) -> Result<Self, DomainKeysError> {
        let content = root.unwrap(WRAP_AAD, wrapped).map_err(|_| DomainKeysError::Root)?;
        Self::parse(content.expose()).ok_or(DomainKeysError::Form)
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let (VERSION, entries) = content.split_first().map(|(version, rest)| (*version, rest))? else { return None };
        if entries.is_empty() || entries.len() > 36 * MAX_KEYS {
            return None;
        }
        let mut keys: Vec<(u32, Secret<[u8; 32]>)> = Vec::with_capacity(entries.len() / 36);
        for entry in entries.chunks(36) {
            let mut reader = Reader::new(entry);
            let (id, key) = (reader.u32()?, reader.array::<32>()?);
            if keys.last().is_some_and(|(last, _)| *last >= id) {
                return None;
            }
            keys.push((id, Secret::copy_from(key)?));
        }
        Some(Self { keys })
    }

    pub(crate) fn derive(&self) -> Result<Domains, StartError> {
        let derived: Option<Vec<Domain>> = self.keys.iter().map(|(id, key)| Domain::derive(*id, key)).collect();
        derived.and_then(Domains::new).ok_or(StartError::DomainKeys)
    }
}

/// The keys derived from one domain key.
pub(crate) struct Domain {
    pub(crate) id: u32,
    pub(crate) tokens: SealingKey,
    pub(crate) wrapping_tokens: SealingKey,
    pub(crate) store_keys: SealingKey,
    seals: HashMap<Purpose, SealingKey>,
    signers: HashMap<Purpose, Signer>,
}

/// A key pair that signs for one purpose.
pub(crate) struct Signer {
    pub(crate) pair: EcKeyPair,
    pub(crate) spki: Vec<u8>,
}

impl Domain {
    fn derive(id: u32, key: &Secret<[u8; 32]>) -> Option<Self> {
        let seals = PURPOSES
            .iter()
            .map(|purpose| Some((*purpose, sealing_key(key, b"sealroom seal", purpose.label().as_bytes())?)));
        let signers = PURPOSES.iter().map(|purpose| Some((*purpose, Signer::derive(key, *purpose)?)));
        Some(Self {
            id,
            tokens: sealing_key(key, b"sealroom token", b"")?,
            wrapping_tokens: sealing_key(key, b"sealroom wrapping key", b"")?,
            store_keys: sealing_key(key, b"sealroom store key", b"")?,
            seals: seals.collect::<Option<_>>()?,
            signers: signers.collect::<Option<_>>()?,
        })
    }

    pub(crate) fn seal_key(&self, purpose: Purpose) -> Option<&SealingKey> {
        self.seals.get(&purpose)
    }

    pub(crate) fn signer(&self, purpose: Purpose) -> Option<&Signer> {
        self.signers.get(&purpose)
    }
}

impl Signer {
    /// Tries the derived numbers in turn: one in 2^32 isn't below the order of the group.
    fn derive(key: &Secret<[u8; 32]>, purpose: Purpose) -> Option<Self> {
        let pair = (0..8u8).find_map(|attempt| {
            let context = [purpose.label().as_bytes(), &[0, attempt]].concat();
            EcKeyPair::from_p256_scalar(derive(key, b"sealroom sign", &context)?.expose())
        })?;
        let spki = pair.public_spki().ok()?;
        Some(Self { pair, spki })
    }
}

fn derive(key: &Secret<[u8; 32]>, label: &[u8], context: &[u8]) -> Option<Secret<[u8; 32]>> {
    let mut derived = None;
    let out = Secret::filled(|out| derived = kdf::kbkdf(key.expose(), label, context, out).ok());
    derived.map(|()| out)
}

/// The label of the derivation is also the label of what the derived key seals.
fn sealing_key(key: &Secret<[u8; 32]>, label: &'static [u8], context: &[u8]) -> Option<SealingKey> {
    derive(key, label, context).map(|derived| SealingKey::new(derived.expose(), label))
}

/// The derived keys of all domain keys.
pub(crate) struct Domains {
    newest: Domain,
    older: Vec<Domain>,
}

impl Domains {
    fn new(mut domains: Vec<Domain>) -> Option<Self> {
        let newest = domains.pop()?;
        Some(Self { newest, older: domains })
    }

    pub(crate) fn newest(&self) -> &Domain {
        &self.newest
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Domain> {
        std::iter::once(&self.newest).chain(self.older.iter().rev())
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Domain> {
        if self.newest.id == id {
            return Some(&self.newest);
        }
        self.older.iter().find(|domain| domain.id == id)
    }
}

/// Seals under a derived key: version ‖ domain key id ‖ sealed value.
pub(crate) fn seal(domain: u32, key: &SealingKey, aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(PREFIX + envelope::OVERHEAD + plaintext.len());
    out.push(VERSION);
    out.extend_from_slice(&domain.to_be_bytes());
    key.seal(crate::random::salt_nonce(), aad, plaintext, &mut out).ok()?;
    Some(out)
}

const PREFIX: usize = 5;

/// Takes what [`seal`] made apart: the id of the domain key, and the sealed value.
pub(crate) fn split(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = Reader::new(sealed);
    (reader.u8()? == VERSION).then_some(())?;
    Some((reader.u32()?, reader.rest()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sealroom_foundation::ports::SealBroken;

    use super::*;

    struct PlainRoot;
    impl Root for PlainRoot {
        fn kind(&self) -> &'static str {
            "test"
        }
        fn wrap(&self, aad: &[u8], secret: &[u8]) -> Vec<u8> {
            [aad, secret].concat()
        }
        fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
            wrapped.strip_prefix(aad).map(Secret::copy_of).ok_or(SealBroken)
        }
    }

    #[test]
    fn all_purposes_are_listed() {
        // A new purpose breaks this match: add it here and to `PURPOSES`.
        let counted = |purpose: Purpose| match purpose {
            Purpose::PageMarker
            | Purpose::SessionToken
            | Purpose::AccessKeySecret
            | Purpose::GrantToken
            | Purpose::ImportToken
            | Purpose::AuthorizationMessage
            | Purpose::JournalCheckpoint
            | Purpose::BackupManifest => purpose,
        };
        let distinct: HashSet<Purpose> = PURPOSES.into_iter().map(counted).collect();
        assert_eq!(distinct.len(), 8);
    }

    #[test]
    fn wrapped_domain_keys_come_back_in_order() {
        let mut keys = DomainKeys::generate();
        assert!(keys.rotate());
        let back = DomainKeys::unwrap(&PlainRoot, &keys.wrap(&PlainRoot)).unwrap();
        assert_eq!(back.keys.len(), 2);
        for ((id, key), (back_id, back_key)) in keys.keys.iter().zip(&back.keys) {
            assert_eq!(id, back_id);
            assert!(key.ct_eq(back_key.expose()));
        }
        assert_eq!(back.derive().map(|domains| domains.newest().id), Ok(2));
    }

    #[test]
    fn damaged_forms_are_refused() {
        let entry = |id: u8| [&[0, 0, 0, id][..], &[9; 32]].concat();
        let good = [&[1][..], &entry(1), &entry(2)].concat();
        assert!(DomainKeys::parse(&good).is_some());
        for bad in [
            vec![],
            vec![1],
            [&[2][..], &entry(1)].concat(),
            [&[1][..], &entry(2), &entry(1)].concat(),
            [&[1][..], &entry(1), &entry(1)].concat(),
            good[..good.len() - 1].to_vec(),
            [good.as_slice(), &[0]].concat(),
        ] {
            assert!(DomainKeys::parse(&bad).is_none(), "{bad:?}");
        }
        assert_eq!(DomainKeys::unwrap(&PlainRoot, b"foreign").err(), Some(DomainKeysError::Root));
    }

    #[test]
    fn derived_keys_open_nothing_of_each_other() {
        let domain = Domain::derive(1, &Secret::new([7; 32])).unwrap();
        let keys: Vec<&SealingKey> = PURPOSES.iter().map(|purpose| domain.seal_key(*purpose).unwrap()).collect();
        let keys = [keys, vec![&domain.tokens, &domain.wrapping_tokens, &domain.store_keys]].concat();
        for (number, key) in keys.iter().enumerate() {
            let sealed = seal(1, key, b"", b"value").unwrap();
            let (_, sealed) = split(&sealed).unwrap();
            for (other, key) in keys.iter().enumerate() {
                assert_eq!(key.open(b"", sealed).is_some(), number == other, "{number} under {other}");
            }
        }
    }

    #[test]
    fn every_purpose_signs_with_a_key_of_its_own() {
        let domain = Domain::derive(1, &Secret::new([7; 32])).unwrap();
        let public: HashSet<&[u8]> = PURPOSES.iter().map(|p| domain.signer(*p).unwrap().spki.as_slice()).collect();
        assert_eq!(public.len(), PURPOSES.len());
    }
}
