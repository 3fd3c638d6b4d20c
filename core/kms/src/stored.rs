//! How records are written down: JSON with a schema version, read for ever.
//!
//! The structs here are the format and nothing else; they change by getting a successor, never in place. Every
//! release's samples stand under `tests/records/`. A reader upgrades step by step; a writer writes the newest.

use sealroom_foundation::{AccountId, KeyId, MaterialId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::record::{RotationKind, RotationRecord};

mod key;
mod key_aliases;
mod used;

pub use key::SCHEMA as KEY_SCHEMA;
pub use key_aliases::KeyAliases;
pub use used::{Noted, UsedRecord};

/// The schema in which everything is written but keys and their material.
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

/// What remains of a destroyed key, so that no restore brings it back: a key of its ARN that was made before it was
/// destroyed is dead. Only a replica can be made again under its ARN, after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The key.
    pub key: KeyId,
    /// SHA-256 of each token that went with it, less those in the tombstones of pieces that went ahead; none of a
    /// multi-Region key whose material others are still made of.
    pub tokens: Vec<[u8; 32]>,
    /// When it was destroyed.
    pub destroyed: Timestamp,
}

#[derive(Deserialize)]
struct Versioned {
    v: u16,
}

#[derive(Serialize, Deserialize)]
struct AliasV1 {
    v: u16,
    key: String,
    created: i64,
    updated: i64,
}

#[derive(Serialize, Deserialize)]
struct RotationV1 {
    v: u16,
    material: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated: Option<RotatedV1>,
}

#[derive(Serialize, Deserialize)]
struct RotatedV1 {
    at: i64,
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct TombstoneV1 {
    v: u16,
    key: String,
    tokens: Vec<String>,
    destroyed: i64,
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

impl RotationRecord {
    /// The bytes of the row of an entry of a key's history.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&RotationV1 {
            v: SCHEMA,
            material: self.material.to_string(),
            rotated: self.rotated.map(|(at, kind)| RotatedV1 { at: at.as_micros(), kind: kind.as_str().to_owned() }),
        })
    }

    /// Reads what [`RotationRecord::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: RotationV1 = read(bytes)?;
        let rotated = stored.rotated.map(|RotatedV1 { at, kind }| {
            let kind = RotationKind::from_name(&kind).ok_or(RecordError::Malformed)?;
            Ok((Timestamp::from_micros(at), kind))
        });
        Ok(Self { material: part(&stored.material)?, rotated: rotated.transpose()? })
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

pub(crate) fn write(stored: &impl Serialize) -> Vec<u8> {
    // INVARIANT: strings, numbers and lists always serialise; the fallback is refused by every reader.
    serde_json::to_vec(stored).unwrap_or_default()
}

pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
    let v = version(bytes)?;
    if v != SCHEMA {
        return Err(RecordError::UnknownSchema(v));
    }
    parse(bytes)
}

fn version(bytes: &[u8]) -> Result<u16, RecordError> {
    parse(bytes).map(|Versioned { v }| v)
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
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
