//! RotateKeyOnDemand: begins a rotation, which ends when it falls due.
//!
//! Corrections, section 9: the state is looked at before anything else of the key. Who asks again while a rotation runs is
//! told of the same one.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{RotateKeyOnDemandInput, RotateKeyOnDemandOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{Origin, Spec};
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::change;
use crate::conditions::Asked;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::ROTATE_KEY_ON_DEMAND;
use crate::record::KeyRecord;
use crate::report::Report;

pub(crate) async fn rotate(
    kms: &Kms,
    call: &Call,
    input: &RotateKeyOnDemandInput,
) -> Effect<RotateKeyOnDemandOutput, ErrorAnswer> {
    let mut report = Report::new(call, &ROTATE_KEY_ON_DEMAND);
    let outcome = run(kms, call, input, &mut report).await;
    // AWS records the key as it was named, not by its ARN.
    let named = RotateKeyOnDemandOutput { key_id: Some(input.key_id.clone()) };
    report.close_change(outcome, || input.audit_parameters(), |_| named.audit_elements())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &RotateKeyOnDemandInput,
    report: &mut Report<'_>,
) -> Result<(RotateKeyOnDemandOutput, Option<Batch>), KmsError> {
    let key = kms.permitted(call, &input.key_id, &ROTATE_KEY_ON_DEMAND, Asked::default(), report).await?;
    let record = &key.entry.record;
    may_rotate(record)?;
    let output = RotateKeyOnDemandOutput { key_id: Some(record.arn_text().to_owned()) };
    if record.rotation.running.is_some() {
        return Ok((output, None));
    }
    let arn = || record.arn_text().into();
    if record.origin == Origin::External {
        let pending = record.imports.pending.as_ref().ok_or_else(|| KmsError::NothingPending { arn: arn() })?;
        // AWS: it waits for the import in every Region first, and isn't pending rotation until then.
        if kms.some_replica_lacks(record, pending).await? {
            return Err(KmsError::NothingPending { arn: arn() });
        }
    }
    if kms.on_demand.most.is_some_and(|most| record.rotation.on_demand >= most) {
        return Err(KmsError::OnDemandLimit { arn: arn() });
    }
    if record.rotation.is_imminent(call.now()) {
        return Err(KmsError::RotationConflict { arn: arn() });
    }
    let mut changed = record.clone();
    changed.rotation = record.rotation.begun(call.now(), kms.on_demand);
    let changed = kms.spread(&key, change::to(&key, changed), call.now(), report).await?;
    Ok((output, changed.batch))
}

/// Whether such a key, in its state, rotates at all.
fn may_rotate(record: &KeyRecord) -> Result<(), KmsError> {
    let arn = || record.arn_text().into();
    record.state.usable().map_err(|state| KmsError::State { arn: arn(), state })?;
    if record.is_replica() {
        return Err(KmsError::Replica { arn: arn(), operation: ROTATE_KEY_ON_DEMAND.name });
    }
    if record.spec != Spec::SymmetricDefault {
        return Err(KmsError::NotRotated);
    }
    match record.origin {
        Origin::AwsKms | Origin::External => Ok(()),
        Origin::AwsCloudHsm | Origin::ExternalKeyStore => Err(KmsError::Origin { arn: arn(), origin: record.origin }),
    }
}
