//! The proof that the keys of a store open: every row of a key is read, every token is opened by the HSM and sealed again.
//!
//! It takes rows in the order of their paths, already opened by the store's barrier, and keeps no more in memory than the
//! records of keys that have material in rows of its own. It changes nothing and lets nothing out.

use std::collections::HashMap;

use sealroom_foundation::KeyArn;
use sealroom_hsm::{Hsm, HsmError, Origin};
use sealroom_store::KeyPath;
use thiserror::Error;

use crate::paths;
use crate::record::{KeyDocument, KeyRecord, Material};
use crate::stored::{RecordError, Tombstone};

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proved {
    /// Keys.
    pub keys: u64,
    /// Tokens, all of which opened: of current and older material.
    pub tokens: u64,
    /// Tokens that are sealed under another domain key than the one that seals.
    pub older_tokens: u64,
    /// Tombstones of destroyed keys.
    pub tombstones: u64,
}

/// A row that doesn't hold what it must.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unproved {
    /// The row can't be read.
    #[error("row `{path}`: {source}")]
    Row {
        /// Its name.
        path: KeyPath,
        /// Why not.
        source: RecordError,
    },
    /// The token in the row doesn't open.
    #[error("the key token in row `{path}`: {source}")]
    Token {
        /// Its name.
        path: KeyPath,
        /// Why not.
        source: HsmError,
    },
    /// Material of a key that isn't there.
    #[error("row `{path}` holds material of a key that isn't there")]
    Stray {
        /// Its name.
        path: KeyPath,
    },
}

/// A proof under way.
pub struct Proof<'a> {
    hsm: &'a Hsm,
    /// Keys whose other material comes in later rows.
    records: HashMap<KeyArn, KeyRecord>,
    proved: Proved,
}

impl<'a> Proof<'a> {
    /// Nothing is proved yet.
    #[must_use]
    pub fn new(hsm: &'a Hsm) -> Self {
        Self { hsm, records: HashMap::new(), proved: Proved::default() }
    }

    /// Looks at the next row, which may be any room's.
    ///
    /// # Errors
    /// [`Unproved`].
    pub fn row(&mut self, path: &KeyPath, value: &[u8]) -> Result<(), Unproved> {
        let unreadable = |source| Unproved::Row { path: path.clone(), source };
        if let Some(arn) = paths::key_of(path).filter(|_| path.starts_with(&paths::room())) {
            let record = KeyDocument::from_bytes(value).map_err(unreadable)?.record;
            self.proved.keys += 1;
            if let Some(material) = &record.material {
                self.token(path, material)?;
            }
            // Only these have material in rows of their own.
            if record.rotation.pieces > 0 || record.origin == Origin::External {
                self.records.insert(arn, record);
            }
        } else if let Some(name) = paths::material_of(path).filter(|_| path.starts_with(&paths::room())) {
            let stray = || Unproved::Stray { path: path.clone() };
            let record = self.records.get(&name.key).ok_or_else(stray)?;
            let material = Material::from_bytes(value, record).map_err(unreadable)?;
            self.token(path, &material)?;
        } else if paths::is_tombstone(path) {
            Tombstone::from_bytes(value).map_err(unreadable)?;
            self.proved.tombstones += 1;
        }
        Ok(())
    }

    /// What was proved.
    #[must_use]
    pub fn proved(&self) -> Proved {
        self.proved
    }

    fn token(&mut self, path: &KeyPath, material: &Material) -> Result<(), Unproved> {
        let opened = material.rewrapped(self.hsm);
        if opened.map_err(|source| Unproved::Token { path: path.clone(), source })?.is_some() {
            self.proved.tokens += 1;
            self.proved.older_tokens += u64::from(material.token_domain() != Some(self.hsm.sealing_domain()));
        }
        Ok(())
    }
}
