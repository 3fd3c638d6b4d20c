//! The global condition keys: what any request says of its caller and of itself, whatever service it is for.
//!
//! Services answer for the keys that speak of their own resources, and ask here for the rest. What a key means is IAM's "AWS
//! global condition context keys"; a key that doesn't apply to the request is absent.

use sealroom_authz::{Presence, Principal};
use sealroom_foundation::Arn;

use crate::call::Call;
use crate::caller::Caller;
use crate::records::entity::TagRecord;
use crate::session::Bearer;

/// Answers for the global condition key `key`, in lower case and without its `aws:`, if it is one that every request has or
/// lacks by itself. [`Presence::Absent`] for all others.
pub fn global_condition(call: &Call, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
    let (caller, request) = (call.caller(), call.request());
    if let Some(tag) = key.strip_prefix("principaltag/") {
        return one(principal_tag(caller, tag), visit);
    }
    let service = caller.is_service().then(|| caller.arn());
    match key {
        "principalarn" => one(principal_arn(caller.principal()), visit),
        "principalaccount" => one(caller.principal().account().map(|a| a.to_string()).as_deref(), visit),
        "principaltype" => one(principal_type(caller.principal()), visit),
        "principalisawsservice" => one(Some(truth(caller.is_service())), visit),
        "principalservicename" => one(service, visit),
        "principalservicenameslist" => each(service, visit),
        "userid" => one(Some(caller.user_id()), visit),
        "username" => one(user_name(caller), visit),
        "viaawsservice" => one(Some(truth(!caller.via().is_empty())), visit),
        "calledvia" => each(caller.via().iter().map(|service| service.principal()), visit),
        "calledviafirst" => one(caller.via().first().map(|service| service.principal()), visit),
        "calledvialast" => one(caller.via().last().map(|service| service.principal()), visit),
        "sourcearn" => one(caller.source_arn(), visit),
        "sourceaccount" => one(source_account(caller), visit),
        "sourceidentity" => one(caller.session().and_then(|session| session.record.source_identity.as_deref()), visit),
        "sourceip" => one(Some(&request.source_ip.to_string()), visit),
        "securetransport" => one(Some(truth(request.secure)), visit),
        "useragent" => one(Some(&request.user_agent).filter(|text| !text.is_empty()).map(|text| &**text), visit),
        "currenttime" => one(Some(&call.now().iso_seconds().to_string()), visit),
        "epochtime" => one(Some(&call.now().as_seconds().to_string()), visit),
        "requestedregion" => one(Some(call.region().as_str()), visit),
        // AWS: absent with long-lived access keys, not false; in a session nobody has a second factor here.
        "multifactorauthpresent" => one(caller.session().map(|_| truth(false)), visit),
        "tokenissuetime" => {
            let issued = caller.session().map(|session| session.record.issued().iso_seconds().to_string());
            one(issued.as_deref(), visit)
        }
        _ => Presence::Absent,
    }
}

/// The tags of the user or role, and those of the session, which win.
fn principal_tag<'a>(caller: &'a Caller, wanted: &str) -> Option<&'a str> {
    let is = |tag: &&TagRecord| tag.key.eq_ignore_ascii_case(wanted);
    let of_session = caller.session().and_then(|session| session.record.tags.iter().find(is));
    let own = || caller.standing().and_then(|standing| standing.holder.record.tags.iter().find(is));
    of_session.or_else(own).map(|tag| &*tag.value)
}

/// Users have one, and federated ones that of theirs; roles' sessions and root users have none.
fn user_name(caller: &Caller) -> Option<&str> {
    let federated = caller.session().and_then(|session| match &session.record.bearer {
        Bearer::Federated { name, .. } => Some(name.as_str()),
        Bearer::Root | Bearer::User { .. } | Bearer::Role { .. } => None,
    });
    let is_user = matches!(caller.principal(), Principal::User { .. });
    federated.or_else(|| caller.standing().filter(|_| is_user).map(|standing| &*standing.holder.record.name))
}

fn source_account(caller: &Caller) -> Option<&str> {
    Some(Arn::parse(caller.source_arn()?)?.account).filter(|account| !account.is_empty())
}

/// The role's ARN for a session of it, as IAM defines `aws:PrincipalArn`.
fn principal_arn(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::AssumedRole { role_arn, .. } => Some(role_arn),
        Principal::Root { .. } | Principal::User { .. } | Principal::FederatedUser { .. } => Some(principal.arn()),
        Principal::Federated { .. } | Principal::Service { .. } | Principal::Anonymous => None,
    }
}

fn principal_type(principal: &Principal) -> Option<&'static str> {
    match principal {
        Principal::Root { .. } => Some("Account"),
        Principal::User { .. } => Some("User"),
        Principal::AssumedRole { .. } => Some("AssumedRole"),
        Principal::FederatedUser { .. } => Some("FederatedUser"),
        Principal::Anonymous => Some("Anonymous"),
        Principal::Federated { .. } | Principal::Service { .. } => None,
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

pub(crate) fn one(value: Option<&str>, visit: &mut dyn FnMut(&str)) -> Presence {
    each(value, visit)
}

pub(crate) fn each<'t>(values: impl IntoIterator<Item = &'t str>, visit: &mut dyn FnMut(&str)) -> Presence {
    let mut presence = Presence::Absent;
    for value in values {
        presence = Presence::Present;
        visit(value);
    }
    presence
}
