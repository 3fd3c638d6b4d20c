//! The outbox: events that were committed with their change and still have to be appended, or to be synced.
//!
//! ```text
//! audit/outbox/<id of the frame, 16 bytes>  ->  entry (see `frame`)
//!
//! a change's batch + row ── commit ──> row stands ── append ──> frame in a lane ── sync ──> row deleted
//!                                        │ cut off, or the append failed
//!                                        └──> found by `tend` or at the next start, appended then
//! ```
//!
//! A row is an event that must be in the journal exactly once. Calls that are still on their way between commit and append
//! stand in [`Flights`], so that nobody else appends theirs.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealroom_foundation::EventId;
use sealroom_store::{Answer, KeyPath, Read, Row, Store, StoreError};

use super::disk;
use super::frame::Entry;

/// Rows read at once. LIMIT: entries are at most 2 MiB.
const PAGE: u32 = 256;

/// The row of an entry.
pub(crate) fn path(id: EventId) -> KeyPath {
    prefix().bytes(id.as_bytes())
}

fn prefix() -> KeyPath {
    disk::prefix().text("outbox")
}

/// A row that is no entry of a format that this program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) KeyPath);

/// A page of the outbox behind `after`, and where the next begins.
pub(crate) async fn page(
    store: &Store,
    after: Option<KeyPath>,
) -> Result<(Vec<Result<Entry, Unreadable>>, Option<KeyPath>), StoreError> {
    let answers = store.read(&[Read::Range { prefix: prefix(), after, limit: PAGE }]).await?;
    let Some(Answer::Rows { rows, more }) = answers.into_iter().next() else { return Ok((Vec::new(), None)) };
    let next = rows.last().filter(|_| more).map(|row| row.path.clone());
    Ok((rows.into_iter().map(entry).collect(), next))
}

fn entry(row: Row) -> Result<Entry, Unreadable> {
    let id: Option<[u8; 16]> = row.path.segment(2).and_then(|bytes| bytes.try_into().ok());
    let entry = id.and_then(|id| Entry::from_row(EventId::from_random(id), &row.value));
    entry.ok_or(Unreadable(row.path))
}

/// The calls between commit and append.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashSet<EventId>>);

/// A call between commit and append. When it is dropped, whatever row it left is anybody's to append.
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    id: EventId,
}

impl Flights {
    pub(crate) fn begin(&self, id: EventId) -> Flight<'_> {
        self.ids().insert(id);
        Flight { flights: self, id }
    }

    pub(crate) fn under_way(&self) -> HashSet<EventId> {
        self.ids().clone()
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<EventId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.ids().remove(&self.id);
    }
}
