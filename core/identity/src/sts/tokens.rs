//! `GetSessionToken`, `GetFederationToken` and `GetAccessKeyInfo`.

use sealroom_api::sts as shapes;
use sealroom_authz::{ConditionKeys, Facts, Presence, Principal, Resource, ResourcePolicy, decide};
use sealroom_foundation::AccessKeyId;
use sealroom_store::{Answer, Read};

use crate::call::Call;
use crate::conditions::{each, global_condition};
use crate::records::{self, AccessKeyRecord};
use crate::session::{Bearer, SessionRecord};
use crate::standing::damaged;
use crate::sts::desk::{Desk, tags_of};
use crate::sts::error::StsError;

/// Seconds of a session unless the request says otherwise.
const DEFAULT: i32 = 43_200;
/// LIMIT: seconds of a root user's session.
const OF_ROOT: i32 = 3_600;

/// Sessions get no further sessions of this kind.
fn no_session(desk: &Desk<'_>) -> Result<(), StsError> {
    match desk.call.caller().session() {
        None => Ok(()),
        Some(_) => Err(StsError::AccessDenied(format!("Cannot call {} with session credentials", desk.name()))),
    }
}

/// Needs no permission: the session may do what the caller may.
pub(crate) fn session(
    desk: &Desk<'_>,
    input: &shapes::GetSessionTokenInput,
) -> Result<shapes::GetSessionTokenOutput, StsError> {
    no_session(desk)?;
    if input.serial_number.is_some() || input.token_code.is_some() {
        return Err(StsError::AccessDenied(
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ".to_owned(),
        ));
    }
    let caller = desk.call.caller();
    let (bearer, seconds) = match caller.standing() {
        Some(user) => (Bearer::User { id: user.holder.record.id.clone() }, input.duration_seconds.unwrap_or(DEFAULT)),
        // AWS: a longer one is cut without a word.
        None => (Bearer::Root, input.duration_seconds.unwrap_or(OF_ROOT).min(OF_ROOT)),
    };
    let session = SessionRecord::new(caller.account(), bearer, desk.call.now(), seconds.into());
    let credentials = Some(desk.credentials(&session)?);
    Ok(shapes::GetSessionTokenOutput { credentials, ..shapes::GetSessionTokenOutput::default() })
}

/// For somebody whom the calling user vouches for.
pub(crate) async fn federation(
    desk: &Desk<'_>,
    input: &shapes::GetFederationTokenInput,
) -> Result<shapes::GetFederationTokenOutput, StsError> {
    no_session(desk)?;
    let caller = desk.call.caller();
    let (account, partition) = (caller.account(), desk.call.region().partition());
    let arn = format!("arn:{partition}:sts::{account}:federated-user/{}", input.name);
    may(desk, &arn, input.tags.as_ref())?;
    let Some(user) = caller.standing().filter(|_| matches!(caller.principal(), Principal::User { .. })) else {
        return Err(StsError::AccessDenied(
            "The root user of an account can not vouch for federated users here; a user can.".to_owned(),
        ));
    };
    let bearer = Bearer::Federated { id: user.holder.record.id.clone(), name: input.name.clone() };
    let seconds = input.duration_seconds.unwrap_or(DEFAULT);
    let mut session = SessionRecord::new(account, bearer, desk.call.now(), seconds.into());
    session.tags = tags_of(input.tags.as_ref())?;
    let (policy, arns) = (input.policy.as_ref(), input.policy_arns.as_ref());
    let packed_policy_size = desk.limits(&mut session, account, policy, arns).await?;
    Ok(shapes::GetFederationTokenOutput {
        credentials: Some(desk.credentials(&session)?),
        federated_user: Some(shapes::FederatedUser { federated_user_id: format!("{account}:{}", input.name), arn }),
        packed_policy_size,
        ..shapes::GetFederationTokenOutput::default()
    })
}

/// Whose an access key is.
pub(crate) async fn access_key_info(
    desk: &Desk<'_>,
    input: &shapes::GetAccessKeyInfoInput,
) -> Result<shapes::GetAccessKeyInfoOutput, StsError> {
    may(desk, "*", None)?;
    let unknown = || StsError::Invalid(input.access_key_id.clone());
    let id: AccessKeyId = input.access_key_id.parse().map_err(|_| unknown())?;
    let answers = desk.room().view.read(&[Read::Get(records::access_key(id))]).await?;
    let row = answers.into_iter().next().and_then(Answer::row).ok_or_else(unknown)?;
    let account = AccessKeyRecord::decode(&row.value).and_then(|record| record.account());
    let account = account.ok_or_else(|| damaged(&row.path))?;
    Ok(shapes::GetAccessKeyInfoOutput { account: Some(account.to_string()) })
}

fn may(desk: &Desk<'_>, resource: &str, tags: Option<&Vec<shapes::Tag>>) -> Result<(), StsError> {
    let (caller, action) = (desk.call.caller(), format!("sts:{}", desk.name()));
    let facts = Facts {
        principal: caller.principal(),
        action: &action,
        resource: Resource { arn: resource, account: None },
        resource_policy: ResourcePolicy::None,
        identity: caller.policies(),
        controls: caller.controls(None),
        grants: &[],
        conditions: &Conditions { call: desk.call, tags: tags.map_or(&[], Vec::as_slice) },
    };
    let decision = decide(&facts).map(drop);
    decision.map_err(|denied| StsError::AccessDenied(denied.message(caller.arn(), &action, resource)))
}

struct Conditions<'a> {
    call: &'a Call,
    tags: &'a [shapes::Tag],
}

impl ConditionKeys for Conditions<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        match key.strip_prefix("aws:") {
            None => Presence::Absent,
            Some("tagkeys") => each(self.tags.iter().map(|tag| &*tag.key), visit),
            Some(name) => match name.strip_prefix("requesttag/") {
                Some(wanted) => {
                    let found = self.tags.iter().filter(|tag| tag.key.eq_ignore_ascii_case(wanted));
                    each(found.map(|tag| &*tag.value), visit)
                }
                None => global_condition(self.call, name, visit),
            },
        }
    }
}
