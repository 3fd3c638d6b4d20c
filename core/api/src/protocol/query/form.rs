//! Reads a form as a tree: `Tags.member.1.Key=a` is the structure `Tags`, its list, its first item, its member.
//!
//! A serde `Deserializer` that says of itself not to be human readable, because it holds nothing but texts: a leaf asks
//! for the type that it wants. What would surprise: the name between a list and its items (`member`, or what the table
//! calls it) isn't looked at, so both forms of lists are read, framed and flat.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// LIMIT: parameters of one form.
const MAX_PAIRS: usize = 10_000;
/// LIMIT: dots of one name.
const MAX_DEPTH: usize = 16;

/// Why a form can't be read. The caller is told nothing but that.
#[derive(Debug)]
pub(super) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed form")
    }
}

impl std::error::Error for Malformed {}

impl Error for Malformed {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// One parameter: the parts of its name, and its value.
struct Pair<'a> {
    name: Vec<Cow<'a, str>>,
    value: Cow<'a, str>,
}

/// A form, its parameters in the order of their names.
pub(super) struct Form<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> Form<'a> {
    /// Reads `a=b&c=d`, percent-decoded.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
        let mut pairs = Vec::new();
        for piece in text.split('&').filter(|piece| !piece.is_empty()) {
            if pairs.len() == MAX_PAIRS {
                return Err(Malformed);
            }
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            pairs.push(Pair { name: parts(decoded(name)?)?, value: decoded(value)? });
        }
        pairs.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { pairs })
    }

    /// The value of a name without dots.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|pair| matches!(pair.name.as_slice(), [only] if only == name)).map(|pair| &*pair.value)
    }

    /// The whole form as a structure.
    pub(super) fn root(&self) -> Node<'_> {
        Node { pairs: &self.pairs, depth: 0 }
    }
}

fn parts(name: Cow<'_, str>) -> Result<Vec<Cow<'_, str>>, Malformed> {
    let parts: Vec<Cow<'_, str>> = match name {
        Cow::Borrowed(name) => name.split('.').map(Cow::Borrowed).collect(),
        Cow::Owned(name) => name.split('.').map(|part| Cow::Owned(part.to_owned())).collect(),
    };
    if parts.len() > MAX_DEPTH { Err(Malformed) } else { Ok(parts) }
}

/// Takes `+` and `%41` back.
fn decoded(text: &str) -> Result<Cow<'_, str>, Malformed> {
    if !text.bytes().any(|b| matches!(b, b'+' | b'%')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => match (bytes.next().and_then(hex), bytes.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(Malformed),
            },
            other => other,
        });
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| Malformed)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// All parameters whose names begin with the same `depth` parts.
#[derive(Clone, Copy)]
pub(super) struct Node<'f> {
    pairs: &'f [Pair<'f>],
    depth: usize,
}

impl<'f> Node<'f> {
    /// The value; of two the later.
    fn text(&self) -> Result<&'f str, Malformed> {
        self.pairs.iter().rfind(|pair| pair.name.len() == self.depth).map(|pair| &*pair.value).ok_or(Malformed)
    }

    /// The next parts of names, with what stands below each.
    fn children(self) -> impl Iterator<Item = (&'f str, Node<'f>)> {
        let below = self.pairs.iter().position(|pair| pair.name.len() > self.depth).unwrap_or(self.pairs.len());
        let below = self.pairs.get(below..).unwrap_or_default();
        let same = move |one: &Pair<'f>, other: &Pair<'f>| one.name.get(self.depth) == other.name.get(self.depth);
        below.chunk_by(same).filter_map(move |pairs| {
            let name = pairs.first()?.name.get(self.depth)?;
            Some((&**name, Node { pairs, depth: self.depth + 1 }))
        })
    }

    fn child(self, names: &[&str]) -> Result<Node<'f>, Malformed> {
        self.children().find(|(name, _)| names.contains(name)).map(|(_, node)| node).ok_or(Malformed)
    }

    /// The items of a list or map in the order of their numbers, framed or flat. SDKs write an empty list as `Name=`.
    fn items(self) -> Result<Vec<Node<'f>>, Malformed> {
        if self.text().is_ok_and(|text| !text.is_empty()) {
            return Err(Malformed);
        }
        let numbered = |node: Node<'f>| -> Option<Vec<(u32, Node<'f>)>> {
            node.children().map(|(name, node)| name.parse().ok().map(|number| (number, node))).collect()
        };
        let mut frames = self.children().map(|(_, node)| node);
        let framed =
            || frames.next().filter(|_| frames.next().is_none()).and_then(numbered).filter(|items| !items.is_empty());
        let mut items = numbered(self).or_else(framed).ok_or(Malformed)?;
        items.sort_by_key(|(number, _)| *number);
        Ok(items.into_iter().map(|(_, node)| node).collect())
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
            visitor.$visit(self.text()?.parse().map_err(|_| Malformed)?)
        }
    )* };
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Malformed;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_str(self.text()?)
    }

    parsed! { deserialize_i64 visit_i64  deserialize_f64 visit_f64 }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        let text = self.text()?;
        match text {
            _ if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            _ if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => Err(Malformed),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_seq(Items(self.items()?.into_iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_map(Entries { items: self.items()?.into_iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Malformed> {
        visitor.visit_map(Members { children: self.children(), value: None })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct enum identifier
    }
}

struct Items<'f>(std::vec::IntoIter<Node<'f>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Malformed;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Malformed> {
        self.0.next().map(|node| seed.deserialize(node)).transpose()
    }
}

/// A map's entries: `.1.key=a&.1.value=b`.
struct Entries<'f> {
    items: std::vec::IntoIter<Node<'f>>,
    value: Option<Node<'f>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Malformed;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Malformed> {
        let Some(item) = self.items.next() else { return Ok(None) };
        self.value = Some(item.child(&["value", "Value"])?);
        seed.deserialize(item.child(&["key", "Key", "name", "Name"])?).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Malformed> {
        seed.deserialize(self.value.take().ok_or(Malformed)?)
    }
}

/// A structure's members.
struct Members<'f, I> {
    children: I,
    value: Option<Node<'f>>,
}

impl<'de, 'f, I: Iterator<Item = (&'f str, Node<'f>)>> MapAccess<'de> for Members<'f, I> {
    type Error = Malformed;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Malformed> {
        let Some((name, node)) = self.children.next() else { return Ok(None) };
        self.value = Some(node);
        let name: StrDeserializer<'_, Malformed> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Malformed> {
        seed.deserialize(self.value.take().ok_or(Malformed)?)
    }
}
