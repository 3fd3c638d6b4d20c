//! The weighing of all layers. It answers with the layer that refuses; `Denied` finds out the rest.

use std::slice;
use std::sync::Arc;

use crate::decision::Layer;
use crate::evaluation::{Failure, Request};
use crate::facts::{AttachedPolicy, Facts, GrantFact, ResourcePolicy};
use crate::policy::{Policy, Say};
use crate::principal::{Fit, Principal};

/// Who refuses, and how.
#[derive(Clone, Copy)]
pub(super) enum Refusal<'a> {
    /// A statement of this layer denies.
    Denied { layer: Layer, policy: Heard<'a>, statement: usize, failure: Option<Failure> },
    /// Nothing in this layer allows.
    Silent(Layer),
}

/// A policy that is heard, with its name if it has one.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) policy: &'a Policy,
}

impl<'a> From<&'a AttachedPolicy> for Heard<'a> {
    fn from(attached: &'a AttachedPolicy) -> Self {
        Self { name: Some(&attached.name), policy: &attached.policy }
    }
}

/// The refusal of something that isn't an action.
pub(super) fn of_no_action<'a>(facts: &Facts<'a>) -> Refusal<'a> {
    Refusal::Silent(if facts.resource.account.is_some() { resource_layer(facts) } else { Layer::Identity })
}

/// Hears every layer, so that a `Deny` anywhere decides, and then asks each for its consent.
pub(super) fn weigh<'a>(facts: &Facts<'a>, request: &Request<'a>) -> Result<(), Refusal<'a>> {
    let (controls, own) = (&facts.controls, &facts.identity);
    let resource_control = levels(Layer::ResourceControl, controls.resource_control, request)?;
    let service_control = levels(Layer::ServiceControl, controls.service_control, request)?;
    let endpoint = consent(Layer::Endpoint, single(controls.endpoint), controls.endpoint.is_some(), request)?;
    let resource = match resource_policy(facts) {
        Some(policy) => hear(resource_layer(facts), Heard { name: None, policy }, request)?,
        None => None,
    };
    let resource = resource.filter(|_| !matches!(facts.resource_policy, ResourcePolicy::Denying(_)));
    let identity = any(Layer::Identity, own.attached, request)?;
    let boundary = consent(Layer::Boundary, single(own.boundary), own.boundary.is_some(), request)?;
    // AWS: a federated user's session has what its policies give and nothing of the user's own without them.
    let limited = own.session.is_some() || matches!(facts.principal, Principal::FederatedUser { .. });
    let session = consent(Layer::Session, own.session.unwrap_or_default(), limited, request)?;
    need(resource_control, Layer::ResourceControl)?;
    need(service_control, Layer::ServiceControl)?;
    need(endpoint, Layer::Endpoint)?;
    let caller = Caller {
        // Its own account's root user needs no policies.
        identity: identity || matches!(facts.principal, Principal::Root { .. }),
        boundary,
        session,
    };
    sides(facts, resource.max(granted(facts, |_| true)), &caller)
}

/// How well the best of the grants that `counts` lets count fits the caller.
fn granted(facts: &Facts<'_>, counts: impl Fn(&GrantFact<'_>) -> bool) -> Option<Fit> {
    facts.grants.iter().filter(|grant| counts(grant)).filter_map(|grant| grant.grantee.fit(facts.principal)).max()
}

/// The caller's side of a request.
struct Caller {
    identity: bool,
    boundary: bool,
    session: bool,
}

impl Caller {
    fn consents<'a>(&self) -> Result<(), Refusal<'a>> {
        need(self.identity, Layer::Identity)?;
        self.within_limits()
    }

    fn within_limits<'a>(&self) -> Result<(), Refusal<'a>> {
        need(self.boundary, Layer::Boundary)?;
        need(self.session, Layer::Session)
    }
}

