//! How records are written down: JSON with a schema version, read for ever.
//!
//! The structs here are the format and nothing else; they change by getting a successor, never in place. Every
//! release's samples stand under `tests/records/`. A reader upgrades step by step; a writer writes the newest.

use sealroom_foundation::{AccountId, KeyArn, KeyId, MaterialId, Region, Timestamp};
use sealroom_hsm::{KeyBinding, KeyToken};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::record::{KeyDocument, KeyManager, KeyRecord, Made, Material, MultiRegion, MultiRegionRole, Tag};
use crate::state::KeyState;

/// The schema that is written.
pub const SCHEMA: u16 = 1;

/// Why stored bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not the JSON of a record, or a part of it has no meaning.
    #[error("malformed record")]
    Malformed,
    /// Written by a version of the program that this one doesn't know.
    #[error("record has the unknown schema {0}")]
    UnknownSchema(u16),
}

/// What an alias points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AliasRecord {
    /// The key, in the alias's account and Region.
    pub key: KeyId,
    /// When the alias was made.
    pub created: Timestamp,
    /// When it was last pointed elsewhere.
    pub updated: Timestamp,
}

/// What remains of a destroyed key, so that no restore brings it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The key.
    pub key: KeyId,
    /// SHA-256 of each of its tokens.
    pub tokens: Vec<[u8; 32]>,
    /// When it was destroyed.
    pub destroyed: Timestamp,
}

#[derive(Deserialize)]
struct Versioned {
    v: u16,
}

#[derive(Serialize, Deserialize)]
struct KeyV1 {
    v: u16,
    region: String,
    account: String,
    id: String,
    spec: String,
    usage: String,
    origin: String,
    manager: String,
    state: StateV1,
    created: i64,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region: Option<MultiRegionV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    material: Option<MaterialV1>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    tags: Vec<(String, String)>,
    policy: String,
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Creating,
    Enabled,
    Disabled,
    PendingImport,
    PendingDeletion { due: i64 },
    PendingReplicaDeletion { window_days: u16 },
    Unavailable { enabled: bool },
    Updating,
}

#[derive(Serialize, Deserialize)]
struct MultiRegionV1 {
    primary: String,
    replicas: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct MaterialV1 {
    id: String,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct OlderV1 {
    v: u16,
    #[serde(flatten)]
    material: MaterialV1,
}

#[derive(Serialize, Deserialize)]
struct AliasV1 {
    v: u16,
    key: String,
    created: i64,
    updated: i64,
}

#[derive(Serialize, Deserialize)]
struct TombstoneV1 {
    v: u16,
    key: String,
    tokens: Vec<String>,
    destroyed: i64,
}

impl KeyDocument {
    /// The bytes of the key's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let record = &self.record;
        write(&KeyV1 {
            v: SCHEMA,
            region: record.arn.region.to_string(),
            account: record.arn.account.to_string(),
            id: record.arn.key.to_string(),
            spec: record.spec.to_string(),
            usage: record.usage.to_string(),
            origin: record.origin.to_string(),
            manager: record.manager.as_str().to_owned(),
            state: record.state.into(),
            created: record.created.as_micros(),
            description: self.description.to_string(),
            multi_region: record.multi_region.as_ref().map(MultiRegionV1::from),
            material: record.material.as_ref().map(MaterialV1::from),
            tags: record.tags.iter().map(|tag| (tag.key.to_string(), tag.value.to_string())).collect(),
            policy: self.policy.to_string(),
        })
    }

    /// Reads what [`KeyDocument::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: KeyV1 = read(bytes)?;
        let arn = KeyArn { region: part(&stored.region)?, account: account(&stored.account)?, key: part(&stored.id)? };
        let (spec, usage, origin) = (part(&stored.spec)?, part(&stored.usage)?, part(&stored.origin)?);
        let material = stored.material.map(|material| {
            let id: MaterialId = part(&material.id)?;
            let binding = KeyBinding { account: arn.account, key: arn.key, material: id, spec, usage, origin };
            material.open(binding)
        });
        let made = Made {
            spec,
            usage,
            origin,
            manager: match stored.manager.as_str() {
                "AWS" => KeyManager::Aws,
                "CUSTOMER" => KeyManager::Customer,
                _ => return Err(RecordError::Malformed),
            },
            state: stored.state.into(),
            created: Timestamp::from_micros(stored.created),
            multi_region: stored.multi_region.map(|stored| stored.open(arn.region)).transpose()?,
            material: material.transpose()?,
            tags: stored.tags.into_iter().map(|(key, value)| Tag { key: key.into(), value: value.into() }).collect(),
        };
        Ok(Self {
            record: KeyRecord::new(arn, made),
            description: stored.description.into(),
            policy: stored.policy.into(),
        })
    }
}

impl Material {
    /// The bytes of the row of an older piece of material.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&OlderV1 { v: SCHEMA, material: self.into() })
    }

    /// Reads what [`Material::to_bytes`] of this or an earlier release wrote for the key of `record`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8], record: &KeyRecord) -> Result<Self, RecordError> {
        let OlderV1 { material, .. } = read(bytes)?;
        let KeyRecord { arn, spec, usage, origin, .. } = record;
        let id = part(&material.id)?;
        let (account, key) = (arn.account, arn.key);
        material.open(KeyBinding { account, key, material: id, spec: *spec, usage: *usage, origin: *origin })
    }
}

