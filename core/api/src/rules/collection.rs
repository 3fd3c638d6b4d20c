//! Rules for lists and maps.
//!
//! What would surprise: AWS tells of a plain item at the list, with all constraints of items and the whole list shown
//! (`Value '[..]' at 'grantTokens' failed to satisfy constraint: Member must satisfy constraint: [..]`), but of a
//! structure's member at that member. [`EachRule`] is the first, [`ListRule`] the second.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use super::scalar::{Length, ScalarRule};
use super::{Broken, Findings, MAX_SHOWN, Path, Rule, Value};
use crate::draft::{List, Map, Text};

/// For lists of plain values.
pub(crate) struct EachRule<R> {
    pub(crate) length: Length,
    pub(crate) item: R,
}

impl<D, R: ScalarRule<D>> Rule<List<D>> for EachRule<R> {
    type Out = Vec<R::Out>;

    fn check(&self, draft: List<D>, at: &Path<'_>, found: &mut Findings) -> Option<Vec<R::Out>> {
        let compat = found.compat;
        let length = self.length.broken(draft.0.len(), compat);
        let fine = draft.0.iter().all(|item| item.as_ref().is_some_and(|item| self.item.holds(item, compat)));
        if length.is_none() && fine {
            return draft.0.into_iter().flatten().map(|item| self.item.take(item)).collect();
        }
        let shown = joined(draft.0.iter().map(|item| item.as_ref().map(|item| self.item.show(item))));
        if let Some(broken) = length {
            found.tell(&Value::Text(&shown), at, &broken);
        }
        if !fine {
            let null = draft.0.iter().any(Option::is_none);
            let items = Items { what: "Member", constraints: self.item.constraints(compat), null };
            found.tell(&Value::Text(&shown), at, &items);
        }
        None
    }
}

/// `Member must satisfy constraint: [..]`
struct Items<C> {
    what: &'static str,
    constraints: C,
    null: bool,
}

impl<C: Display> Display for Items<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let constraints = self.constraints.to_string();
        let null = if self.null { Broken::Null.to_string() } else { String::new() };
        let separator = if constraints.is_empty() || null.is_empty() { "" } else { ", " };
        write!(f, "{} must satisfy constraint: [{constraints}{separator}{null}]", self.what)
    }
}

/// `[a, b]`
fn joined<'d>(items: impl Iterator<Item = Option<&'d str>>) -> String {
    let mut out = String::from("[");
    for item in items {
        if out.len() > MAX_SHOWN {
            break;
        }
        if out.len() > 1 {
            out.push_str(", ");
        }
        out.push_str(item.unwrap_or("null"));
    }
    out.push(']');
    out
}

/// For lists of structures, lists and maps.
pub(crate) struct ListRule<R> {
    pub(crate) length: Length,
    pub(crate) item: R,
}

impl<D, R: Rule<D>> Rule<List<D>> for ListRule<R> {
    type Out = Vec<R::Out>;

    fn check(&self, draft: List<D>, at: &Path<'_>, found: &mut Findings) -> Option<Vec<R::Out>> {
        let broken = self.length.broken(draft.0.len(), found.compat);
        if let Some(broken) = broken {
            let empty = Value::Text("[]");
            let value = if draft.0.is_empty() { empty } else { Value::Hidden };
            found.tell(&value, at, &broken);
        }
        let mut items = Some(Vec::with_capacity(draft.0.len()));
        for (index, item) in draft.0.into_iter().enumerate() {
            let at = Path::Item(at, index + 1);
            let checked = match item {
                Some(item) => self.item.check(item, &at, found),
                None => {
                    found.tell(&Value::Null, &at, &Broken::Null);
                    None
                }
            };
            match (checked, &mut items) {
                (Some(item), Some(items)) => items.push(item),
                (Some(_), None) => {}
                (None, _) => items = None,
            }
        }
        items.filter(|_| broken.is_none())
    }
}

/// For maps. A value is told of at its own place, `context.key.member`; a key at the map.
pub(crate) struct MapRule<K, V> {
    pub(crate) length: Length,
    pub(crate) key: K,
    pub(crate) value: V,
}

impl<'a, D, K, V> Rule<Map<'a, D>> for MapRule<K, V>
where
    K: ScalarRule<Text<'a>>,
    K::Out: Ord,
    V: Rule<D>,
{
    type Out = BTreeMap<K::Out, V::Out>;

    fn check(&self, draft: Map<'a, D>, at: &Path<'_>, found: &mut Findings) -> Option<Self::Out> {
        let broken = self.length.broken(draft.0.len(), found.compat);
        if let Some(broken) = broken {
            let value = if draft.0.is_empty() { Value::Text("{}") } else { Value::Hidden };
            found.tell(&value, at, &broken);
        }
        let mut entries = Some(BTreeMap::new());
        for (key, value) in draft.0 {
            let value = match value {
                Some(value) => self.value.check(value, &Path::Entry(at, &key), found),
                None => {
                    found.tell(&Value::Null, &Path::Entry(at, &key), &Broken::Null);
                    None
                }
            };
            let key = Text(key);
            let known = self.key.holds(&key, found.compat);
            if !known {
                let constraints = self.key.constraints(found.compat);
                found.tell(&Value::Text(&key.0), at, &Items { what: "Map keys", constraints, null: false });
            }
            let key = if known { self.key.take(key) } else { None };
            match (key, value, &mut entries) {
                (Some(key), Some(value), Some(entries)) => {
                    entries.insert(key, value);
                }
                (Some(_), Some(_), None) => {}
                _ => entries = None,
            }
        }
        entries.filter(|_| broken.is_none())
    }
}
