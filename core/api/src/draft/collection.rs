//! Leaves that hold others: lists and maps. A `null` among them is kept, so that the rules can tell of it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Text, refuse, words};

/// LIMIT: entries of one list or map. No table of AWS allows as many; it holds down what a small body of empty entries
/// takes up in memory.
const MAX_ENTRIES: usize = 10_000;

/// A list.
pub(crate) struct List<T>(pub(crate) Vec<Option<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    held(items.len())?;
                    items.push(item);
                }
                Ok(List(items))
            }
            refuse! {
                flag => (words::SCALAR, words::SCALAR),
                number => words::SCALAR,
                decimal => words::SCALAR,
                text => words::SCALAR,
                structure => words::STRUCTURE,
            }
        }
        let reader = Reader(PhantomData);
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(reader)
        } else {
            deserializer.deserialize_seq(reader)
        }
    }
}

/// A map, in the order of the body; of two entries of one key the later counts.
pub(crate) struct Map<'a, T>(pub(crate) Vec<(Cow<'a, str>, Option<T>)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Map<'de, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<'de, T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    held(entries.len())?;
                    entries.push((key, map.next_value()?));
                }
                Ok(Map(entries))
            }
            refuse! {
                flag => (words::SCALAR, words::SCALAR),
                number => words::SCALAR,
                decimal => words::SCALAR,
                text => words::SCALAR,
                list => words::LIST,
            }
        }
        let reader = Reader(PhantomData);
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(reader)
        } else {
            deserializer.deserialize_map(reader)
        }
    }
}

/// A structure without members: whatever it holds is skipped.
pub(crate) struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Nothing;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a structure")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nothing, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Nothing)
            }
            refuse! {
                flag => (words::SCALAR, words::SCALAR),
                number => words::SCALAR,
                decimal => words::SCALAR,
                text => words::SCALAR,
                list => words::LIST,
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Reader)
        } else {
            deserializer.deserialize_struct("", &[], Reader)
        }
    }
}

fn held<E: Error>(entries: usize) -> Result<(), E> {
    if entries < MAX_ENTRIES { Ok(()) } else { Err(E::custom("Too many entries")) }
}
