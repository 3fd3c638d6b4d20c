//! Rules for one value.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use sealroom_foundation::{Secret, Timestamp};

use super::{Broken, Findings, Path, Rule, Value};
use crate::draft::{Blob, Flag, Float, Integer, Moment, SecretBlob, SecretText, Text};
use crate::pattern::Pattern;
use crate::serve::Compat;
use crate::shape::Enumeration;

/// Bounds of a length.
#[derive(Clone, Copy, Default)]
pub(crate) struct Length {
    min: Option<u64>,
    max: Option<u64>,
    extended_max: Option<u64>,
}

impl Length {
    /// Between `min` and `max`, both allowed.
    pub(crate) const fn new(min: Option<u64>, max: Option<u64>) -> Self {
        Self { min, max, extended_max: None }
    }

    /// The same, wider where Sealroom is wider than AWS.
    pub(crate) const fn extended(self, max: u64) -> Self {
        Self { extended_max: Some(max), ..self }
    }

    /// The upper bound.
    pub(crate) fn max(&self, compat: Compat) -> Option<u64> {
        match compat {
            Compat::Aws => self.max,
            Compat::Extended => self.extended_max.or(self.max),
        }
    }

    /// The bound that `length` breaks.
    pub(crate) fn broken(&self, length: usize, compat: Compat) -> Option<Broken> {
        // INVARIANT: a length fits 64 bits.
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        match (self.min, self.max(compat)) {
            (Some(min), _) if length < min => Some(Broken::Shorter(min)),
            (_, Some(max)) if length > max => Some(Broken::Longer(max)),
            _ => None,
        }
    }
}

/// A rule for one value that can also be told of as the rule for a list's items or a map's values.
pub(crate) trait ScalarRule<D>: Rule<D> {
    /// Whether the value breaks nothing; nobody is told.
    fn holds(&self, draft: &D, compat: Compat) -> bool;
    /// The input of a value that [`ScalarRule::holds`].
    fn take(&self, draft: D) -> Option<Self::Out>;
    /// How the value looks among others: `[a, b]`.
    fn show<'d>(&self, draft: &'d D) -> &'d str;
    /// All its constraints, `, ` between them.
    fn constraints(&self, compat: Compat) -> impl Display;
}

struct Listed([Option<Broken>; 3]);

impl Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, broken) in self.0.iter().flatten().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{broken}")?;
        }
        Ok(())
    }
}

/// For texts, and with [`SecretText`] for those that are secrets.
pub(crate) struct TextRule {
    pub(crate) length: Length,
    pub(crate) pattern: Option<&'static Pattern>,
}

impl TextRule {
    /// What `text` breaks: the pattern, a length, both. AWS counts in UTF-16 units, as Java does.
    fn broken(&self, text: &str, compat: Compat) -> [Option<Broken>; 2] {
        let length = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        let length = self.length.broken(length, compat);
        let pattern = self.pattern.filter(|pattern| !pattern.matches(text)).map(|p| Broken::Pattern(p.text));
        [pattern, length]
    }
}

impl<'a> Rule<Text<'a>> for TextRule {
    type Out = String;

    fn check(&self, draft: Text<'a>, at: &Path<'_>, found: &mut Findings) -> Option<String> {
        match self.broken(&draft.0, found.compat) {
            [None, None] => Some(draft.0.into_owned()),
            broken => {
                for broken in broken.into_iter().flatten() {
                    found.tell(&Value::Text(&draft.0), at, &broken);
                }
                None
            }
        }
    }
}

impl<'a> ScalarRule<Text<'a>> for TextRule {
    fn holds(&self, draft: &Text<'a>, compat: Compat) -> bool {
        matches!(self.broken(&draft.0, compat), [None, None])
    }

    fn take(&self, draft: Text<'a>) -> Option<String> {
        Some(draft.0.into_owned())
    }

    fn show<'d>(&self, draft: &'d Text<'a>) -> &'d str {
        &draft.0
    }

    fn constraints(&self, compat: Compat) -> impl Display {
        let max = self.length.max(compat).map(Broken::Longer);
        let min = self.length.min.map(Broken::Shorter);
        Listed([max, min, self.pattern.map(|pattern| Broken::Pattern(pattern.text))])
    }
}

impl Rule<SecretText> for TextRule {
    type Out = Secret<[u8]>;

    fn check(&self, draft: SecretText, at: &Path<'_>, found: &mut Findings) -> Option<Secret<[u8]>> {
        // INVARIANT: a secret text is made of a `str`.
        let text = std::str::from_utf8(draft.0.expose()).unwrap_or_default();
        match self.broken(text, found.compat) {
            [None, None] => Some(draft.0),
            broken => {
                for broken in broken.into_iter().flatten() {
                    found.tell(&Value::Hidden, at, &broken);
                }
                None
            }
        }
    }
}

