//! Everything that one decision depends on, as borrowed values: no look-up happens after they are put together,
//! except for condition keys.

use std::sync::Arc;

use sealroom_foundation::AccountId;

use crate::conditions::ConditionKeys;
use crate::policy::Policy;
use crate::principal::{Principal, PrincipalName};

/// One request, as far as authorization is concerned.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What is asked: `kms:Encrypt`. At most 128 bytes with exactly one colon, else the answer is no.
    pub action: &'a str,
    /// What it is asked of.
    pub resource: Resource<'a>,
    /// The resource's own policy.
    pub resource_policy: ResourcePolicy<'a>,
    /// The policies on the principal's side.
    pub identity: IdentityPolicies<'a>,
    /// What an organisation or an endpoint puts around both.
    pub controls: Controls<'a>,
    /// Grants on the resource.
    pub grants: &'a [GrantFact<'a>],
    /// Answers for condition keys, asked lazily.
    pub conditions: &'a dyn ConditionKeys,
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The ARN, or `*` for an action without a resource.
    pub arn: &'a str,
    /// The account that owns it; `None` for an action without a resource, which only identity policies decide.
    pub account: Option<AccountId>,
}

impl Resource<'_> {
    /// What actions like `kms:ListKeys` and `kms:CreateKey` are about: no resource, and no resource policy.
    pub const NONE: Self = Self { arn: "*", account: None };
}

/// The policy on the resource's side and what its silence means.
#[derive(Clone, Copy)]
pub enum ResourcePolicy<'a> {
    /// A KMS key's: identity policies count only where it names their account.
    Mandatory(&'a Policy),
    /// A KMS key's, for an action that grants alone give: what it allows doesn't count, what it denies does.
    Denying(&'a Policy),
    /// A role's trust policy: mandatory as well, with refusals in its own words.
    Trust(&'a Policy),
    /// A bucket's or queue's: in the same account either side suffices.
    Optional(&'a Policy),
    /// The resource has none.
    None,
}

/// The policies on the principal's side. An account's root user needs none.
#[derive(Clone, Copy, Default)]
pub struct IdentityPolicies<'a> {
    /// The user's and its groups', or the role's.
    pub attached: &'a [AttachedPolicy],
    /// The permissions boundary.
    pub boundary: Option<&'a AttachedPolicy>,
    /// The session's policies: `None` when the session was made without any, so that nothing limits it; a federated
    /// user's session made without any may do nothing.
    pub session: Option<&'a [AttachedPolicy]>,
}

impl IdentityPolicies<'_> {
    /// No policies: enough for an account's root user, and nothing for anybody else.
    pub const NONE: Self = Self { attached: &[], boundary: None, session: None };
}

/// What stands around both sides. At each level of an organisation one policy at least must allow.
#[derive(Clone, Copy, Default)]
pub struct Controls<'a> {
    /// Service control policies of the principal's account, level by level from the root.
    pub service_control: &'a [Arc<[AttachedPolicy]>],
    /// Resource control policies of the resource's account, level by level from the root.
    pub resource_control: &'a [Arc<[AttachedPolicy]>],
    /// The policy of the endpoint that the request came through.
    pub endpoint: Option<&'a AttachedPolicy>,
}

impl Controls<'_> {
    /// No organisation and no endpoint policy.
    pub const NONE: Self = Self { service_control: &[], resource_control: &[], endpoint: None };
}

/// A policy and what to call it when it is blamed. It is read once and shared by all whom it is attached to.
#[derive(Debug, Clone)]
pub struct AttachedPolicy {
    /// The policy's ARN, or its name when it stands inline.
    pub name: Arc<str>,
    /// The policy.
    pub policy: Arc<Policy>,
}

/// A grant on the resource that fits the request: whoever collects it has checked its operations and constraints;
/// whether the caller is its grantee is checked here.
#[derive(Debug, Clone, Copy)]
pub struct GrantFact<'a> {
    /// The grant id.
    pub id: &'a str,
    /// The grantee, read with [`PrincipalName::parse_aws`] or as a service.
    pub grantee: &'a PrincipalName,
    /// The account whose principal made the grant. Where that is the caller's own, the caller needs no policy of its
    /// account besides: its account has given already.
    pub issued_by: AccountId,
}
