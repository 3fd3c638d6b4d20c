//! Keys and their material as rows. Schema 1 knew neither rotations nor imports: a key had one piece of material, with a
//! token.

use sealroom_foundation::{KeyArn, MaterialId, Region, Timestamp};
use sealroom_hsm::{KeyBinding, KeyToken};
use sealroom_identity::Bound;
use serde::{Deserialize, Serialize};

use super::{RecordError, account, parse, part, version, write};
use crate::record::{
    Automatic, Imported, Imports, KeyDocument, KeyManager, KeyRecord, Made, Material, MultiRegion, MultiRegionRole,
    OnDemand, Rotation, Tag,
};
use crate::state::KeyState;

/// The schema in which keys and their material are written.
pub const SCHEMA: u16 = 2;

#[derive(Serialize, Deserialize)]
struct KeyV2 {
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
    material: Option<MaterialV2>,
    #[serde(skip_serializing_if = "RotationV2::is_default", default)]
    rotation: RotationV2,
    #[serde(skip_serializing_if = "ImportsV2::is_default", default)]
    imports: ImportsV2,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    tags: Vec<(String, String)>,
    policy: String,
    #[serde(skip_serializing_if = "Bound::is_empty", default)]
    bound: Bound,
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Creating,
    Enabled,
    Disabled,
    PendingImport,
    PendingDeletion {
        due: i64,
    },
    PendingReplicaDeletion {
        window_days: u16,
    },
    Unavailable {
        enabled: bool,
    },
    Updating,
    /// Creating, with its end.
    Replicating {
        due: i64,
    },
    /// Updating, with its end.
    ChangingPlaces {
        due: i64,
    },
}

#[derive(Serialize, Deserialize)]
struct MultiRegionV1 {
    primary: String,
    replicas: Vec<String>,
    /// Where it isn't the primary's Region.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    home: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MaterialV2 {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<ImportedV2>,
}

#[derive(Serialize, Deserialize)]
struct ImportedV2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Eq)]
struct RotationV2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    automatic: Option<AutomaticV2>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<OnDemandV2>,
    #[serde(skip_serializing_if = "is_zero", default)]
    on_demand: u32,
    #[serde(skip_serializing_if = "is_zero", default)]
    pieces: u32,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct AutomaticV2 {
    period_days: u16,
    next: i64,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct OnDemandV2 {
    started: i64,
    due: i64,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Eq)]
struct ImportsV2 {
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    #[serde(skip_serializing_if = "is_zero", default)]
    missing: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_expiry: Option<i64>,
}

#[derive(Serialize)]
struct PieceV2 {
    v: u16,
    #[serde(flatten)]
    material: MaterialV2,
}

impl KeyDocument {
    /// The bytes of the key's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let record = &self.record;
        write(&KeyV2 {
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
            material: record.material.as_ref().map(MaterialV2::from),
            rotation: record.rotation.into(),
            imports: record.imports.into(),
            tags: record.tags.iter().map(|tag| (tag.key.to_string(), tag.value.to_string())).collect(),
            policy: self.policy.to_string(),
            bound: self.bound.clone(),
        })
    }

    /// Reads what [`KeyDocument::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        read_key::<KeyV2>(bytes)?.open()
    }
}

impl KeyV2 {
    fn open(self) -> Result<KeyDocument, RecordError> {
        let arn = KeyArn { region: part(&self.region)?, account: account(&self.account)?, key: part(&self.id)? };
        let (spec, usage, origin) = (part(&self.spec)?, part(&self.usage)?, part(&self.origin)?);
        let material = self.material.map(|material| {
            let id: MaterialId = part(&material.id)?;
            let binding = KeyBinding { account: arn.account, key: arn.key, material: id, spec, usage, origin };
            material.open(binding)
        });
        let made = Made {
            spec,
            usage,
            origin,
            manager: match self.manager.as_str() {
                "AWS" => KeyManager::Aws,
                "CUSTOMER" => KeyManager::Customer,
                _ => return Err(RecordError::Malformed),
            },
            state: self.state.into(),
            created: Timestamp::from_micros(self.created),
            multi_region: self.multi_region.map(|stored| stored.open(arn.region)).transpose()?,
            material: material.transpose()?,
            tags: self.tags.into_iter().map(|(key, value)| Tag { key: key.into(), value: value.into() }).collect(),
        };
        let mut record = KeyRecord::new(arn, made);
        record.rotation = self.rotation.into();
        record.imports = self.imports.open()?;
        let (description, policy) = (self.description.into(), self.policy.into());
        Ok(KeyDocument { record, description, policy, bound: self.bound })
    }
}

impl Material {
    /// The bytes of the row of a piece of material that isn't the current one.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&PieceV2 { v: SCHEMA, material: self.into() })
    }

    /// Reads what [`Material::to_bytes`] of this or an earlier release wrote for the key of `record`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8], record: &KeyRecord) -> Result<Self, RecordError> {
        let material: MaterialV2 = read_key(bytes)?;
        let KeyRecord { arn, spec, usage, origin, .. } = record;
        let id = part(&material.id)?;
        let (account, key) = (arn.account, arn.key);
        material.open(KeyBinding { account, key, material: id, spec: *spec, usage: *usage, origin: *origin })
    }
}

