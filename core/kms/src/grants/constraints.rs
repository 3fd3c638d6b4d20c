//! What a grant asks of a request: its encryption context, and for whom a service makes it.
//!
//! Keys and values are compared letter by letter. The model says that keys are compared without regard to case, the
//! developer guide that they aren't; the stricter reading lets fewer grants match.

use std::collections::BTreeMap;

use sealroom_api::kms::GrantConstraints;
use sealroom_hsm::{Spec, Usage, context};

use crate::error::KmsError;

/// LIMIT: pairs of one constraint.
const PAIRS: usize = 8;
/// LIMIT: characters of a value, and of a key.
const CHARACTERS: usize = 384;

/// The pairs of an encryption context.
pub type Context = BTreeMap<String, String>;

/// What a grant asks of the request that it is used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Constraints {
    /// Of its encryption context.
    pub context: ContextConstraint,
    /// That a service makes it for the resource of this ARN.
    pub source_arn: Option<Box<str>>,
}

/// What is asked of an encryption context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ContextConstraint {
    /// Nothing.
    #[default]
    Any,
    /// It is this.
    Equals(Context),
    /// It has all of these pairs.
    Subset(Context),
}

impl ContextConstraint {
    /// Whether a request with this context satisfies it.
    #[must_use]
    pub fn admits(&self, context: Option<&Context>) -> bool {
        match self {
            Self::Any => true,
            Self::Equals(wanted) => context.map_or(wanted.is_empty(), |context| context == wanted),
            Self::Subset(wanted) => has(context, wanted),
        }
    }

    /// Whether every context that `self` admits is one that `other` admits.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Equals(own) | Self::Subset(own), Self::Subset(wanted)) => has(Some(own), wanted),
            (Self::Equals(own), Self::Equals(wanted)) => own == wanted,
            (Self::Any, Self::Subset(wanted)) => wanted.is_empty(),
            (Self::Any | Self::Subset(_), Self::Equals(_)) => false,
        }
    }

    /// The pairs, if there are any.
    pub(crate) fn pairs(&self) -> Option<&Context> {
        match self {
            Self::Any => None,
            Self::Equals(pairs) | Self::Subset(pairs) => Some(pairs),
        }
    }
}

fn has(context: Option<&Context>, wanted: &Context) -> bool {
    wanted.iter().all(|(key, value)| context.and_then(|context| context.get(key)) == Some(value))
}

impl Constraints {
    /// As they were sent. Of two constraints on the context the first is taken: [`Constraints::fit`] refuses both.
    pub(crate) fn of(sent: Option<&GrantConstraints>) -> Self {
        let Some(sent) = sent else { return Self::default() };
        let context = match (&sent.encryption_context_equals, &sent.encryption_context_subset) {
            (Some(pairs), _) => ContextConstraint::Equals(pairs.clone()),
            (None, Some(pairs)) => ContextConstraint::Subset(pairs.clone()),
            (None, None) => ContextConstraint::Any,
        };
        Self { context, source_arn: sent.source_arn.as_deref().map(Into::into) }
    }

    /// Whether such a key's grant can have them.
    ///
    /// # Errors
    /// The number of constraints, the kind of the key, then the pairs.
    pub(crate) fn fit(&self, sent: Option<&GrantConstraints>, spec: Spec, usage: Usage) -> Result<(), KmsError> {
        let two = |sent: &GrantConstraints| {
            sent.encryption_context_equals.is_some() && sent.encryption_context_subset.is_some()
        };
        if sent.is_some_and(two) {
            return Err(KmsError::TwoConstraints);
        }
        let Some(pairs) = self.context.pairs() else { return Ok(()) };
        if (spec, usage) != (Spec::SymmetricDefault, Usage::EncryptDecrypt) {
            return Err(KmsError::ContextConstraint);
        }
        if pairs.len() > PAIRS {
            return Err(KmsError::GrantForm("A grant constraint can hold at most 8 encryption context pairs."));
        }
        let long = |text: &String| text.chars().count() > CHARACTERS;
        if pairs.iter().any(|(key, value)| long(key) || long(value)) {
            return Err(KmsError::GrantForm(
                "An encryption context key or value in a grant constraint can have at most 384 characters.",
            ));
        }
        context::canonical(pairs).map(drop).map_err(|_| KmsError::Context)
    }

    /// Whether every request that `self` admits is one that `other` admits.
    #[must_use]
    pub fn are_within(&self, other: &Self) -> bool {
        let source = other.source_arn.is_none() || self.source_arn == other.source_arn;
        source && self.context.is_within(&other.context)
    }

    /// As AWS shows them; `None` when there are none.
    pub(crate) fn shown(&self) -> Option<GrantConstraints> {
        let shown = GrantConstraints {
            source_arn: self.source_arn.as_deref().map(str::to_owned),
            ..GrantConstraints::default()
        };
        match &self.context {
            ContextConstraint::Any => shown.source_arn.is_some().then_some(shown),
            ContextConstraint::Equals(pairs) => {
                Some(GrantConstraints { encryption_context_equals: Some(pairs.clone()), ..shown })
            }
            ContextConstraint::Subset(pairs) => {
                Some(GrantConstraints { encryption_context_subset: Some(pairs.clone()), ..shown })
            }
        }
    }
}
