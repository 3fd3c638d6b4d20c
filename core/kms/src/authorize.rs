//! The decision on a key, and what a caller who is refused may learn of it.

use sealroom_authz::{Allowed, Denied, Facts, Layer, Resource, ResourcePolicy, decide};
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::entry::KeyEntry;
use crate::error::KmsError;
#[cfg(doc)]
use crate::kms::Kms;

/// Whether the caller may do `action` with `key`. For actions that no grant gives; the others ask [`Kms::authorize`].
///
/// # Errors
/// AWS's text for the refusal.
pub(crate) fn on_key<'a>(
    call: &'a Call,
    action: &'static str,
    key: &'a KeyEntry,
    conditions: &'a Conditions<'a>,
) -> Result<Allowed<'a>, KmsError> {
    let facts = of_key(call, action, key, ResourcePolicy::Mandatory(&key.policy), conditions);
    decide(&facts).map_err(|denied| refused(call, action, key, &denied))
}

/// The facts of a decision on `key`.
pub(crate) fn of_key<'a>(
    call: &'a Call,
    action: &'static str,
    key: &'a KeyEntry,
    resource_policy: ResourcePolicy<'a>,
    conditions: &'a Conditions<'a>,
) -> Facts<'a> {
    let resource = Resource { arn: key.record.arn_text(), account: Some(key.record.arn.account) };
    facts(call, action, resource, resource_policy, conditions)
}

/// Whether the caller may do `action`, which is about no key.
///
/// # Errors
/// AWS's text for the refusal.
pub(crate) fn on_account(call: &Call, action: &'static str, conditions: &Conditions<'_>) -> Result<(), KmsError> {
    let facts = facts(call, action, Resource::NONE, ResourcePolicy::None, conditions);
    match decide(&facts) {
        Ok(_) => Ok(()),
        Err(denied) => {
            let (arn, reason) = (call.caller().arn(), denied.reason_text());
            Err(KmsError::AccessDenied(format!(
                "User: {arn} is not authorized to perform: {action} on resource: * {reason}"
            )))
        }
    }
}

/// Whether the caller may do `action` with the alias `arn` of its own account. Aliases have no policy and no tags, so the
/// caller's own policies alone decide, as they do where there is no resource.
///
/// # Errors
/// AWS's text for the refusal.
pub(crate) fn on_alias(call: &Call, action: &'static str, arn: &str) -> Result<(), KmsError> {
    let conditions = Conditions::new(call, None, Asked::default());
    let resource = Resource { arn, ..Resource::NONE };
    let facts = facts(call, action, resource, ResourcePolicy::None, &conditions);
    let caller = call.caller().arn();
    decide(&facts).map(drop).map_err(|denied| KmsError::AccessDenied(denied.message(caller, action, arn)))
}

/// What a caller reads about another account's key that doesn't admit it, or doesn't exist.
pub(crate) fn hidden(call: &Call, action: &str) -> KmsError {
    KmsError::AccessDenied(format!(
        "User: {} is not authorized to perform: {action} on this resource because the resource does not exist in this \
         Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
        call.caller().arn()
    ))
}

/// The facts of a decision. Grants join in `grants`.
pub(crate) fn facts<'a>(
    call: &'a Call,
    action: &'a str,
    resource: Resource<'a>,
    resource_policy: ResourcePolicy<'a>,
    conditions: &'a Conditions<'a>,
) -> Facts<'a> {
    Facts {
        principal: call.caller().principal(),
        action,
        resource,
        resource_policy,
        identity: call.caller().policies(),
        controls: call.caller().controls(resource.account),
        grants: &[],
        conditions,
    }
}

/// AWS's text for a refusal.
pub(crate) fn refused(call: &Call, action: &'static str, key: &KeyEntry, denied: &Denied) -> KmsError {
    let caller = call.caller();
    if key.record.arn.account == caller.account() {
        return KmsError::AccessDenied(denied.message(caller.arn(), action, key.record.arn_text()));
    }
    match denied.layer() {
        Layer::Resource | Layer::ResourceControl | Layer::Trust => hidden(call, action),
        Layer::Identity | Layer::Boundary | Layer::Session | Layer::ServiceControl | Layer::Endpoint => {
            let reason = denied.reason_text();
            let arn = caller.arn();
            KmsError::AccessDenied(format!(
                "User: {arn} is not authorized to perform: {action} on this resource {reason}"
            ))
        }
    }
}
