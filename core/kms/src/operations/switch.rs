//! EnableKey and DisableKey.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DisableKeyInput, DisableKeyOutput, EnableKeyInput, EnableKeyOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::change::{self, Changed};
use crate::conditions::Asked;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::lifecycle::Event;
use crate::operation::{DISABLE_KEY, ENABLE_KEY, Operation};
use crate::report::Report;

pub(crate) async fn enable(kms: &Kms, call: &Call, input: &EnableKeyInput) -> Effect<EnableKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &ENABLE_KEY);
    let outcome = run(kms, call, &input.key_id, &ENABLE_KEY, Event::Enable, &mut report).await;
    let elements = change::key_id_element(&outcome, |changed| &changed.record);
    let outcome = outcome.map(|changed| (EnableKeyOutput {}, changed.batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

pub(crate) async fn disable(kms: &Kms, call: &Call, input: &DisableKeyInput) -> Effect<DisableKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DISABLE_KEY);
    let outcome = run(kms, call, &input.key_id, &DISABLE_KEY, Event::Disable, &mut report).await;
    let elements = change::key_id_element(&outcome, |changed| &changed.record);
    let outcome = outcome.map(|changed| (DisableKeyOutput {}, changed.batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    key_id: &str,
    operation: &'static Operation,
    event: Event,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let key = kms.permitted(call, key_id, operation, Asked::default(), report).await?;
    let changed = change::step(&key, event, call.now())?;
    // A primary that can be used again may have a rotation to catch up with, of which its replicas know.
    kms.spread(&key, changed, call.now(), report).await
}
