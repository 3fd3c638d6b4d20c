//! ScheduleKeyDeletion and CancelKeyDeletion. What happens when the time has come is `due`.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    CancelKeyDeletionInput, CancelKeyDeletionOutput, ScheduleKeyDeletionInput, ScheduleKeyDeletionOutput,
};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::{Batch, Guard};

use crate::change;
use crate::conditions::Asked;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::lifecycle::Event;
use crate::names;
use crate::operation::{CANCEL_KEY_DELETION, SCHEDULE_KEY_DELETION};
use crate::paths;
use crate::report::Report;
use crate::state::KeyState;

/// LIMIT: days between the call and the destruction.
const WINDOW_DAYS: std::ops::RangeInclusive<u16> = 7..=30;
const DEFAULT_WINDOW_DAYS: u16 = 30;

pub(crate) async fn schedule(
    kms: &Kms,
    call: &Call,
    input: &ScheduleKeyDeletionInput,
) -> Effect<ScheduleKeyDeletionOutput, ErrorAnswer> {
    let mut report = Report::new(call, &SCHEDULE_KEY_DELETION);
    let outcome = run_schedule(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), ScheduleKeyDeletionOutput::audit_elements)
}

async fn run_schedule(
    kms: &Kms,
    call: &Call,
    input: &ScheduleKeyDeletionInput,
    report: &mut Report<'_>,
) -> Result<(ScheduleKeyDeletionOutput, Option<Batch>), KmsError> {
    let window_days = match input.pending_window_in_days {
        None => DEFAULT_WINDOW_DAYS,
        Some(days) => u16::try_from(days).unwrap_or_default(),
    };
    let asked = Asked { window_days: Some(window_days), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &SCHEDULE_KEY_DELETION, asked, report).await?;
    if !WINDOW_DAYS.contains(&window_days) {
        return Err(KmsError::WindowRange);
    }
    let changed = change::step(&key, Event::ScheduleDeletion { window_days }, call.now())?;
    let state = changed.record.state;
    let output = ScheduleKeyDeletionOutput {
        key_id: Some(changed.record.arn_text().to_owned()),
        deletion_date: match state {
            KeyState::PendingDeletion { due } => Some(due),
            _ => None,
        },
        key_state: names::outward(state.as_str()),
        pending_window_in_days: Some(window_days.into()),
    };
    Ok((output, changed.batch))
}

pub(crate) async fn cancel(
    kms: &Kms,
    call: &Call,
    input: &CancelKeyDeletionInput,
) -> Effect<CancelKeyDeletionOutput, ErrorAnswer> {
    let mut report = Report::new(call, &CANCEL_KEY_DELETION);
    let outcome = run_cancel(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), CancelKeyDeletionOutput::audit_elements)
}

async fn run_cancel(
    kms: &Kms,
    call: &Call,
    input: &CancelKeyDeletionInput,
    report: &mut Report<'_>,
) -> Result<(CancelKeyDeletionOutput, Option<Batch>), KmsError> {
    let key = kms.permitted(call, &input.key_id, &CANCEL_KEY_DELETION, Asked::default(), report).await?;
    let changed = change::step(&key, Event::CancelDeletion, call.now())?;
    let arn = &changed.record.arn;
    // A key whose first pieces are destroyed already isn't there any more, though its row still is.
    let tombstones = paths::tombstone(arn);
    if !kms.rows(tombstones.clone(), None, 1).await?.0.is_empty() {
        return Err(KmsError::NoSuchKey(*arn));
    }
    let output = CancelKeyDeletionOutput { key_id: Some(changed.record.arn_text().to_owned()) };
    Ok((output, changed.batch.map(|batch| batch.guard(Guard::Empty(tombstones)))))
}
