//! Everything that an IAM operation refuses with, and what the caller reads.
//!
//! A variant is one cause; its display is IAM's text. What IAM's wire calls `NoSuchEntity` CloudTrail calls
//! `NoSuchEntityException`: the journal keeps that name (corrections 10.2).

use std::borrow::Cow;

use sealroom_api::ErrorAnswer;
use sealroom_api::iam::ErrorCode;
use sealroom_authz::{Malformed, MalformedPolicy};
use sealroom_store::StoreError;
use thiserror::Error;

use crate::records::entity::HolderKind;

/// Why an operation was refused.
#[derive(Debug, Error)]
pub(crate) enum IamError {
    #[error("{0}")]
    AccessDenied(String),
    /// AWS: IAM takes sessions of roles, but neither those that a user got for itself without a second factor nor those
    /// of federated users.
    #[error("The security token included in the request is invalid")]
    SessionOfUser,

    // Who or what isn't there.
    #[error("The {} with name {name} cannot be found.", kind.as_str())]
    NoSuchHolder { kind: HolderKind, name: String },
    #[error("The {} policy with name {name} cannot be found.", kind.as_str())]
    NoSuchInlinePolicy { kind: HolderKind, name: String },
    #[error("Policy {0} was not found.")]
    NoSuchPolicy(String),
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    #[error("Policy {arn} version {version} does not exist or is not attachable.")]
    NoSuchVersion { arn: String, version: String },
    #[error("Instance Profile {0} cannot be found.")]
    NoSuchProfile(String),
    #[error("Role {role} in Instance Profile {profile} cannot be found.")]
    NotInProfile { role: String, profile: String },
    #[error("The Access Key with id {0} cannot be found.")]
    NoSuchAccessKey(String),
    #[error("The account alias with name {0} cannot be found.")]
    NoSuchAlias(String),
    #[error("The user with name {user} is not in the group {group}.")]
    NotAMember { user: String, group: String },

    // What is there already, or in the way.
    #[error("{} with name {name} already exists.", capital(*kind))]
    HolderExists { kind: HolderKind, name: String },
    #[error("A policy called {0} already exists. Duplicate names are not allowed.")]
    PolicyExists(String),
    #[error("Instance Profile {0} already exists.")]
    ProfileExists(String),
    #[error("The account alias {0} already exists.")]
    AliasExists(String),
    #[error("Cannot delete entity, must {0} first.")]
    InTheWay(&'static str),
    #[error("Cannot delete a policy attached to entities.")]
    PolicyInUse,
    #[error(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
         default version is deleted with the policy."
    )]
    PolicyHasVersions,
    #[error("Cannot delete the default version of a policy.")]
    DefaultVersion,

    // Limits.
    #[error("Cannot exceed quota for {what}: {limit}")]
    Quota { what: &'static str, limit: usize },
    #[error(
        "A managed policy can have up to {0} versions. Before you create a new version, you must delete an existing version."
    )]
    TooManyVersions(usize),
    #[error("Maximum policy size of {limit} bytes exceeded for {} {name}", kind.as_str())]
    InlineSize { kind: HolderKind, name: String, limit: usize },

    // The request.
    #[error("{0}")]
    Document(String),
    #[error("Invalid ARN:  Could not be parsed!")]
    ArnForm,
    #[error("Invalid Marker.")]
    Marker,
    #[error("Must specify userName when calling with non-User credentials")]
    UserNameMissing,
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    #[error("{0}")]
    Invalid(String),

    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in this program that can't be.
    #[error("{0}")]
    Fault(&'static str),
}

fn capital(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::User => "User",
        HolderKind::Group => "Group",
        HolderKind::Role => "Role",
    }
}

