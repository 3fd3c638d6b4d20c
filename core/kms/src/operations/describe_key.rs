//! DescribeKey: works in every state.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DescribeKeyInput, DescribeKeyOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::metadata;
use crate::operation::DESCRIBE_KEY;
use crate::report::Report;

pub(crate) async fn describe(
    kms: &Kms,
    call: &Call,
    input: &DescribeKeyInput,
) -> Effect<DescribeKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DESCRIBE_KEY);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &DescribeKeyInput,
    report: &mut Report<'_>,
) -> Result<DescribeKeyOutput, KmsError> {
    let (key, alias) = kms.resolve_fresh(call, &input.key_id, &DESCRIBE_KEY, report).await?;
    let asked = Asked { alias, ..Asked::default() };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    let tokens = input.grant_tokens.as_ref();
    kms.authorize(call, DESCRIBE_KEY.action, &key.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;
    Ok(DescribeKeyOutput { key_metadata: Some(metadata::of(&key.entry.record, &key.description)) })
}
