//! GetPublicKey: the public half as it stands beside the token. No token is opened, so a disabled key shows it too.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{GetPublicKeyInput, GetPublicKeyOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::metadata;
use crate::operation::GET_PUBLIC_KEY;
use crate::record::KeyRecord;
use crate::report::Report;
use crate::state::{KeyState, StateError};

pub(crate) async fn get(kms: &Kms, call: &Call, input: &GetPublicKeyInput) -> Effect<GetPublicKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GET_PUBLIC_KEY);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &GetPublicKeyInput,
    report: &mut Report<'_>,
) -> Result<GetPublicKeyOutput, KmsError> {
    let key = kms.resolve(call, &input.key_id, &GET_PUBLIC_KEY, report).await?;
    let record = &key.entry.record;
    let conditions = Conditions::new(call, Some(record), Asked { alias: key.alias, ..Asked::default() });
    let tokens = input.grant_tokens.as_ref();
    kms.authorize(call, GET_PUBLIC_KEY.action, &key.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;
    let state = |state| KmsError::State { arn: record.arn_text().into(), state };
    readable(record.state).map_err(state)?;
    if !record.spec.is_asymmetric() {
        return Err(KmsError::NoPublicKey);
    }
    // Before its first import a key has none to show.
    let public = record.material.as_ref().and_then(|material| material.public.as_deref());
    let public = public.ok_or_else(|| state(StateError::PendingImport))?;
    Ok(answer(record, public))
}

/// AWS: the states in which the public half may be read.
fn readable(state: KeyState) -> Result<(), StateError> {
    match state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport | KeyState::Updating { .. } => Ok(()),
        KeyState::Creating { .. }
        | KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Unavailable { .. } => state.usable(),
    }
}

fn answer(record: &KeyRecord, public: &[u8]) -> GetPublicKeyOutput {
    // The lists of algorithms are those of the metadata.
    let shown = metadata::of(record, "");
    GetPublicKeyOutput {
        key_id: shown.arn,
        public_key: Some(public.to_vec()),
        customer_master_key_spec: shown.customer_master_key_spec,
        key_spec: shown.key_spec,
        key_usage: shown.key_usage,
        encryption_algorithms: shown.encryption_algorithms,
        signing_algorithms: shown.signing_algorithms,
        key_agreement_algorithms: shown.key_agreement_algorithms,
        encapsulation_algorithms: shown.encapsulation_algorithms,
    }
}
