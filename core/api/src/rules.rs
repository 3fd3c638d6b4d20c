//! The constraints of the tables, checked once, and told in AWS's words: from a draft to an input.
//!
//! All violations of a request are gathered and stand in one message, in the order of the table's members; of one value
//! the pattern is told before the length, as AWS's front ends mostly do (AWS's own order isn't published, and differs
//! between services). What is a blob or a secret is never shown.
//!
//! ```text
//! 2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater
//! than or equal to 1; Value null at 'tags.1.member.tagKey' failed to satisfy constraint: Member must not be null
//! ```

mod collection;
mod scalar;

pub(crate) use collection::{EachRule, ListRule, MapRule};
pub(crate) use scalar::{BlobRule, ChoiceRule, Free, IntegerRule, Length, TextRule};

use std::fmt::{self, Display, Write as _};

use crate::draft::Draft;
use crate::error::ErrorAnswer;
use crate::serve::Compat;

/// LIMIT: violations told in one message; the rest isn't looked at.
const MAX_TOLD: usize = 20;
/// LIMIT: characters of a refused value that are shown.
const MAX_SHOWN: usize = 4_096;

/// How a draft's value becomes an input's.
pub(crate) trait Rule<D> {
    /// The input's type.
    type Out;

    /// The checked value; `None` when `found` has something about it.
    fn check(&self, draft: D, at: &Path<'_>, found: &mut Findings) -> Option<Self::Out>;
}

/// A structure is checked member by member, by its own draft.
pub(crate) struct Structure;

impl<D: Draft> Rule<D> for Structure {
    type Out = D::Input;

    fn check(&self, draft: D, at: &Path<'_>, found: &mut Findings) -> Option<D::Input> {
        draft.finish(at, found)
    }
}

/// Where in a request a value stands: `tags.1.member.tagKey`.
pub(crate) enum Path<'p> {
    /// The input itself.
    Root,
    /// A member of a structure.
    Member(&'p Path<'p>, &'static str),
    /// An item of a list, counted from one.
    Item(&'p Path<'p>, usize),
    /// A value of a map.
    Entry(&'p Path<'p>, &'p str),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, number) => write!(f, "{parent}.{number}.member"),
            Self::Entry(parent, key) => write!(f, "{parent}.{}.member", Shown(key)),
        }
    }
}

/// What a value breaks.
#[derive(Clone, Copy)]
pub(crate) enum Broken {
    Null,
    Pattern(&'static str),
    Shorter(u64),
    Longer(u64),
    Less(i64),
    Greater(i64),
    NoneOf(fn() -> String),
}

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Member must not be null"),
            Self::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
            Self::Shorter(min) => write!(f, "Member must have length greater than or equal to {min}"),
            Self::Longer(max) => write!(f, "Member must have length less than or equal to {max}"),
            Self::Less(min) => write!(f, "Member must have value greater than or equal to {min}"),
            Self::Greater(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::NoneOf(values) => write!(f, "Member must satisfy enum value set: [{}]", values()),
        }
    }
}

/// How a refused value is shown.
pub(crate) enum Value<'v> {
    /// `Value null`.
    Null,
    /// `Value 'text'`.
    Text(&'v str),
    /// `Value '7'`.
    Number(i64),
    /// `Value`, for blobs and secrets.
    Hidden,
}

impl Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Value null"),
            Self::Text(text) => write!(f, "Value '{}'", Shown(text)),
            Self::Number(number) => write!(f, "Value '{number}'"),
            Self::Hidden => f.write_str("Value"),
        }
    }
}

/// The beginning of a text.
struct Shown<'t>(&'t str);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => write!(f, "{}...", self.0.get(..end).unwrap_or_default()),
            None => f.write_str(self.0),
        }
    }
}

/// The violations of one request.
pub(crate) struct Findings {
    pub(crate) compat: Compat,
    told: String,
    count: usize,
}

impl Findings {
    pub(crate) fn new(compat: Compat) -> Self {
        Self { compat, told: String::new(), count: 0 }
    }

    /// The error that tells all of them.
    pub(crate) fn answer(self) -> ErrorAnswer {
        let plural = if self.count == 1 { "" } else { "s" };
        ErrorAnswer::validation(format!("{} validation error{plural} detected: {}", self.count, self.told))
    }

    /// A member that must be there.
    pub(crate) fn required<D, R: Rule<D>>(
        &mut self,
        draft: Option<D>,
        parent: &Path<'_>,
        name: &'static str,
        rule: &R,
    ) -> Option<R::Out> {
        let at = Path::Member(parent, name);
        match draft {
            Some(draft) => rule.check(draft, &at, self),
            None => {
                self.tell(&Value::Null, &at, &Broken::Null);
                None
            }
        }
    }

    /// A member that may be absent; the outer `None` means that something is wrong with it.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(crate) fn optional<D, R: Rule<D>>(
        &mut self,
        draft: Option<D>,
        parent: &Path<'_>,
        name: &'static str,
        rule: &R,
    ) -> Option<Option<R::Out>> {
        match draft {
            Some(draft) => rule.check(draft, &Path::Member(parent, name), self).map(Some),
            None => Some(None),
        }
    }

    /// Tells one violation.
    pub(crate) fn tell(&mut self, value: &Value<'_>, at: &Path<'_>, broken: &dyn Display) {
        if self.count == MAX_TOLD {
            return;
        }
        self.count += 1;
        let separator = if self.told.is_empty() { "" } else { "; " };
        // INVARIANT: writing to a string doesn't fail.
        let _ = write!(self.told, "{separator}{value} at '{at}' failed to satisfy constraint: {broken}");
    }
}
