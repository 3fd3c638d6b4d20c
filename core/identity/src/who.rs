//! Who a caller is: the principal that policies name, and the `userIdentity` that the journal shows.
//!
//! Made once for each credential and partition, and anew when the user or role behind it changes. The forms are
//! CloudTrail's ("CloudTrail userIdentity element").

use std::sync::Arc;

use sealroom_audit::Packed;
use sealroom_authz::Principal;
use sealroom_foundation::{AccessKeyId, AccountId, Partition, Timestamp};
use serde_json::{Map, Value, json};

use crate::controls::AllControls;
use crate::records::entity::{HolderKind, HolderRecord};
use crate::service::Service;
use crate::session::{Bearer, Session};
use crate::standing::Standing;

/// What doesn't change from call to call.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) kind: Kind,
    pub(crate) account: AccountId,
    pub(crate) access_key_id: Option<AccessKeyId>,
    pub(crate) principal: Principal,
    pub(crate) user_id: Arc<str>,
    /// The policies of a user or role.
    pub(crate) standing: Option<Arc<Standing>>,
    /// The session that the call was made in.
    pub(crate) session: Option<Arc<Session>>,
    /// The control policies of all accounts.
    pub(crate) controls: Arc<AllControls>,
    /// `userIdentity`, and what another account gets to see of it.
    pub(crate) identity: Identity,
    pub(crate) identity_elsewhere: Identity,
}

/// A `userIdentity`, as JSON and as the journal writes it.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) json: Arc<str>,
    pub(crate) packed: Packed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Client,
    Service,
    Operator,
}

impl Who {
    /// The root user of `account`, whose access key signed.
    pub(crate) fn root(
        account: AccountId,
        partition: Partition,
        key: AccessKeyId,
        session: Option<&Arc<Session>>,
    ) -> Self {
        let principal = Principal::root(partition, account);
        let mut identity = client("Root", account.as_str(), principal.arn(), account, key);
        if let Some(session) = session {
            identity.push(("sessionContext", in_session(session, None)));
        }
        Self {
            kind: Kind::Client,
            account,
            access_key_id: Some(key),
            user_id: account.as_str().into(),
            standing: None,
            session: session.cloned(),
            controls: Arc::default(),
            identity: Identity::of(&identity),
            identity_elsewhere: elsewhere(account.as_str(), account),
            principal,
        }
    }

    /// A user or role, in a session if it is one.
    pub(crate) fn holder(
        account: AccountId,
        partition: Partition,
        key: AccessKeyId,
        standing: Arc<Standing>,
        session: Option<&Arc<Session>>,
    ) -> Self {
        let record = &standing.holder.record;
        let (principal, user_id, mut identity) = match session.map(|session| &session.record.bearer) {
            Some(Bearer::Role { session: name, .. }) => {
                let principal = Principal::assumed_role(partition, account, &record.path_name(), &record.id, name);
                let user_id = format!("{}:{name}", record.id);
                let identity = client("AssumedRole", &user_id, principal.arn(), account, key);
                (principal, user_id, identity)
            }
            Some(Bearer::Federated { name, .. }) => {
                let principal = Principal::federated_user(partition, account, name, &record.path_name(), &record.id);
                let user_id = format!("{account}:{name}");
                let identity = client("FederatedUser", &user_id, principal.arn(), account, key);
                (principal, user_id, identity)
            }
            Some(Bearer::User { .. } | Bearer::Root) | None => {
                let principal = Principal::user(partition, account, &record.path_name(), &record.id);
                let mut identity = client("IAMUser", &record.id, principal.arn(), account, key);
                identity.push(("userName", record.name.clone().into()));
                (principal, record.id.clone(), identity)
            }
        };
        if let Some(session) = session {
            identity.push(("sessionContext", in_session(session, issuer(session, record, account, partition))));
        }
        Self {
            kind: Kind::Client,
            account,
            access_key_id: Some(key),
            identity: Identity::of(&identity),
            identity_elsewhere: elsewhere(&user_id, account),
            user_id: user_id.into(),
            session: session.cloned(),
            controls: Arc::default(),
            standing: Some(standing),
            principal,
        }
    }

