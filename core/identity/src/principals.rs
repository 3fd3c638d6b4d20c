//! Whether the principals that policies and grants name exist.

use sealroom_authz::PrincipalName;
use sealroom_foundation::{AccountId, Arn};
use sealroom_store::{Answer, Read, StoreError};

use crate::identity::Identity;
use crate::records::entity::{self, HolderKind};

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
            PrincipalName::User(arn) => self.named(arn, HolderKind::User).await,
            PrincipalName::Role(arn) => self.named(arn, HolderKind::Role).await,
            PrincipalName::Session(arn) => self.session_of_somebody(arn).await,
            PrincipalName::UniqueId(id) => {
                let answers = self.room.view.read(&[Read::Get(entity::id(id))]).await?;
                Ok(answers.into_iter().next().and_then(Answer::row).is_some())
            }
            PrincipalName::Federated(_) | PrincipalName::CanonicalUser(_) => Ok(false),
        }
    }

    /// Whether the ARN of a user or role is somebody's, path and case included.
    async fn named(&self, arn: &str, kind: HolderKind) -> Result<bool, StoreError> {
        let Some((account, rest)) = taken_apart(arn) else { return Ok(false) };
        let Some(path_name) = rest.strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(false);
        };
        Ok(self.room.standings.by_arn(account, kind, path_name).await?.is_some())
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

fn taken_apart(arn: &str) -> Option<(AccountId, &str)> {
    let arn = Arn::parse(arn)?;
    Some((arn.account.parse().ok()?, arn.resource))
}
