//! What is kept of a key in memory: its record, its compiled policy, the version of its row.
//!
//! Policies are interned: 100,000 keys with an account's default policy share one. What only DescribeKey shows, and the
//! policy's text, stay in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sealroom_authz::{Policy, PolicyKind};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::ports::KeyEpochs;
use sealroom_foundation::{AccountId, KeyArn, MaterialId, Timestamp};
use sealroom_identity::Bound;
use sealroom_store::{Answer, Read, Row};

use crate::aliases;
use crate::error::KmsError;
use crate::grants;
use crate::kms::Kms;
use crate::paths::{self, MaterialName};
use crate::record::{KeyDocument, KeyRecord, Material};
use crate::state::KeyState;

/// LIMIT: keys kept in memory.
pub(crate) const KEYS: usize = 100_000;
/// LIMIT: aliases kept in memory.
pub(crate) const ALIASES: usize = 100_000;
/// LIMIT: pieces of material that aren't current kept in memory.
pub(crate) const PIECES: usize = 100_000;
/// Policies are swept for dead ones when there are this many, and again at each doubling.
const SWEEP: usize = 1_024;

/// A key, ready for use.
#[derive(Debug)]
pub(crate) struct KeyEntry {
    pub(crate) record: KeyRecord,
    pub(crate) policy: Arc<Policy>,
    /// Of the key's row: a change of state, policy or material changes it.
    pub(crate) version: u64,
    /// Of the mark that each change of the key's grants leaves; `None` when the key never had any.
    pub(crate) granted: Option<u64>,
    /// Of the list of the key's aliases; `None` also when its policy doesn't ask for them.
    pub(crate) named: Option<u64>,
}

impl KeyEntry {
    /// The key as it is at `now`. Material whose time has come isn't there any more, whether or not the job that takes it
    /// away has run.
    pub(crate) fn as_of(self: Arc<Self>, now: Timestamp) -> Arc<Self> {
        match self.record.imports.valid_to {
            Some(end) if end <= now => Arc::new(self.expired()),
            Some(_) | None => self,
        }
    }

    fn expired(&self) -> Self {
        let mut record = self.record.clone();
        record.imports.missing = record.imports.missing.saturating_add(1);
        record.state = match record.state {
            KeyState::Enabled | KeyState::Disabled | KeyState::Updating { .. } => KeyState::PendingImport,
            state @ (KeyState::Creating { .. }
            | KeyState::PendingImport
            | KeyState::PendingDeletion { .. }
            | KeyState::PendingReplicaDeletion { .. }
            | KeyState::Unavailable { .. }) => state,
        };
        Self { record, policy: self.policy.clone(), version: self.version, granted: self.granted, named: self.named }
    }

    /// Changes with the key, with its grants, and with its aliases if its policy asks for them.
    pub(crate) fn epoch(&self) -> u64 {
        self.version.max(self.granted.unwrap_or_default()).max(self.named.unwrap_or_default())
    }
}

/// A key as it stands in the store, with what the cache leaves out.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) entry: KeyEntry,
    pub(crate) description: Box<str>,
    pub(crate) policy_text: Box<str>,
    pub(crate) bound: Bound,
}

impl Loaded {
    /// The document with another state, to be written back.
    pub(crate) fn document(&self, record: KeyRecord) -> KeyDocument {
        let (description, policy, bound) = (self.description.clone(), self.policy_text.clone(), self.bound.clone());
        KeyDocument { record, description, policy, bound }
    }
}

/// Compiled policies, one for each text and account.
#[derive(Default)]
pub(crate) struct Policies {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    policies: HashMap<(AccountId, [u8; 32]), Weak<Policy>>,
    swept_at: usize,
}

