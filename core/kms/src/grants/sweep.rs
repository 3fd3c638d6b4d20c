//! What is left of a destroyed key's grants goes after it, in batches: there may be 50,000, more than one batch takes.
//!
//! The key's tombstone keeps its id from coming back, so nothing reaches these rows in between but a list of what somebody
//! may retire. Only a replica may come back under its old ARN, and not before these rows are gone.

use sealroom_foundation::{KeyArn, Timestamp};
use sealroom_store::{Batch, Committed, Guard, Row};

use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::grants::{paths, written};
use crate::kms::Kms;
use crate::paths as rows;
use crate::paths::{Due, DueKind};

/// LIMIT: grants that go in one batch: each has four rows at most.
const PAGE: u32 = 1_000;

/// What the destruction of `key` at `now` adds to its batch, so that its grants follow.
pub(crate) fn after(key: &KeyEntry, now: Timestamp) -> Batch {
    if key.granted.is_none() {
        return Batch::default();
    }
    let arn = key.record.arn;
    let due = Due { at: now, kind: DueKind::DeleteGrants, key: arn };
    Batch::default().delete(paths::granted(&arn)).put(rows::due(&due), Vec::from(b"{\"v\":1}"))
}

impl Kms {
    /// Takes away what is left of the grants on `key`, then the row that asked for it. Who is stopped goes on next time.
    pub(crate) async fn sweep_grants(&self, key: &KeyArn, due: &Row) -> Result<(), KmsError> {
        let gone = Guard::Absent(rows::key(key));
        if self.row(rows::key(key)).await?.is_some() {
            // A new replica, which wasn't made before the grants of the old one were gone. What it has is its own.
            let batch = Batch::default().guard(Guard::Version(due.path.clone(), due.version)).delete(due.path.clone());
            return self.view.commit(batch).await.map(drop).map_err(KmsError::from);
        }
        loop {
            let (grants, more) = self.rows(paths::grants(key), None, PAGE).await?;
            let mut batch = Batch::default().guard(Guard::Version(due.path.clone(), due.version)).guard(gone.clone());
            for row in &grants {
                // A row that can't be read goes alone: its copies are reached by nothing.
                batch = match written::read(row) {
                    Ok(grant) => written::paths_of(&grant).fold(batch, Batch::delete),
                    Err(_) => batch.delete(row.path.clone()),
                };
            }
            if !more {
                batch = batch.delete(due.path.clone());
            }
            // Somebody else is at it.
            if self.view.commit(batch).await? == Committed::Conflict || !more {
                return Ok(());
            }
        }
    }
}
