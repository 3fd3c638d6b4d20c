//! One request under evaluation: what statements are matched against, and the ways in which matching fails.

use crate::conditions::ConditionKeys;
use crate::facts::Facts;
use crate::pattern::Budget;
use crate::principal::Principal;

/// What every statement sees of a request.
pub(crate) struct Request<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) conditions: &'a dyn ConditionKeys,
    /// What this decision may still spend.
    pub(crate) budget: Budget,
}

impl<'a> Request<'a> {
    pub(crate) fn new(facts: &Facts<'a>) -> Self {
        Self {
            principal: facts.principal,
            action: facts.action,
            resource: facts.resource.arn,
            conditions: facts.conditions,
            budget: Budget::new(),
        }
    }
}

/// Why it can't be told whether a statement matches. It counts against the caller: an `Allow` doesn't match, a `Deny`
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The values of a condition key can't be told.
    Untold,
    /// A key has several values where one is wanted: a plain operator, or a variable.
    ManyValues,
    /// The request's value isn't of the operator's type.
    WrongType,
    /// A variable that excludes resources has no value.
    NoValue,
    /// The decision's budget is spent.
    Spent,
}

impl Failure {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Untold => "the values of a condition key can't be told",
            Self::ManyValues => "a condition key has several values where one is wanted",
            Self::WrongType => "the request's value isn't of the operator's type",
            Self::NoValue => "a variable has no value",
            Self::Spent => "the policies are too costly to evaluate",
        }
    }
}
