//! GetParametersForImport: a pair to wrap key material under, and the token that brings it back.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{GetParametersForImportInput, GetParametersForImportOutput};
use sealroom_audit::Effect;
use sealroom_foundation::Secret;
use sealroom_hsm::{Command, KeyBinding, Reply, Spec, WrappingAlgorithm};
use sealroom_identity::Call;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::cryptography as check;
use crate::error::{ImportError, KmsError};
use crate::import_token;
use crate::imports;
use crate::kms::Kms;
use crate::names;
use crate::operation::GET_PARAMETERS_FOR_IMPORT;
use crate::report::Report;
use crate::state::{KeyState, StateError};

pub(crate) async fn get(
    kms: &Kms,
    call: &Call,
    input: &GetParametersForImportInput,
) -> Effect<GetParametersForImportOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GET_PARAMETERS_FOR_IMPORT);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &GetParametersForImportInput,
    report: &mut Report<'_>,
) -> Result<GetParametersForImportOutput, KmsError> {
    let key = kms.resolve(call, &input.key_id, &GET_PARAMETERS_FOR_IMPORT, report).await?;
    let record = &key.entry.record;
    let asked = Asked {
        wrapping_algorithm: Some(input.wrapping_algorithm.as_str()),
        wrapping_key_spec: Some(input.wrapping_key_spec.as_str()),
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    authorize::on_key(call, GET_PARAMETERS_FOR_IMPORT.action, &key.entry, &conditions)?;
    imports::is_external(record)?;
    ready(record.state).map_err(|state| KmsError::State { arn: record.arn_text().into(), state })?;
    let (spec, algorithm): (Spec, WrappingAlgorithm) =
        (names::inward(input.wrapping_key_spec)?, names::inward(input.wrapping_algorithm)?);
    if !algorithm.suits(spec, record.spec) {
        return Err(ImportError::Wrapping { algorithm, wrapping: spec, spec: record.spec }.into());
    }
    let (account, key) = (record.arn.account, record.arn.key);
    let (material, token, public) = match kms.door.run(Command::WrappingKey { account, key, spec }).await? {
        Reply::Key { material, token, public: Some(public) } => (material, token, public),
        other => return Err(check::unexpected(other)),
    };
    let pair = KeyBinding::of_wrapping_key(account, key, material, spec);
    let (token, valid_to) = import_token::seal(&*kms.seal, &record.arn, algorithm, (&pair, &token), call.now());
    Ok(GetParametersForImportOutput {
        key_id: Some(record.arn_text().to_owned()),
        import_token: Some(token),
        public_key: Some(Secret::copy_of(&public)),
        parameters_valid_to: Some(valid_to),
    })
}

/// AWS: the states in which an import may be prepared.
fn ready(state: KeyState) -> Result<(), StateError> {
    match state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => Ok(()),
        KeyState::Updating { .. } => Err(StateError::Updating),
        KeyState::Creating { .. }
        | KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Unavailable { .. } => state.usable(),
    }
}