/// For a closed set of texts.
pub(crate) struct ChoiceRule<E>(PhantomData<fn() -> E>);

impl<E: Enumeration> ChoiceRule<E> {
    pub(crate) const NEW: Self = Self(PhantomData);
    const BROKEN: Broken = Broken::NoneOf(values::<E>);
}

/// Every value, in the table's order. AWS prints them in no stable order.
fn values<E: Enumeration>() -> String {
    let texts: Vec<&str> = E::ALL.iter().map(|value| value.as_str()).collect();
    texts.join(", ")
}

impl<'a, E: Enumeration> Rule<Text<'a>> for ChoiceRule<E> {
    type Out = E;

    fn check(&self, draft: Text<'a>, at: &Path<'_>, found: &mut Findings) -> Option<E> {
        let value = E::from_text(&draft.0);
        if value.is_none() {
            found.tell(&Value::Text(&draft.0), at, &Self::BROKEN);
        }
        value
    }
}

impl<'a, E: Enumeration> ScalarRule<Text<'a>> for ChoiceRule<E> {
    fn holds(&self, draft: &Text<'a>, _: Compat) -> bool {
        E::from_text(&draft.0).is_some()
    }

    fn take(&self, draft: Text<'a>) -> Option<E> {
        E::from_text(&draft.0)
    }

    fn show<'d>(&self, draft: &'d Text<'a>) -> &'d str {
        &draft.0
    }

    fn constraints(&self, _: Compat) -> impl Display {
        Self::BROKEN
    }
}

/// For bytes, secret or not.
pub(crate) struct BlobRule {
    pub(crate) length: Length,
}

impl Rule<Blob> for BlobRule {
    type Out = Vec<u8>;

    fn check(&self, draft: Blob, at: &Path<'_>, found: &mut Findings) -> Option<Vec<u8>> {
        match self.length.broken(draft.0.len(), found.compat) {
            None => Some(draft.0),
            Some(broken) => {
                found.tell(&Value::Hidden, at, &broken);
                None
            }
        }
    }
}

impl Rule<SecretBlob> for BlobRule {
    type Out = Secret<[u8]>;

    fn check(&self, draft: SecretBlob, at: &Path<'_>, found: &mut Findings) -> Option<Secret<[u8]>> {
        match self.length.broken(draft.0.len(), found.compat) {
            None => Some(draft.0),
            Some(broken) => {
                found.tell(&Value::Hidden, at, &broken);
                None
            }
        }
    }
}

/// For integers: `T` is `i32` or `i64`.
pub(crate) struct IntegerRule<T> {
    min: Option<i64>,
    max: Option<i64>,
    kind: PhantomData<fn() -> T>,
}

impl<T> IntegerRule<T> {
    pub(crate) const fn new(min: Option<i64>, max: Option<i64>) -> Self {
        Self { min, max, kind: PhantomData }
    }
}

impl IntegerRule<i32> {
    /// The bounds, which without any are those of 32 bits: AWS's text for a wider number isn't known.
    pub(crate) const fn of_32_bits(min: Option<i64>, max: Option<i64>) -> Self {
        let min = if min.is_some() { min } else { Some(-2_147_483_648) };
        let max = if max.is_some() { max } else { Some(2_147_483_647) };
        Self::new(min, max)
    }
}

impl<T: TryFrom<i64>> Rule<Integer> for IntegerRule<T> {
    type Out = T;

    fn check(&self, draft: Integer, at: &Path<'_>, found: &mut Findings) -> Option<T> {
        let number = draft.0;
        let broken = match (self.min, self.max) {
            (Some(min), _) if number < min => Some(Broken::Less(min)),
            (_, Some(max)) if number > max => Some(Broken::Greater(max)),
            _ => None,
        };
        if let Some(broken) = broken {
            found.tell(&Value::Number(number), at, &broken);
            return None;
        }
        // INVARIANT: the bounds of a 32-bit rule lie within 32 bits.
        T::try_from(number).ok()
    }
}

/// For values without a constraint: switches, moments, numbers with a fraction.
pub(crate) struct Free;

impl Rule<Flag> for Free {
    type Out = bool;
    fn check(&self, draft: Flag, _: &Path<'_>, _: &mut Findings) -> Option<bool> {
        Some(draft.0)
    }
}

impl Rule<Moment> for Free {
    type Out = Timestamp;
    fn check(&self, draft: Moment, _: &Path<'_>, _: &mut Findings) -> Option<Timestamp> {
        Some(draft.0)
    }
}

impl Rule<Float> for Free {
    type Out = f64;
    fn check(&self, draft: Float, _: &Path<'_>, _: &mut Findings) -> Option<f64> {
        Some(draft.0)
    }
}
