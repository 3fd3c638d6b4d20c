//! CreateAlias, and what UpdateAlias shares with it: a key that is named by its id or key ARN, never by an alias.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{CreateAliasInput, CreateAliasOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::{Batch, Guard};

use crate::aliases;
use crate::authorize;
use crate::change;
use crate::conditions::{Asked, Conditions};
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{CREATE_ALIAS, Operation};
use crate::paths::{self, AliasName};
use crate::reference::{self, KeyReference};
use crate::report::Report;
use crate::stored::AliasRecord;

pub(crate) async fn create(kms: &Kms, call: &Call, input: &CreateAliasInput) -> Effect<CreateAliasOutput, ErrorAnswer> {
    let mut report = Report::new(call, &CREATE_ALIAS);
    let outcome = run(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (CreateAliasOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &CreateAliasInput,
    report: &mut Report<'_>,
) -> Result<(Loaded, Batch), KmsError> {
    kms.admit(call, &CREATE_ALIAS, None, report)?;
    aliases::check_name(&input.alias_name)?;
    if aliases::is_reserved(&input.alias_name) {
        return Err(KmsError::ReservedAlias);
    }
    let (alias, arn) = named(call, &input.alias_name, report);
    let key = kms.target(call, &input.target_key_id, &CREATE_ALIAS, report).await?;
    authorize::on_alias(call, CREATE_ALIAS.action, &arn)?;
    on_key(call, &CREATE_ALIAS, &key)?;
    change::unless_pending_deletion(&key.entry.record)?;
    if kms.row(paths::alias(&alias)).await?.is_some() {
        return Err(KmsError::AliasExists(arn));
    }
    let named = kms.named(&key.entry.record.arn).await?;
    named.check_quota(kms.quotas.limits().aliases_per_key)?;
    let record = AliasRecord { key: key.entry.record.arn.key, created: call.now(), updated: call.now() };
    let batch = change::if_unchanged(&key).guard(Guard::Absent(paths::alias(&alias)));
    let batch = named.with(batch, &alias, &record);
    Ok((key, batch))
}

/// The alias of the caller's account and Region that a request names, with its ARN, which is reported.
pub(super) fn named(call: &Call, name: &str, report: &mut Report<'_>) -> (AliasName, String) {
    let (account, region) = (call.caller().account(), call.region());
    let arn = reference::alias_arn(&region, &account, name);
    report.alias(&arn);
    (AliasName { account, region, name: name.into() }, arn)
}

/// Whether the caller may do with `key` what it wants to do with the alias.
pub(super) fn on_key(call: &Call, operation: &Operation, key: &Loaded) -> Result<(), KmsError> {
    let conditions = Conditions::new(call, Some(&key.entry.record), Asked::default());
    authorize::on_key(call, operation.action, &key.entry, &conditions).map(drop)
}

impl Kms {
    /// The key that an alias is to refer to, as the store has it now.
    pub(super) async fn target(
        &self,
        call: &Call,
        key_id: &str,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<Loaded, KmsError> {
        if KeyReference::parse(key_id).is_ok_and(|reference| reference.is_alias()) {
            return Err(KmsError::AliasOfAlias);
        }
        self.resolve_fresh(call, key_id, operation, report).await.map(|(key, _)| key)
    }
}