impl From<KeyState> for StateV1 {
    fn from(state: KeyState) -> Self {
        match state {
            KeyState::Creating { due } => Self::Replicating { due: due.as_micros() },
            KeyState::Enabled => Self::Enabled,
            KeyState::Disabled => Self::Disabled,
            KeyState::PendingImport => Self::PendingImport,
            KeyState::PendingDeletion { due } => Self::PendingDeletion { due: due.as_micros() },
            KeyState::PendingReplicaDeletion { window_days } => Self::PendingReplicaDeletion { window_days },
            KeyState::Unavailable { enabled } => Self::Unavailable { enabled },
            KeyState::Updating { due } => Self::ChangingPlaces { due: due.as_micros() },
        }
    }
}

impl From<StateV1> for KeyState {
    fn from(stored: StateV1) -> Self {
        match stored {
            // Nothing that was released wrote these two without their end.
            StateV1::Creating => Self::Creating { due: Timestamp::EPOCH },
            StateV1::Enabled => Self::Enabled,
            StateV1::Disabled => Self::Disabled,
            StateV1::PendingImport => Self::PendingImport,
            StateV1::PendingDeletion { due } => Self::PendingDeletion { due: Timestamp::from_micros(due) },
            StateV1::PendingReplicaDeletion { window_days } => Self::PendingReplicaDeletion { window_days },
            StateV1::Unavailable { enabled } => Self::Unavailable { enabled },
            StateV1::Updating => Self::Updating { due: Timestamp::EPOCH },
            StateV1::Replicating { due } => Self::Creating { due: Timestamp::from_micros(due) },
            StateV1::ChangingPlaces { due } => Self::Updating { due: Timestamp::from_micros(due) },
        }
    }
}

impl From<&MultiRegion> for MultiRegionV1 {
    fn from(record: &MultiRegion) -> Self {
        Self {
            primary: record.primary.to_string(),
            replicas: record.replicas.iter().map(Region::to_string).collect(),
            home: (record.home != record.primary).then(|| record.home.to_string()),
        }
    }
}

impl MultiRegionV1 {
    fn open(self, own: Region) -> Result<MultiRegion, RecordError> {
        let primary: Region = part(&self.primary)?;
        let role = if primary == own { MultiRegionRole::Primary } else { MultiRegionRole::Replica };
        let replicas = self.replicas.iter().map(|region| part(region)).collect::<Result<_, _>>()?;
        let home = self.home.as_deref().map_or(Ok(primary), part)?;
        Ok(MultiRegion { role, primary, home, replicas })
    }
}

impl From<&Material> for MaterialV2 {
    fn from(record: &Material) -> Self {
        let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        Self {
            id: record.binding.material.to_string(),
            token: record.stored_token().map(base64),
            public: record.public.as_deref().map(base64),
            imported: record.imported.as_ref().map(|imported| ImportedV2 {
                description: imported.description.as_deref().map(str::to_owned),
                expires: imported.expires.map(Timestamp::as_micros),
            }),
        }
    }
}

impl MaterialV2 {
    fn open(self, binding: KeyBinding) -> Result<Material, RecordError> {
        let bytes = |text: &str| base64_simd::STANDARD.decode_to_vec(text).map_err(|_| RecordError::Malformed);
        let token = |text: &str| KeyToken::from_bytes(&bytes(text)?).map_err(|_| RecordError::Malformed);
        let token = self.token.as_deref().map(token).transpose()?;
        let public = self.public.as_deref().map(bytes).transpose()?;
        let imported = self.imported.map(|imported| Imported {
            description: imported.description.map(String::into_boxed_str),
            expires: imported.expires.map(Timestamp::from_micros),
        });
        let mut material = Material::absent(binding).with_token(token).with_import(imported);
        material.public = public.map(Vec::into_boxed_slice);
        Ok(material)
    }
}

impl RotationV2 {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl From<Rotation> for RotationV2 {
    fn from(record: Rotation) -> Self {
        let Rotation { automatic, running, on_demand, pieces } = record;
        Self {
            automatic: automatic
                .map(|Automatic { period_days, next }| AutomaticV2 { period_days, next: next.as_micros() }),
            running: running
                .map(|OnDemand { started, due }| OnDemandV2 { started: started.as_micros(), due: due.as_micros() }),
            on_demand,
            pieces,
        }
    }
}

impl From<RotationV2> for Rotation {
    fn from(stored: RotationV2) -> Self {
        let RotationV2 { automatic, running, on_demand, pieces } = stored;
        Self {
            automatic: automatic
                .map(|AutomaticV2 { period_days, next }| Automatic { period_days, next: Timestamp::from_micros(next) }),
            running: running.map(|OnDemandV2 { started, due }| OnDemand {
                started: Timestamp::from_micros(started),
                due: Timestamp::from_micros(due),
            }),
            on_demand,
            pieces,
        }
    }
}

impl ImportsV2 {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn open(self) -> Result<Imports, RecordError> {
        Ok(Imports {
            pending: self.pending.as_deref().map(part).transpose()?,
            missing: self.missing,
            valid_to: self.valid_to.map(Timestamp::from_micros),
            next_expiry: self.next_expiry.map(Timestamp::from_micros),
        })
    }
}

impl From<Imports> for ImportsV2 {
    fn from(record: Imports) -> Self {
        let Imports { pending, missing, valid_to, next_expiry } = record;
        Self {
            pending: pending.map(|id| id.to_string()),
            missing,
            valid_to: valid_to.map(Timestamp::as_micros),
            next_expiry: next_expiry.map(Timestamp::as_micros),
        }
    }
}

/// What schema 2 added may be left out, so it reads schema 1 too.
fn read_key<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
    match version(bytes)? {
        1 | SCHEMA => parse(bytes),
        unknown => Err(RecordError::UnknownSchema(unknown)),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
