//! The names of condition operators, which AWS writes in one way only.

use std::cmp::Ordering;
use std::fmt;

/// An operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) test: Test,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

/// How many of the request's values must meet the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// The only one.
    One,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Relation),
    Date(Relation),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

/// How the request's value stands to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Relation {
    /// Whether `value` stands so to one of `wanted`; `None` without a value.
    pub(super) fn any<T: Ord>(self, value: Option<T>, wanted: &[T]) -> Option<bool> {
        value.map(|value| wanted.iter().any(|wanted| self.holds(value.cmp(wanted))))
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

/// Every name without quantifier and `IfExists`, its test, and whether it is negated. Of two names for one test the
/// first is written.
const NAMES: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::StringEqualsIgnoreCase, true),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("NumericEquals", Test::Numeric(Relation::Equals), false),
    ("NumericNotEquals", Test::Numeric(Relation::Equals), true),
    ("NumericLessThan", Test::Numeric(Relation::LessThan), false),
    ("NumericLessThanEquals", Test::Numeric(Relation::LessThanEquals), false),
    ("NumericGreaterThan", Test::Numeric(Relation::GreaterThan), false),
    ("NumericGreaterThanEquals", Test::Numeric(Relation::GreaterThanEquals), false),
    ("DateEquals", Test::Date(Relation::Equals), false),
    ("DateNotEquals", Test::Date(Relation::Equals), true),
    ("DateLessThan", Test::Date(Relation::LessThan), false),
    ("DateLessThanEquals", Test::Date(Relation::LessThanEquals), false),
    ("DateGreaterThan", Test::Date(Relation::GreaterThan), false),
    ("DateGreaterThanEquals", Test::Date(Relation::GreaterThanEquals), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::IpAddress, false),
    ("NotIpAddress", Test::IpAddress, true),
    // AWS: both names of an ARN test read wildcards.
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Reads a name such as `ForAnyValue:StringNotEqualsIfExists`; `None` for any other. `Null` takes neither a
    /// quantifier nor `IfExists`: it asks for the key itself.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::One, name),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return None,
        };
        let base = name.strip_suffix("IfExists");
        let if_exists = base.is_some();
        let (_, test, negated) = NAMES.into_iter().find(|(known, _, _)| *known == base.unwrap_or(name))?;
        let plain = quantifier == Quantifier::One && !if_exists;
        (test != Test::Null || plain).then_some(Self { quantifier, test, negated, if_exists })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Quantifier::One => "",
            Quantifier::All => "ForAllValues:",
            Quantifier::Any => "ForAnyValue:",
        })?;
        let name = NAMES.iter().find(|(_, test, negated)| *test == self.test && *negated == self.negated);
        f.write_str(name.map_or("", |(name, _, _)| name))?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_and_written_alike() {
        for quantifier in ["", "ForAllValues:", "ForAnyValue:"] {
            for (name, test, _) in NAMES {
                for suffix in ["", "IfExists"] {
                    let text = format!("{quantifier}{name}{suffix}");
                    let plain = quantifier.is_empty() && suffix.is_empty();
                    let Some(operator) = Operator::parse(&text) else {
                        assert!(test == Test::Null && !plain, "{text}");
                        continue;
                    };
                    let written = operator.to_string();
                    assert_eq!(Operator::parse(&written), Some(operator), "{text}");
                    assert!(written == text || test == Test::Arn, "{text}");
                }
            }
        }
    }

    #[test]
    fn other_names_are_no_operators() {
        for wrong in [
            "",
            "IfExists",
            "stringequals",
            "STRINGEQUALS",
            "StringEqual",
            "StringEqualsIfExistsIfExists",
            "StringIfExists",
            "ForAllValues",
            "ForAllValues:",
            "ForSomeValues:StringEquals",
            "forallvalues:StringEquals",
            "ForAllValues:ForAnyValue:StringEquals",
            "NullIfExists",
            "ForAllValues:Null",
            "ForAnyValue:Null",
            "NotBool",
            "BinaryNotEquals",
            "NumericLike",
            "DateLike",
            "BoolIfExistsIfExists",
            " StringEquals",
            "StringEquals ",
        ] {
            assert_eq!(Operator::parse(wrong), None, "{wrong}");
        }
    }
}
