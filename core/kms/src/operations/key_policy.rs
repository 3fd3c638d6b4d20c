//! GetKeyPolicy, PutKeyPolicy and ListKeyPolicies. A key has one policy, and it is called `default`.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    GetKeyPolicyInput, GetKeyPolicyOutput, ListKeyPoliciesInput, ListKeyPoliciesOutput, PutKeyPolicyInput,
    PutKeyPolicyOutput,
};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::change;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{GET_KEY_POLICY, LIST_KEY_POLICIES, PUT_KEY_POLICY};
use crate::record::KeyDocument;
use crate::report::Report;

const NAME: &str = "default";

pub(crate) async fn get(kms: &Kms, call: &Call, input: &GetKeyPolicyInput) -> Effect<GetKeyPolicyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GET_KEY_POLICY);
    let outcome = run_get(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run_get(
    kms: &Kms,
    call: &Call,
    input: &GetKeyPolicyInput,
    report: &mut Report<'_>,
) -> Result<GetKeyPolicyOutput, KmsError> {
    let name = input.policy_name.as_deref().unwrap_or(NAME);
    let asked = Asked { policy_name: Some(name), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &GET_KEY_POLICY, asked, report).await?;
    if name != NAME {
        return Err(KmsError::NoSuchPolicy);
    }
    let policy = kms.identity.shown(&key.policy_text, &key.bound).await?;
    Ok(GetKeyPolicyOutput { policy: Some(policy), policy_name: Some(NAME.to_owned()) })
}

pub(crate) async fn put(kms: &Kms, call: &Call, input: &PutKeyPolicyInput) -> Effect<PutKeyPolicyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &PUT_KEY_POLICY);
    let outcome = run_put(kms, call, input, &mut report).await;
    let outcome = outcome.map(|batch| (PutKeyPolicyOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), PutKeyPolicyOutput::audit_elements)
}

async fn run_put(
    kms: &Kms,
    call: &Call,
    input: &PutKeyPolicyInput,
    report: &mut Report<'_>,
) -> Result<Batch, KmsError> {
    let name = input.policy_name.as_deref().unwrap_or(NAME);
    let bypass = input.bypass_policy_lockout_safety_check == Some(true);
    let asked = || Asked { policy_name: Some(name), bypass_lockout_check: Some(bypass), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &PUT_KEY_POLICY, asked(), report).await?;
    match name {
        NAME => {}
        "AWS_RAM" => return Err(KmsError::RamPolicy),
        _ => return Err(KmsError::PolicyName),
    }
    // The new policy may ask for the key's aliases although the old one didn't.
    let mut record = key.entry.record.clone();
    record.aliases = Some(kms.named(&record.arn).await?.into_parts().0);
    let conditions = Conditions::new(call, Some(&record), asked());
    let bound = kms.check_policy(call, &record.arn, &input.policy, bypass, &conditions).await?;
    let document = KeyDocument { policy: input.policy.as_str().into(), bound, ..key.document(record) };
    Ok(change::rewrite(&key, &document))
}

pub(crate) async fn list(
    kms: &Kms,
    call: &Call,
    input: &ListKeyPoliciesInput,
) -> Effect<ListKeyPoliciesOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_KEY_POLICIES);
    let outcome = run_list(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run_list(
    kms: &Kms,
    call: &Call,
    input: &ListKeyPoliciesInput,
    report: &mut Report<'_>,
) -> Result<ListKeyPoliciesOutput, KmsError> {
    kms.permitted(call, &input.key_id, &LIST_KEY_POLICIES, Asked::default(), report).await?;
    // One page holds all there is, so no marker was ever given.
    if input.marker.is_some() {
        return Err(KmsError::Marker);
    }
    Ok(ListKeyPoliciesOutput { policy_names: Some(vec![NAME.to_owned()]), next_marker: None, truncated: Some(false) })
}
