//! The interface tables: `models/<service>.json` read into memory, in the order of the file.
//!
//! Knows nothing of Rust. What would surprise: maps keep their order, because the order of members is the order in
//! which outputs are written.

use std::fmt;
use std::marker::PhantomData;

use anyhow::{Context as _, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// One service's table.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Model {
    pub version: String,
    pub protocol: Protocol,
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default)]
    pub xml_namespace: Option<String>,
    pub signing_name: String,
    pub operations: Ordered<Operation>,
    pub shapes: Ordered<Shape>,
}

/// The protocols of the tables; those without a protocol module yet can be read, not emitted for serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    #[serde(rename = "aws-json-1.0")]
    AwsJson10,
    #[serde(rename = "aws-json-1.1")]
    AwsJson11,
    AwsQuery,
    Ec2Query,
    RestJson,
    RestXml,
}

impl Protocol {
    /// Whether member names on the wire follow `locationName`.
    pub(crate) fn renames_members(self) -> bool {
        !matches!(self, Self::AwsJson10 | Self::AwsJson11)
    }
}

/// One operation.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub output: Option<String>,
    #[serde(default)]
    pub result_wrapper: Option<String>,
}

/// One shape with its constraints.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default, deserialize_with = "bound")]
    pub min: Option<i64>,
    #[serde(default, deserialize_with = "bound")]
    pub max: Option<i64>,
    /// The wider limit of `compat = "extended"`; from the overlay.
    #[serde(skip)]
    pub extended_max: Option<i64>,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub exception: bool,
    #[serde(default)]
    pub fault: bool,
    #[serde(default)]
    pub error: Option<ErrorTrait>,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub members: Ordered<Member>,
    #[serde(default)]
    pub member: Option<Member>,
    #[serde(default)]
    pub key: Option<Member>,
    #[serde(default)]
    pub value: Option<Member>,
}

/// A bound; those of numbers with a fraction (`0.0`) aren't checked by anything that is generated.
fn bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(serde_json::Number::deserialize(deserializer)?.as_i64())
}

/// What kind of value a shape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    String,
    Blob,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Timestamp,
    List,
    Map,
    Structure,
}

/// A use of a shape.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub shape: String,
    #[serde(default)]
    pub location_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
}

/// How an exception answers, where the table says more than its name.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorTrait {
    #[serde(default)]
    pub code: Option<String>,
    pub http_status_code: u16,
}

impl Model {
    /// Reads a table.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("the table is not of the known form")
    }

    /// The shape of that name.
    pub(crate) fn shape(&self, name: &str) -> Result<&Shape> {
        self.shapes.get(name).with_context(|| format!("no shape `{name}`"))
    }
}

/// A JSON object in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Ordered<T> {
    /// The entry of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The entry of that name, to change.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
