//! DescribeKey: works in every state.
//!
//! It is also how an account asks for an AWS managed key before a service does: the description of a predefined alias makes
//! the key. So this read may write, and then leaves two records.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DescribeKeyInput, DescribeKeyOutput};
use sealroom_audit::Effect;
use sealroom_identity::{Call, Service};
use sealroom_store::Batch;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::managed;
use crate::metadata;
use crate::operation::DESCRIBE_KEY;
use crate::reference;
use crate::report::Report;

pub(crate) async fn describe(
    kms: &Kms,
    call: &Call,
    input: &DescribeKeyInput,
) -> Effect<DescribeKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DESCRIBE_KEY);
    let outcome = run(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), DescribeKeyOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &DescribeKeyInput,
    report: &mut Report<'_>,
) -> Result<(DescribeKeyOutput, Option<Batch>), KmsError> {
    kms.admit(call, &DESCRIBE_KEY, None, report)?;
    if let Some(service) = kms.lacks_managed_key(call, &input.key_id).await? {
        // Boxed: rare, and no other call needs the room for it.
        return Box::pin(make(kms, call, service, input, report)).await;
    }
    let (key, alias) = kms.resolve_fresh(call, &input.key_id, &DESCRIBE_KEY, report).await?;
    let asked = Asked { alias, ..Asked::default() };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    let tokens = input.grant_tokens.as_ref();
    kms.authorize(call, DESCRIBE_KEY.action, &key.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;
    Ok((shown(&key), None))
}

fn shown(key: &Loaded) -> DescribeKeyOutput {
    DescribeKeyOutput { key_metadata: Some(metadata::of(&key.entry.record, &key.description)) }
}

/// Makes the managed key of a predefined alias. For who may not see such a key there is none, and none is made.
async fn make(
    kms: &Kms,
    call: &Call,
    service: Service,
    input: &DescribeKeyInput,
    report: &mut Report<'_>,
) -> Result<(DescribeKeyOutput, Option<Batch>), KmsError> {
    let alias = managed::alias(service, call);
    let mut key = kms.new_managed_key(service, call)?;
    let asked = Asked { alias: Some(&alias.name), ..Asked::default() };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    if authorize::on_key(call, DESCRIBE_KEY.action, &key.entry, &conditions).is_err() {
        return Err(KmsError::NoSuchAlias(reference::alias_arn(&alias.region, &alias.account, &alias.name)));
    }
    kms.check_grant_tokens(input.grant_tokens.as_ref())?;
    let batch = kms.write_managed_key(&mut key, &alias, call).await?;
    report.key(key.entry.record.arn);
    report.also(managed::made(call, key.entry.record.arn));
    Ok((shown(&key), Some(batch)))
}