/// The resource's side, which fits the caller like `fit`, and the caller's.
fn sides<'a>(facts: &Facts<'a>, fit: Option<Fit>, caller: &Caller) -> Result<(), Refusal<'a>> {
    let resource = resource_layer(facts);
    match (facts.resource.account, facts.principal.account()) {
        (None, _) => caller.consents(),
        (Some(_), None) => need(fit.is_some(), resource),
        (Some(owner), Some(account)) if owner == account => match (fit, facts.resource_policy) {
            (Some(Fit::Itself), _) => Ok(()),
            (Some(Fit::Behind), _) => caller.within_limits(),
            (Some(Fit::Account), _) | (None, ResourcePolicy::Optional(_) | ResourcePolicy::None) => caller.consents(),
            (None, ResourcePolicy::Mandatory(_) | ResourcePolicy::Denying(_) | ResourcePolicy::Trust(_)) => {
                Err(Refusal::Silent(resource))
            }
        },
        (Some(_), Some(account)) => {
            need(fit.is_some(), resource)?;
            // AWS: a grant that the caller's own account issued needs no identity policy of that account besides.
            match granted(facts, |grant| grant.issued_by == account) {
                Some(Fit::Itself) => Ok(()),
                Some(Fit::Behind) => caller.within_limits(),
                Some(Fit::Account) | None => caller.consents(),
            }
        }
    }
}

fn single(policy: Option<&AttachedPolicy>) -> &[AttachedPolicy] {
    policy.map_or(&[], slice::from_ref)
}

fn need<'a>(consent: bool, layer: Layer) -> Result<(), Refusal<'a>> {
    if consent { Ok(()) } else { Err(Refusal::Silent(layer)) }
}

/// What one policy gives, unless it denies.
fn hear<'a>(layer: Layer, heard: Heard<'a>, request: &Request<'_>) -> Result<Option<Fit>, Refusal<'a>> {
    match heard.policy.say(request) {
        Say::Denied { statement, failure } => Err(Refusal::Denied { layer, policy: heard, statement, failure }),
        Say::Allowed(fit) => Ok(Some(fit)),
        Say::Nothing => Ok(None),
    }
}

/// Whether one of `policies` allows; all are heard.
fn any<'a>(layer: Layer, policies: &'a [AttachedPolicy], request: &Request<'_>) -> Result<bool, Refusal<'a>> {
    policies.iter().try_fold(false, |allowed, attached| Ok(allowed | hear(layer, attached.into(), request)?.is_some()))
}

/// Whether one of `policies` allows, or the layer is absent.
fn consent<'a>(
    layer: Layer,
    policies: &'a [AttachedPolicy],
    present: bool,
    request: &Request<'_>,
) -> Result<bool, Refusal<'a>> {
    Ok(any(layer, policies, request)? || !present)
}

/// Whether one policy of each level allows, or the organisation doesn't bind the principal.
fn levels<'a>(layer: Layer, levels: &'a [Arc<[AttachedPolicy]>], request: &Request<'_>) -> Result<bool, Refusal<'a>> {
    // AWS: service control policies bind principals of accounts; neither kind binds service-linked roles.
    let service = layer == Layer::ServiceControl && matches!(request.principal, Principal::Service { .. });
    if levels.is_empty() || service || is_service_linked(request.principal) {
        return Ok(true);
    }
    levels.iter().try_fold(true, |allowed, policies| Ok(allowed & any(layer, policies, request)?))
}

/// The resource's own policy.
pub(super) fn resource_policy<'a>(facts: &Facts<'a>) -> Option<&'a Policy> {
    match facts.resource_policy {
        ResourcePolicy::Mandatory(policy)
        | ResourcePolicy::Denying(policy)
        | ResourcePolicy::Trust(policy)
        | ResourcePolicy::Optional(policy) => Some(policy),
        ResourcePolicy::None => None,
    }
}

fn resource_layer(facts: &Facts<'_>) -> Layer {
    match facts.resource_policy {
        ResourcePolicy::Trust(_) => Layer::Trust,
        ResourcePolicy::Mandatory(_)
        | ResourcePolicy::Denying(_)
        | ResourcePolicy::Optional(_)
        | ResourcePolicy::None => Layer::Resource,
    }
}

/// Whether `principal` is a session of a role that belongs to a service.
fn is_service_linked(principal: &Principal) -> bool {
    let Principal::AssumedRole { role_arn, .. } = principal else { return false };
    role_arn.splitn(6, ':').last().is_some_and(|resource| resource.starts_with("role/aws-service-role/"))
}
