//! One condition of a statement: an operator, a condition key and the values that the policy wants.
//!
//! A condition holds, doesn't hold, or can't be told ([`Failure`]). What a key means is the request's affair, through
//! the `ConditionKeys` port. How operators read is IAM's "IAM JSON policy elements: Condition operators"; what a plain
//! operator does with several values isn't said there, and here it can't be told.

mod operator;
mod values;

use crate::conditions::Presence;
use crate::evaluation::{Failure, Request};
use crate::pattern::{Budget, LOOKUP_STEPS, Pattern};
use crate::text::{Filled, Reading, Texts, Unfit};

use operator::{Operator, Quantifier, Relation, Test};
use values::{ArnPattern, Decimal, Moment, Network};

/// A compiled condition.
#[derive(Debug)]
pub(crate) struct Condition {
    operator: Operator,
    /// In ASCII lower case.
    key: Box<str>,
    wanted: Wanted,
}

/// The policy's values, read as the operator reads them.
#[derive(Debug)]
enum Wanted {
    Text(Texts<Pattern>),
    TextIgnoringCase(Texts<Pattern>),
    Arn(Texts<ArnPattern>),
    Number(Relation, Vec<Decimal>),
    Date(Relation, Vec<Moment>),
    Truth(Vec<bool>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Network>),
    /// Whether the key must be absent.
    Absence(Vec<bool>),
}

/// Why a condition isn't one.
#[derive(Debug)]
pub(crate) enum BadCondition {
    /// There is no such operator.
    Operator,
    /// The key has no vendor or no name.
    Key,
    /// The operator can't read this value.
    Value(String),
    /// This value holds a `${` that begins no variable.
    Variable(String),
}

impl Condition {
    /// Compiles `values`, which mustn't be empty, for the operator called `operator`.
    ///
    /// # Errors
    /// [`BadCondition`] for what isn't understood.
    pub(crate) fn compile(operator: &str, key: &str, values: &[String], variables: bool) -> Result<Self, BadCondition> {
        let operator = Operator::parse(operator).ok_or(BadCondition::Operator)?;
        let named = key.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
        if !named || key.contains("${") {
            return Err(BadCondition::Key);
        }
        let wanted = Wanted::compile(operator.test, values, variables)?;
        Ok(Self { operator, key: key.to_ascii_lowercase().into(), wanted })
    }

    /// The operator's name, as policies write it.
    pub(crate) fn operator(&self) -> String {
        self.operator.to_string()
    }

    /// The condition key, in ASCII lower case.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the request meets the condition.
    ///
    /// # Errors
    /// When it can't be told.
    pub(crate) fn holds(&self, request: &Request<'_>) -> Result<bool, Failure> {
        let ready = Ready::new(&self.wanted, request)?;
        let mut tally = Tally::default();
        request.budget.spend(LOOKUP_STEPS)?;
        let presence = request.conditions.lookup(&self.key, &mut |value| {
            tally.add(ready.has(value, &request.budget).map(|found| found != self.operator.negated));
        });
        if presence == Presence::Untold {
            return Err(Failure::Untold);
        }
        let absent = presence == Presence::Absent || tally.values == 0;
        if let Wanted::Absence(wanted) = &self.wanted {
            return Ok(wanted.contains(&absent));
        }
        if absent {
            return Ok(self.holds_without_value());
        }
        if let Some(failure) = tally.failure {
            return Err(failure);
        }
        match self.operator.quantifier {
            Quantifier::One if tally.values > 1 => Err(Failure::ManyValues),
            Quantifier::One | Quantifier::All => Ok(tally.met == tally.values),
            Quantifier::Any => Ok(tally.met > 0),
        }
    }

    fn holds_without_value(&self) -> bool {
        let quantified = match self.operator.quantifier {
            Quantifier::One => self.operator.negated,
            Quantifier::All => true,
            Quantifier::Any => false,
        };
        self.operator.if_exists || quantified
    }
}

/// The request's values, counted.
#[derive(Default)]
struct Tally {
    values: usize,
    met: usize,
    failure: Option<Failure>,
}

impl Tally {
    fn add(&mut self, met: Result<bool, Failure>) {
        self.values = self.values.saturating_add(1);
        match met {
            Ok(true) => self.met = self.met.saturating_add(1),
            Ok(false) => {}
            Err(failure) => self.failure = self.failure.or(Some(failure)),
        }
    }
}

