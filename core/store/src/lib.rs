//! Ordered keys and bytes, guarded batches, a change feed and append logs, over memory, SQLite or PostgreSQL.
//!
//! The store knows nothing of what it keeps: a row is a [`KeyPath`] and bytes. Every rule that spans rows is said
//! by the caller as [`Guard`]s of one [`Batch`], and holds because a batch commits whole, after the guards were
//! looked at, or not at all. What a row says is sealed by the [`Barrier`] before an engine sees it, so that who owns the
//! database can neither read rows nor forge, move or swap them; the cipher itself comes from outside, because
//! this room has no arrow to any key.
//!
//! ```text
//!   View / Store ── Barrier (seals each value under path, schema, sequence) ── Engine: memory | sqlite | postgres
//!        │                                                                        │
//!        └── Feed (ring of changed paths) ── Mirror (bounded caches)              └── Log (append, group sync)
//! ```
//!
//! What would surprise: a row's `version` is the sequence number of the commit that wrote it, so versions never repeat,
//! not even for a row that was deleted and written again.

mod barrier;
mod batch;
mod disk;
mod engine;
mod error;
mod feed;
mod log;
mod mirror;
mod path;
mod rows_file;
mod snapshot;
mod store;

pub use barrier::{Barrier, Cipher};
pub use batch::{Answer, Batch, Committed, Guard, Read, Row, Write};
pub use engine::Engine;
pub use error::StoreError;
pub use feed::{Changes, Feed};
pub use log::{Log, LogError, Position, Record};
pub use mirror::Mirror;
pub use path::{KeyPath, PathError};
pub use rows_file::{RowsFileError, RowsReader, RowsWriter};
pub use snapshot::{SealedRow, Snapshot};
pub use store::{Store, View};
