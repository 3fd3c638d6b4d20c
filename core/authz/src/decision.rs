//! `decide` and the permission it makes.
//!
//! The order is IAM's ("Policy evaluation logic"): a `Deny` anywhere decides; then what stands around both sides must
//! allow; then the sides. What would surprise: a resource's policy that names a user, or the very session, is not
//! limited by the silence of that user's boundary or of the session's policies; one that names the role is.

mod denied;
mod examined;
mod weigh;

use crate::evaluation::Request;
use crate::facts::{Facts, GrantFact, Resource, ResourcePolicy};
use crate::policy::Policy;

pub use denied::{Denied, Finding, Layer};
pub use examined::{Match, lets_through, matches};

/// Permission for one action on one resource. Only [`decide`] makes one, so whoever holds it has been allowed.
///
/// ```compile_fail
/// let forged = sealroom_authz::Allowed { action: "kms:Decrypt", resource: "*" };
/// ```
#[derive(Debug)]
pub struct Allowed<'a> {
    action: &'a str,
    resource: &'a str,
}

impl<'a> Allowed<'a> {
    /// The action, as the facts named it.
    #[must_use]
    pub fn action(&self) -> &'a str {
        self.action
    }

    /// The ARN of the resource, as the facts named it.
    #[must_use]
    pub fn resource_arn(&self) -> &'a str {
        self.resource
    }
}

/// LIMIT: bytes of an action's name.
const ACTION_BYTES: usize = 128;

/// Decides. Pure: the same facts and the same answers for condition keys give the same decision.
///
/// # Errors
/// [`Denied`], unless everything that must allow does and nothing denies.
pub fn decide<'a>(facts: &Facts<'a>) -> Result<Allowed<'a>, Denied> {
    let request = Request::new(facts);
    let refusal = if is_action(facts.action) { weigh::weigh(facts, &request) } else { Err(weigh::of_no_action(facts)) };
    match refusal {
        Ok(()) => Ok(Allowed { action: facts.action, resource: facts.resource.arn }),
        Err(refusal) => Err(Denied::new(refusal, facts, &request)),
    }
}

/// As [`decide`] with these grants besides those of `facts`, which needn't live as long as the permission does.
///
/// # Errors
/// As [`decide`].
pub fn decide_with<'a>(facts: &Facts<'a>, grants: &[GrantFact<'_>]) -> Result<Allowed<'a>, Denied> {
    let all: Vec<GrantFact<'_>> = facts.grants.iter().chain(grants).copied().collect();
    decide(&Facts { grants: &all, ..*facts })?;
    Ok(Allowed { action: facts.action, resource: facts.resource.arn })
}

/// A service and a name, with one colon between.
fn is_action(text: &str) -> bool {
    let colons = text.bytes().filter(|byte| *byte == b':').count();
    colons == 1 && !text.starts_with(':') && !text.ends_with(':') && text.len() <= ACTION_BYTES
}

/// Whether the caller of `facts` could still put a policy on `key` once `proposed` stands there: KMS's lockout check.
/// The facts' action, resource, resource policy and grants don't count. Callers of other accounts never could.
#[must_use]
pub fn would_allow_put_policy(proposed: &Policy, key: Resource<'_>, facts: &Facts<'_>) -> bool {
    let own = key.account.is_some() && facts.principal.account() == key.account;
    let then = Facts {
        principal: facts.principal,
        action: "kms:PutKeyPolicy",
        resource: Resource { arn: key.arn, account: key.account },
        resource_policy: ResourcePolicy::Mandatory(proposed),
        identity: facts.identity,
        controls: facts.controls,
        grants: &[],
        conditions: facts.conditions,
    };
    own && decide(&then).is_ok()
}
