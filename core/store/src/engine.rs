//! The engines: a closed set, one conformance suite. An engine keeps bytes it can't read and says what changed.

use std::path::Path;
use std::sync::Arc;

use crate::batch::{Batch, Committed, Row};
use crate::error::StoreError;
use crate::path::KeyPath;

/// Where a store lives. Cheap to clone; two stores over one engine see the same rows.
#[derive(Clone)]
pub struct Engine {
    kind: Arc<Kind>,
}

enum Kind {}

impl Engine {
    /// Rows and logs in memory, gone with the process. For tests.
    #[must_use]
    #[expect(clippy::todo, reason = "lands next")]
    pub fn memory() -> Self {
        todo!()
    }

    /// SQLite and log files in `folder`, which is made (0700) if missing and locked against other processes for as long as
    /// the engine lives. Blocks; call it before serving.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Format`], [`StoreError::Unavailable`].
    #[expect(clippy::todo, reason = "lands next")]
    pub fn sqlite(_folder: &Path) -> Result<Self, StoreError> {
        todo!()
    }

    /// PostgreSQL at `postgres://user:password@host:port/database`; tables are made if missing.
    ///
    /// # Errors
    /// [`StoreError::Format`], [`StoreError::Unavailable`].
    #[expect(clippy::todo, reason = "lands next")]
    pub async fn postgres(_url: &str) -> Result<Self, StoreError> {
        todo!()
    }

    /// Reads a row under `boot/`, the only ones kept clear.
    ///
    /// # Errors
    /// [`StoreError::Reserved`] for any other path; [`StoreError::Unavailable`].
    #[expect(clippy::todo, reason = "lands next")]
    pub async fn boot_read(&self, _path: &KeyPath) -> Result<Option<Row>, StoreError> {
        todo!()
    }

    /// Commits a batch of rows under `boot/`.
    ///
    /// # Errors
    /// [`StoreError::Reserved`] when it touches any other path; those of a commit.
    #[expect(clippy::todo, reason = "lands next")]
    pub async fn boot_write(&self, _batch: Batch) -> Result<Committed, StoreError> {
        todo!()
    }
}
