//! Who holds a grant, and who may retire it: how requests name them, who exists, and under which names a caller is found.
//!
//! Who exists is identity's affair. AWS takes sessions and federated users whom it has never seen, and nobody else.

use sealroom_authz::{Principal, PrincipalName};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::{AccountId, Arn, Partition};
use sealroom_identity::Call;

use crate::error::KmsError;
use crate::kms::Kms;

/// A principal of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Party {
    /// As AWS shows it: an ARN, a unique id, or a service's name.
    text: Box<str>,
    /// Whom it means; a user or role that has an ARN, by the unique id that it had when it was named.
    name: PrincipalName,
}

/// Why a text names no principal that a grant can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It begins like an ARN and isn't one of a principal.
    Malformed,
    /// The ARN's principal doesn't exist, or can't have grants.
    NoPrincipal,
    /// It is no ARN, and no id of a principal that exists.
    NoId,
}

/// What ListGrants calls the principal that it is asked about.
pub(crate) const INPUT: &str = "Input";

impl Unfit {
    /// What CreateGrant and ListGrants answer about `text`; `member` is what a text that is no ARN is called.
    pub(crate) fn told(self, text: &str, member: &str) -> KmsError {
        KmsError::GrantPrincipal(match self {
            Self::Malformed => format!("ARN is not valid: {text}"),
            Self::NoPrincipal => format!("ARN does not refer to a valid principal: {text}"),
            // AWS ends it with a full stop for CreateGrant, without one for ListGrants.
            Self::NoId if member == INPUT => format!("{member} does not refer to a valid principal"),
            Self::NoId => format!("{member} does not refer to a valid principal."),
        })
    }
}

impl Party {
    /// What `text` means under `GranteePrincipal`; an account's id is shown as its root ARN in `partition`.
    fn parse(text: &str, partition: Partition) -> Result<Self, Unfit> {
        let arn = text.starts_with("arn:").then(|| Arn::parse(text));
        if matches!(arn, Some(None)) || arn.flatten().is_some_and(|arn| arn.partition != partition.as_str()) {
            return Err(Unfit::Malformed);
        }
        match PrincipalName::parse_aws(text) {
            Some(PrincipalName::Account(account)) => Ok(Self {
                text: format!("arn:{partition}:iam::{account}:root").into(),
                name: PrincipalName::Account(account),
            }),
            Some(PrincipalName::Everyone) => Err(Unfit::NoId),
            Some(name) => Ok(Self { text: text.into(), name }),
            None => Err(match arn.flatten() {
                // A group, or something else of IAM's.
                Some(arn) if arn.service == "iam" && arn.account.parse::<AccountId>().is_ok() => Unfit::NoPrincipal,
                Some(_) => Unfit::Malformed,
                None => Unfit::NoId,
            }),
        }
    }

    /// A service by its name.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self { text: name.into(), name: PrincipalName::Service(name.into()) }
    }

    /// The same, meaning the user or role that has this unique id now, whoever gets its ARN later.
    pub(crate) fn bound(self, id: Box<str>) -> Self {
        Self { name: PrincipalName::UniqueId(id), ..self }
    }

    /// The same principal with another text.
    pub(crate) fn show_as(&mut self, text: &str) {
        self.text = text.into();
    }

    /// The unique id of the user or role that it means, if it was named by an ARN.
    pub(crate) fn bound_to(&self) -> Option<&str> {
        match &self.name {
            PrincipalName::UniqueId(id) if **id != *self.text => Some(id),
            _ => None,
        }
    }

    /// What [`Party::text`] showed of one that is no service.
    pub(crate) fn shown(text: &str) -> Option<Self> {
        PrincipalName::parse_aws(text).map(|name| Self { text: text.into(), name })
    }

    /// As AWS shows it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For `authz`.
    #[must_use]
    pub fn name(&self) -> &PrincipalName {
        &self.name
    }

    /// Whether it is a service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self.name, PrincipalName::Service(_))
    }

    /// Its text under the member for services, or for others.
    pub(crate) fn text_if(&self, service: bool) -> Option<String> {
        (self.is_service() == service).then(|| self.text.to_string())
    }

    /// The account that it belongs to; services belong to the platform, as does what can't be told.
    pub(crate) fn account(&self) -> AccountId {
        match &self.name {
            PrincipalName::Account(account) => *account,
            _ => {
                let account = Arn::parse(&self.text).and_then(|arn| arn.account.parse().ok());
                account.unwrap_or_else(AccountId::platform)
            }
        }
    }

    /// Under which name its grants are found.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(&self.name)
    }
}

