//! The proof that what a backup or a store holds opens: every row under the barrier, every token in the HSM, the journal's
//! chain and checkpoints.

use std::path::Path;

use sealroom_audit::{Reader, Verified};
use sealroom_foundation::ports::Purpose;
use sealroom_hsm::Hsm;
use sealroom_kms::Proof;
use sealroom_store::{Barrier, Engine, Log, RowsReader, SealedRow};

use super::{BackupError, Contents, PAGE, Progress, journal_folder, rows_file};

/// Rows that are looked at one after the other.
struct Rows<'a> {
    barrier: &'a Barrier,
    keys: Proof<'a>,
    rows: u64,
}

impl<'a> Rows<'a> {
    fn new(hsm: &'a Hsm, barrier: &'a Barrier) -> Self {
        Self { barrier, keys: Proof::new(hsm), rows: 0 }
    }

    fn page(&mut self, page: &[SealedRow]) -> Result<(), BackupError> {
        for row in page {
            let value = self.barrier.open_row(row)?;
            self.keys.row(&row.path, &value)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn contents(&self) -> Result<Contents, BackupError> {
        let keys = self.keys.proved()?;
        let (keys, tokens, tombstones) = (keys.keys, keys.tokens, keys.tombstones);
        Ok(Contents { rows: self.rows, keys, tokens, tombstones, ..Contents::default() })
    }
}

/// What the backup in `folder` holds, if all of it opens. Blocks between its awaits: not for a thread of the runtime.
pub(super) async fn backup(
    folder: &Path,
    hsm: &Hsm,
    barrier: &Barrier,
    expected: u64,
    progress: &Progress,
) -> Result<Contents, BackupError> {
    let mut reader = RowsReader::open(&rows_file(folder))?;
    let mut rows = Rows::new(hsm, barrier);
    loop {
        let page = reader.next_page(PAGE)?;
        if page.is_empty() {
            break;
        }
        rows.page(&page)?;
        progress.say("opening rows", rows.rows, Some(expected));
    }
    if rows.rows != expected {
        return Err(BackupError::Differs("the number of rows is another"));
    }
    let log = Log::in_folder(&journal_folder(folder), 1)?;
    with_journal(rows.contents()?, &Reader::of(log), hsm, progress).await
}

/// The same of a store that nobody writes to.
pub(super) async fn store(
    engine: &Engine,
    journal: &Reader,
    hsm: &Hsm,
    barrier: &Barrier,
    progress: &Progress,
) -> Result<Contents, BackupError> {
    let mut snapshot = engine.snapshot().await?;
    let mut rows = Rows::new(hsm, barrier);
    while let Some(page) = snapshot.next().await? {
        rows.page(&page)?;
        progress.say("opening restored rows", rows.rows, None);
    }
    with_journal(rows.contents()?, journal, hsm, progress).await
}

async fn with_journal(
    contents: Contents,
    journal: &Reader,
    hsm: &Hsm,
    progress: &Progress,
) -> Result<Contents, BackupError> {
    progress.say("verifying the journal", 0, None);
    let Verified { records, checkpoints, .. } = journal.verify(&hsm.public_keys(Purpose::JournalCheckpoint)).await?;
    Ok(Contents { records, checkpoints, ..contents })
}
