//! Whether the principals that policies and grants name exist, and who they are: users and roles are bound by their unique
//! ids when they are named, so that a later bearer of the name inherits nothing.

use std::collections::BTreeMap;

use sealroom_authz::{Policy, PrincipalName};
use sealroom_foundation::{AccountId, Arn};
use sealroom_store::{Answer, Read, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::Identity;
use crate::records::entity::{self, HolderKind};

/// The users and roles that a policy names, by ARN, with the unique ids that they had when it was put.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bound(BTreeMap<String, String>);

impl Bound {
    /// Whether the policy names no user and no role.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id that the user or role with this ARN had.
    #[must_use]
    pub fn id_of(&self, arn: &str) -> Option<Box<str>> {
        self.0.get(arn).map(|id| id.as_str().into())
    }

    /// What tells it from others, for whoever keeps compiled policies.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::records::encode(self)
    }
}

impl Identity {
    /// Whether whoever `name` names exists: accounts, users and roles of this store, sessions of roles that exist, unique
    /// ids, and services by the form of their name. Identity providers and canonical users don't.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub async fn principal_exists(&self, name: &PrincipalName) -> Result<bool, StoreError> {
        match name {
            PrincipalName::Everyone => Ok(true),
            PrincipalName::Account(account) => self.account_exists(*account).await,
            PrincipalName::Service(name) => Ok(name.ends_with(".amazonaws.com")),
            PrincipalName::User(_) | PrincipalName::Role(_) => Ok(self.unique_id(name).await?.is_some()),
            PrincipalName::Session(arn) => self.session_of_somebody(arn).await,
            PrincipalName::UniqueId(id) => {
                let answers = self.room.view.read(&[Read::Get(entity::id(id))]).await?;
                Ok(answers.into_iter().next().and_then(Answer::row).is_some())
            }
            PrincipalName::Federated(_) | PrincipalName::CanonicalUser(_) => Ok(false),
        }
    }

    /// The unique id of the user or role that `name` names by ARN, path and case included; `None` when there is none, and
    /// for all other names.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub async fn unique_id(&self, name: &PrincipalName) -> Result<Option<Box<str>>, StoreError> {
        let (arn, kind) = match name {
            PrincipalName::User(arn) => (arn, HolderKind::User),
            PrincipalName::Role(arn) => (arn, HolderKind::Role),
            _ => return Ok(None),
        };
        let Some((account, rest)) = taken_apart(arn) else { return Ok(None) };
        let Some(path_name) = rest.strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(None);
        };
        let holder = self.room.standings.by_arn(account, kind, path_name).await?;
        Ok(holder.map(|holder| holder.record.id.as_str().into()))
    }

    /// Who the principals of a policy are now. The inner error is the first that doesn't exist.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub async fn bind(&self, policy: &Policy) -> Result<Result<Bound, PrincipalName>, StoreError> {
        let mut bound = BTreeMap::new();
        for name in policy.principals() {
            match (name, self.unique_id(name).await?) {
                (PrincipalName::User(arn) | PrincipalName::Role(arn), Some(id)) => {
                    bound.insert(arn.to_string(), id.into());
                }
                // AWS: whom an identity provider vouches for is found out when somebody comes.
                (PrincipalName::Federated(_), _) if policy.is_trust() => {}
                (name, _) => {
                    if !self.principal_exists(name).await? {
                        return Ok(Err(name.clone()));
                    }
                }
            }
        }
        Ok(Ok(Bound(bound)))
    }

    /// The ARN that the user or role of a unique id has now, in the partition and account of the ARN `was` that it had.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub async fn present_arn(&self, was: &str, id: &str) -> Result<Option<String>, StoreError> {
        let Some((account, _)) = taken_apart(was) else { return Ok(None) };
        let Some((name, holder)) = self.room.standings.by_id(account, id).await? else { return Ok(None) };
        let path_name = holder.record.path_name();
        Ok(was.find(":iam::").map(|at| {
            format!("{}:iam::{account}:{}{path_name}", was.get(..at).unwrap_or_default(), name.kind.as_str())
        }))
    }

    /// A policy's document as AWS shows it: as it was put, but with the new ARN of who has got another name, and the unique
    /// id of who is gone.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub async fn shown(&self, document: &str, bound: &Bound) -> Result<String, StoreError> {
        let mut others = BTreeMap::new();
        for (arn, id) in &bound.0 {
            let present = self.present_arn(arn, id).await?;
            if present.as_ref() != Some(arn) {
                others.insert(arn.as_str(), present.unwrap_or_else(|| id.clone()));
            }
        }
        if others.is_empty() {
            return Ok(document.to_owned());
        }
        let Ok(mut read) = serde_json::from_str::<Value>(document) else { return Ok(document.to_owned()) };
        let statements = match read.get_mut("Statement") {
            Some(Value::Array(statements)) => statements.as_mut_slice(),
            Some(statement) => std::slice::from_mut(statement),
            None => &mut [],
        };
        for statement in statements {
            for element in ["Principal", "NotPrincipal"] {
                match statement.get_mut(element).and_then(|who| who.get_mut("AWS")) {
                    Some(Value::Array(names)) => names.iter_mut().for_each(|name| renamed(name, &others)),
                    Some(name) => renamed(name, &others),
                    None => {}
                }
            }
        }
        Ok(read.to_string())
    }

    /// A session needn't have begun; its role must exist. Whom a federated user's name is given to is its account's affair.
    async fn session_of_somebody(&self, arn: &str) -> Result<bool, StoreError> {
        let Some((account, rest)) = taken_apart(arn) else { return Ok(false) };
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            ["assumed-role", role, _] => {
                let name = entity::HolderName::new(account, HolderKind::Role, role);
                let holder = self.room.standings.by_name(&name).await?;
                Ok(holder.is_some_and(|holder| holder.record.name == *role))
            }
            ["federated-user", _] => self.account_exists(account).await,
            _ => Ok(false),
        }
    }
}

fn renamed(name: &mut Value, others: &BTreeMap<&str, String>) {
    if let Some(other) = name.as_str().and_then(|name| others.get(name)) {
        *name = Value::String(other.clone());
    }
}

fn taken_apart(arn: &str) -> Option<(AccountId, &str)> {
    let arn = Arn::parse(arn)?;
    Some((arn.account.parse().ok()?, arn.resource))
}
