//! ListGrants: the grants on a key by their ids, page by page, or those of one grantee.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{ListGrantsInput, ListGrantsOutput};
use sealroom_audit::Effect;
use sealroom_foundation::KeyArn;
use sealroom_identity::Call;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::grants::asked::AskedGrant;
use crate::grants::listed::{self, Page};
use crate::grants::record::GrantId;
use crate::grants::{Holder, INPUT, Party, Unfit, paths};
use crate::kms::Kms;
use crate::marker;
use crate::operation::LIST_GRANTS;
use crate::report::Report;

pub(crate) async fn list(kms: &Kms, call: &Call, input: &ListGrantsInput) -> Effect<ListGrantsOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_GRANTS);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ListGrantsInput,
    report: &mut Report<'_>,
) -> Result<ListGrantsOutput, KmsError> {
    let limit = listed::limit(input.limit)?;
    if input.grantee_principal.is_some() && input.grantee_service_principal.is_some() {
        return Err(KmsError::GrantForm("Specify either GranteePrincipal or GranteeServicePrincipal, not both."));
    }
    let key = kms.resolve(call, &input.key_id, &LIST_GRANTS, report).await?;
    let asked = Asked { grant: Some(AskedGrant::Known), ..Asked::default() };
    let conditions = Conditions::new(call, Some(&key.entry.record), asked);
    authorize::on_key(call, LIST_GRANTS.action, &key.entry, &conditions)?;
    let arn = key.entry.record.arn;
    let grantee = grantee(kms, call, input).await?;
    let id = input.grant_id.as_ref().map(|id| id.parse::<GrantId>().map_err(|_| KmsError::GrantIdForm)).transpose()?;
    let list = list_name(&arn, grantee.as_ref(), id.as_ref());
    let after = match &input.marker {
        None => None,
        Some(marker) => {
            let last = marker::open(&*kms.seal, call, &list, marker)?;
            Some(last.parse::<GrantId>().map_err(|_| KmsError::Marker)?)
        }
    };
    let page = match &id {
        Some(id) => one(kms, &arn, id, grantee.as_ref()).await?,
        None => many(kms, arn, grantee.as_ref(), after.as_ref(), limit).await?,
    };
    let next_marker = page.last().map(|last| marker::seal(&*kms.seal, call, &list, last.id.as_str()));
    Ok(ListGrantsOutput { grants: Some(page.entries()), truncated: Some(next_marker.is_some()), next_marker })
}

/// What markers of this list are bound to: the key and the filters.
fn list_name(key: &KeyArn, grantee: Option<&Party>, id: Option<&GrantId>) -> String {
    let (grantee, id) = (grantee.map_or("", Party::text), id.map_or("", GrantId::as_str));
    format!("{}/{key}/{id}/{grantee}", LIST_GRANTS.name)
}

/// The grantee whose grants alone are asked for.
async fn grantee(kms: &Kms, call: &Call, input: &ListGrantsInput) -> Result<Option<Party>, KmsError> {
    if let Some(name) = &input.grantee_service_principal {
        return Ok(Some(Party::service(name)));
    }
    let Some(text) = &input.grantee_principal else { return Ok(None) };
    let party = kms.party(call, text).await?;
    party.map(Some).map_err(|unfit: Unfit| unfit.told(text, INPUT))
}

async fn one(kms: &Kms, key: &KeyArn, id: &GrantId, grantee: Option<&Party>) -> Result<Page, KmsError> {
    let grant = kms.grant(key, id).await?.map(|(grant, _)| grant);
    let grant = grant.filter(|grant| grantee.is_none_or(|grantee| grant.grantee == *grantee));
    Ok(Page { grants: grant.into_iter().collect(), more: false })
}

async fn many(
    kms: &Kms,
    key: KeyArn,
    grantee: Option<&Party>,
    after: Option<&GrantId>,
    limit: u32,
) -> Result<Page, KmsError> {
    let prefix = match grantee {
        Some(grantee) => paths::held(&Holder { key, digest: grantee.digest() }),
        None => paths::grants(&key),
    };
    let after = after.map(|id| prefix.clone().text(id.as_str()));
    kms.page(prefix, after, limit).await
}
