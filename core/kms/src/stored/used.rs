//! The last use of a key, and how far uses have been noted.

use sealroom_audit::Use;
use sealroom_foundation::{EventId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RecordError, SCHEMA, part, read, write};

/// The last use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRecord {
    /// The operation's name.
    pub operation: Box<str>,
    /// When the call began, by the service clock.
    pub time: Timestamp,
    /// The record that the key's owner has of it.
    pub event: EventId,
    /// The request.
    pub request: Option<RequestId>,
}

impl From<&Use> for UsedRecord {
    fn from(used: &Use) -> Self {
        let Use { operation, time, event, request, .. } = *used;
        Self { operation: operation.into(), time, event, request }
    }
}

#[derive(Serialize, Deserialize)]
struct UsedV1 {
    v: u16,
    operation: Box<str>,
    at: i64,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
}

/// Up to which frame of each lane of the journal uses have been noted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noted(pub Vec<u64>);

#[derive(Serialize, Deserialize)]
struct NotedV1 {
    v: u16,
    lanes: Vec<u64>,
}

impl UsedRecord {
    /// The bytes of the row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { operation, time, event, request } = self;
        let (event, request) = (event.to_string(), request.map(|request| request.to_string()));
        write(&UsedV1 { v: SCHEMA, operation: operation.clone(), at: time.as_micros(), event, request })
    }

    /// Reads what [`UsedRecord::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let UsedV1 { operation, at, event, request, .. } = read(bytes)?;
        let request = request.as_deref().map(part).transpose()?;
        Ok(Self { operation, time: Timestamp::from_micros(at), event: part(&event)?, request })
    }
}

impl Noted {
    /// The bytes of the row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&NotedV1 { v: SCHEMA, lanes: self.0.clone() })
    }

    /// Reads what [`Noted::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let NotedV1 { lanes, .. } = read(bytes)?;
        Ok(Self(lanes))
    }
}