    /// A service that acts by itself on a resource of `account`.
    pub(crate) fn service(service: Service, account: AccountId) -> Self {
        let name = service.principal();
        let identity = Identity::of(&[("type", "AWSService".into()), ("invokedBy", name.into())]);
        Self {
            kind: Kind::Service,
            account,
            access_key_id: None,
            principal: Principal::service(name),
            user_id: name.into(),
            standing: None,
            session: None,
            controls: Arc::default(),
            identity_elsewhere: identity.clone(),
            identity,
        }
    }

    /// Whoever may open the operator's socket.
    pub(crate) fn operator() -> Self {
        let identity = Identity::of(&[("type", "Operator".into()), ("principalId", "operator".into())]);
        Self {
            kind: Kind::Operator,
            account: AccountId::platform(),
            access_key_id: None,
            principal: Principal::Anonymous,
            user_id: "operator".into(),
            standing: None,
            session: None,
            controls: Arc::default(),
            identity_elsewhere: identity.clone(),
            identity,
        }
    }
}

impl Who {
    /// The same, within these control policies.
    pub(crate) fn within(self, controls: Arc<AllControls>) -> Self {
        Self { controls, ..self }
    }
}

type Members = Vec<(&'static str, Value)>;

/// What the identities of all who sign begin with.
fn client(kind: &'static str, id: &str, arn: &str, account: AccountId, key: AccessKeyId) -> Members {
    vec![
        ("type", kind.into()),
        ("principalId", id.into()),
        ("arn", arn.into()),
        ("accountId", account.as_str().into()),
        ("accessKeyId", key.as_str().into()),
    ]
}

/// What another account is shown.
fn elsewhere(id: &str, account: AccountId) -> Identity {
    Identity::of(&[("type", "AWSAccount".into()), ("principalId", id.into()), ("accountId", account.as_str().into())])
}

/// The role, or the user who asked for a federated one; other sessions are the user's own.
fn issuer(session: &Session, record: &HolderRecord, account: AccountId, partition: Partition) -> Option<Value> {
    let (kind, holder) = match session.record.bearer {
        Bearer::Role { .. } => ("Role", HolderKind::Role),
        Bearer::Federated { .. } => ("IAMUser", HolderKind::User),
        Bearer::User { .. } | Bearer::Root => return None,
    };
    Some(json!({
        "type": kind,
        "principalId": record.id,
        "arn": record.arn(partition, account, holder),
        "accountId": account.as_str(),
        "userName": record.name,
    }))
}

fn in_session(session: &Session, issuer: Option<Value>) -> Value {
    let mut context = Map::new();
    context.extend(issuer.map(|issuer| ("sessionIssuer".to_owned(), issuer)));
    let created = Timestamp::iso_seconds(session.record.issued()).to_string();
    // Nobody has a second factor here.
    context.insert("attributes".to_owned(), json!({"creationDate": created, "mfaAuthenticated": "false"}));
    context.extend(session.record.source_identity.iter().map(|who| ("sourceIdentity".to_owned(), who.as_str().into())));
    context.into()
}

impl Identity {
    /// The members in this order, which is CloudTrail's.
    fn of(members: &[(&'static str, Value)]) -> Self {
        let members: Vec<String> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        Self::new(&format!("{{{}}}", members.join(",")))
    }

    fn new(json: &str) -> Self {
        Self { json: json.into(), packed: Packed::of_json(json) }
    }

    /// The same, called through `nearest`.
    pub(crate) fn through(&self, nearest: Option<&Service>) -> Self {
        match (nearest, self.json.strip_suffix('}')) {
            // A service that acts by itself says already who invoked.
            (Some(service), Some(open)) if !open.contains(r#""invokedBy""#) => {
                Self::new(&format!(r#"{open},"invokedBy":"{}"}}"#, service.principal()))
            }
            _ => self.clone(),
        }
    }
}
