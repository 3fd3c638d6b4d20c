//! ListKeys: by id, page by page. Keys shared by RAM don't exist here, so that half of the list is empty.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{KeyListEntry, ListKeysInput, ListKeysOutput, ResourceOwnerType};
use sealroom_audit::Effect;
use sealroom_foundation::KeyArn;
use sealroom_identity::Call;
use sealroom_store::{Answer, Read, Row};

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::marker;
use crate::operation::LIST_KEYS;
use crate::paths;
use crate::report::Report;

const DEFAULT_LIMIT: u32 = 100;

pub(crate) async fn list(kms: &Kms, call: &Call, input: &ListKeysInput) -> Effect<ListKeysOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_KEYS);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ListKeysInput,
    report: &mut Report<'_>,
) -> Result<ListKeysOutput, KmsError> {
    kms.admit(call, &LIST_KEYS, None, report)?;
    let conditions = Conditions::new(call, None, Asked::default());
    authorize::on_account(call, LIST_KEYS.action, &conditions)?;
    let (account, region) = (call.caller().account(), call.region());
    let after = match &input.marker {
        None => None,
        Some(marker) => {
            let last = marker::open(&*kms.seal, call, LIST_KEYS.name, marker)?;
            let key = last.parse().map_err(|_| KmsError::Marker)?;
            Some(paths::key(&KeyArn { region, account, key }))
        }
    };
    let owners = input.resource_owners.as_deref().unwrap_or(&[ResourceOwnerType::VSelf]);
    if !owners.contains(&ResourceOwnerType::VSelf) {
        return Ok(ListKeysOutput { keys: Some(Vec::new()), next_marker: None, truncated: Some(false) });
    }
    let limit = input.limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
    let range = Read::Range { prefix: paths::keys(account, region), after, limit };
    let answer = kms.view.read(&[range]).await?.into_iter().next();
    let Some(Answer::Rows { rows, more }) = answer else {
        return Err(KmsError::Fault("the store gave another answer than the question's"));
    };
    let keys: Vec<KeyArn> = rows.iter().map(|row: &Row| &row.path).filter_map(paths::key_of).collect();
    let last = keys.last().filter(|_| more);
    let next_marker = last.map(|arn| marker::seal(&*kms.seal, call, LIST_KEYS.name, &arn.key.to_string()));
    Ok(ListKeysOutput {
        truncated: Some(next_marker.is_some()),
        next_marker,
        keys: Some(keys.iter().map(listed).collect()),
    })
}

fn listed(arn: &KeyArn) -> KeyListEntry {
    KeyListEntry { key_id: Some(arn.key.to_string()), key_arn: Some(arn.to_string()) }
}
