//! UpdateAlias and DeleteAlias. Both ask for permission on the alias and on the key that it refers to; UpdateAlias on its
//! new key as well.
//!
//! The services' own aliases need no rule here: the policies of their keys permit neither.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DeleteAliasInput, DeleteAliasOutput, UpdateAliasInput, UpdateAliasOutput};
use sealroom_audit::Effect;
use sealroom_foundation::KeyArn;
use sealroom_hsm::{Spec, Usage};
use sealroom_identity::Call;
use sealroom_store::{Batch, Guard};

use super::create_alias::{named, on_key};
use crate::aliases;
use crate::authorize;
use crate::change;
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{DELETE_ALIAS, UPDATE_ALIAS};
use crate::paths::{self, AliasName};
use crate::record::KeyRecord;
use crate::report::Report;
use crate::stored::AliasRecord;

/// The key that an alias refers to afterwards or referred to before, and what has to be written.
type Changed = (Loaded, Option<Batch>);

pub(crate) async fn update(kms: &Kms, call: &Call, input: &UpdateAliasInput) -> Effect<UpdateAliasOutput, ErrorAnswer> {
    let mut report = Report::new(call, &UPDATE_ALIAS);
    let outcome = run_update(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (UpdateAliasOutput {}, batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_update(
    kms: &Kms,
    call: &Call,
    input: &UpdateAliasInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    kms.admit(call, &UPDATE_ALIAS, None, report)?;
    aliases::check_name(&input.alias_name)?;
    let (name, arn) = named(call, &input.alias_name, report);
    let key = kms.target(call, &input.target_key_id, &UPDATE_ALIAS, report).await?;
    let Aliased { alias, version, key: before } = kms.aliased(&name, &arn).await?;
    authorize::on_alias(call, UPDATE_ALIAS.action, &arn)?;
    on_key(call, &UPDATE_ALIAS, &before)?;
    on_key(call, &UPDATE_ALIAS, &key)?;
    let (old, new) = (&before.entry.record, &key.entry.record);
    // AWS: what happens to the key that it referred to doesn't matter.
    change::unless_pending_deletion(new)?;
    if new.arn == old.arn {
        return Ok((key, None));
    }
    if kind(new) != kind(old) {
        return Err(KmsError::AliasKind);
    }
    let (left, joined) = (kms.named(&old.arn).await?, kms.named(&new.arn).await?);
    joined.check_quota(kms.quotas.limits().aliases_per_key)?;
    let alias = AliasRecord { key: new.arn.key, updated: call.now(), ..alias };
    let batch = change::if_unchanged(&key).guard(Guard::Version(paths::alias(&name), version));
    let batch = joined.with(left.without(batch, &name), &name, &alias);
    Ok((key, Some(batch)))
}

/// What the keys must have in common that an alias refers to one after the other: symmetric, asymmetric or HMAC, which
/// usage and symmetry tell together, and the usage.
fn kind(record: &KeyRecord) -> (Usage, bool) {
    (record.usage, record.spec == Spec::SymmetricDefault)
}

pub(crate) async fn delete(kms: &Kms, call: &Call, input: &DeleteAliasInput) -> Effect<DeleteAliasOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DELETE_ALIAS);
    let outcome = run_delete(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (DeleteAliasOutput {}, batch));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_delete(
    kms: &Kms,
    call: &Call,
    input: &DeleteAliasInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    kms.admit(call, &DELETE_ALIAS, None, report)?;
    aliases::check_name(&input.alias_name)?;
    let (name, arn) = named(call, &input.alias_name, report);
    let Aliased { version, key, .. } = kms.aliased(&name, &arn).await?;
    report.key(key.entry.record.arn);
    authorize::on_alias(call, DELETE_ALIAS.action, &arn)?;
    on_key(call, &DELETE_ALIAS, &key)?;
    let batch = Batch::default().guard(Guard::Version(paths::alias(&name), version)).delete(paths::alias(&name));
    let batch = kms.named(&key.entry.record.arn).await?.without(batch, &name);
    Ok((key, Some(batch)))
}

/// An alias as the store has it now, with its key.
struct Aliased {
    alias: AliasRecord,
    version: u64,
    key: Loaded,
}

impl Kms {
    async fn aliased(&self, name: &AliasName, arn: &str) -> Result<Aliased, KmsError> {
        let row = self.row(paths::alias(name)).await?.ok_or_else(|| KmsError::NoSuchAlias(arn.to_owned()))?;
        let alias = AliasRecord::from_bytes(&row.value).map_err(|_| aliases::unreadable(&row))?;
        let key = KeyArn { region: name.region, account: name.account, key: alias.key };
        // INVARIANT: a key's aliases go with the key, in one batch. A key that went between these two reads took the alias
        // along.
        let key = self.load(&key).await?.ok_or_else(|| KmsError::NoSuchAlias(arn.to_owned()))?;
        Ok(Aliased { alias, version: row.version, key })
    }
}
