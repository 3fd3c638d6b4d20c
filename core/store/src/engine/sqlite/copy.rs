//! Copies: all rows as of one moment for a backup, and such rows written back.
//!
//! A copy reads in one transaction on a connection of its own. As long as that lasts the write-ahead log can't be emptied, so
//! what is destroyed meanwhile waits ([`Copies`]) until the last copy has ended, and the writer is then told.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::engine::sqlite::database::{Database, broken, number};
use crate::engine::sqlite::reads::{Moment, sealed};
use crate::engine::sqlite::writer::Nudge;
use crate::error::StoreError;
use crate::path::KeyPath;
use crate::snapshot::{PAGE_BYTES, PAGE_ROWS, Pages, SealedRow, Snapshot};

/// How many copies are being made.
#[derive(Clone, Default)]
pub(super) struct Copies(Arc<AtomicUsize>);

impl Copies {
    pub(super) fn are_made(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

/// A copy under way. When it ends, the writer looks again at what it owes.
struct Copying {
    copies: Copies,
    nudge: Nudge,
}

impl Copying {
    fn begin(copies: &Copies, nudge: Nudge) -> Self {
        copies.0.fetch_add(1, Ordering::SeqCst);
        Self { copies: copies.clone(), nudge }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.copies.0.fetch_sub(1, Ordering::SeqCst);
        self.nudge.give();
    }
}

/// Begins a copy of `database`. `lock` is held until it ends.
pub(super) async fn snapshot(
    database: &Database,
    copies: &Copies,
    nudge: Nudge,
    lock: Arc<File>,
) -> Result<Snapshot, StoreError> {
    let (database, copying) = (database.clone(), Copying::begin(copies, nudge));
    let (begun, begins) = oneshot::channel();
    let work = move || {
        let _held = (lock, copying);
        copy(&database, begun);
    };
    drop(tokio::task::spawn_blocking(work));
    begins.await.unwrap_or_else(|_| Err(StoreError::gone("the copying thread failed")))
}

fn copy(database: &Database, begun: oneshot::Sender<Result<Snapshot, StoreError>>) {
    let connection = match database.reader() {
        Ok(connection) => connection,
        Err(error) => return drop(begun.send(Err(error))),
    };
    let begin = || {
        let moment = Moment::begin(&connection)?;
        let sequence = connection.query_row("SELECT sequence FROM meta WHERE id = 1", [], |row| row.get(0));
        let sequence: i64 = sequence.map_err(broken)?;
        let negative = |error| StoreError::unavailable("a number of ours is negative", error);
        Ok((moment, u64::try_from(sequence).map_err(negative)?))
    };
    let (moment, sequence) = match begin() {
        Ok(begun) => begun,
        Err(error) => return drop(begun.send(Err(error))),
    };
    let (snapshot, pages) = Snapshot::new(sequence);
    if begun.send(Ok(snapshot)).is_err() {
        return;
    }
    let end = send_pages(&connection, &pages).map(|()| None);
    drop(moment);
    // Whoever went away doesn't want to know.
    let _ = pages.blocking_send(end);
}

fn send_pages(connection: &Connection, pages: &Pages) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT version, value, path FROM rows ORDER BY path").map_err(broken)?;
    let mut found = statement.query([]).map_err(broken)?;
    let (mut page, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = found.next().map_err(broken)? {
        let nameless = || StoreError::gone("the path of a row is none");
        let path = row.get_ref(2).map_err(broken)?.as_blob().map_err(|_| nameless())?;
        let row = sealed(KeyPath::from_encoded(path).map_err(|_| nameless())?, row, 0)?;
        bytes = bytes.saturating_add(row.stored.len());
        page.push(row);
        if page.len() >= PAGE_ROWS || bytes >= PAGE_BYTES {
            bytes = 0;
            if pages.blocking_send(Ok(Some(std::mem::take(&mut page)))).is_err() {
                return Ok(());
            }
        }
    }
    if !page.is_empty() {
        // As above.
        let _ = pages.blocking_send(Ok(Some(page)));
    }
    Ok(())
}

/// Writes rows as they are, in one transaction. Blocks.
pub(super) fn load(database: &Database, rows: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
    let mut connection = database.writer()?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(broken)?;
    {
        let put = "INSERT INTO rows (path, version, value) VALUES (?1, ?2, ?3)
                   ON CONFLICT (path) DO UPDATE SET version = excluded.version, value = excluded.value";
        let mut statement = transaction.prepare(put).map_err(broken)?;
        for SealedRow { path, version, stored } in rows {
            statement.execute(params![path.as_bytes(), number(version)?, stored]).map_err(broken)?;
        }
    }
    let raise = "UPDATE meta SET sequence = max(sequence, ?1) WHERE id = 1";
    transaction.execute(raise, [number(sequence)?]).map_err(broken)?;
    // What happened before is no news to anybody: there is no cache of this store.
    transaction.execute("DELETE FROM changes", []).map_err(broken)?;
    transaction.commit().map_err(broken)
}