impl AliasRecord {
    /// The bytes of the alias's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { key, created, updated } = self;
        write(&AliasV1 { v: SCHEMA, key: key.to_string(), created: created.as_micros(), updated: updated.as_micros() })
    }

    /// Reads what [`AliasRecord::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: AliasV1 = read(bytes)?;
        Ok(Self {
            key: part(&stored.key)?,
            created: Timestamp::from_micros(stored.created),
            updated: Timestamp::from_micros(stored.updated),
        })
    }
}

impl Tombstone {
    /// The bytes of the tombstone's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&TombstoneV1 {
            v: SCHEMA,
            key: self.key.to_string(),
            tokens: self.tokens.iter().map(|digest| MaterialId::from_bytes(*digest).to_string()).collect(),
            destroyed: self.destroyed.as_micros(),
        })
    }

    /// Reads what [`Tombstone::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: TombstoneV1 = read(bytes)?;
        let digest = |text: &String| part::<MaterialId>(text).map(|id| *id.as_bytes());
        Ok(Self {
            key: part(&stored.key)?,
            tokens: stored.tokens.iter().map(digest).collect::<Result<_, _>>()?,
            destroyed: Timestamp::from_micros(stored.destroyed),
        })
    }
}

impl From<KeyState> for StateV1 {
    fn from(state: KeyState) -> Self {
        match state {
            KeyState::Creating => Self::Creating,
            KeyState::Enabled => Self::Enabled,
            KeyState::Disabled => Self::Disabled,
            KeyState::PendingImport => Self::PendingImport,
            KeyState::PendingDeletion { due } => Self::PendingDeletion { due: due.as_micros() },
            KeyState::PendingReplicaDeletion { window_days } => Self::PendingReplicaDeletion { window_days },
            KeyState::Unavailable { enabled } => Self::Unavailable { enabled },
            KeyState::Updating => Self::Updating,
        }
    }
}

impl From<StateV1> for KeyState {
    fn from(stored: StateV1) -> Self {
        match stored {
            StateV1::Creating => Self::Creating,
            StateV1::Enabled => Self::Enabled,
            StateV1::Disabled => Self::Disabled,
            StateV1::PendingImport => Self::PendingImport,
            StateV1::PendingDeletion { due } => Self::PendingDeletion { due: Timestamp::from_micros(due) },
            StateV1::PendingReplicaDeletion { window_days } => Self::PendingReplicaDeletion { window_days },
            StateV1::Unavailable { enabled } => Self::Unavailable { enabled },
            StateV1::Updating => Self::Updating,
        }
    }
}

impl From<&MultiRegion> for MultiRegionV1 {
    fn from(record: &MultiRegion) -> Self {
        Self { primary: record.primary.to_string(), replicas: record.replicas.iter().map(Region::to_string).collect() }
    }
}

impl MultiRegionV1 {
    fn open(self, own: Region) -> Result<MultiRegion, RecordError> {
        let primary: Region = part(&self.primary)?;
        let role = if primary == own { MultiRegionRole::Primary } else { MultiRegionRole::Replica };
        let replicas = self.replicas.iter().map(|region| part(region)).collect::<Result<_, _>>()?;
        Ok(MultiRegion { role, primary, replicas })
    }
}

impl From<&Material> for MaterialV1 {
    fn from(record: &Material) -> Self {
        let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        Self {
            id: record.binding.material.to_string(),
            token: base64(record.stored_token()),
            public: record.public.as_deref().map(base64),
        }
    }
}

impl MaterialV1 {
    fn open(self, binding: KeyBinding) -> Result<Material, RecordError> {
        let bytes = |text: &str| base64_simd::STANDARD.decode_to_vec(text).map_err(|_| RecordError::Malformed);
        let token = KeyToken::from_bytes(&bytes(&self.token)?).map_err(|_| RecordError::Malformed)?;
        let public = self.public.as_deref().map(bytes).transpose()?;
        Ok(Material::new(binding, token, public.map(Vec::into_boxed_slice)))
    }
}

pub(crate) fn write(stored: &impl Serialize) -> Vec<u8> {
    // INVARIANT: strings, numbers and lists always serialise; the fallback is refused by every reader.
    serde_json::to_vec(stored).unwrap_or_default()
}

pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
    let Versioned { v } = serde_json::from_slice(bytes).map_err(|_| RecordError::Malformed)?;
    if v != SCHEMA {
        return Err(RecordError::UnknownSchema(v));
    }
    serde_json::from_slice(bytes).map_err(|_| RecordError::Malformed)
}

pub(crate) fn part<T: std::str::FromStr>(text: &str) -> Result<T, RecordError> {
    text.parse().map_err(|_| RecordError::Malformed)
}

/// Also reads the account that no client can name.
pub(crate) fn account(text: &str) -> Result<AccountId, RecordError> {
    let platform = AccountId::platform();
    if text == platform.as_str() { Ok(platform) } else { part(text) }
}
