//! What has to be emitted for one service: the served operations, and every shape that they reach.
//!
//! Emitters read this and nothing else. Knows how shapes become Rust types; writes no Rust itself.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

use super::model::{Kind, Member, Model, Protocol, Shape};
use super::names::{lower_camel, pascal, snake};
use super::overlay::Overlay;

/// A service, ready for the emitters.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The file stem of the table, `kms`.
    pub source: String,
    pub model: Model,
    pub overlay: Overlay,
    pub operations: Vec<Op>,
    pub structures: Vec<Structure>,
    /// Names of enum shapes, in both directions.
    pub enums: Vec<String>,
}

/// A served operation.
#[derive(Debug, Clone)]
pub(crate) struct Op {
    pub name: String,
    pub input: Option<String>,
    pub output: Option<String>,
    pub result_wrapper: Option<String>,
}

impl Op {
    /// The trait's method.
    pub(crate) fn method(&self) -> String {
        snake(&self.name)
    }

    pub(crate) fn input_type(&self) -> String {
        format!("{}Input", self.name)
    }

    pub(crate) fn output_type(&self) -> String {
        format!("{}Output", self.name)
    }
}

/// A structure to emit.
#[derive(Debug, Clone)]
pub(crate) struct Structure {
    /// The Rust name.
    pub rust: String,
    /// `None`: the operation has no such shape, the type is empty.
    pub shape: Option<String>,
    pub decoded: bool,
    /// Words for the documentation.
    pub about: String,
}

/// A member of a structure, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    /// AWS's name, `KeyId`.
    pub name: &'a str,
    /// The name on the wire.
    pub wire: &'a str,
    /// Rust's name, `key_id`.
    pub rust: String,
    /// `keyId`.
    pub path: String,
    pub required: bool,
    pub shape_name: &'a str,
    pub shape: &'a Shape,
    pub flattened: bool,
}

impl Plan {
    /// Applies the overlay and collects what has to be emitted.
    pub(crate) fn new(source: &str, mut model: Model, overlay: Overlay) -> Result<Self> {
        overlay.apply(&mut model)?;
        let operations = operations(&model, &overlay);
        let mut plan =
            Self { source: source.to_owned(), model, overlay, operations, structures: Vec::new(), enums: Vec::new() };
        plan.collect()?;
        Ok(plan)
    }

    fn collect(&mut self) -> Result<()> {
        let operations = self.operations.clone();
        let (mut decoded, mut encoded) = (BTreeSet::new(), BTreeSet::new());
        for op in &operations {
            for (shape, rust, is_input) in [(&op.input, op.input_type(), true), (&op.output, op.output_type(), false)] {
                let reached = if is_input { &mut decoded } else { &mut encoded };
                for field in self.fields(shape.as_deref())? {
                    self.reach(field.shape_name, reached)?;
                }
                let about = format!("What `{}` {}.", op.name, if is_input { "is asked" } else { "answers" });
                self.structures.push(Structure { rust, shape: shape.clone(), decoded: is_input, about });
            }
        }
        for name in decoded.union(&encoded) {
            let shape = self.model.shape(name)?;
            if shape.kind == Kind::Structure {
                ensure!(self.structures.iter().all(|s| s.rust != pascal(name)), "two types named `{name}`");
                self.structures.push(Structure {
                    rust: pascal(name),
                    shape: Some(name.clone()),
                    decoded: decoded.contains(name),
                    about: format!("`{name}` of the table."),
                });
            } else if !shape.values.is_empty() {
                self.enums.push(name.clone());
            }
        }
        Ok(())
    }

    fn reach(&self, name: &str, seen: &mut BTreeSet<String>) -> Result<()> {
        if !seen.insert(name.to_owned()) {
            return Ok(());
        }
        let shape = self.model.shape(name)?;
        let parts = [&shape.member, &shape.key, &shape.value];
        let members = shape.members.iter().map(|(_, member)| member);
        for member in members.chain(parts.into_iter().flatten()) {
            self.reach(&member.shape, seen)?;
        }
        Ok(())
    }