impl IamError {
    /// What the caller is told.
    pub(crate) fn answer(&self) -> ErrorAnswer {
        let text = self.to_string();
        let code = match self {
            Self::AccessDenied(_) => return ErrorAnswer::access_denied(text),
            Self::SessionOfUser => return ErrorAnswer::sender("InvalidClientTokenId", 403, Some(text)),
            Self::ArnForm | Self::Marker | Self::UserNameMissing => {
                return ErrorAnswer::validation(text);
            }
            Self::Store(_) => return ErrorAnswer::service_unavailable(),
            Self::Fault(what) => {
                tracing::error!(what, "an IAM operation failed");
                return ErrorAnswer::internal_failure();
            }
            Self::NoSuchHolder { .. }
            | Self::NoSuchInlinePolicy { .. }
            | Self::NoSuchPolicy(_)
            | Self::NotAttachable(_)
            | Self::NoSuchVersion { .. }
            | Self::NoSuchProfile(_)
            | Self::NotInProfile { .. }
            | Self::NoSuchAccessKey(_)
            | Self::NoSuchAlias(_)
            | Self::NotAMember { .. } => ErrorCode::NoSuchEntityException,
            Self::HolderExists { .. } | Self::PolicyExists(_) | Self::ProfileExists(_) | Self::AliasExists(_) => {
                ErrorCode::EntityAlreadyExistsException
            }
            Self::InTheWay(_) | Self::PolicyInUse | Self::PolicyHasVersions | Self::DefaultVersion => {
                ErrorCode::DeleteConflictException
            }
            Self::Quota { .. } | Self::TooManyVersions(_) | Self::InlineSize { .. } => {
                ErrorCode::LimitExceededException
            }
            Self::Document(_) => ErrorCode::MalformedPolicyDocumentException,
            Self::DuplicateTags | Self::Invalid(_) => ErrorCode::InvalidInputException,
        };
        code.with(text)
    }

    /// What the journal calls it.
    pub(crate) fn recorded(&self) -> Cow<'static, str> {
        let answer = self.answer();
        match self {
            Self::AccessDenied(_) => "AccessDenied".into(),
            Self::SessionOfUser
            | Self::ArnForm
            | Self::Marker
            | Self::UserNameMissing
            | Self::Store(_)
            | Self::Fault(_) => answer.code,
            _ => format!("{}Exception", answer.code).into(),
        }
    }
}

/// IAM's text for a principal that doesn't exist, or can't.
pub(crate) fn invalid_principal(kind: &str, name: &str) -> String {
    // AWS: all kinds but its own and S3's are told in capitals.
    let kind = match kind {
        "Service" | "Federated" => kind.to_uppercase(),
        other => other.to_owned(),
    };
    format!("Invalid principal in policy: \"{kind}\":\"{name}\"")
}

/// IAM's text for a document that isn't a policy (corrections, table 2).
pub(crate) fn text_of(malformed: &MalformedPolicy) -> String {
    match &malformed.kind {
        Malformed::Json(_) => "This policy contains invalid Json".to_owned(),
        Malformed::Version(_) => "Policy document must be version 2012-10-17 or greater.".to_owned(),
        Malformed::Duplicate(_) | Malformed::TooDeep { .. } => "The policy failed legacy parsing".to_owned(),
        Malformed::DuplicateSid(_) => "Statement IDs (SID) in a single policy must be unique.".to_owned(),
        Malformed::Missing("Action") | Malformed::Empty("Action") => {
            "Policy statement must contain actions.".to_owned()
        }
        Malformed::Missing("Resource") | Malformed::Empty("Resource") => {
            "Policy statement must contain resources.".to_owned()
        }
        Malformed::Resource(resource) => format!("Resource {resource} must be in ARN format or \"*\"."),
        Malformed::Action(action) if action.matches(':').count() > 1 => {
            "Actions/Condition can contain only one colon.".to_owned()
        }
        Malformed::Action(_) | Malformed::ConditionKey(_) => {
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned()
        }
        Malformed::TrustAction(_) => {
            // AWS: two blanks before the `and`.
            "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and \
             sts:AssumeRoleWithWebIdentity"
                .to_owned()
        }
        Malformed::Prohibited("Principal" | "NotPrincipal") => {
            "Policy document should not specify a principal.".to_owned()
        }
        Malformed::Prohibited(element) => format!("Has prohibited field {element}."),
        Malformed::InvalidPrincipal { kind, name } => invalid_principal(kind, name),
        _ => "Syntax errors in policy.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_spells_errors_as_cloudtrail_does() {
        let absent = IamError::NoSuchHolder { kind: HolderKind::User, name: "bob".to_owned() };
        assert_eq!((&*absent.answer().code, &*absent.recorded()), ("NoSuchEntity", "NoSuchEntityException"));
        assert_eq!(absent.to_string(), "The user with name bob cannot be found.");
        assert_eq!(absent.answer().status, 404);
        let denied = IamError::AccessDenied(String::new());
        assert_eq!((&*denied.answer().code, &*denied.recorded()), ("AccessDeniedException", "AccessDenied"));
        assert_eq!(IamError::ArnForm.recorded(), "ValidationException");
    }
}
