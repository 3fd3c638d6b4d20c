//! What the operations that change a key share: the permitted key, one step of its lifecycle, one guarded batch.
//!
//! What falls due of a key follows from its record alone, so that its due rows stand and fall with it: all are in the same
//! batch.

use sealroom_foundation::Timestamp;
use sealroom_identity::Call;
use sealroom_store::{Batch, Guard};

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::lifecycle::{self, Event, Next};
use crate::operation::Operation;
use crate::paths::{self, Due, DueKind};
use crate::record::{KeyDocument, KeyRecord};
use crate::report::Report;
use crate::state::KeyState;

/// What a step made of a key.
#[derive(Debug)]
pub(crate) struct Changed {
    /// The key as it is from now on.
    pub(crate) record: KeyRecord,
    /// What has to be written; `None` when the key was already so.
    pub(crate) batch: Option<Batch>,
}

impl Kms {
    /// The key that a change is about, as the store has it now, if the caller may make the change.
    pub(crate) async fn permitted(
        &self,
        call: &Call,
        key_id: &str,
        operation: &'static Operation,
        asked: Asked<'_>,
        report: &mut Report<'_>,
    ) -> Result<Loaded, KmsError> {
        let (key, _) = self.resolve_fresh(call, key_id, operation, report).await?;
        let conditions = Conditions::new(call, Some(&key.entry.record), asked);
        authorize::on_key(call, operation.action, &key.entry, &conditions)?;
        Ok(key)
    }
}

/// One step of the key's lifecycle, with the batch that makes it so.
pub(crate) fn step(key: &Loaded, event: Event, now: Timestamp) -> Result<Changed, KmsError> {
    let record = &key.entry.record;
    let next = lifecycle::step(record, event, now)
        .map_err(|state| KmsError::State { arn: record.arn_text().into(), state })?;
    match next {
        Next::Stay => Ok(Changed { record: record.clone(), batch: None }),
        Next::Become(state) => {
            let mut changed = record.in_state(state);
            if changed.state.usable().is_ok() && !changed.is_replica() {
                changed.rotation = changed.rotation.resumed(now);
            }
            let batch = written(key, &changed);
            Ok(Changed { record: changed, batch: Some(batch) })
        }
        Next::Destroy => Err(KmsError::Fault("only what falls due destroys a key")),
    }
}

/// Whether what describes the key may be changed.
pub(crate) fn unless_pending_deletion(record: &KeyRecord) -> Result<(), KmsError> {
    match record.state {
        KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion { .. } => {
            let state = record.state.usable();
            state.map_err(|state| KmsError::State { arn: record.arn_text().into(), state })
        }
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => Ok(()),
    }
}

/// An empty batch that holds only while the key is as it was read.
pub(crate) fn if_unchanged(key: &Loaded) -> Batch {
    Batch::default().guard(Guard::Version(paths::key(&key.entry.record.arn), key.entry.version))
}

/// The batch that writes a key's document anew, if it is still as it was read.
pub(crate) fn rewrite(key: &Loaded, document: &KeyDocument) -> Batch {
    let path = paths::key(&key.entry.record.arn);
    Batch::default().guard(Guard::Version(path.clone(), key.entry.version)).put(path, document.to_bytes())
}

/// The batch that makes `changed` of a key, with the due rows that belong to it.
pub(crate) fn written(key: &Loaded, changed: &KeyRecord) -> Batch {
    let batch = rewrite(key, &key.document(changed.clone()));
    // The last write of a path wins: a row that stays is put back.
    let batch = dues(&key.entry.record).fold(batch, |batch, due| batch.delete(paths::due(&due)));
    due_rows(batch, changed)
}

/// Adds the due rows that belong to a key to the batch that writes it.
pub(crate) fn due_rows(batch: Batch, record: &KeyRecord) -> Batch {
    dues(record).fold(batch, |batch, due| batch.put(paths::due(&due), Vec::from(b"{\"v\":1}")))
}

/// The due rows that belong to what a key is. Whatever changes the key changes them in the same batch.
pub(crate) fn dues(record: &KeyRecord) -> impl Iterator<Item = Due> + use<> {
    let step = match record.state {
        KeyState::PendingDeletion { due } => Some((due, DueKind::DeleteKey)),
        KeyState::Creating { due } | KeyState::Updating { due } => Some((due, DueKind::SettleKey)),
        KeyState::PendingReplicaDeletion { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. } => None,
    };
    // AWS: a key that can't be used doesn't rotate by itself, but what was begun on demand ends.
    // A replica knows of its primary's rotation and has no part in it.
    let rotates = !record.is_replica();
    let automatic = record.rotation.automatic.filter(|_| rotates && record.state.usable().is_ok());
    let automatic = automatic.map(|automatic| (automatic.next, DueKind::RotateKey));
    let on_demand = record.rotation.running.filter(|_| rotates).map(|running| (running.due, DueKind::RotateOnDemand));
    let expiry = record.imports.next_expiry.map(|expiry| (expiry, DueKind::ExpireMaterial));
    let key = record.arn;
    [step, automatic, on_demand, expiry].into_iter().flatten().map(move |(at, kind)| Due { at, kind, key })
}

/// A change that is no step of the lifecycle: `changed` is what the key is from now on.
pub(crate) fn to(key: &Loaded, changed: KeyRecord) -> Changed {
    let batch = written(key, &changed);
    Changed { record: changed, batch: Some(batch) }
}

/// `responseElements` of changes that answer nothing: AWS records the key's ARN.
pub(crate) fn key_id_element<T>(outcome: &Result<T, KmsError>, key: impl Fn(&T) -> &KeyRecord) -> Vec<u8> {
    let arn = outcome.as_ref().map(|changed| key(changed).arn_text()).unwrap_or_default();
    format!(r#"{{"keyId":"{arn}"}}"#).into_bytes()
}
