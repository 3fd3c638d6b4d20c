//! EnableKeyRotation, DisableKeyRotation and GetKeyRotationStatus.
//!
//! Corrections, section 6: the origin is looked at before the state, the state before the spec. A key that never rotates
//! by itself may be told not to, and is asked whether it does without being refused.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    DisableKeyRotationInput, DisableKeyRotationOutput, EnableKeyRotationInput, EnableKeyRotationOutput,
    GetKeyRotationStatusInput, GetKeyRotationStatusOutput,
};
use sealroom_audit::Effect;
use sealroom_hsm::{Origin, Spec};
use sealroom_identity::Call;

use crate::authorize;
use crate::change::{self, Changed};
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{DISABLE_KEY_ROTATION, ENABLE_KEY_ROTATION, GET_KEY_ROTATION_STATUS, Operation};
use crate::record::{KeyManager, KeyRecord};
use crate::report::Report;
use crate::rotation::DEFAULT_PERIOD_DAYS;
use crate::state::KeyState;

pub(crate) async fn enable(
    kms: &Kms,
    call: &Call,
    input: &EnableKeyRotationInput,
) -> Effect<EnableKeyRotationOutput, ErrorAnswer> {
    let mut report = Report::new(call, &ENABLE_KEY_ROTATION);
    let outcome = run_enable(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |changed| &changed.record);
    let outcome = outcome.map(|changed| (EnableKeyRotationOutput {}, changed.batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_enable(
    kms: &Kms,
    call: &Call,
    input: &EnableKeyRotationInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let period_days = input.rotation_period_in_days.and_then(|days| u16::try_from(days).ok());
    // Corrections, section 9: a decision sees the default even where the key has another period already.
    let rotation_period_days = Some(period_days.unwrap_or(DEFAULT_PERIOD_DAYS));
    let asked = Asked { rotation_period_days, ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &ENABLE_KEY_ROTATION, asked, report).await?;
    let record = &key.entry.record;
    may_change(record, &ENABLE_KEY_ROTATION)?;
    if record.spec != Spec::SymmetricDefault {
        return Err(KmsError::NotRotated);
    }
    let mut changed = record.clone();
    changed.rotation = record.rotation.enabled(period_days, call.now());
    kms.spread(&key, unless_same(&key, changed), call.now(), report).await
}

pub(crate) async fn disable(
    kms: &Kms,
    call: &Call,
    input: &DisableKeyRotationInput,
) -> Effect<DisableKeyRotationOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DISABLE_KEY_ROTATION);
    let outcome = run_disable(kms, call, input, &mut report).await;
    let outcome = outcome.map(|changed| (DisableKeyRotationOutput {}, changed.batch));
    report.close_change(outcome, || input.audit_parameters(), DisableKeyRotationOutput::audit_elements)
}

async fn run_disable(
    kms: &Kms,
    call: &Call,
    input: &DisableKeyRotationInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let key = kms.permitted(call, &input.key_id, &DISABLE_KEY_ROTATION, Asked::default(), report).await?;
    let record = &key.entry.record;
    may_change(record, &DISABLE_KEY_ROTATION)?;
    let mut changed = record.clone();
    changed.rotation = record.rotation.disabled();
    kms.spread(&key, unless_same(&key, changed), call.now(), report).await
}

/// Whether the rotation of such a key, in its state, is its owner's to change.
fn may_change(record: &KeyRecord, operation: &'static Operation) -> Result<(), KmsError> {
    let arn = || record.arn_text().into();
    if record.origin != Origin::AwsKms {
        return Err(KmsError::Origin { arn: arn(), origin: record.origin });
    }
    if record.is_replica() {
        return Err(KmsError::Replica { arn: arn(), operation: operation.name });
    }
    record.state.usable().map_err(|state| KmsError::State { arn: arn(), state })
}

fn unless_same(key: &crate::entry::Loaded, changed: KeyRecord) -> Changed {
    if changed.rotation == key.entry.record.rotation {
        return Changed { record: changed, batch: None };
    }
    change::to(key, changed)
}

pub(crate) async fn status(
    kms: &Kms,
    call: &Call,
    input: &GetKeyRotationStatusInput,
) -> Effect<GetKeyRotationStatusOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GET_KEY_ROTATION_STATUS);
    let outcome = run_status(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run_status(
    kms: &Kms,
    call: &Call,
    input: &GetKeyRotationStatusInput,
    report: &mut Report<'_>,
) -> Result<GetKeyRotationStatusOutput, KmsError> {
    let key = kms.resolve(call, &input.key_id, &GET_KEY_ROTATION_STATUS, report).await?;
    let record = &key.entry.record;
    let conditions = Conditions::new(call, Some(record), Asked::default());
    authorize::on_key(call, GET_KEY_ROTATION_STATUS.action, &key.entry, &conditions)?;
    // Corrections, section 6: an AWS managed key shows nothing of its rotation, nor does a key that is to be deleted.
    let shows = record.manager == KeyManager::Customer && !is_going(record.state);
    let automatic = record.rotation.automatic.filter(|_| shows);
    Ok(GetKeyRotationStatusOutput {
        key_rotation_enabled: Some(automatic.is_some()),
        key_id: Some(record.arn_text().to_owned()),
        rotation_period_in_days: automatic.map(|automatic| automatic.period_days.into()),
        next_rotation_date: automatic.map(|automatic| automatic.next),
        on_demand_rotation_start_date: record.rotation.running.map(|running| running.started),
    })
}

fn is_going(state: KeyState) -> bool {
    match state {
        KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion { .. } => true,
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => false,
    }
}
