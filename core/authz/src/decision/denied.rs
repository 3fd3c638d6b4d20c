//! A refusal that explains itself: AWS's words for the caller, and findings for whoever keeps the policies.
//!
//! The findings are worked out after the answer is known to be no; a permission costs nothing for them.

use std::fmt;

use crate::decision::weigh::{Heard, Refusal, resource_policy};
use crate::evaluation::Request;
use crate::facts::{Facts, ResourcePolicy};
use crate::policy::Effect;
use crate::statement::{Obstacle, Statement};

/// A group of policies with a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Policies of the user, its groups or the role.
    Identity,
    /// The resource's policy.
    Resource,
    /// The role's trust policy.
    Trust,
    /// The permissions boundary.
    Boundary,
    /// Policies of the session.
    Session,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The endpoint's policy.
    Endpoint,
}

impl Layer {
    /// AWS's name for a policy of the layer.
    fn policy(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Endpoint => "VPC endpoint policy",
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::Identity => "an",
            Self::Trust => "the",
            Self::Resource
            | Self::Boundary
            | Self::Session
            | Self::ServiceControl
            | Self::ResourceControl
            | Self::Endpoint => "a",
        }
    }
}

/// LIMIT: findings kept of one refusal.
const FINDINGS: usize = 16;

/// A refusal, and why.
#[derive(Debug)]
pub struct Denied {
    layer: Layer,
    detail: Box<Detail>,
}

#[derive(Debug)]
struct Detail {
    action: Box<str>,
    /// Whether a statement denies; else none allows.
    explicit: bool,
    /// Whether the resource is another account's, so that it isn't named.
    hidden_resource: bool,
    findings: Vec<Finding>,
}

impl Denied {
    pub(super) fn new(refusal: Refusal<'_>, facts: &Facts<'_>, request: &Request<'_>) -> Self {
        let (layer, explicit, findings) = match refusal {
            Refusal::Denied { layer, policy, statement, failure } => {
                let cause = failure.map_or(Cause::Denies, |failure| Cause::Failed(failure.as_str()));
                (layer, true, vec![Finding::new(layer, policy, statement, cause)])
            }
            Refusal::Silent(layer) => (layer, false, near_misses(layer, facts, request)),
        };
        let across = facts.resource.account.is_some() && facts.resource.account != facts.principal.account();
        let detail = Detail {
            action: facts.action.into(),
            explicit,
            // AWS: AssumeRole names the role even across accounts.
            hidden_resource: across && !matches!(facts.resource_policy, ResourcePolicy::Trust(_)),
            findings,
        };
        Self { layer, detail: Box::new(detail) }
    }

    /// The layer that refused, or that failed to allow.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// Whether a statement denies; else nothing allows, and something more that allows might change that.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.detail.explicit
    }

    /// AWS's words for the reason: `because no identity-based policy allows the kms:Encrypt action`.
    #[must_use]
    pub fn reason_text(&self) -> String {
        let (layer, detail) = (self.layer, &*self.detail);
        if !detail.explicit {
            return format!("because no {} allows the {} action", layer.policy(), detail.action);
        }
        let text = format!("with an explicit deny in {} {}", layer.article(), layer.policy());
        match detail.findings.first().and_then(|finding| finding.policy.as_deref()) {
            // AWS names policies that have an ARN or an organisation's policy id.
            Some(name) if name.starts_with("arn:") || name.starts_with("p-") => format!("{text}: {name}"),
            Some(_) | None => text,
        }
    }

    /// AWS's whole message. `resource_arn` is left out when it is `*`, and in answers across accounts.
    #[must_use]
    pub fn message(&self, caller_arn: &str, action: &str, resource_arn: &str) -> String {
        let head = format!("User: {caller_arn} is not authorized to perform: {action}");
        match self.layer {
            Layer::Resource | Layer::ResourceControl if self.detail.hidden_resource => format!(
                "{head} on this resource because the resource does not exist in this Region, no resource-based \
                 policies allow access, or a resource-based policy explicitly denies access"
            ),
            _ if self.detail.hidden_resource => format!("{head} on this resource {}", self.reason_text()),
            _ if resource_arn == "*" => format!("{head} {}", self.reason_text()),
            _ => format!("{head} on resource: {resource_arn} {}", self.reason_text()),
        }
    }

    /// The statement that denied; or, when nothing allowed, those of the layer that speak of the action and what kept
    /// each from allowing it, 16 at most. They show what policies hold: they are for who may read these.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.detail.findings
    }
}

