//! A policy document, read once into the form that is evaluated.

mod json;
mod malformed;
mod read;

use sealroom_foundation::AccountId;

use crate::evaluation::{Failure, Request};
use crate::principal::{Fit, PrincipalName};
use crate::statement::Statement;

pub use malformed::{Malformed, MalformedPolicy};

/// What a policy is attached to, which decides what its statements must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// The policy of a KMS key that belongs to `account`: principals, and `*` as the only resource.
    Key {
        /// The key's account.
        account: AccountId,
    },
    /// The trust policy of a role that belongs to `account`: principals, actions of `sts` only, no resources.
    Trust {
        /// The role's account.
        account: AccountId,
    },
    /// The policy of a bucket, queue or endpoint, or a resource control policy: principals, and resources by ARN.
    Resource,
    /// A policy of a user, group, role, boundary or session, or a service control policy: no principals, resources by
    /// ARN.
    Identity,
}

/// Whether a statement gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `"Allow"`
    Allow,
    /// `"Deny"`
    Deny,
}

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    kind: PolicyKind,
    statements: Vec<Statement>,
}

impl Policy {
    /// Reads a document that somebody wants to put, by the rules of today.
    ///
    /// # Errors
    /// [`MalformedPolicy`] for anything that isn't fully understood.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        let statements = read::document(text, kind, read::Rules::OfToday)?;
        Ok(Self { kind, statements })
    }

    /// Reads a document that was stored, perhaps under older rules: a statement without actions or resources is
    /// accepted and never matches, and a key's policy may name the key by its ARN.
    ///
    /// # Errors
    /// [`MalformedPolicy`], for a document that no version would have stored.
    pub fn parse_stored(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        let statements = read::document(text, kind, read::Rules::OfOld)?;
        Ok(Self { kind, statements })
    }

    /// What it was read as.
    #[must_use]
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Whether it is a role's trust policy.
    #[must_use]
    pub fn is_trust(&self) -> bool {
        matches!(self.kind, PolicyKind::Trust { .. })
    }

    /// Every principal that a statement names (repeats included), so that whoever puts the policy can refuse those
    /// that don't exist.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalName> {
        self.statements.iter().flat_map(|statement| statement.who.names())
    }

    /// The same policy, in which users and roles that `id_of` knows by their ARN are meant by their unique id alone: whoever
    /// later gets the name isn't named.
    #[must_use]
    pub fn bound(mut self, id_of: impl Fn(&str) -> Option<Box<str>>) -> Self {
        for name in self.statements.iter_mut().flat_map(|statement| statement.who.names_mut()) {
            if let PrincipalName::User(arn) | PrincipalName::Role(arn) = name
                && let Some(id) = id_of(arn)
            {
                *name = PrincipalName::UniqueId(id);
            }
        }
        self
    }

    /// Whether a statement has a condition on `key`, which is in ASCII lower case (`kms:resourcealiases`), so that what is
    /// costly to know is looked up for policies that ask for it. Keys that stand in a variable don't count.
    #[must_use]
    pub fn asks_for(&self, key: &str) -> bool {
        self.statements.iter().flat_map(|statement| &statement.conditions).any(|condition| condition.key() == key)
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What the policy says to a request. Why it says nothing isn't kept; that is asked again when the answer is no.
    pub(crate) fn say(&self, request: &Request<'_>) -> Say {
        let mut allowed = None;
        for (index, statement) in self.statements.iter().enumerate() {
            match statement.effect {
                Effect::Deny => match statement.applies(request) {
                    Ok(None) => {}
                    Ok(Some(_)) => return Say::Denied { statement: index, failure: None },
                    Err(failure) => return Say::Denied { statement: index, failure: Some(failure) },
                },
                // Nothing can be added to what is allowed in full.
                Effect::Allow if allowed == Some(Fit::Itself) => {}
                Effect::Allow => allowed = allowed.max(statement.applies(request).unwrap_or(None)),
            }
        }
        allowed.map_or(Say::Nothing, Say::Allowed)
    }
}

/// A policy's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// The statement of this index is the first that denies, perhaps because it can't be told whether it applies.
    Denied { statement: usize, failure: Option<Failure> },
    /// None does, and one allows.
    Allowed(Fit),
    /// Neither.
    Nothing,
}
