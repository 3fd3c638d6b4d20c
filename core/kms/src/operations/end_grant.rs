//! RevokeGrant, by whom the key's policy lets, and RetireGrant, by whom the grant lets.
//!
//! What would surprise: an account reads that a grant on its own key isn't there; another account, which sees only what
//! grants give it, reads of a missing grant what it reads of a missing key.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{RetireGrantInput, RetireGrantOutput, RevokeGrantInput, RevokeGrantOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::authorize;
use crate::change;
use crate::conditions::{Asked, Conditions};
use crate::cryptography as check;
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::grants::asked::AskedGrant;
use crate::grants::record::{GrantId, GrantRecord};
use crate::grants::{self, written};
use crate::kms::Kms;
use crate::operation::{RETIRE_GRANT, REVOKE_GRANT};
use crate::report::Report;

pub(crate) async fn revoke(kms: &Kms, call: &Call, input: &RevokeGrantInput) -> Effect<RevokeGrantOutput, ErrorAnswer> {
    let mut report = Report::new(call, &REVOKE_GRANT);
    let outcome = run_revoke(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (RevokeGrantOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_revoke(
    kms: &Kms,
    call: &Call,
    input: &RevokeGrantInput,
    report: &mut Report<'_>,
) -> Result<(Loaded, Batch), KmsError> {
    let asked = Asked { grant: Some(AskedGrant::Known), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &REVOKE_GRANT, asked, report).await?;
    let id = input.grant_id.parse().map_err(|_| KmsError::GrantIdForm)?;
    let found = kms.grant(&key.entry.record.arn, &id).await?;
    let (grant, version) = found.ok_or_else(|| KmsError::NoSuchGrant(id.to_string()))?;
    check::unless_dry_run(input.dry_run)?;
    let batch = written::ended(&grant, version, &key.entry);
    Ok((key, batch))
}

pub(crate) async fn retire(kms: &Kms, call: &Call, input: &RetireGrantInput) -> Effect<RetireGrantOutput, ErrorAnswer> {
    let mut report = Report::new(call, &RETIRE_GRANT);
    let outcome = run_retire(kms, call, input, &mut report).await;
    let outcome = outcome.map(|batch| (RetireGrantOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), RetireGrantOutput::audit_elements)
}

async fn run_retire(
    kms: &Kms,
    call: &Call,
    input: &RetireGrantInput,
    report: &mut Report<'_>,
) -> Result<Batch, KmsError> {
    kms.admit(call, &RETIRE_GRANT, None, report)?;
    let Found { key, grant, version } = match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), None, None) => by_token(kms, call, token, report).await?,
        (None, Some(key_id), Some(grant_id)) => by_id(kms, call, key_id, grant_id, report).await?,
        _ => return Err(KmsError::GrantForm("Specify either GrantToken alone, or both KeyId and GrantId.")),
    };
    let asked = Asked {
        encryption_context: grant.constraints.context.pairs(),
        grant: Some(AskedGrant::Ending(&grant)),
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    grants::ending(call, &key.entry, &grant, &conditions)?;
    check::unless_dry_run(input.dry_run)?;
    report.grant(grant.id.clone());
    Ok(written::ended(&grant, version, &key.entry))
}

/// The grant that a request means.
struct Found {
    key: Loaded,
    grant: GrantRecord,
    /// Of its row.
    version: u64,
}

/// The grant that a token came with. Whoever has the token was given it with the grant, so it is told that it has ended.
async fn by_token(kms: &Kms, call: &Call, token: &str, report: &mut Report<'_>) -> Result<Found, KmsError> {
    let (arn, id) = kms.open_grant_token(token)?;
    if arn.region != call.region() {
        return Err(KmsError::GrantToken);
    }
    report.key(arn);
    match (kms.load(&arn).await?, kms.grant(&arn, &id).await?) {
        (Some(key), Some((grant, version))) => Ok(Found { key, grant, version }),
        (None, _) | (_, None) => Err(KmsError::NoSuchGrant(id.to_string())),
    }
}

async fn by_id(
    kms: &Kms,
    call: &Call,
    key_id: &str,
    grant_id: &str,
    report: &mut Report<'_>,
) -> Result<Found, KmsError> {
    let (key, _) = kms.resolve_fresh(call, key_id, &RETIRE_GRANT, report).await?;
    let arn = key.entry.record.arn;
    let own = arn.account == call.caller().account();
    let absent = |told: KmsError| if own { told } else { authorize::hidden(call, RETIRE_GRANT.action) };
    let id: GrantId = grant_id.parse().map_err(|_| absent(KmsError::GrantIdForm))?;
    let found = kms.grant(&arn, &id).await?;
    let (grant, version) = found.ok_or_else(|| absent(KmsError::NoSuchGrant(id.to_string())))?;
    Ok(Found { key, grant, version })
}