    /// The members of a structure shape; none when there is no shape.
    pub(crate) fn fields<'a>(&'a self, shape: Option<&str>) -> Result<Vec<Field<'a>>> {
        let Some(shape) = shape else { return Ok(Vec::new()) };
        let shape = self.model.shape(shape)?;
        ensure!(shape.kind == Kind::Structure, "an input or output that is no structure");
        shape.members.iter().map(|(name, member)| self.field(shape, name, member)).collect()
    }

    fn field<'a>(&'a self, parent: &'a Shape, name: &'a str, member: &'a Member) -> Result<Field<'a>> {
        let wire = member.location_name.as_deref().filter(|_| self.model.protocol.renames_members()).unwrap_or(name);
        let shape = self.model.shape(&member.shape)?;
        Ok(Field {
            name,
            wire,
            rust: snake(name),
            path: lower_camel(name),
            required: parent.required.iter().any(|r| r == name),
            shape_name: &member.shape,
            shape,
            flattened: member.flattened || shape.flattened,
        })
    }

    /// The Rust type of a shape, as `types.rs` names it.
    pub(crate) fn rust_type(&self, name: &str) -> Result<String> {
        let shape = self.model.shape(name)?;
        Ok(match shape.kind {
            Kind::String if !shape.values.is_empty() => pascal(name),
            Kind::String | Kind::Blob if shape.sensitive => "Secret<[u8]>".to_owned(),
            Kind::String => "String".to_owned(),
            Kind::Blob => "Vec<u8>".to_owned(),
            Kind::Boolean => "bool".to_owned(),
            Kind::Integer => "i32".to_owned(),
            Kind::Long => "i64".to_owned(),
            Kind::Float | Kind::Double => "f64".to_owned(),
            Kind::Timestamp => "Timestamp".to_owned(),
            Kind::List => format!("Vec<{}>", self.rust_type(&part(shape.member.as_ref())?.shape)?),
            Kind::Map => {
                let (key, value) = (part(shape.key.as_ref())?, part(shape.value.as_ref())?);
                format!("BTreeMap<{}, {}>", self.rust_type(&key.shape)?, self.rust_type(&value.shape)?)
            }
            Kind::Structure => pascal(name),
        })
    }

    /// Whether a value of the shape may hold a secret: no `Clone`, no comparison.
    pub(crate) fn holds_secret(&self, name: &str, seen: &mut BTreeSet<String>) -> Result<bool> {
        if !seen.insert(name.to_owned()) {
            return Ok(false);
        }
        let shape = self.model.shape(name)?;
        if shape.sensitive && matches!(shape.kind, Kind::String | Kind::Blob) && shape.values.is_empty() {
            return Ok(true);
        }
        let parts = [&shape.member, &shape.key, &shape.value];
        let members = shape.members.iter().map(|(_, member)| member);
        for member in members.chain(parts.into_iter().flatten()) {
            if self.holds_secret(&member.shape, seen)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a required member of that shape has an obvious empty value.
    pub(crate) fn has_default(&self, name: &str) -> Result<bool> {
        let shape = self.model.shape(name)?;
        Ok(match shape.kind {
            Kind::String => shape.values.is_empty() && !shape.sensitive,
            Kind::Blob => !shape.sensitive,
            Kind::Timestamp => false,
            Kind::Structure => {
                let mut all = true;
                for (member_name, member) in shape.members.iter() {
                    all &= !shape.required.iter().any(|r| r == member_name) || self.has_default(&member.shape)?;
                }
                all
            }
            _ => true,
        })
    }

    /// Whether the service answers in XML.
    pub(crate) fn is_query(&self) -> bool {
        self.model.protocol == Protocol::AwsQuery
    }
}

/// The part that a list or map must have.
pub(crate) fn part(member: Option<&Member>) -> Result<&Member> {
    match member {
        Some(member) => Ok(member),
        None => bail!("a list or map without its part"),
    }
}

fn operations(model: &Model, overlay: &Overlay) -> Vec<Op> {
    model
        .operations
        .iter()
        .filter(|(name, _)| overlay.serve.iter().any(|served| served == name))
        .map(|(name, operation)| Op {
            name: name.to_owned(),
            input: operation.input.clone(),
            output: operation.output.clone(),
            result_wrapper: operation.result_wrapper.clone(),
        })
        .collect()
}
