//! A snapshot: all rows of an engine as of one commit, sealed as they stand, in the order of their paths.
//!
//! It is what a backup is made of. It holds no key and opens nothing; [`Barrier::open_row`] does that for who may. Rows
//! come in pages through a short channel, so memory stays bounded however many there are, and a reader that is slow
//! makes the engine wait. What would surprise: a row keeps its version wherever it is loaded, because it opens under
//! that version alone.

use tokio::sync::mpsc;

use crate::barrier::Barrier;
use crate::error::StoreError;
use crate::path::KeyPath;

/// LIMIT: rows and bytes of values after which a page ends.
pub(crate) const PAGE_ROWS: usize = 64;
pub(crate) const PAGE_BYTES: usize = 1024 * 1024;
/// LIMIT: pages that wait to be taken.
const PAGES: usize = 2;

/// A row as an engine keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedRow {
    /// Its name.
    pub path: KeyPath,
    /// The sequence number of the commit that wrote it; it opens under this one alone.
    pub version: u64,
    /// What it says, sealed; in clear under `boot/`.
    pub stored: Vec<u8>,
}

/// All rows as of one commit, page after page. Dropping it gives the engine free.
pub struct Snapshot {
    sequence: u64,
    pages: mpsc::Receiver<Result<Option<Vec<SealedRow>>, StoreError>>,
}

/// Where an engine puts the pages of a snapshot.
pub(crate) type Pages = mpsc::Sender<Result<Option<Vec<SealedRow>>, StoreError>>;

impl Snapshot {
    /// A snapshot as of `sequence` and where its pages go: `Some` page after page, `None` behind the last.
    pub(crate) fn new(sequence: u64) -> (Self, Pages) {
        let (sender, pages) = mpsc::channel(PAGES);
        (Self { sequence, pages }, sender)
    }

    /// The commit that it shows: nothing later is in it, nothing earlier is missing.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The next page, never an empty one; `None` when all rows were given.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the snapshot is then worth nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<SealedRow>>, StoreError> {
        // A channel that ends without saying so hides a producer that failed.
        self.pages.recv().await.unwrap_or_else(|| Err(StoreError::gone("the snapshot broke off")))
    }
}

impl Barrier {
    /// What a row says; those under `boot/` are clear.
    ///
    /// # Errors
    /// [`StoreError::Forged`] when it doesn't open as this row of this version.
    pub fn open_row(&self, row: &SealedRow) -> Result<Vec<u8>, StoreError> {
        if row.path.is_boot() {
            return Ok(row.stored.clone());
        }
        self.open(&row.path, row.version, row.stored.clone())
    }
}
