//! Who asks ([`Principal`]), and how a policy names somebody ([`PrincipalName`]).
//!
//! Whether a named principal exists is the business of whoever puts the policy (`Policy::principals`). A principal is
//! built once per credential and holds its ARN ready, because every refusal and every journal record wants it.

mod fit;

use std::sync::Arc;

use sealroom_foundation::{AccountId, Arn, Partition};

pub(crate) use fit::{Fit, excepted};

/// Who makes a request. Built by the constructors only, so that ARN and parts always agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user of an account.
    #[non_exhaustive]
    Root {
        /// The account.
        account: AccountId,
        /// `arn:<partition>:iam::<account>:root`
        arn: Arc<str>,
    },
    /// An IAM user.
    #[non_exhaustive]
    User {
        /// The user's account.
        account: AccountId,
        /// `arn:<partition>:iam::<account>:user/<path and name>`
        arn: Arc<str>,
        /// `AIDA…`
        unique_id: Arc<str>,
    },
    /// A session of an IAM role.
    #[non_exhaustive]
    AssumedRole {
        /// The role's account.
        account: AccountId,
        /// `arn:<partition>:sts::<account>:assumed-role/<role name>/<session name>`
        arn: Arc<str>,
        /// `arn:<partition>:iam::<account>:role/<path and name>`
        role_arn: Arc<str>,
        /// `AROA…`
        role_id: Arc<str>,
    },
    /// A session of an IAM user made by GetFederationToken.
    #[non_exhaustive]
    FederatedUser {
        /// The user's account.
        account: AccountId,
        /// `arn:<partition>:sts::<account>:federated-user/<name>`
        arn: Arc<str>,
        /// The ARN of the user who made the session.
        user_arn: Arc<str>,
        /// That user's unique id.
        user_id: Arc<str>,
    },
    /// Somebody whom an identity provider vouches for, before a role is assumed.
    #[non_exhaustive]
    Federated {
        /// The provider: its ARN, or its host name.
        provider: Arc<str>,
    },
    /// A service that acts for itself.
    #[non_exhaustive]
    Service {
        /// `<service>.amazonaws.com`
        name: Arc<str>,
    },
    /// Nobody: an unsigned request.
    Anonymous,
}

impl Principal {
    /// The root user of `account`.
    #[must_use]
    pub fn root(partition: Partition, account: AccountId) -> Self {
        Self::Root { account, arn: format!("arn:{partition}:iam::{account}:root").into() }
    }

    /// The IAM user `path_name` (`/team/bob` or `bob`) with its unique id.
    #[must_use]
    pub fn user(partition: Partition, account: AccountId, path_name: &str, unique_id: &str) -> Self {
        let path_name = path_name.trim_start_matches('/');
        let arn = format!("arn:{partition}:iam::{account}:user/{path_name}").into();
        Self::User { account, arn, unique_id: unique_id.into() }
    }

    /// A session `session` of the role `path_name` (`/team/deployer` or `deployer`) with its unique id.
    #[must_use]
    pub fn assumed_role(
        partition: Partition,
        account: AccountId,
        path_name: &str,
        role_id: &str,
        session: &str,
    ) -> Self {
        let path_name = path_name.trim_start_matches('/');
        let name = path_name.rsplit('/').next().unwrap_or(path_name);
        Self::AssumedRole {
            account,
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}").into(),
            role_arn: format!("arn:{partition}:iam::{account}:role/{path_name}").into(),
            role_id: role_id.into(),
        }
    }

    /// The session `name` that the user `path_name` got from GetFederationToken.
    #[must_use]
    pub fn federated_user(
        partition: Partition,
        account: AccountId,
        name: &str,
        path_name: &str,
        user_id: &str,
    ) -> Self {
        let path_name = path_name.trim_start_matches('/');
        Self::FederatedUser {
            account,
            arn: format!("arn:{partition}:sts::{account}:federated-user/{name}").into(),
            user_arn: format!("arn:{partition}:iam::{account}:user/{path_name}").into(),
            user_id: user_id.into(),
        }
    }

    /// Somebody whom `provider` (an ARN or a host name) vouches for.
    #[must_use]
    pub fn federated(provider: &str) -> Self {
        Self::Federated { provider: provider.into() }
    }

    /// The service `name`, such as `logs.amazonaws.com`, acting for itself.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self::Service { name: name.into() }
    }

    /// The ARN; for a service its name, for a federated principal its provider, for nobody `*`.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Self::Root { arn, .. }
            | Self::User { arn, .. }
            | Self::AssumedRole { arn, .. }
            | Self::FederatedUser { arn, .. } => arn,
            Self::Federated { provider } => provider,
            Self::Service { name } => name,
            Self::Anonymous => "*",
        }
    }

    /// The account that the principal belongs to; services, providers and nobody have none.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Root { account, .. }
            | Self::User { account, .. }
            | Self::AssumedRole { account, .. }
            | Self::FederatedUser { account, .. } => Some(*account),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }
}

/// How a policy, or a grant, names a principal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrincipalName {
    /// `*`: everybody, unsigned requests included.
    Everyone,
    /// An account, by its id or its root ARN: "whoever that account's own policies allow".
    Account(AccountId),
    /// An IAM user's ARN.
    User(Box<str>),
    /// An IAM role's ARN: every session of the role.
    Role(Box<str>),
    /// An assumed-role session's or federated user's ARN.
    Session(Box<str>),
    /// `AIDA…` or `AROA…`: a user or role that was resolved when the policy was put.
    UniqueId(Box<str>),
    /// `<service>.amazonaws.com`
    Service(Box<str>),
    /// An identity provider: its ARN or host name.
    Federated(Box<str>),
    /// An S3 canonical user id; matches no principal of this program.
    CanonicalUser(Box<str>),
}

impl PrincipalName {
    /// Reads what stands under `"AWS"`: `*`, an account id, or the ARN of an account root, user, role, assumed-role
    /// session or federated user, or a unique id. `None` for anything else, group ARNs and partial wildcards included.
    #[must_use]
    pub fn parse_aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if let Ok(account) = text.parse() {
            return Some(Self::Account(account));
        }
        let unique = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if unique && (text.starts_with("AIDA") || text.starts_with("AROA")) {
            return Some(Self::UniqueId(text.into()));
        }
        let arn = Arn::parse(text)?;
        let account: AccountId = arn.account.parse().ok()?;
        if !arn.region.is_empty() || !matches!(arn.partition, "aws" | "aws-cn" | "aws-us-gov") {
            return None;
        }
        if text.contains(['*', '?']) {
            return None;
        }
        let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        match (arn.service, kind) {
            ("iam", "root") if arn.resource == "root" => Some(Self::Account(account)),
            ("iam", "user") if named(rest) => Some(Self::User(text.into())),
            ("iam", "role") if named(rest) => Some(Self::Role(text.into())),
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                let whole = !role.is_empty() && !session.is_empty() && !session.contains('/');
                whole.then(|| Self::Session(text.into()))
            }
            ("sts", "federated-user") if named(rest) => Some(Self::Session(text.into())),
            _ => None,
        }
    }
}

/// Whether a path and name end in a name.
fn named(path_name: &str) -> bool {
    !path_name.is_empty() && !path_name.ends_with('/')
}
