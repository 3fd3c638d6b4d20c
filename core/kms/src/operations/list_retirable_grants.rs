//! ListRetirableGrants: the grants in the Region that somebody may retire, whosever keys they are on.
//!
//! Only principals of the caller's account can be asked about; a service asks about itself.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{ListRetirableGrantsInput, ListRetirableGrantsOutput};
use sealroom_audit::Effect;
use sealroom_authz::Principal;
use sealroom_identity::Call;
use sealroom_store::KeyPath;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::grants::record::GrantRecord;
use crate::grants::{Party, Unfit, listed, paths};
use crate::kms::Kms;
use crate::marker;
use crate::operation::LIST_RETIRABLE_GRANTS;
use crate::report::Report;

pub(crate) async fn list(
    kms: &Kms,
    call: &Call,
    input: &ListRetirableGrantsInput,
) -> Effect<ListRetirableGrantsOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_RETIRABLE_GRANTS);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ListRetirableGrantsInput,
    report: &mut Report<'_>,
) -> Result<ListRetirableGrantsOutput, KmsError> {
    kms.admit(call, &LIST_RETIRABLE_GRANTS, None, report)?;
    let limit = listed::limit(input.limit)?;
    let retirer = match (&input.retiring_principal, &input.retiring_service_principal) {
        (Some(text), None) => {
            permit(call)?;
            own_principal(kms, call, text).await?
        }
        (None, Some(name)) => {
            // What a service may retire is on keys of all accounts: no one else is told.
            let itself = matches!(call.caller().principal(), Principal::Service { name: own, .. } if **own == **name);
            if !itself {
                permit(call)?;
                return Err(KmsError::RetiringPrincipal(name.clone()));
            }
            Party::service(name)
        }
        (Some(_), Some(_)) => {
            return Err(KmsError::GrantForm("Specify either RetiringPrincipal or RetiringServicePrincipal, not both."));
        }
        (None, None) => return Err(KmsError::GrantForm(NO_RETIRER)),
    };
    let prefix = paths::retirables(retirer.account(), call.region(), retirer.digest());
    let list = format!("{}/{}", LIST_RETIRABLE_GRANTS.name, retirer.text());
    let after = match &input.marker {
        None => None,
        Some(marker) => Some(behind(&prefix, &marker::open(&*kms.seal, call, &list, marker)?)?),
    };
    let page = kms.page(prefix, after, limit).await?;
    let next_marker = page.last().map(|last| marker::seal(&*kms.seal, call, &list, &place(last)));
    Ok(ListRetirableGrantsOutput { grants: Some(page.entries()), truncated: Some(next_marker.is_some()), next_marker })
}

const NO_RETIRER: &str = "1 validation error detected: Value null at 'retiringPrincipal' failed to satisfy constraint: \
                          Member must not be null";

fn permit(call: &Call) -> Result<(), KmsError> {
    let conditions = Conditions::new(call, None, Asked::default());
    authorize::on_account(call, LIST_RETIRABLE_GRANTS.action, &conditions)
}

async fn own_principal(kms: &Kms, call: &Call, text: &str) -> Result<Party, KmsError> {
    let absent = || KmsError::RetiringPrincipal(text.to_owned());
    match kms.party(call, text).await? {
        Ok(party) if party.account() == call.caller().account() => Ok(party),
        Ok(_) | Err(Unfit::NoPrincipal | Unfit::NoId) => Err(absent()),
        Err(unfit @ Unfit::Malformed) => Err(unfit.told(text, "RetiringPrincipal")),
    }
}

/// Where a grant stands in the list. None of the parts holds a blank.
fn place(grant: &GrantRecord) -> String {
    format!("{} {} {}", grant.key.account, grant.key.key, grant.id)
}

fn behind(prefix: &KeyPath, place: &str) -> Result<KeyPath, KmsError> {
    let mut parts = place.split(' ');
    let mut part = || parts.next().ok_or(KmsError::Marker);
    Ok(prefix.clone().text(part()?).text(part()?).text(part()?))
}
