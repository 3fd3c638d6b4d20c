//! What falls due: read, step, and an effect whose batch is guarded by the due row, so that of two nodes one wins.
//!
//! Rows stand in order of time, so time that was missed is caught up in order. Nothing here waits: the server's timer
//! asks, and so does the dev clock.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event, EventContext, Resource};
use sealroom_foundation::{MaterialId, Timestamp};
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

/// What of a key's rows one batch takes.
struct Remains {
    batch: Batch,
    /// The first piece of material among them.
    first: Option<MaterialId>,
    /// The digests of their tokens.
    tokens: Vec<[u8; 32]>,
}

impl Remains {
    fn new(guarded: &Batch) -> Self {
        Self { batch: guarded.clone(), first: None, tokens: Vec::new() }
    }

    /// The batch with a tombstone of what it takes. It bears the name of the first piece, which no other batch takes, and
    /// never takes the place of one that is there.
    fn told(self, record: &KeyRecord, now: Timestamp) -> Batch {
        let Self { batch, first, tokens } = self;
        let Some(first) = first else { return batch };
        let path = paths::tombstone_of_pieces(&record.arn, &first);
        let tombstone = Tombstone { key: record.arn.key, tokens, destroyed: now };
        batch.guard(Guard::Absent(path.clone())).put(path, tombstone.to_bytes())
    }
}

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
            DueKind::ExpireMaterial => self.expire(due, row, now).await,
            DueKind::SettleKey => self.settle(due, row, now).await,
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
        // Somebody else changed or destroys it; what is left to do is still due.
        let Some(batch) = self.destruction(&key, Some(still_due), now).await? else { return Ok(None) };
        let batch = batch.delete(row.path.clone());
        let context = EventContext::internal(due.key.account, due.key.region, now);
        let event = Event::service(&context, SOURCE, bury::DELETE_KEY).resource(Resource::Key(due.key)).frees();
        Ok(Some(Effect::change((), batch, event)))
    }

    /// Everything of the key goes, in one batch: its row, its other material, its history, its aliases. A tombstone stays,
    /// so that no restore brings the key back. Its grants follow. Material that related keys are made of stays, and goes with
    /// the last of them. `None` when the key changed meanwhile.
    pub(crate) async fn destruction(
        &self,
        key: &Loaded,
        guard: Option<Guard>,
        now: Timestamp,
    ) -> Result<Option<Batch>, KmsError> {
        let record = &key.entry.record;
        let path = paths::key(&record.arn);
        let mut guarded = Batch { destroys: true, ..Batch::default() };
        guarded.guards.push(Guard::Version(path.clone(), key.entry.version));
        guarded.guards.extend(guard);
        let Some(rest) = self.remains(record, &guarded, now).await? else { return Ok(None) };
        let Remains { mut batch, mut tokens, .. } = rest;
        if !record.leaves_material() {
            tokens.extend(record.material.iter().filter_map(Material::token_digest));
        }
        for other in change::dues(record) {
            batch = batch.delete(paths::due(&other));
        }
        batch.append(self.bereaved(record, now).await?);
        self.forget(&tokens)?;
        batch = self.named(&record.arn).await?.without_any(batch.delete(paths::used(&record.arn)));
        batch.append(sweep::after(&key.entry, now));
        let tombstone = Tombstone { key: record.arn.key, tokens, destroyed: now };
        Ok(Some(batch.delete(path).put(paths::tombstone(&record.arn), tombstone.to_bytes())))
    }

    /// `guarded` with what lies below the key's material and history deleted. More than one batch takes goes ahead of the
    /// key, each time with a tombstone of its own, so that whoever is killed between two has told of what is gone. `None`
    /// when the key changed meanwhile, or somebody else was quicker.
    async fn remains(&self, record: &KeyRecord, guarded: &Batch, now: Timestamp) -> Result<Option<Remains>, KmsError> {
        let mut rest = Remains::new(guarded);
        if record.leaves_material() {
            return Ok(Some(rest));
        }
        // The material first: as soon as anything is gone a tombstone says so.
        let last = !record.is_replica() && !record.has_replicas();
        let history = last.then(|| paths::rotations(&record.home()));
        for prefix in std::iter::once(paths::materials(&record.pieces_home())).chain(history) {
            loop {
                let written = u32::try_from(rest.batch.writes.len()).unwrap_or(PIECES);
                let (rows, more) = match PIECES.saturating_sub(written) {
                    0 => (Vec::new(), true),
                    room => self.rows(prefix.clone(), None, room).await?,
                };
                for row in rows {
                    if let Some(piece) = paths::material_of(&row.path) {
                        rest.first.get_or_insert(piece.id);
                        rest.tokens.extend(entry::piece(&row, record)?.token_digest());
                    }
                    rest.batch = rest.batch.delete(row.path);
                }
                if !more {
                    break;
                }
                let ahead = std::mem::replace(&mut rest, Remains::new(guarded));
                self.forget(&ahead.tokens)?;
                if self.view.commit(ahead.told(record, now)).await? == Committed::Conflict {
                    return Ok(None);
                }
            }
        }
        Ok(Some(rest))
    }

    /// What the HSM keeps ready goes now; the key's state already keeps it from coming back.
    pub(crate) fn forget(&self, tokens: &[[u8; 32]]) -> Result<(), KmsError> {
        for token in tokens {
            self.door.hsm().execute(Command::Forget { token: *token })?;
        }
        Ok(())
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