impl Wanted {
    fn compile(test: Test, values: &[String], variables: bool) -> Result<Self, BadCondition> {
        let plain = Reading { wildcards: false, variables };
        let wild = Reading { wildcards: true, variables };
        Ok(match test {
            Test::StringEquals => Self::Text(texts(values, plain)?),
            Test::StringEqualsIgnoreCase => Self::TextIgnoringCase(texts(values, plain)?),
            Test::StringLike => Self::Text(texts(values, wild)?),
            Test::Arn => Self::Arn(texts(values, wild)?),
            Test::Numeric(relation) => Self::Number(relation, each(values, Decimal::parse)?),
            Test::Date(relation) => Self::Date(relation, each(values, Moment::parse)?),
            Test::Bool => Self::Truth(each(values, values::truth)?),
            Test::Binary => Self::Binary(each(values, values::binary)?),
            Test::IpAddress => Self::Address(each(values, Network::parse)?),
            Test::Null => Self::Absence(each(values, values::truth)?),
        })
    }
}

fn each<T>(values: &[String], read: fn(&str) -> Option<T>) -> Result<Vec<T>, BadCondition> {
    let read = |value: &String| read(value).ok_or_else(|| BadCondition::Value(value.clone()));
    values.iter().map(read).collect()
}

fn texts<C: crate::text::Compiled>(values: &[String], reading: Reading) -> Result<Texts<C>, BadCondition> {
    let mut texts = Texts::new();
    for value in values {
        texts.add(value, reading).map_err(|unfit| match unfit {
            Unfit::Variable => BadCondition::Variable(value.clone()),
            Unfit::Form => BadCondition::Value(value.clone()),
        })?;
    }
    Ok(texts)
}

/// The policy's values with their variables filled in, before the key's own values are visited.
enum Ready<'p> {
    Text(Filled<'p, Pattern>),
    TextIgnoringCase(Filled<'p, Pattern>),
    Arn(Filled<'p, ArnPattern>),
    Other(&'p Wanted),
}

impl<'p> Ready<'p> {
    fn new(wanted: &'p Wanted, request: &Request<'_>) -> Result<Self, Failure> {
        Ok(match wanted {
            Wanted::Text(texts) => Self::Text(texts.fill(request)?),
            Wanted::TextIgnoringCase(texts) => Self::TextIgnoringCase(texts.fill(request)?),
            Wanted::Arn(texts) => Self::Arn(texts.fill(request)?),
            other => Self::Other(other),
        })
    }

    /// Whether one of the policy's values fits the request's `value`.
    fn has(&self, value: &str, budget: &Budget) -> Result<bool, Failure> {
        match self {
            Self::Text(texts) => texts.any(|pattern| pattern.matches(value, budget)),
            Self::TextIgnoringCase(texts) => texts.any(|pattern| pattern.equals_ignoring_case(value, budget)),
            Self::Arn(arns) => {
                let parts = values::arn_parts(value).ok_or(Failure::WrongType)?;
                arns.any(|pattern| pattern.matches(&parts, budget))
            }
            Self::Other(wanted) => wanted.has(value, budget),
        }
    }
}

impl Wanted {
    /// The same for values without variables.
    fn has(&self, value: &str, budget: &Budget) -> Result<bool, Failure> {
        let (found, cost) = match self {
            Self::Number(relation, wanted) => (relation.any(Decimal::parse(value), wanted), wanted.len()),
            Self::Date(relation, wanted) => (relation.any(Moment::parse(value), wanted), wanted.len()),
            Self::Truth(wanted) => (values::truth(value).map(|value| wanted.contains(&value)), wanted.len()),
            Self::Binary(wanted) => (values::binary(value).map(|value| wanted.contains(&value)), wanted.len()),
            Self::Address(wanted) => {
                let address = values::address(value);
                (address.map(|address| wanted.iter().any(|network| network.has(address))), wanted.len())
            }
            Self::Text(_) | Self::TextIgnoringCase(_) | Self::Arn(_) | Self::Absence(_) => (Some(false), 1),
        };
        budget.spend(cost)?;
        found.ok_or(Failure::WrongType)
    }
}
