//! The proof that the keys of a store open: every row of a key is read, every token is opened by the HSM and sealed again.
//!
//! It takes rows in the order of their paths, already opened by the store's barrier, and keeps no more in memory than the
//! records of keys that have material in rows of its own, and rows of material that come before any of the keys that they
//! belong to: of related multi-Region keys whose first one is gone. It changes nothing and lets nothing out.

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
    /// Material of multi-Region keys of which none has come yet, with its paths.
    early: HashMap<KeyArn, Vec<(KeyPath, Vec<u8>)>>,
    proved: Proved,
}

impl<'a> Proof<'a> {
    /// Nothing is proved yet.
    #[must_use]
    pub fn new(hsm: &'a Hsm) -> Self {
        Self { hsm, records: HashMap::new(), early: HashMap::new(), proved: Proved::default() }
    }

    /// Looks at the next row, which may be any room's.
    ///
    /// # Errors
    /// [`Unproved`].
    pub fn row(&mut self, path: &KeyPath, value: &[u8]) -> Result<(), Unproved> {
        let unreadable = |source| Unproved::Row { path: path.clone(), source };
        if paths::key_of(path).is_some() && path.starts_with(&paths::room()) {
            let record = KeyDocument::from_bytes(value).map_err(unreadable)?.record;
            self.proved.keys += 1;
            if let Some(material) = &record.material {
                self.token(path, material)?;
            }
            // Only these have material in rows of their own.
            if record.rotation.pieces > 0 || record.origin == Origin::External {
                self.early_material(&record)?;
                self.records.insert(record.pieces_home(), record);
            }
        } else if let Some(name) = paths::material_of(path).filter(|_| path.starts_with(&paths::room())) {
            match self.records.get(&name.key) {
                Some(record) => {
                    let material = Material::from_bytes(value, record).map_err(unreadable)?;
                    self.token(path, &material)?;
                }
                None if name.key.key.is_multi_region() => {
                    self.early.entry(name.key).or_default().push((path.clone(), value.to_vec()));
                }
                None => return Err(Unproved::Stray { path: path.clone() }),
            }
        } else if paths::is_tombstone(path) {
            Tombstone::from_bytes(value).map_err(unreadable)?;
            self.proved.tombstones += 1;
        } else if paths::is_tombstone_of_pieces(path) {
            // Not counted: each key that is gone has one of its own besides.
            Tombstone::from_bytes(value).map_err(unreadable)?;
        }
        Ok(())
    }

    /// What was proved, when all rows have been looked at.
    ///
    /// # Errors
    /// [`Unproved::Stray`] for material that none of the keys is made of.
    pub fn proved(&self) -> Result<Proved, Unproved> {
        match self.early.values().flatten().next() {
            Some((path, _)) => Err(Unproved::Stray { path: path.clone() }),
            None => Ok(self.proved),
        }
    }

    /// The material that came before `record` and belongs to it.
    fn early_material(&mut self, record: &KeyRecord) -> Result<(), Unproved> {
        for (path, value) in self.early.remove(&record.pieces_home()).unwrap_or_default() {
            let material =
                Material::from_bytes(&value, record).map_err(|source| Unproved::Row { path: path.clone(), source })?;
            self.token(&path, &material)?;
        }
        Ok(())
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
