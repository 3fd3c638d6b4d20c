//! GetKeyLastUsage.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{GetKeyLastUsageInput, GetKeyLastUsageOutput, KeyLastUsageData};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::GET_KEY_LAST_USAGE;
use crate::report::Report;
use crate::stored::UsedRecord;

pub(crate) async fn get(
    kms: &Kms,
    call: &Call,
    input: &GetKeyLastUsageInput,
) -> Effect<GetKeyLastUsageOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GET_KEY_LAST_USAGE);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &GetKeyLastUsageInput,
    report: &mut Report<'_>,
) -> Result<GetKeyLastUsageOutput, KmsError> {
    let key = kms.resolve(call, &input.key_id, &GET_KEY_LAST_USAGE, report).await?;
    let record = &key.entry.record;
    let conditions = Conditions::new(call, Some(record), Asked::default());
    authorize::on_key(call, GET_KEY_LAST_USAGE.action, &key.entry, &conditions)?;
    let used = kms.last_use(&record.arn).await?;
    // A replica can be made again under the id of one that was destroyed: what came before its time was another's use.
    let used = used.filter(|used| used.time >= record.created);
    Ok(GetKeyLastUsageOutput {
        key_id: Some(record.arn.key.to_string()),
        // AWS: an empty object for a key that wasn't used.
        key_last_usage: Some(used.as_ref().map(shown).unwrap_or_default()),
        // AWS: from its roll-out on, or from the key's making; here there never was a time without.
        tracking_start_date: Some(record.created),
        key_creation_date: Some(record.created),
    })
}

fn shown(used: &UsedRecord) -> KeyLastUsageData {
    KeyLastUsageData {
        operation: names::outward(&used.operation),
        timestamp: Some(used.time),
        cloud_trail_event_id: Some(used.event.to_string()),
        kms_request_id: used.request.map(|request| request.to_string()),
    }
}
