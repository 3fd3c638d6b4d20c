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
//! A domain key seals nothing itself. One of them seals, all of them open what they sealed. What would surprise: the newest
//! need not be the one that seals. Of several nodes each must be able to open what another seals, so a new domain key is given
//! to all of them first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

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

/// The domain keys of a cluster: one seals, all open.
pub struct DomainKeys {
    /// Ids rise; the newest is last.
    keys: Vec<(u32, Secret<[u8; 32]>)>,
    /// The one that seals; the newest unless it is said otherwise. It isn't wrapped with the keys.
    sealing: Option<u32>,
}

impl DomainKeys {
    /// Makes a first domain key.
    #[must_use]
    pub fn generate() -> Self {
        Self { keys: vec![(1, Secret::filled(|key| random::fill(key)))], sealing: None }
    }

    /// Adds a domain key; false when there are too many.
    #[must_use]
    pub fn rotate(&mut self) -> bool {
        let next = self.keys.last().and_then(|(id, _)| id.checked_add(1));
        let Some(id) = next.filter(|_| self.keys.len() < MAX_KEYS) else { return false };
        self.keys.push((id, Secret::filled(|key| random::fill(key))));
        true
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The number of the newest.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.keys.last().map_or(0, |(id, _)| *id)
    }

    /// The same, but the newest doesn't seal yet: the one before it does. A single key seals in any case.
    #[must_use]
    pub fn announcing_newest(mut self) -> Self {
        self.sealing = self.keys.iter().rev().nth(1).map(|(id, _)| *id);
        self
    }

    fn sealing(&self) -> u32 {
        self.sealing.unwrap_or_else(|| self.newest())
    }

    /// Whether these are the same keys.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let same = |((id, key), (other, other_key)): (&(u32, Secret<[u8; 32]>), &(u32, Secret<[u8; 32]>))| {
            id == other && key.ct_eq(other_key.expose())
        };
        self.keys.len() == other.keys.len() && self.keys.iter().zip(&other.keys).all(same)
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
        Some(Self { keys, sealing: None })
    }

    pub(crate) fn derive(&self) -> Result<Domains, StartError> {
        let derived: Option<Vec<Domain>> = self.keys.iter().map(|(id, key)| Domain::derive(*id, key)).collect();
        derived.and_then(|domains| Domains::new(domains, self.sealing())).ok_or(StartError::DomainKeys)
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

/// The derived keys of all domain keys: those of the start, and those that were added since. None ever goes, so a reference to
/// one stays good, and nobody waits for a lock.
pub(crate) struct Domains {
    /// The newest of the start.
    last: Domain,
    older: Vec<Domain>,
    added: OnceLock<Box<Added>>,
    /// The id of the one that seals.
    sealing: AtomicU32,
    /// Held while one is added.
    adding: Mutex<()>,
}

struct Added {
    domain: Domain,
    next: OnceLock<Box<Self>>,
}

impl Domains {
    fn new(mut domains: Vec<Domain>, sealing: u32) -> Option<Self> {
        let last = domains.pop()?;
        let sealing = AtomicU32::new(sealing);
        Some(Self { last, older: domains, added: OnceLock::new(), sealing, adding: Mutex::new(()) })
    }

    /// The one that seals.
    pub(crate) fn sealing(&self) -> &Domain {
        let id = self.sealing.load(Ordering::Acquire);
        // INVARIANT: the one that seals is there: it was, before its number was written down.
        if self.last.id == id { &self.last } else { self.get(id).unwrap_or(&self.last) }
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Domain> {
        self.all().find(|domain| domain.id == id)
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Domain> {
        let added = std::iter::successors(self.added.get(), |added| added.next.get());
        std::iter::once(&self.last).chain(self.older.iter().rev()).chain(added.map(|added| &added.domain))
    }

    /// Whether these are derived of exactly these keys.
    pub(crate) fn are_of(&self, keys: &DomainKeys) -> bool {
        let same = |(id, key): &(u32, Secret<[u8; 32]>)| {
            let (known, derived) = (self.get(*id), Signer::derive(key, Purpose::BackupManifest));
            let known = known.and_then(|domain| domain.signer(Purpose::BackupManifest));
            known.zip(derived).is_some_and(|(known, derived)| known.spki == derived.spki)
        };
        self.all().count() == keys.keys.len() && keys.keys.iter().all(same)
    }

    /// Adds what of `keys` isn't there yet; the one that seals of them then seals here, unless a newer one does.
    pub(crate) fn adopt(&self, keys: &DomainKeys) -> Result<(), StartError> {
        let _alone = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, key) in &keys.keys {
            if self.get(*id).is_some() {
                continue;
            }
            let mut place = &self.added;
            while let Some(added) = place.get() {
                place = &added.next;
            }
            let domain = Domain::derive(*id, key).ok_or(StartError::DomainKeys)?;
            // Nobody else adds, so the place is free.
            let _free = place.set(Box::new(Added { domain, next: OnceLock::new() }));
        }
        self.sealing.fetch_max(keys.sealing(), Ordering::AcqRel);
        Ok(())
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
        assert_eq!(back.derive().map(|domains| domains.sealing().id), Ok(2));
    }

    fn copy(keys: &DomainKeys) -> DomainKeys {
        DomainKeys::unwrap(&PlainRoot, &keys.wrap(&PlainRoot)).unwrap()
    }

    #[test]
    fn a_domain_key_that_is_adopted_opens_before_it_seals() {
        let mut keys = DomainKeys::generate();
        let domains = keys.derive().unwrap();
        let mut sealed = Vec::new();
        for newest in 1..=4 {
            assert_eq!(domains.sealing().id, newest);
            sealed.push((newest, seal(newest, &domains.sealing().tokens, b"", b"value").unwrap()));
            assert!(keys.rotate());
            assert!(!domains.are_of(&keys));
            domains.adopt(&copy(&keys).announcing_newest()).unwrap();
            assert!(domains.are_of(&keys));
            assert_eq!(domains.sealing().id, newest);
            domains.adopt(&keys).unwrap();
            // Once more changes nothing, and older keys take nothing back.
            domains.adopt(&copy(&keys).announcing_newest()).unwrap();
        }
        let again = keys.derive().unwrap();
        for domains in [&domains, &again] {
            assert_eq!((domains.sealing().id, domains.all().count()), (5, 5));
            for (id, sealed) in &sealed {
                let (told, sealed) = split(sealed).unwrap();
                assert_eq!(told, *id);
                assert!(domains.get(*id).unwrap().tokens.open(b"", sealed).is_some());
            }
        }
        assert_eq!(copy(&keys).announcing_newest().derive().unwrap().sealing().id, 4);
        assert_eq!(DomainKeys::generate().announcing_newest().derive().unwrap().sealing().id, 1);
    }

    #[test]
    fn keys_of_another_cluster_are_told_apart() {
        let (mut keys, other) = (DomainKeys::generate(), DomainKeys::generate());
        let domains = keys.derive().unwrap();
        assert!(domains.are_of(&keys) && !domains.are_of(&other));
        assert!(keys.same_as(&copy(&keys)) && !keys.same_as(&other));
        let before = copy(&keys);
        assert!(keys.rotate());
        assert!(!keys.same_as(&before) && !domains.are_of(&keys));
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
