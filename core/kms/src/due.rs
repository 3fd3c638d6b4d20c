//! What falls due: read, step, and an effect whose batch is guarded by the due row, so that of two nodes one wins.
//!
//! Rows stand in order of time, so time that was missed is caught up in order. Nothing here waits: the server's timer
//! asks, and so does the dev clock.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event, EventContext, Resource};
use sealroom_foundation::Timestamp;
use sealroom_hsm::Command;
use sealroom_store::{Answer, Batch, Committed, Guard, KeyPath, Read, Row};

use crate::bury;
use crate::change;
use crate::entry::{self, Loaded};
use crate::error::KmsError;
use crate::grants::sweep;
use crate::kms::Kms;
use crate::lifecycle::{self, Event as LifecycleEvent, Next};
use crate::paths::{self, Due, DueKind};
use crate::record::{KeyRecord, Material, RotationKind};
use crate::report::SOURCE;
use crate::stored::Tombstone;

/// LIMIT: jobs handed out at once.
const JOBS: u32 = 100;
/// LIMIT: rows of material and history that go in one batch with their key; with its aliases that is what a batch may
/// write.
const PIECES: u32 = 4_000;

impl Kms {
    /// The jobs that are due at `now` by the service clock, earliest first, at most 100. Each is done when its effect is
    /// released; a conflict means that somebody else was first. Ask again until there are none.
    ///
    /// # Errors
    /// When the store doesn't answer. A job whose key's rows are damaged is left out, and the log says so.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<Effect<(), ErrorAnswer>>, ErrorAnswer> {
        self.due_jobs(now).await.map_err(|error| error.answer())
    }

    async fn due_jobs(&self, now: Timestamp) -> Result<Vec<Effect<(), ErrorAnswer>>, KmsError> {
        let mut jobs = Vec::new();
        for row in self.rows(paths::dues(), None, JOBS).await?.0 {
            let Some(due) = paths::due_of(&row.path) else { continue };
            if due.at > now {
                break;
            }
            match self.job(&due, &row, now).await {
                Ok(job) => jobs.extend(job),
                // One damaged row must not keep all other keys from their destruction.
                Err(KmsError::Fault(fault)) => tracing::error!(path = %row.path, fault, "what is due can't be done"),
                Err(error) => return Err(error),
            }
        }
        Ok(jobs)
    }

    async fn job(&self, due: &Due, row: &Row, now: Timestamp) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        match due.kind {
            DueKind::DeleteKey => self.delete_key(due, row, now).await,
            DueKind::DeleteGrants => self.sweep_grants(&due.key, row).await.map(|()| None),
            DueKind::RotateKey => self.rotate(due, RotationKind::Automatic, row, now).await,
            DueKind::RotateOnDemand => self.rotate(due, RotationKind::OnDemand, row, now).await,
            DueKind::ExpireMaterial => self.drop_stale(row).await,
        }
    }

    async fn delete_key(
        &self,
        due: &Due,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        let Some(key) = self.load(&due.key).await? else { return self.drop_stale(row).await };
        match lifecycle::step(&key.entry.record, LifecycleEvent::DeletionDue, now) {
            Ok(Next::Destroy) => {}
            Ok(Next::Stay | Next::Become(_)) | Err(_) => return self.drop_stale(row).await,
        }
        let still_due = Guard::Version(row.path.clone(), row.version);
        let batch = self.destruction(&key, Some(still_due), now).await?.delete(row.path.clone());
        let context = EventContext::internal(due.key.account, due.key.region, now);
        let event = Event::service(&context, SOURCE, bury::DELETE_KEY).resource(Resource::Key(due.key)).frees();
        Ok(Some(Effect::change((), batch, event)))
    }

    /// Everything of the key goes, in one batch: its row, its other material, its history, its aliases. A tombstone stays,
    /// so that no restore brings the key back. Its grants follow.
    pub(crate) async fn destruction(
        &self,
        key: &Loaded,
        guard: Option<Guard>,
        now: Timestamp,
    ) -> Result<Batch, KmsError> {
        let record = &key.entry.record;
        let path = paths::key(&record.arn);
        let mut guarded = Batch { destroys: true, ..Batch::default() };
        guarded.guards.push(Guard::Version(path.clone(), key.entry.version));
        guarded.guards.extend(guard);
        let Some((mut batch, tokens)) = self.remains(record, &guarded).await? else { return Ok(guarded) };
        for other in change::dues(record) {
            batch = batch.delete(paths::due(&other));
        }
        for token in &tokens {
            // What the HSM keeps ready goes now; the key's state already keeps it from coming back.
            self.door.hsm().execute(Command::Forget { token: *token })?;
        }
        batch = self.named(&record.arn).await?.without_any(batch);
        batch.append(sweep::after(&key.entry, now));
        let tombstone = Tombstone { key: record.arn.key, tokens, destroyed: now };
        Ok(batch.delete(path).put(paths::tombstone(&record.arn), tombstone.to_bytes()))
    }

    /// `guarded` with what lies below the key's history and material deleted, and the digests of all of its tokens. More
    /// than one batch takes goes ahead of the key; `None` when its deletion was cancelled meanwhile.
    async fn remains(&self, record: &KeyRecord, guarded: &Batch) -> Result<Option<(Batch, Vec<[u8; 32]>)>, KmsError> {
        let mut tokens: Vec<[u8; 32]> = record.material.iter().filter_map(Material::token_digest).collect();
        let mut batch = guarded.clone();
        for prefix in [paths::rotations(&record.arn), paths::materials(&record.arn)] {
            loop {
                let written = u32::try_from(batch.writes.len()).unwrap_or(PIECES);
                let (rows, more) = match PIECES.saturating_sub(written) {
                    0 => (Vec::new(), true),
                    room => self.rows(prefix.clone(), None, room).await?,
                };
                for row in rows {
                    if paths::material_of(&row.path).is_some() {
                        tokens.extend(entry::piece(&row, record)?.token_digest());
                    }
                    batch = batch.delete(row.path);
                }
                if !more {
                    break;
                }
                if self.view.commit(std::mem::replace(&mut batch, guarded.clone())).await? == Committed::Conflict {
                    return Ok(None);
                }
            }
        }
        Ok(Some((batch, tokens)))
    }

    /// A due row that no longer fits its key: a bug's trace. It is taken away, and destroys nothing.
    pub(crate) async fn drop_stale(&self, row: &Row) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        tracing::error!(path = %row.path, "a due row fits no key");
        let batch = Batch::default().guard(Guard::Version(row.path.clone(), row.version)).delete(row.path.clone());
        self.view.commit(batch).await?;
        Ok(None)
    }

    pub(crate) async fn rows(
        &self,
        prefix: KeyPath,
        after: Option<KeyPath>,
        limit: u32,
    ) -> Result<(Vec<Row>, bool), KmsError> {
        match self.view.read(&[Read::Range { prefix, after, limit }]).await?.into_iter().next() {
            Some(Answer::Rows { rows, more }) => Ok((rows, more)),
            Some(Answer::Row(_)) | None => Err(KmsError::Fault("the store gave another answer than the question's")),
        }
    }
}
