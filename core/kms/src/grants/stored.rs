//! How grants are written down: JSON with a schema version, read for ever, as `stored` does it for keys.

use sealroom_api::kms::GrantOperation;
use sealroom_foundation::{KeyArn, Timestamp};
use serde::{Deserialize, Serialize};

use crate::grants::constraints::Context;
use crate::grants::record::{GrantId, GrantRecord};
use crate::grants::{Constraints, ContextConstraint, Operations, Party};
use crate::stored::{RecordError, SCHEMA, account, part, read, write};

#[derive(Serialize, Deserialize)]
struct GrantV1 {
    v: u16,
    id: String,
    region: String,
    account: String,
    key: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    name: String,
    created: i64,
    issuer: String,
    grantee: PartyV1,
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring: Option<PartyV1>,
    operations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ContextV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_arn: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum PartyV1 {
    Principal(String),
    Service(String),
    /// A user or role: its ARN, and the unique id that it had.
    Bound(String, String),
}

#[derive(Serialize, Deserialize)]
enum ContextV1 {
    Equals(Context),
    Subset(Context),
}

#[derive(Serialize, Deserialize)]
struct NamedV1 {
    v: u16,
    grant: String,
}

impl GrantRecord {
    /// The bytes of the grant's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&GrantV1 {
            v: SCHEMA,
            id: self.id.to_string(),
            region: self.key.region.to_string(),
            account: self.key.account.to_string(),
            key: self.key.key.to_string(),
            name: self.name.to_string(),
            created: self.created.as_micros(),
            issuer: self.issuer.to_string(),
            grantee: (&self.grantee).into(),
            retiring: self.retiring.as_ref().map(PartyV1::from),
            operations: self.operations.as_slice().iter().map(GrantOperation::to_string).collect(),
            context: match &self.constraints.context {
                ContextConstraint::Any => None,
                ContextConstraint::Equals(pairs) => Some(ContextV1::Equals(pairs.clone())),
                ContextConstraint::Subset(pairs) => Some(ContextV1::Subset(pairs.clone())),
            },
            source_arn: self.constraints.source_arn.as_deref().map(str::to_owned),
        })
    }

    /// Reads what [`GrantRecord::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: GrantV1 = read(bytes)?;
        let operations: Vec<GrantOperation> = stored.operations.iter().map(|op| part(op)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: part(&stored.id)?,
            key: KeyArn { region: part(&stored.region)?, account: account(&stored.account)?, key: part(&stored.key)? },
            name: stored.name.into(),
            created: Timestamp::from_micros(stored.created),
            issuer: account(&stored.issuer)?,
            grantee: stored.grantee.open()?,
            retiring: stored.retiring.map(PartyV1::open).transpose()?,
            operations: Operations::of(&operations),
            constraints: Constraints {
                context: match stored.context {
                    None => ContextConstraint::Any,
                    Some(ContextV1::Equals(pairs)) => ContextConstraint::Equals(pairs),
                    Some(ContextV1::Subset(pairs)) => ContextConstraint::Subset(pairs),
                },
                source_arn: stored.source_arn.map(Into::into),
            },
        })
    }
}

impl From<&Party> for PartyV1 {
    fn from(party: &Party) -> Self {
        let text = party.text().to_owned();
        match party.bound_to() {
            Some(id) => Self::Bound(text, id.to_owned()),
            None if party.is_service() => Self::Service(text),
            None => Self::Principal(text),
        }
    }
}

impl PartyV1 {
    fn open(self) -> Result<Party, RecordError> {
        match self {
            Self::Principal(text) => Party::shown(&text).ok_or(RecordError::Malformed),
            Self::Service(name) => Ok(Party::service(&name)),
            Self::Bound(text, id) => {
                Party::shown(&text).map(|party| party.bound(id.into())).ok_or(RecordError::Malformed)
            }
        }
    }
}

/// Which grant a named request made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGrant(pub GrantId);

impl NamedGrant {
    /// The bytes of its row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&NamedV1 { v: SCHEMA, grant: self.0.to_string() })
    }

    /// Reads what [`NamedGrant::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: NamedV1 = read(bytes)?;
        Ok(Self(part(&stored.grant)?))
    }
}
