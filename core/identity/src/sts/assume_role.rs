//! `AssumeRole`.
//!
//! The role's trust policy must let the caller in; a caller of another account, or one whom the trust policy names by its
//! account alone, needs policies of its own besides. Tags and a source identity are actions of their own.

use std::sync::Arc;

use sealroom_api::sts as shapes;
use sealroom_authz::{ConditionKeys, Denied, Facts, Policy, Presence, Principal, Resource, ResourcePolicy, decide};
use sealroom_foundation::{AccountId, Arn};

use crate::call::Call;
use crate::conditions::{each, global_condition, one};
use crate::records::entity::{HolderKind, TagRecord};
use crate::session::{Bearer, SessionRecord};
use crate::standing::Holder;
use crate::sts::desk::{Desk, tags_of};
use crate::sts::error::StsError;

/// Seconds of a session unless the request says otherwise.
const DEFAULT: i32 = 3_600;
/// LIMIT: seconds of a session that a role's session asked for.
const CHAINED: i32 = 3_600;

pub(crate) async fn assume(
    desk: &mut Desk<'_>,
    input: &shapes::AssumeRoleInput,
) -> Result<shapes::AssumeRoleOutput, StsError> {
    let (account, path_name) = taken_apart(&input.role_arn)?;
    let caller = desk.call.caller();
    if caller.is_root() {
        return Err(StsError::AccessDenied("Roles may not be assumed by root accounts.".to_owned()));
    }
    if input.serial_number.is_some() || input.token_code.is_some() {
        return Err(StsError::AccessDenied(
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ".to_owned(),
        ));
    }
    let role = desk.room().standings.by_arn(account, HolderKind::Role, path_name).await?;
    let role = role.ok_or_else(|| hidden(desk.call, &input.role_arn))?;
    desk.role(account, &input.role_arn);
    decided(desk, input, account, &role)?;
    let tags = session_tags(desk, input)?;
    let seconds = duration(desk, input, &role)?;
    let bearer = Bearer::Role { id: role.record.id.clone(), session: input.role_session_name.clone() };
    let mut session = SessionRecord::new(account, bearer, desk.call.now(), seconds.into());
    session.transitive = transitive(desk, input);
    session.tags = tags;
    session.source_identity = source_identity(desk, input)?;
    let packed_policy_size =
        desk.limits(&mut session, account, input.policy.as_ref(), input.policy_arns.as_ref()).await?;
    let credentials = desk.credentials(&session)?;
    let partition = desk.call.region().partition();
    let arn = Principal::assumed_role(partition, account, path_name, &role.record.id, &input.role_session_name);
    Ok(shapes::AssumeRoleOutput {
        credentials: Some(credentials),
        assumed_role_user: Some(shapes::AssumedRoleUser {
            assumed_role_id: format!("{}:{}", role.record.id, input.role_session_name),
            arn: arn.arn().to_owned(),
        }),
        packed_policy_size,
        source_identity: session.source_identity,
        ..shapes::AssumeRoleOutput::default()
    })
}

/// The role's account, and its path and name.
fn taken_apart(role: &str) -> Result<(AccountId, &str), StsError> {
    let parts = Arn::parse(role).filter(|arn| arn.service == "iam" && arn.region.is_empty());
    let parts = parts.and_then(|arn| Some((arn.account.parse().ok()?, arn.resource.strip_prefix("role/")?)));
    parts.ok_or_else(|| StsError::Invalid(role.to_owned()))
}

