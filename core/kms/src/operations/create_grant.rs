//! CreateGrant.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{CreateGrantInput, CreateGrantOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::conditions::{Asked, Conditions};
use crate::cryptography as check;
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::grants::asked::AskedGrant;
use crate::grants::record::{GrantId, GrantRecord};
use crate::grants::{Constraints, Operations, Party, written};
use crate::kms::Kms;
use crate::operation::CREATE_GRANT;
use crate::record::KeyRecord;
use crate::report::Report;
use crate::state::KeyState;

/// A grant that was made or found, and what has to be written for it.
struct Granted {
    grant: GrantRecord,
    batch: Option<Batch>,
}

pub(crate) async fn create(kms: &Kms, call: &Call, input: &CreateGrantInput) -> Effect<CreateGrantOutput, ErrorAnswer> {
    let mut report = Report::new(call, &CREATE_GRANT);
    let outcome = run(kms, call, input, &mut report).await;
    let elements = outcome.as_ref().map(|Granted { grant, .. }| elements(grant)).unwrap_or_default();
    let outcome = outcome.map(|Granted { grant, batch }| {
        let output =
            CreateGrantOutput { grant_token: Some(kms.token_of(&grant)), grant_id: Some(grant.id.to_string()) };
        (output, batch)
    });
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

/// `responseElements`: AWS records the key's ARN besides what it answers, and no token.
fn elements(grant: &GrantRecord) -> Vec<u8> {
    format!(r#"{{"grantId":"{}","keyId":"{}"}}"#, grant.id, grant.key).into_bytes()
}

async fn run(kms: &Kms, call: &Call, input: &CreateGrantInput, report: &mut Report<'_>) -> Result<Granted, KmsError> {
    well_formed(input)?;
    let operations = Operations::of(&input.operations);
    let constraints = Constraints::of(input.constraints.as_ref());
    let (key, _) = kms.resolve_fresh(call, &input.key_id, &CREATE_GRANT, report).await?;
    permit(kms, call, input, &key, &operations, &constraints).await?;
    let record = &key.entry.record;
    can_be_granted(record)?;
    let grantee = match (&input.grantee_principal, &input.grantee_service_principal) {
        (Some(text), _) => principal(kms, call, text, "GranteePrincipal").await?,
        (None, service) => service_of(kms, service.as_deref(), "GranteeServicePrincipal").await?,
    };
    let retiring = match (&input.retiring_principal, &input.retiring_service_principal) {
        (Some(text), _) => Some(principal(kms, call, text, "RetiringPrincipal").await?),
        (None, Some(service)) => Some(service_of(kms, Some(service), "RetiringServicePrincipal").await?),
        (None, None) => None,
    };
    operations.fit(record.spec, record.usage)?;
    constraints.fit(input.constraints.as_ref(), record.spec, record.usage)?;
    let grant = GrantRecord {
        id: new_id(kms),
        key: record.arn,
        name: input.name.as_deref().unwrap_or_default().into(),
        created: call.now(),
        issuer: call.caller().account(),
        grantee,
        retiring,
        operations,
        constraints,
    };
    if let Some(id) = kms.grant_of_name(&grant).await? {
        check::unless_dry_run(input.dry_run)?;
        return Ok(Granted { grant: GrantRecord { id, ..grant }, batch: None });
    }
    let room = kms.room_for_grant(&record.arn).await?;
    check::unless_dry_run(input.dry_run)?;
    let mut batch = written::made(&grant, &key.entry);
    batch.append(room);
    Ok(Granted { grant, batch: Some(batch) })
}

/// Which members go together. What AWS answers to the rest isn't recorded; the texts are ours.
fn well_formed(input: &CreateGrantInput) -> Result<(), KmsError> {
    let refuse = |text| Err(KmsError::GrantForm(text));
    match (&input.grantee_principal, &input.grantee_service_principal) {
        (None, None) => return refuse(NO_GRANTEE),
        (Some(_), Some(_)) => {
            return refuse("Specify either GranteePrincipal or GranteeServicePrincipal, not both.");
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let retiring = (&input.retiring_principal, &input.retiring_service_principal);
    if let (Some(_), Some(_)) = retiring {
        return refuse("Specify either RetiringPrincipal or RetiringServicePrincipal, not both.");
    }
    if input.grantee_service_principal.is_some() {
        if input.constraints.as_ref().is_none_or(|constraints| constraints.source_arn.is_none()) {
            return refuse("GranteeServicePrincipal requires the SourceArn constraint.");
        }
        if let (None, None) = retiring {
            return refuse("GranteeServicePrincipal requires RetiringPrincipal or RetiringServicePrincipal.");
        }
    }
    Ok(())
}

const NO_GRANTEE: &str = "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: \
                          Member must not be null";

/// The decision: by a policy, or by a grant that has all that the new one gives, under its conditions or looser ones.
async fn permit(
    kms: &Kms,
    call: &Call,
    input: &CreateGrantInput,
    key: &Loaded,
    operations: &Operations,
    constraints: &Constraints,
) -> Result<(), KmsError> {
    let asked = Asked {
        // AWS: conditions on the context look at the constraint's.
        encryption_context: constraints.context.pairs(),
        grant: Some(AskedGrant::New { input, operations, constraints }),
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    let tokens = input.grant_tokens.as_ref();
    kms.authorize(call, CREATE_GRANT.action, &key.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)
}

/// AWS: a key whose store isn't connected can be granted, although it can't be used.
fn can_be_granted(record: &KeyRecord) -> Result<(), KmsError> {
    match record.state {
        KeyState::Unavailable { .. } => Ok(()),
        other => other.usable().map_err(|state| KmsError::State { arn: record.arn_text().into(), state }),
    }
}

async fn principal(kms: &Kms, call: &Call, text: &str, member: &str) -> Result<Party, KmsError> {
    kms.party(call, text).await?.map_err(|unfit| unfit.told(text, member))
}

async fn service_of(kms: &Kms, name: Option<&str>, member: &str) -> Result<Party, KmsError> {
    let service = match name {
        Some(name) => kms.service_party(name).await?,
        None => None,
    };
    service.ok_or_else(|| KmsError::GrantPrincipal(format!("{member} does not refer to a valid principal.")))
}

fn new_id(kms: &Kms) -> GrantId {
    let mut bytes = [0; 32];
    kms.entropy.fill(&mut bytes);
    GrantId::from_random(bytes)
}
