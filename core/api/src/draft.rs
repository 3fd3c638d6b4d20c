//! What a body is read into before anything is checked: every member may be missing, texts are borrowed.
//!
//! Generated drafts are made of the leaves in here. A leaf knows how its kind looks in a body and what AWS says when
//! something else stands there; it knows no constraint (that is [`crate::rules`]) and no protocol: a protocol is a serde
//! `Deserializer`. What would surprise: serde's `is_human_readable` tells the two kinds of protocol apart. JSON says
//! what it holds, so a leaf asks for anything and complains in AWS's words; forms hold texts only, so a leaf asks for
//! its own type and the form reads the text so.

mod blob;
mod collection;
mod scalar;

pub(crate) use blob::{Blob, SecretBlob, SecretText};
pub(crate) use collection::{List, Map, Nothing};
pub(crate) use scalar::{Flag, Float, Integer, Moment, Text};

use crate::rules::{Findings, Path};

/// A structure as read from the wire.
pub(crate) trait Draft: Default {
    /// What it becomes when no constraint is broken.
    type Input;
    /// Whether the structure has no members at all; only then may a body be empty.
    const BARE: bool;

    /// The input; `None` when `found` has something of it.
    fn finish(self, at: &Path<'_>, found: &mut Findings) -> Option<Self::Input>;
}

/// Texts for values of the wrong type, in the words of AWS's front end (corrections 5).
pub(crate) mod words {
    pub(crate) const STRUCTURE: &str = "Start of structure or map found where not expected";
    pub(crate) const LIST: &str = "Start of list found where not expected";
    pub(crate) const SCALAR: &str = "Unexpected field type";
    pub(crate) const NO_BLOB: &str = "only base-64-encoded strings are convertible to bytes";
}

/// The visitor methods for kinds of values that a leaf refuses: `kind => text`.
macro_rules! refuse {
    ($($kind:ident => $text:expr),* $(,)?) => { $(crate::draft::refuse!(@ $kind $text);)* };
    (@ flag $text:expr) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            let (yes, no) = $text;
            Err(E::custom(if value { yes } else { no }))
        }
    };
    (@ number $text:expr) => {
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(E::custom($text))
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(E::custom($text))
        }
    };
    (@ decimal $text:expr) => {
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(E::custom($text))
        }
    };
    (@ text $text:expr) => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::custom($text))
        }
    };
    (@ list $text:expr) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(serde::de::Error::custom($text))
        }
    };
    (@ structure $text:expr) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(serde::de::Error::custom($text))
        }
    };
}
pub(crate) use refuse;

/// A draft and how it is read: each member by its name on the wire, unknown ones skipped, the last of two of the same
/// name kept, `null` the same as absent (all as AWS does).
macro_rules! draft {
    ($(#[$meta:meta])* $name:ident {}) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(crate) struct $name<'a> {
            _life: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> serde::Deserialize<'a> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                crate::draft::Nothing::deserialize(deserializer).map(|crate::draft::Nothing| Self::default())
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($wire:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(crate) struct $name<'a> {
            $($field: Option<$kind>,)*
            _life: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> serde::Deserialize<'a> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader<'a>($name<'a>);
                impl<'de> serde::de::Visitor<'de> for Reader<'de> {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a structure")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<$name<'de>, A::Error> {
                        while let Some(crate::draft::Text(name)) = map.next_key()? {
                            match name.as_ref() {
                                $($wire => self.0.$field = map.next_value()?,)*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(self.0)
                    }
                    crate::draft::refuse! {
                        flag => (crate::draft::words::SCALAR, crate::draft::words::SCALAR),
                        number => crate::draft::words::SCALAR,
                        decimal => crate::draft::words::SCALAR,
                        text => crate::draft::words::SCALAR,
                        list => crate::draft::words::LIST,
                    }
                }
                let reader = Reader($name::default());
                if deserializer.is_human_readable() {
                    deserializer.deserialize_any(reader)
                } else {
                    deserializer.deserialize_struct("", &[], reader)
                }
            }
        }
    };
}
pub(crate) use draft;
