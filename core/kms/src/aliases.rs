//! What the operations on aliases share: which names are good, and the two rows that an alias has: its own, and its line in
//! the list of its key.
//!
//! The list stands and falls with the key: each change of it is guarded by its version, so that no two calls pass the
//! quota together and no alias outlives its key. Who uses a key never reads its list, unless the key's policy asks for it.

use sealroom_foundation::KeyArn;
use sealroom_store::{Batch, Guard, Row};

use crate::error::KmsError;
use crate::kms::Kms;
use crate::paths::{self, AliasName};
use crate::reference::ALIAS_PREFIX;
use crate::stored::{AliasRecord, KeyAliases};

/// What the names of the services' own aliases begin with.
pub(crate) const RESERVED: &str = "alias/aws/";
/// The condition key for which a key's list is read.
pub(crate) const CONDITION: &str = "kms:resourcealiases";

/// Whether an alias can be called so, as far as the model's pattern doesn't say it: the prefix, a name behind it, and no
/// colon.
///
/// # Errors
/// AWS's two texts.
pub(crate) fn check_name(name: &str) -> Result<(), KmsError> {
    match name.strip_prefix(ALIAS_PREFIX) {
        None => Err(KmsError::AliasPrefix),
        Some(rest) if rest.is_empty() || rest.contains(':') => Err(KmsError::AliasCharacters(name.to_owned())),
        Some(_) => Ok(()),
    }
}

/// Whether `name` is one of the services' own.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED)
}

/// The list of a key's aliases, as the store has it now.
#[derive(Debug)]
pub(crate) struct Named {
    key: KeyArn,
    names: Box<[Box<str>]>,
    /// Of the list's row; `None` while there is none.
    version: Option<u64>,
}

impl Named {
    /// The list of a key that isn't made yet.
    pub(crate) fn none(key: KeyArn) -> Self {
        Self { key, names: Box::default(), version: None }
    }

    /// The names with their prefix, in ASCII order.
    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The names, and the version of their row.
    pub(crate) fn into_parts(self) -> (Box<[Box<str>]>, Option<u64>) {
        (self.names, self.version)
    }

    /// Whether the key can have one more, of `most`.
    ///
    /// # Errors
    /// [`KmsError::AliasQuota`].
    pub(crate) fn check_quota(&self, most: u32) -> Result<(), KmsError> {
        let used = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        if used < most { Ok(()) } else { Err(KmsError::AliasQuota { most, used }) }
    }

    /// `batch`, and with it the alias `name`, which refers to this key from now on.
    pub(crate) fn with(&self, batch: Batch, name: &AliasName, record: &AliasRecord) -> Batch {
        let mut names = self.names.to_vec();
        if let Err(place) = names.binary_search(&name.name) {
            names.insert(place, name.name.clone());
        }
        self.listed(batch.put(paths::alias(name), record.to_bytes()), names)
    }

    /// `batch`, and with it the end of the alias's line in this list.
    pub(crate) fn without(&self, batch: Batch, name: &AliasName) -> Batch {
        self.listed(batch, self.names.iter().filter(|known| **known != name.name).cloned().collect())
    }

    /// `batch`, and with it the end of the list and of all aliases on it.
    pub(crate) fn without_any(&self, batch: Batch) -> Batch {
        let KeyArn { account, region, .. } = self.key;
        let names = self.names.iter().map(|name| AliasName { account, region, name: name.clone() });
        let aliases = names.map(|name| paths::alias(&name));
        let batch = aliases.fold(batch.guard(self.as_read()), Batch::delete);
        if self.version.is_some() { batch.delete(paths::named(&self.key)) } else { batch }
    }

    fn listed(&self, batch: Batch, names: Vec<Box<str>>) -> Batch {
        batch.guard(self.as_read()).put(paths::named(&self.key), KeyAliases { names: names.into() }.to_bytes())
    }

    fn as_read(&self) -> Guard {
        let path = paths::named(&self.key);
        self.version.map_or(Guard::Absent(path.clone()), |version| Guard::Version(path, version))
    }
}

impl Kms {
    /// The list of the aliases of `key`.
    pub(crate) async fn named(&self, key: &KeyArn) -> Result<Named, KmsError> {
        let Some(row) = self.row(paths::named(key)).await? else { return Ok(Named::none(*key)) };
        let names = KeyAliases::from_bytes(&row.value).map_err(|_| unreadable(&row))?.names;
        Ok(Named { key: *key, names, version: Some(row.version) })
    }
}

/// The fault that a damaged row of an alias is.
pub(crate) fn unreadable(row: &Row) -> KmsError {
    tracing::error!(path = %row.path, "a row of aliases can't be read");
    KmsError::Fault("a row of aliases can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_has_its_prefix_a_name_and_no_colon() {
        let prefix = "Alias must start with the prefix \"alias/\". Please see \
                      https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        for (name, told) in [
            ("alias/a", None),
            ("alias/a/b-c_D9", None),
            ("alias/aws/s3", None),
            ("a", Some(prefix)),
            ("Alias/a", Some(prefix)),
            ("alias", Some(prefix)),
            ("alias/", Some("alias/ contains invalid characters for an alias")),
            ("alias/a:b", Some("alias/a:b contains invalid characters for an alias")),
        ] {
            assert_eq!(check_name(name).err().map(|error| error.to_string()).as_deref(), told);
        }
    }
}
