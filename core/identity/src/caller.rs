//! [`Caller`]: who calls, and through which services.
//!
//! Its fields are private and its constructors belong to this room: whoever holds one was let in by identity.

use std::sync::Arc;

use sealroom_audit::Packed;
use sealroom_authz::{Controls, IdentityPolicies, Principal};
use sealroom_foundation::{AccessKeyId, AccountId};

use crate::service::Service;
use crate::session::Session;
use crate::standing::Standing;
use crate::who::{Kind, Who};

/// Who makes a call. Cheap to clone.
///
/// Nobody outside this room can make one:
///
/// ```compile_fail
/// let caller = sealroom_identity::Caller { who: todo!(), via: Vec::new() };
/// ```
/// ```compile_fail
/// let who = std::sync::Arc::new(sealroom_identity::who::Who::operator());
/// let caller = sealroom_identity::Caller::from(who);
/// ```
/// ```compile_fail
/// let caller = sealroom_identity::Caller::default();
/// ```
/// nor take a hop off:
/// ```compile_fail
/// fn hide(mut caller: sealroom_identity::Caller) { caller.via.clear(); }
/// ```
/// What everybody may do is look:
/// ```
/// fn hops(caller: &sealroom_identity::Caller) -> usize { caller.via().len() }
/// ```
#[derive(Debug, Clone)]
pub struct Caller {
    who: Arc<Who>,
    via: Vec<Service>,
    /// What a service that acts by itself acts for.
    source: Option<Arc<str>>,
}

impl From<Arc<Who>> for Caller {
    fn from(who: Arc<Who>) -> Self {
        Self { who, via: Vec::new(), source: None }
    }
}

impl Caller {
    /// The same caller, one service further: what the service now does, it does on the caller's behalf.
    /// Hops are added and never removed.
    #[must_use]
    pub fn through(&self, service: Service) -> Self {
        let mut via = self.via.clone();
        via.push(service);
        Self { who: Arc::clone(&self.who), via, source: self.source.clone() }
    }

    /// The same service, acting for the resource of this ARN.
    pub(crate) fn acting_for(self, resource_arn: &str) -> Self {
        Self { source: Some(resource_arn.into()), ..self }
    }

    /// `aws:SourceArn`: the resource that a service acts for by itself; `None` for everybody else.
    #[must_use]
    pub fn source_arn(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The account that the call counts for: the caller's own; for a service, the owner of the resource it acts on;
    /// for the operator, `platform`.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.who.account
    }

    /// The caller's ARN; a service's name.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.who.principal.arn()
    }

    /// For `authz`.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.who.principal
    }

    /// The policies on the caller's side, for `authz`: its own and its groups', its boundary, its session's. None for root
    /// users and services, who have none.
    #[must_use]
    pub fn policies(&self) -> IdentityPolicies<'_> {
        self.who.standing.as_deref().map_or(IdentityPolicies::NONE, Standing::policies)
    }

    /// The control policies around a call on a resource of `owner`, for `authz`: none for services, which they don't bind.
    #[must_use]
    pub fn controls(&self, owner: Option<AccountId>) -> Controls<'_> {
        self.who.controls.around(self.who.principal.account(), owner)
    }

    /// The user or role and its policies; `None` for root users, services and the operator.
    pub(crate) fn standing(&self) -> Option<&Standing> {
        self.who.standing.as_deref()
    }

    /// The session that the call was made in; `None` with a long-lived access key.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.who.session.as_deref()
    }

    /// STS's `UserId`: the account id for the root user, a user's id, `<role id>:<session>`, `<account>:<name>`.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.who.user_id
    }

    /// The access key that signed; services and the operator sign nothing.
    #[must_use]
    pub fn access_key_id(&self) -> Option<AccessKeyId> {
        self.who.access_key_id
    }

    /// The services that the call came through, the nearest last.
    #[must_use]
    pub fn via(&self) -> &[Service] {
        &self.via
    }

    /// Whether this is the root user of its account.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.who.principal, Principal::Root { .. })
    }

    /// Whether the call came over the operator's socket.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.who.kind == Kind::Operator && self.via.is_empty()
    }

    /// Whether a service acts by itself, on nobody's behalf.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.who.kind == Kind::Service
    }

    /// CloudTrail's `userIdentity`, with `invokedBy` when the call came through a service.
    #[must_use]
    pub fn user_identity_json(&self) -> Arc<str> {
        self.who.identity.through(self.via.last()).json
    }

    /// What the copy of an event says about the caller that another account gets.
    #[must_use]
    pub fn user_identity_elsewhere_json(&self) -> Arc<str> {
        self.who.identity_elsewhere.through(self.via.last()).json
    }

    /// Both as the journal writes them.
    pub(crate) fn recorded(&self) -> (Packed, Packed) {
        let nearest = self.via.last();
        (self.who.identity.through(nearest).packed, self.who.identity_elsewhere.through(nearest).packed)
    }
}
