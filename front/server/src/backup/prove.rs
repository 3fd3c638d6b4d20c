//! The proof that what a backup or a store holds opens: every row under the barrier, every token and every secret of an access
//! key in the HSM, the journal's chain and checkpoints.

use std::path::Path;

use sealroom_audit::{Reader, Verified};
use sealroom_foundation::ports::Purpose;
use sealroom_hsm::Hsm;
use sealroom_identity::{SealedSecret, sealed_secret};
use sealroom_kms::{Proof, Proved};
use sealroom_store::{Barrier, Engine, Log, RowsReader, SealedRow};

use super::{BackupError, Contents, PAGE, Progress, journal_folder, rows_file, successors};

/// Rows that are looked at one after the other.
struct Rows<'a> {
    barrier: &'a Barrier,
    keys: Proof<'a>,
    hsm: &'a Hsm,
    rows: u64,
    secrets: u64,
    older_secrets: u64,
}

impl<'a> Rows<'a> {
    fn new(hsm: &'a Hsm, barrier: &'a Barrier) -> Self {
        Self { barrier, keys: Proof::new(hsm), hsm, rows: 0, secrets: 0, older_secrets: 0 }
    }

    fn page(&mut self, page: &[SealedRow]) -> Result<(), BackupError> {
        for row in page {
            let value = self.barrier.open_row(row)?;
            self.keys.row(&row.path, &value)?;
            if let Some(secret) = sealed_secret(self.hsm, &row.path, &value)? {
                self.secrets += 1;
                self.older_secrets += u64::from(secret == SealedSecret::Older);
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn contents(&self) -> Result<Contents, BackupError> {
        let Proved { keys, tokens, older_tokens, tombstones, .. } = self.keys.proved()?;
        let (rows, secrets, older) = (self.rows, self.secrets, older_tokens + self.older_secrets);
        Ok(Contents { rows, keys, tokens, secrets, older, tombstones, ..Contents::default() })
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
    let contents = rows_of(engine, hsm, barrier, |rows| progress.say("opening restored rows", rows, None)).await?;
    with_journal(contents, journal, hsm, progress).await
}

/// What the rows of a store hold as of one commit, if all of them open. Says nothing of the journal.
pub(super) async fn rows_of(
    engine: &Engine,
    hsm: &Hsm,
    barrier: &Barrier,
    mut seen: impl FnMut(u64),
) -> Result<Contents, BackupError> {
    let mut snapshot = engine.snapshot().await?;
    let mut rows = Rows::new(hsm, barrier);
    while let Some(page) = snapshot.next().await? {
        rows.page(&page)?;
        seen(rows.rows);
    }
    rows.contents()
}

async fn with_journal(
    contents: Contents,
    journal: &Reader,
    hsm: &Hsm,
    progress: &Progress,
) -> Result<Contents, BackupError> {
    progress.say("verifying the journal", 0, None);
    // A checkpoint may have been signed by a domain key that was made while the backup was being taken.
    let known = hsm.public_keys(Purpose::JournalCheckpoint);
    let Verified { records, checkpoints, .. } = successors::verify(journal, known).await?;
    Ok(Contents { records, checkpoints, ..contents })
}
