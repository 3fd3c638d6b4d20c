//! The list of a key's aliases, beside the rows of the aliases themselves.
//!
//! One short row for each key: so that the quota is guarded by a version, and who asks for a key's aliases reads no
//! other key's.

use serde::{Deserialize, Serialize};

use super::{RecordError, SCHEMA, read, write};

/// The names of a key's aliases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyAliases {
    /// With their prefix, in ASCII order.
    pub names: Box<[Box<str>]>,
}

#[derive(Serialize, Deserialize)]
struct KeyAliasesV1 {
    v: u16,
    names: Box<[Box<str>]>,
}

impl KeyAliases {
    /// The bytes of the list's row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&KeyAliasesV1 { v: SCHEMA, names: self.names.clone() })
    }

    /// Reads what [`KeyAliases::to_bytes`] of this or an earlier release wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: KeyAliasesV1 = read(bytes)?;
        Ok(Self { names: stored.names })
    }
}