/// What one statement had to do with a refusal. It displays as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    layer: Layer,
    policy: Option<Box<str>>,
    /// Counted from 1.
    statement: usize,
    sid: Option<Box<str>>,
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Denies,
    NotPrincipal,
    NotResource,
    NotCondition {
        operator: String,
        key: Box<str>,
    },
    /// The statement allows, but others must as well.
    Allows,
    Failed(&'static str),
}

impl Finding {
    fn new(layer: Layer, heard: Heard<'_>, index: usize, cause: Cause) -> Self {
        let sid = heard.policy.statements().get(index).and_then(|statement| statement.sid.clone());
        Self { layer, policy: heard.name.map(Into::into), statement: index.saturating_add(1), sid, cause }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.layer.policy())?;
        if let Some(policy) = &self.policy {
            write!(f, " `{policy}`")?;
        }
        write!(f, ", statement {}", self.statement)?;
        if let Some(sid) = &self.sid {
            write!(f, " (`{sid}`)")?;
        }
        match &self.cause {
            Cause::Denies => f.write_str(": denies"),
            Cause::NotPrincipal => f.write_str(": does not name the principal"),
            Cause::NotResource => f.write_str(": does not name the resource"),
            Cause::NotCondition { operator, key } => write!(f, ": `{operator}` does not hold for `{key}`"),
            Cause::Allows => f.write_str(": allows, which alone is not enough"),
            Cause::Failed(why) => write!(f, ": {why}"),
        }
    }
}

/// The statements of the layer that allow the action to somebody, somewhere, and what keeps each from allowing this.
fn near_misses(layer: Layer, facts: &Facts<'_>, request: &Request<'_>) -> Vec<Finding> {
    // A decision that wasn't too costly may be looked into at the same cost again.
    let again = Request::new(facts);
    let request = if request.budget.is_spent() { request } else { &again };
    let missed = heard(layer, facts).into_iter().flat_map(|heard| {
        let allows = heard.policy.statements().iter().enumerate().filter(|(_, it)| it.effect == Effect::Allow);
        allows.filter_map(move |(index, statement)| {
            obstacle(statement, request).map(|cause| Finding::new(layer, heard, index, cause))
        })
    });
    missed.take(FINDINGS).collect()
}

/// What keeps a statement that allows from deciding; `None` when it doesn't speak of the action.
fn obstacle(statement: &Statement, request: &Request<'_>) -> Option<Cause> {
    Some(match statement.examine(request) {
        Err(failure) => Cause::Failed(failure.as_str()),
        Ok(Ok(_)) => Cause::Allows,
        Ok(Err(Obstacle::Action)) => return None,
        Ok(Err(Obstacle::Principal)) => Cause::NotPrincipal,
        Ok(Err(Obstacle::Resource)) => Cause::NotResource,
        Ok(Err(Obstacle::Condition(condition))) => {
            Cause::NotCondition { operator: condition.operator(), key: condition.key().into() }
        }
    })
}

/// The policies of a layer.
pub(super) fn heard<'a>(layer: Layer, facts: &Facts<'a>) -> Vec<Heard<'a>> {
    let (own, controls) = (&facts.identity, &facts.controls);
    match layer {
        Layer::Resource | Layer::Trust => {
            resource_policy(facts).map(|policy| Heard { name: None, policy }).into_iter().collect()
        }
        Layer::Identity => own.attached.iter().map(Into::into).collect(),
        Layer::Boundary => own.boundary.into_iter().map(Into::into).collect(),
        Layer::Session => own.session.unwrap_or_default().iter().map(Into::into).collect(),
        Layer::ServiceControl => {
            controls.service_control.iter().flat_map(|level| level.iter()).map(Into::into).collect()
        }
        Layer::ResourceControl => {
            controls.resource_control.iter().flat_map(|level| level.iter()).map(Into::into).collect()
        }
        Layer::Endpoint => controls.endpoint.into_iter().map(Into::into).collect(),
    }
}