/// AWS: a role that isn't there reads like one that doesn't let the caller in.
fn hidden(call: &Call, role: &str) -> StsError {
    let caller = call.caller().arn();
    StsError::AccessDenied(format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"))
}

fn decided(
    desk: &Desk<'_>,
    input: &shapes::AssumeRoleInput,
    account: AccountId,
    role: &Arc<Holder>,
) -> Result<(), StsError> {
    let trust = role.trust.as_deref().ok_or(StsError::Fault("a role without a trust policy"))?;
    let may = |action: &'static str| may(desk, input, account, role, trust, action);
    may("sts:AssumeRole")?;
    let tagged = !input.tags.as_deref().unwrap_or_default().is_empty();
    if tagged || !input.transitive_tag_keys.as_deref().unwrap_or_default().is_empty() {
        may("sts:TagSession")?;
    }
    if input.source_identity.is_some() {
        may("sts:SetSourceIdentity")?;
    }
    Ok(())
}

fn may(
    desk: &Desk<'_>,
    input: &shapes::AssumeRoleInput,
    account: AccountId,
    role: &Arc<Holder>,
    trust: &Policy,
    action: &'static str,
) -> Result<(), StsError> {
    let caller = desk.call.caller();
    let facts = Facts {
        principal: caller.principal(),
        action,
        resource: Resource { arn: &input.role_arn, account: Some(account) },
        resource_policy: ResourcePolicy::Trust(trust),
        identity: caller.policies(),
        controls: caller.controls(Some(account)),
        grants: &[],
        conditions: &Conditions { call: desk.call, input, tags: &role.record.tags, account },
    };
    let denied = |denied: Denied| StsError::AccessDenied(denied.message(caller.arn(), action, &input.role_arn));
    decide(&facts).map(drop).map_err(denied)
}

/// How long the session lasts.
fn duration(desk: &Desk<'_>, input: &shapes::AssumeRoleInput, role: &Holder) -> Result<i32, StsError> {
    let seconds = input.duration_seconds.unwrap_or(DEFAULT);
    if matches!(desk.call.caller().principal(), Principal::AssumedRole { .. }) && seconds > CHAINED {
        return Err(StsError::Validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if role.record.role.as_ref().is_some_and(|role| seconds > role.max_session) {
        return Err(StsError::Validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

/// The tags of the new session: those that the request brings, and those that go on from the calling session.
fn session_tags(desk: &Desk<'_>, input: &shapes::AssumeRoleInput) -> Result<Vec<TagRecord>, StsError> {
    let mut tags = tags_of(input.tags.as_ref())?;
    let keys = input.transitive_tag_keys.as_deref().unwrap_or_default();
    if keys.iter().any(|key| !tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(key))) {
        return Err(StsError::Parameter("The specified transitive tag key must be included in the requested tags."));
    }
    for passed in desk.call.caller().session().into_iter().flat_map(|session| session.record.transitive_tags()) {
        if tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(&passed.key)) {
            return Err(StsError::Parameter(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.",
            ));
        }
        tags.push(passed.clone());
    }
    Ok(tags)
}

/// The keys of tags that go on: those that the request says, and those that came.
fn transitive(desk: &Desk<'_>, input: &shapes::AssumeRoleInput) -> Vec<String> {
    let came = desk.call.caller().session().map(|session| session.record.transitive.clone());
    let said = input.transitive_tag_keys.clone().unwrap_or_default();
    came.into_iter().flatten().chain(said).collect()
}

/// AWS: once set it goes on, and nobody behind can set another.
fn source_identity(desk: &Desk<'_>, input: &shapes::AssumeRoleInput) -> Result<Option<String>, StsError> {
    let came = desk.call.caller().session().and_then(|session| session.record.source_identity.clone());
    match (came, input.source_identity.clone()) {
        (Some(came), Some(said)) if came != said => {
            Err(StsError::Validation("The source identity of the calling session can not be changed."))
        }
        (came, said) => Ok(said.or(came)),
    }
}

/// The condition keys of the request.
struct Conditions<'a> {
    call: &'a Call,
    input: &'a shapes::AssumeRoleInput,
    /// The role's own.
    tags: &'a [TagRecord],
    account: AccountId,
}

impl ConditionKeys for Conditions<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        let input = self.input;
        let Some((vendor, name)) = key.split_once(':') else { return Presence::Absent };
        if let Some(wanted) = name.strip_prefix("resourcetag/") {
            let found = self.tags.iter().filter(|tag| tag.key.eq_ignore_ascii_case(wanted));
            return each(found.map(|tag| &*tag.value), visit);
        }
        let sent = || input.tags.iter().flatten();
        match (vendor, name) {
            ("sts", "externalid") => one(input.external_id.as_deref(), visit),
            ("sts", "rolesessionname") => one(Some(&input.role_session_name), visit),
            ("sts", "sourceidentity") => one(input.source_identity.as_deref(), visit),
            ("sts", "transitivetagkeys") => each(input.transitive_tag_keys.iter().flatten().map(String::as_str), visit),
            ("aws", "resourceaccount") => one(Some(self.account.as_str()), visit),
            ("aws", "tagkeys") => each(sent().map(|tag| &*tag.key), visit),
            ("aws", name) => match name.strip_prefix("requesttag/") {
                Some(wanted) => {
                    let found = sent().filter(|tag| tag.key.eq_ignore_ascii_case(wanted));
                    each(found.map(|tag| &*tag.value), visit)
                }
                None => global_condition(self.call, name, visit),
            },
            _ => Presence::Absent,
        }
    }
}
