//! UpdatePrimaryRegion: a replica becomes the primary, and the primary a replica, at once and in one batch.
//!
//! Both keys need the permission. What would surprise: the rest is show. Both are Updating for a while, as they are at
//! AWS; they can be used, and the new primary already is one.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{UpdatePrimaryRegionInput, UpdatePrimaryRegionOutput};
use sealroom_audit::{Effect, Event as Told, Resource};
use sealroom_foundation::{KeyArn, Timestamp};
use sealroom_identity::Call;

use crate::authorize;
use crate::change::{self, Changed};
use crate::conditions::{Asked, Conditions};
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::lifecycle::{self, Event, Next};
use crate::multi_region;
use crate::operation::UPDATE_PRIMARY_REGION;
use crate::record::{KeyRecord, MultiRegionRole};
use crate::report::{Report, SOURCE};

pub(crate) async fn update(
    kms: &Kms,
    call: &Call,
    input: &UpdatePrimaryRegionInput,
) -> Effect<UpdatePrimaryRegionOutput, ErrorAnswer> {
    let mut report = Report::new(call, &UPDATE_PRIMARY_REGION);
    let outcome = run(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |changed| &changed.record);
    let outcome = outcome.map(|changed| (UpdatePrimaryRegionOutput {}, changed.batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &UpdatePrimaryRegionInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let asked = || Asked { primary_region: Some(&input.primary_region), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &UPDATE_PRIMARY_REGION, asked(), report).await?;
    let record = &key.entry.record;
    let due = call.now().plus_seconds(kms.multi_region.settle_seconds);
    let old = updating(record, due, call.now())?;
    let Some(list) = &record.multi_region else {
        return Err(KmsError::SingleRegion { arn: record.arn_text().into() });
    };
    if list.role != MultiRegionRole::Primary {
        return Err(KmsError::NotPrimary { arn: record.arn_text().into() });
    }
    if list.primary.as_str() == input.primary_region {
        return Ok(Changed { record: record.clone(), batch: None });
    }
    let wanted = list.replicas.iter().find(|replica| replica.as_str() == input.primary_region);
    let region = *wanted.ok_or(KmsError::NoReplicaThere(record.arn.key))?;
    let relatives = kms.relatives(record).await?;
    let replica = relatives.iter().find(|relative| relative.entry.record.arn.region == region);
    // INVARIANT: whoever is on the list is there, in one batch; it went between the two reads.
    let replica = replica.ok_or(KmsError::NoReplicaThere(record.arn.key))?;
    let there = call.in_region(region);
    // AWS: it counts in both Regions.
    kms.admit(&there, &UPDATE_PRIMARY_REGION, None, &mut Report::new(&there, &UPDATE_PRIMARY_REGION))?;
    let conditions = Conditions::new(&there, Some(&replica.entry.record), asked());
    authorize::on_key(&there, UPDATE_PRIMARY_REGION.action, &replica.entry, &conditions)?;
    let new = updating(&replica.entry.record, due, call.now())?;
    let changed = relatives.iter().map(|relative| {
        let same = relative.entry.record.arn == new.arn;
        (relative, if same { new.clone() } else { relative.entry.record.clone() })
    });
    let all: Vec<(&Loaded, KeyRecord)> = std::iter::once((&key, old.clone())).chain(changed).collect();
    let batch = multi_region::regrouped(all, &list.clone().led_by(region));
    report.also(told(&there, input, new.arn));
    Ok(Changed { record: old, batch: Some(batch) })
}

/// The record as it is while its key changes places, if its state allows that.
fn updating(record: &KeyRecord, due: Timestamp, now: Timestamp) -> Result<KeyRecord, KmsError> {
    match lifecycle::step(record, Event::ChangePlaces { due }, now) {
        Ok(Next::Become(state)) => Ok(record.in_state(state)),
        Ok(Next::Stay | Next::Destroy) => Ok(record.clone()),
        Err(state) => Err(KmsError::State { arn: record.arn_text().into(), state }),
    }
}

/// AWS records the call in the new primary's Region as well.
fn told(there: &Call, input: &UpdatePrimaryRegionInput, key: KeyArn) -> Told {
    there
        .event(SOURCE, UPDATE_PRIMARY_REGION.name, UPDATE_PRIMARY_REGION.read_only)
        .request(input.audit_parameters())
        .response(format!(r#"{{"keyId":"{key}"}}"#).into_bytes())
        .resource(Resource::Key(key))
}
