//! Encryption contexts: pairs of texts that are authenticated and not encrypted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use thiserror::Error;

/// Where a message that is signed keeps its public key. Names that begin so are the SDK's own.
pub(super) const PUBLIC_KEY: &str = "aws-crypto-public-key";
const RESERVED: &str = "aws-crypto-";

/// Pairs of texts, each name once. The order is that of the names' bytes, as the format wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionContext(BTreeMap<String, String>);

/// Why a pair can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContextError {
    /// No `=`, or nothing before it.
    #[error("`{0}` is not of the form name=value")]
    Form(String),
    /// A name of the SDK's own.
    #[error("names that begin with `{RESERVED}` are reserved: `{0}`")]
    Reserved(String),
    /// A name that was given before.
    #[error("`{0}` is given twice")]
    Twice(String),
}

impl EncryptionContext {
    /// The context of `pairs`, each `name=value`. The value may be empty and may hold further `=`.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<Self, ContextError> {
        let mut context = Self::default();
        for pair in pairs {
            let split = pair.split_once('=').filter(|(name, _)| !name.is_empty());
            let (name, value) = split.ok_or_else(|| ContextError::Form(pair.to_owned()))?;
            if name.starts_with(RESERVED) {
                return Err(ContextError::Reserved(name.to_owned()));
            }
            context.insert(name, value).ok_or_else(|| ContextError::Twice(name.to_owned()))?;
        }
        Ok(context)
    }

    /// Adds a pair; `None` when the name is there already.
    pub(super) fn insert(&mut self, name: &str, value: &str) -> Option<()> {
        match self.0.entry(name.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(value.to_owned());
                Some(())
            }
            Entry::Occupied(_) => None,
        }
    }

    /// The pairs, by name.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The first name in `wanted` that is not here, or has another value here.
    #[must_use]
    pub fn lacks<'w>(&self, wanted: &'w Self) -> Option<&'w str> {
        wanted.0.iter().find(|(name, value)| self.0.get(*name) != Some(*value)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_taken_apart_at_the_first_sign() {
        let context = EncryptionContext::from_pairs(["b=2=3", "a="]).unwrap();
        let pairs: Vec<(&str, &str)> = context.pairs().iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", ""), ("b", "2=3")]);
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let rows: [(&[&str], ContextError); 4] = [
            (&["a"], ContextError::Form("a".to_owned())),
            (&["=1"], ContextError::Form("=1".to_owned())),
            (&["aws-crypto-x=1"], ContextError::Reserved("aws-crypto-x".to_owned())),
            (&["a=1", "a=1"], ContextError::Twice("a".to_owned())),
        ];
        for (pairs, wanted) in rows {
            assert_eq!(EncryptionContext::from_pairs(pairs.iter().copied()), Err(wanted));
        }
    }

    #[test]
    fn a_context_lacks_what_is_absent_or_other() {
        let has = EncryptionContext::from_pairs(["a=1", "b=2"]).unwrap();
        let rows: [(&[&str], Option<&str>); 5] = [
            (&[], None),
            (&["a=1"], None),
            (&["b=2", "a=1"], None),
            (&["a=2"], Some("a")),
            (&["a=1", "c=1"], Some("c")),
        ];
        for (wanted, lacking) in rows {
            let wanted = EncryptionContext::from_pairs(wanted.iter().copied()).unwrap();
            assert_eq!(has.lacks(&wanted), lacking);
        }
    }
}
