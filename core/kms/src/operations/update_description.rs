//! UpdateKeyDescription.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{UpdateKeyDescriptionInput, UpdateKeyDescriptionOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::change;
use crate::conditions::Asked;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::UPDATE_KEY_DESCRIPTION;
use crate::record::KeyDocument;
use crate::report::Report;

pub(crate) async fn update(
    kms: &Kms,
    call: &Call,
    input: &UpdateKeyDescriptionInput,
) -> Effect<UpdateKeyDescriptionOutput, ErrorAnswer> {
    let mut report = Report::new(call, &UPDATE_KEY_DESCRIPTION);
    let outcome = run(kms, call, input, &mut report).await;
    let outcome = outcome.map(|batch| (UpdateKeyDescriptionOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), UpdateKeyDescriptionOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &UpdateKeyDescriptionInput,
    report: &mut Report<'_>,
) -> Result<Batch, KmsError> {
    let key = kms.permitted(call, &input.key_id, &UPDATE_KEY_DESCRIPTION, Asked::default(), report).await?;
    change::unless_pending_deletion(&key.entry.record)?;
    let document = key.document(key.entry.record.clone());
    Ok(change::rewrite(&key, &KeyDocument { description: input.description.as_str().into(), ..document }))
}
