//! [`Caller`]: who calls, and through which services.
//!
//! Its fields are private and its constructors belong to this room: whoever holds one was let in by identity.

use std::sync::Arc;

use sealroom_audit::Packed;
use sealroom_authz::Principal;
use sealroom_foundation::{AccessKeyId, AccountId, Partition};

use crate::service::Service;

/// Who makes a call. Cheap to clone.
///
/// Nobody outside this room can make one:
///
/// ```compile_fail
/// let caller = sealroom_identity::Caller { who: todo!(), via: Vec::new() };
/// ```
/// ```compile_fail
/// let who = std::sync::Arc::new(sealroom_identity::caller::Who::operator());
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

/// What doesn't change from call to call; made once per credential and partition.
#[derive(Debug)]
pub(crate) struct Who {
    kind: Kind,
    account: AccountId,
    access_key_id: Option<AccessKeyId>,
    principal: Principal,
    user_id: Arc<str>,
    /// `userIdentity`, and what another account gets to see of it.
    identity: Identity,
    identity_elsewhere: Identity,
}

/// A `userIdentity`, as JSON and as the journal writes it.
#[derive(Debug, Clone)]
struct Identity {
    json: Arc<str>,
    packed: Packed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Client,
    Service,
    Operator,
}

impl Who {
    /// The root user of `account`, with `key` if the call was signed.
    pub(crate) fn root(account: AccountId, partition: Partition, key: AccessKeyId) -> Self {
        let principal = Principal::root(partition, account);
        let arn = principal.arn();
        let identity = format!(
            r#"{{"type":"Root","principalId":"{account}","arn":"{arn}","accountId":"{account}","accessKeyId":"{key}"}}"#
        );
        let elsewhere = format!(r#"{{"type":"AWSAccount","principalId":"{account}","accountId":"{account}"}}"#);
        Self {
            kind: Kind::Client,
            account,
            access_key_id: Some(key),
            user_id: account.as_str().into(),
            identity: Identity::new(&identity),
            identity_elsewhere: Identity::new(&elsewhere),
            principal,
        }
    }

    /// A service that acts by itself on a resource of `account`.
    pub(crate) fn service(service: Service, account: AccountId) -> Self {
        let name = service.principal();
        let identity = Identity::new(&format!(r#"{{"type":"AWSService","invokedBy":"{name}"}}"#));
        Self {
            kind: Kind::Service,
            account,
            access_key_id: None,
            principal: Principal::service(name),
            user_id: name.into(),
            identity_elsewhere: identity.clone(),
            identity,
        }
    }

    /// Whoever may open the operator's socket.
    pub(crate) fn operator() -> Self {
        let identity = Identity::new(r#"{"type":"Operator","principalId":"operator"}"#);
        Self {
            kind: Kind::Operator,
            account: AccountId::platform(),
            access_key_id: None,
            principal: Principal::Anonymous,
            user_id: "operator".into(),
            identity_elsewhere: identity.clone(),
            identity,
        }
    }
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

    /// STS's `UserId`: the account id for the root user.
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

impl Identity {
    fn new(json: &str) -> Self {
        Self { json: json.into(), packed: Packed::of_json(json) }
    }

    /// The same, called through `nearest`.
    fn through(&self, nearest: Option<&Service>) -> Self {
        match (nearest, self.json.strip_suffix('}')) {
            // A service that acts by itself says already who invoked.
            (Some(service), Some(open)) if !open.contains(r#""invokedBy""#) => {
                Self::new(&format!(r#"{open},"invokedBy":"{}"}}"#, service.principal()))
            }
            _ => self.clone(),
        }
    }
}