impl Policies {
    /// The compiled form of a stored policy of a key of `account`, in which `bound` says who was named.
    pub(crate) fn stored(&self, account: AccountId, text: &str, bound: &Bound) -> Result<Arc<Policy>, KmsError> {
        // No policy holds a zero byte.
        let name = (account, sha256(&[text.as_bytes(), b"\0", &bound.to_bytes()].concat()));
        if let Some(policy) = self.held().policies.get(&name).and_then(Weak::upgrade) {
            return Ok(policy);
        }
        let policy = Policy::parse_stored(text, PolicyKind::Key { account })
            .map_err(|_| KmsError::Fault("a stored key policy can't be read"))?;
        let policy = Arc::new(policy.bound(|arn| bound.id_of(arn)));
        self.held().keep(name, &policy);
        Ok(policy)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn keep(&mut self, name: (AccountId, [u8; 32]), policy: &Arc<Policy>) {
        if self.policies.len() >= self.swept_at.saturating_mul(2).max(SWEEP) {
            self.policies.retain(|_, policy| policy.strong_count() > 0);
            self.swept_at = self.policies.len();
        }
        self.policies.insert(name, Arc::downgrade(policy));
    }
}

impl Kms {
    /// The key `arn`, from memory or the store; `None` when there is none.
    pub(crate) async fn entry(&self, arn: &KeyArn) -> Result<Option<Arc<KeyEntry>>, KmsError> {
        if let Some(entry) = self.keys.get(arn) {
            return Ok(Some(entry));
        }
        let load = || async { Ok(self.load(arn).await?.map(|loaded| loaded.entry)) };
        self.keys.get_or_load(arn, load).await
    }

    /// The key `arn` as the store has it now.
    pub(crate) async fn load(&self, arn: &KeyArn) -> Result<Option<Loaded>, KmsError> {
        let reads = [Read::Get(paths::key(arn)), Read::Get(grants::paths::granted(arn))];
        let mut answers = self.view.read(&reads).await?.into_iter().map(Answer::row);
        let (row, mark) = (answers.next().flatten(), answers.next().flatten());
        let Some(row) = row else { return Ok(None) };
        let mut loaded = self.open(&row, mark.map(|mark| mark.version))?;
        if loaded.entry.policy.asks_for(aliases::CONDITION) {
            let (names, version) = self.named(arn).await?.into_parts();
            (loaded.entry.record.aliases, loaded.entry.named) = (Some(names), version);
        }
        Ok(Some(loaded))
    }

    /// A key's row, opened.
    fn open(&self, row: &Row, granted: Option<u64>) -> Result<Loaded, KmsError> {
        let document = KeyDocument::from_bytes(&row.value).map_err(|error| {
            tracing::error!(path = %row.path, %error, "a key's row can't be read");
            KmsError::Fault("a key's row can't be read")
        })?;
        let KeyDocument { record, description, policy: policy_text, bound } = document;
        let policy = self.policies.stored(record.arn.account, &policy_text, &bound)?;
        let entry = KeyEntry { record, policy, version: row.version, granted, named: None };
        Ok(Loaded { entry, description, policy_text, bound })
    }

    /// A piece of a key's material that isn't the current one, from memory or the store; `None` when the key never had
    /// it. However often a key was rotated, opening what an old piece made costs the same.
    pub(crate) async fn older(&self, record: &KeyRecord, id: &MaterialId) -> Result<Option<Arc<Material>>, KmsError> {
        let name = MaterialName { key: record.pieces_home(), id: *id };
        let load = || async {
            let Some(row) = self.row(paths::material(&name.key, id)).await? else { return Ok(None) };
            piece(&row, record).map(Some)
        };
        self.pieces.get_or_load(&name, load).await
    }

    /// One row.
    pub(crate) async fn row(&self, path: sealroom_store::KeyPath) -> Result<Option<Row>, KmsError> {
        let answers = self.view.read(&[Read::Get(path)]).await?;
        Ok(answers.into_iter().next().and_then(Answer::row))
    }
}

/// A row of a piece of the key's material, opened.
pub(crate) fn piece(row: &Row, record: &KeyRecord) -> Result<Material, KmsError> {
    Material::from_bytes(&row.value, record).map_err(|error| {
        tracing::error!(path = %row.path, %error, "a row of material can't be read");
        KmsError::Fault("a row of material can't be read")
    })
}

impl KeyEpochs for Kms {
    /// A key that isn't in memory has an epoch that ends with the next commit to the store, whatever that is about.
    fn epoch(&self, key: &KeyArn) -> u64 {
        match (self.keys.get(key), self.view.feed().head()) {
            (Some(entry), _) => entry.epoch(),
            (None, Some(head)) => u64::MAX - 1 - head,
            (None, None) => u64::MAX,
        }
    }
}
