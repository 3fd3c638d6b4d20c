//! The barrier: seals what a row says before an engine sees it, and opens it after.
//!
//! ```text
//! stored value      = schema version (2 bytes) ‖ epoch of the store key (4 bytes) ‖ sealed
//! associated data   = schema version ‖ epoch ‖ write sequence (8 bytes) ‖ full key path
//! ```
//!
//! The write sequence is the row's version, so a row opens only in its own place and under the version it was
//! written with. Not prevented: deleting a row, or putting a whole older row back; comparing with the journal finds that.
//! The room knows no cipher: it comes through the [`Cipher`] port (`docs/decisions/0002`).

use std::sync::Arc;

use crate::error::StoreError;
use crate::path::KeyPath;

const SCHEMA: u16 = 1;
const HEADER: usize = 6;

/// Seals and opens values under one epoch of the store key. Offered by whoever wires the server, from the
/// `crypto` room's envelope: authenticated, committed to the key, its own key for each message.
pub trait Cipher: Send + Sync {
    /// Appends `plaintext`, sealed and bound to `aad`, to `out`. Never the same bytes twice.
    fn seal(&self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>);

    /// Opens what [`Cipher::seal`] appended, under the same `aad`; `None` for everything else.
    fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// The store keys by epoch; the newest seals, all open.
#[derive(Clone)]
pub struct Barrier {
    keys: Option<Arc<Vec<StoreKey>>>,
}

#[derive(Clone)]
struct StoreKey {
    epoch: u32,
    cipher: Arc<dyn Cipher>,
}

impl Barrier {
    /// Seals under `cipher`, the store key of `epoch`.
    #[must_use]
    pub fn new(epoch: u32, cipher: Arc<dyn Cipher>) -> Self {
        Self { keys: Some(Arc::new(vec![StoreKey { epoch, cipher }])) }
    }

    /// Also opens what was sealed under an older (or newer) store key; the newest epoch seals.
    #[must_use]
    pub fn with_key(self, epoch: u32, cipher: Arc<dyn Cipher>) -> Self {
        let mut keys = self.keys.map(Arc::unwrap_or_clone).unwrap_or_default();
        keys.retain(|known| known.epoch != epoch);
        keys.push(StoreKey { epoch, cipher });
        keys.sort_by_key(|known| std::cmp::Reverse(known.epoch));
        Self { keys: Some(Arc::new(keys)) }
    }

    /// No barrier: whoever owns the engine reads and writes everything. For tests and benches only.
    #[must_use]
    pub fn insecure_none() -> Self {
        Self { keys: None }
    }

    /// The stored form of `value` for `path`, written by commit `sequence`.
    pub(crate) fn seal(&self, path: &KeyPath, sequence: u64, value: Vec<u8>) -> Vec<u8> {
        let Some(StoreKey { epoch, cipher }) = self.keys.as_ref().and_then(|keys| keys.first()) else { return value };
        if path.is_boot() {
            return value;
        }
        let mut out = Vec::with_capacity(value.len() + 96);
        out.extend_from_slice(&SCHEMA.to_be_bytes());
        out.extend_from_slice(&epoch.to_be_bytes());
        cipher.seal(&associated(path, *epoch, sequence), &value, &mut out);
        out
    }

    /// What the row says.
    ///
    /// # Errors
    /// [`StoreError::Forged`] when it doesn't open as this row of this version.
    pub(crate) fn open(&self, path: &KeyPath, sequence: u64, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let Some(keys) = &self.keys else { return Ok(stored) };
        let forged = || StoreError::Forged { path: path.clone() };
        let (header, sealed) = stored.split_at_checked(HEADER).ok_or_else(forged)?;
        let (schema, epoch) = header.split_at_checked(2).ok_or_else(forged)?;
        let epoch = u32::from_be_bytes(epoch.try_into().map_err(|_| forged())?);
        if schema != SCHEMA.to_be_bytes() {
            return Err(forged());
        }
        let key = keys.iter().find(|known| known.epoch == epoch).ok_or_else(forged)?;
        key.cipher.open(&associated(path, epoch, sequence), sealed).ok_or_else(forged)
    }
}

fn associated(path: &KeyPath, epoch: u32, sequence: u64) -> Vec<u8> {
    let mut aad = Vec::with_capacity(14 + path.as_bytes().len());
    aad.extend_from_slice(&SCHEMA.to_be_bytes());
    aad.extend_from_slice(&epoch.to_be_bytes());
    aad.extend_from_slice(&sequence.to_be_bytes());
    aad.extend_from_slice(path.as_bytes());
    aad
}