/// A name that holds no text of a user.
fn digest(name: &PrincipalName) -> [u8; 32] {
    let named = match name {
        PrincipalName::Account(account) => format!("account:{account}"),
        PrincipalName::Service(name) => format!("service:{name}"),
        PrincipalName::User(text)
        | PrincipalName::Role(text)
        | PrincipalName::Session(text)
        | PrincipalName::UniqueId(text)
        | PrincipalName::Federated(text)
        | PrincipalName::CanonicalUser(text) => format!("principal:{text}"),
        PrincipalName::Everyone => "everyone".to_owned(),
    };
    sha256(named.as_bytes())
}

/// All names by which a grant can mean `principal`: those that `PrincipalName::fit` lets fit.
pub(crate) fn names_of(principal: &Principal) -> Vec<[u8; 32]> {
    let named = |text: &str| sha256(format!("principal:{text}").as_bytes());
    let mut names = match principal {
        Principal::Root { .. } => Vec::new(),
        Principal::User { arn, unique_id, .. } => vec![named(arn), named(unique_id)],
        Principal::AssumedRole { arn, role_arn, role_id, .. } => vec![named(arn), named(role_arn), named(role_id)],
        Principal::FederatedUser { arn, user_arn, user_id, .. } => vec![named(arn), named(user_arn), named(user_id)],
        Principal::Service { name, .. } => vec![digest(&PrincipalName::Service((**name).into()))],
        Principal::Federated { .. } | Principal::Anonymous => Vec::new(),
    };
    names.extend(principal.account().map(|account| digest(&PrincipalName::Account(account))));
    names
}

impl Kms {
    /// The principal that a request names by `text`, if it exists.
    pub(crate) async fn party(&self, call: &Call, text: &str) -> Result<Result<Party, Unfit>, KmsError> {
        let party = match Party::parse(text, call.region().partition()) {
            Ok(party) => party,
            Err(unfit) => return Ok(Err(unfit)),
        };
        if let Some(id) = self.identity.unique_id(&party.name).await? {
            return Ok(Ok(party.bound(id)));
        }
        let there = self.identity.principal_exists(&party.name).await?;
        let absent = if text.starts_with("arn:") { Unfit::NoPrincipal } else { Unfit::NoId };
        Ok(if there { Ok(party) } else { Err(absent) })
    }

    /// The service that a request names, if there is one.
    pub(crate) async fn service_party(&self, name: &str) -> Result<Option<Party>, KmsError> {
        let party = Party::service(name);
        Ok(self.identity.principal_exists(&party.name).await?.then_some(party))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "111122223333".parse().unwrap()
    }

    /// Whoever fits a name must be found under it, or a grant to that name would give nothing.
    #[test]
    fn every_caller_is_found_under_each_name_that_can_mean_it() {
        let aws = Partition::Aws;
        for (caller, texts) in [
            (Principal::root(aws, account()), vec!["111122223333", "arn:aws:iam::111122223333:root"]),
            (
                Principal::user(aws, account(), "/team/bob", "AIDA0000000000000BOB"),
                vec!["arn:aws:iam::111122223333:user/team/bob", "AIDA0000000000000BOB", "111122223333"],
            ),
            (
                Principal::assumed_role(aws, account(), "/team/deployer", "AROA000000000000000D", "ci"),
                vec![
                    "arn:aws:sts::111122223333:assumed-role/deployer/ci",
                    "arn:aws:iam::111122223333:role/team/deployer",
                    "AROA000000000000000D",
                    "111122223333",
                ],
            ),
            (
                Principal::federated_user(aws, account(), "guest", "bob", "AIDA0000000000000BOB"),
                vec![
                    "arn:aws:sts::111122223333:federated-user/guest",
                    "arn:aws:iam::111122223333:user/bob",
                    "AIDA0000000000000BOB",
                    "111122223333",
                ],
            ),
        ] {
            for text in texts {
                let party = Party::parse(text, aws).unwrap();
                assert!(names_of(&caller).contains(&party.digest()), "{text}");
            }
        }
        let service = Principal::service("s3.amazonaws.com");
        assert_eq!(names_of(&service), [Party::service("s3.amazonaws.com").digest()]);
        assert_eq!(names_of(&Principal::Anonymous), [[0; 32]; 0]);
    }

    #[test]
    fn what_names_no_principal_of_a_grant_is_refused() {
        for (text, unfit) in [
            ("arn:aws:iam::111122223333:group/team", Unfit::NoPrincipal),
            ("arn:aws:iam::111122223333:user/", Unfit::NoPrincipal),
            ("arn:aws:sts::111122223333:assumed-role/path/role/session", Unfit::Malformed),
            ("arn:aws:s3:::bucket", Unfit::Malformed),
            ("arn:aws:iam::1:root", Unfit::Malformed),
            ("arn:aws:iam", Unfit::Malformed),
            ("arn:aws-cn:iam::111122223333:root", Unfit::Malformed),
            ("alice", Unfit::NoId),
            ("s3.amazonaws.com", Unfit::NoId),
            ("*", Unfit::NoId),
        ] {
            assert_eq!(Party::parse(text, Partition::Aws), Err(unfit), "{text}");
        }
    }
}
