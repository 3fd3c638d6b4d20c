//! A compiled statement, and whether it applies to a request.

use crate::condition::Condition;
use crate::evaluation::{Failure, Request};
use crate::pattern::Pattern;
use crate::policy::Effect;
use crate::principal::{Fit, PrincipalName, excepted};
use crate::text::Texts;

/// One statement of a policy.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) who: Who,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) conditions: Vec<Condition>,
}

/// Whom a statement is about.
#[derive(Debug)]
pub(crate) enum Who {
    /// The policy is attached to whom it is about.
    Bearer,
    /// `Principal`
    Named(Vec<PrincipalName>),
    /// `NotPrincipal`
    AllBut(Vec<PrincipalName>),
}

/// `Action` or `NotAction`. None listed: a stored statement without actions, which never applies.
#[derive(Debug)]
pub(crate) enum Actions {
    In(Vec<Pattern>),
    NotIn(Vec<Pattern>),
}

/// `Resource` or `NotResource`.
#[derive(Debug)]
pub(crate) enum Resources {
    /// A stored statement without resources, which never applies.
    Nothing,
    /// `*`, or a kind of policy that has no resources.
    Everything,
    In(Texts<Pattern>),
    NotIn(Texts<Pattern>),
}

/// What keeps a statement from applying.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Obstacle<'p> {
    Action,
    Principal,
    Resource,
    Condition(&'p Condition),
}

impl Statement {
    /// How the statement fits the principal, when it applies to the request.
    ///
    /// # Errors
    /// When that can't be told. What doesn't apply in one respect doesn't apply, whatever can't be told elsewhere.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Result<Option<Fit>, Failure> {
        self.examine(request).map(Result::ok)
    }

    /// The same, with the obstacle when it doesn't apply.
    ///
    /// # Errors
    /// As [`Statement::applies`].
    pub(crate) fn examine(&self, request: &Request<'_>) -> Result<Result<Fit, Obstacle<'_>>, Failure> {
        if !self.actions.have(request)? {
            return Ok(Err(Obstacle::Action));
        }
        let Some(fit) = self.who.fit(request) else { return Ok(Err(Obstacle::Principal)) };
        let mut untold = None;
        match self.resources.have(request) {
            Ok(true) => {}
            Ok(false) => return Ok(Err(Obstacle::Resource)),
            Err(failure) => untold = Some(failure),
        }
        for condition in &self.conditions {
            match condition.holds(request) {
                Ok(true) => {}
                Ok(false) => return Ok(Err(Obstacle::Condition(condition))),
                Err(failure) => untold = untold.or(Some(failure)),
            }
        }
        untold.map_or(Ok(Ok(fit)), Err)
    }
}

impl Who {
    fn fit(&self, request: &Request<'_>) -> Option<Fit> {
        match self {
            Self::Bearer => Some(Fit::Itself),
            Self::Named(names) => names.iter().filter_map(|name| name.fit(request.principal)).max(),
            Self::AllBut(names) => (!excepted(names, request.principal)).then_some(Fit::Itself),
        }
    }

    /// The names, of either sense.
    pub(crate) fn names(&self) -> &[PrincipalName] {
        match self {
            Self::Bearer => &[],
            Self::Named(names) | Self::AllBut(names) => names,
        }
    }
}

impl Who {
    /// The names, of either sense, to be replaced.
    pub(crate) fn names_mut(&mut self) -> &mut [PrincipalName] {
        match self {
            Self::Bearer => &mut [],
            Self::Named(names) | Self::AllBut(names) => names,
        }
    }
}

impl Actions {
    fn have(&self, request: &Request<'_>) -> Result<bool, Failure> {
        let (patterns, negated) = match self {
            Self::In(patterns) => (patterns, false),
            Self::NotIn(patterns) => (patterns, true),
        };
        for pattern in patterns {
            if pattern.matches_name(request.action, &request.budget)? {
                return Ok(!negated);
            }
        }
        Ok(negated && !patterns.is_empty())
    }
}

impl Resources {
    fn have(&self, request: &Request<'_>) -> Result<bool, Failure> {
        let has = |pattern: &Pattern| pattern.matches(request.resource, &request.budget);
        match self {
            Self::Nothing => Ok(false),
            Self::Everything => Ok(true),
            Self::In(texts) => texts.fill(request)?.any(has),
            Self::NotIn(texts) => {
                let filled = texts.fill(request)?;
                match filled.any(has)? {
                    true => Ok(false),
                    false if filled.complete => Ok(true),
                    // AWS: a variable without a value excludes nothing, which is right in a `Deny` only.
                    false => Err(Failure::NoValue),
                }
            }
        }
    }
}
