//! How well a name fits a principal: what a resource's policy gives depends on it.

use crate::principal::{Principal, PrincipalName};

/// How a name fits, from the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It names the account: that account's own policies decide.
    Account,
    /// It names the role or user behind the session: what limits the session still limits.
    Behind,
    /// It names the very principal, or everybody.
    Itself,
}

impl PrincipalName {
    /// How this name fits `principal`; `None` when it names somebody else.
    pub(crate) fn fit(&self, principal: &Principal) -> Option<Fit> {
        match self {
            Self::Everyone => Some(Fit::Itself),
            Self::Account(account) => (principal.account() == Some(*account)).then_some(Fit::Account),
            Self::User(_) | Self::Role(_) | Self::UniqueId(_) => {
                let fit = match principal {
                    Principal::User { .. } => Fit::Itself,
                    _ => Fit::Behind,
                };
                names_identity(self, principal).then_some(fit)
            }
            Self::Session(name) => is_session(name, principal).then_some(Fit::Itself),
            Self::Service(wanted) => {
                matches!(principal, Principal::Service { name } if **name == **wanted).then_some(Fit::Itself)
            }
            Self::Federated(wanted) => {
                let same = matches!(principal, Principal::Federated { provider } if **provider == **wanted);
                same.then_some(Fit::Itself)
            }
            Self::CanonicalUser(_) => None,
        }
    }
}

/// Whether `names`, the exceptions of a `NotPrincipal`, except `principal`. AWS: everything that the principal is must
/// be named, its account, the user or role and the session, or it stays denied (IAM User Guide, "NotPrincipal").
pub(crate) fn excepted(names: &[PrincipalName], principal: &Principal) -> bool {
    let any = |test: &dyn Fn(&PrincipalName) -> bool| names.iter().any(test);
    if any(&|name| *name == PrincipalName::Everyone) {
        return true;
    }
    let account = || any(&|name| name.fit(principal) == Some(Fit::Account));
    let identity = || any(&|name| names_identity(name, principal));
    let session = || any(&|name| matches!(name, PrincipalName::Session(name) if is_session(name, principal)));
    match principal {
        Principal::Root { .. } => account(),
        Principal::User { .. } => account() && identity(),
        Principal::AssumedRole { .. } | Principal::FederatedUser { .. } => account() && identity() && session(),
        Principal::Federated { .. } | Principal::Service { .. } => any(&|name| name.fit(principal).is_some()),
        Principal::Anonymous => false,
    }
}

/// Whether `name` names the user or role that `principal` is or stems from.
fn names_identity(name: &PrincipalName, principal: &Principal) -> bool {
    match (name, principal) {
        (PrincipalName::User(name), Principal::User { arn, .. }) => **name == **arn,
        (PrincipalName::User(name), Principal::FederatedUser { user_arn, .. }) => **name == **user_arn,
        (PrincipalName::Role(name), Principal::AssumedRole { role_arn, .. }) => **name == **role_arn,
        (PrincipalName::UniqueId(id), Principal::User { unique_id, .. }) => **id == **unique_id,
        (PrincipalName::UniqueId(id), Principal::FederatedUser { user_id, .. }) => **id == **user_id,
        (PrincipalName::UniqueId(id), Principal::AssumedRole { role_id, .. }) => **id == **role_id,
        _ => false,
    }
}

fn is_session(name: &str, principal: &Principal) -> bool {
    match principal {
        Principal::AssumedRole { arn, .. } | Principal::FederatedUser { arn, .. } => name == &**arn,
        Principal::Root { .. }
        | Principal::User { .. }
        | Principal::Federated { .. }
        | Principal::Service { .. }
        | Principal::Anonymous => false,
    }
}
