//! What is known of a grant.

use std::fmt;
use std::str::FromStr;

use sealroom_api::kms::GrantOperation;
use sealroom_authz::GrantFact;
use sealroom_crypto::digest::sha256;
use sealroom_foundation::{AccountId, KeyArn, Timestamp};

use crate::grants::{Constraints, Operations, Party};

/// The id of a grant: 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(Box<str>);

/// A text that isn't the id of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a grant id")]
pub struct NoGrantId;

impl GrantId {
    /// LIMIT: characters.
    const LENGTH: usize = 64;

    /// A new id from random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GrantId {
    type Err = NoGrantId;
    fn from_str(text: &str) -> Result<Self, NoGrantId> {
        let hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hex && text.len() == Self::LENGTH { Ok(Self(text.into())) } else { Err(NoGrantId) }
    }
}

/// A grant. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Its id.
    pub id: GrantId,
    /// The key that it is for.
    pub key: KeyArn,
    /// What its maker called it; empty when it has no name.
    pub name: Box<str>,
    /// When it was made.
    pub created: Timestamp,
    /// The account of whoever made it.
    pub issuer: AccountId,
    /// Who may use the key.
    pub grantee: Party,
    /// Who may retire it besides its issuer.
    pub retiring: Option<Party>,
    /// What the grantee may do.
    pub operations: Operations,
    /// And when.
    pub constraints: Constraints,
}

impl GrantRecord {
    /// What two requests have in common that AWS answers with one grant: everything that was asked, the name included.
    #[must_use]
    pub fn asked(&self) -> [u8; 32] {
        let nobodys = Self { id: GrantId(Box::default()), created: Timestamp::EPOCH, ..self.clone() };
        sha256(&nobodys.to_bytes())
    }

    /// For `authz`, which looks whether the caller is the grantee.
    pub(crate) fn fact(&self) -> GrantFact<'_> {
        GrantFact { id: self.id.as_str(), grantee: self.grantee.name(), issued_by: self.issuer }
    }

    /// Whether the grantee may retire it.
    pub(crate) fn grantee_retires(&self) -> bool {
        self.operations.contains(GrantOperation::RetireGrant)
    }
}
