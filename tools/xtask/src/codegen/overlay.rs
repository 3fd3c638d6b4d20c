//! `models/overlay/<service>.json`: what we serve of a table, where our limits are wider, and what the journal keeps.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::model::{Member, Model, Ordered};

/// One service's overlay.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    /// The Rust module, `kms`.
    pub module: String,
    /// The Rust trait, `KeyService`.
    #[serde(rename = "trait")]
    pub service_trait: String,
    /// A few words for the documentation.
    pub about: String,
    /// The operations that are served.
    pub serve: Vec<String>,
    /// Of these, the operations that are refused whatever they ask: `models/overlay/<service>.refused`.
    #[serde(skip)]
    pub refused: Vec<String>,
    /// `Structure.Member` to the wider limits of `compat = "extended"`.
    #[serde(default)]
    pub extended: BTreeMap<String, Wider>,
    /// `Structure.Member` to a member that replaces the table's.
    #[serde(default)]
    pub members: Ordered<Member>,
    /// Structure to members that are required besides the table's.
    #[serde(default)]
    pub required: BTreeMap<String, Vec<String>>,
    /// Structure to the order in which its members are written.
    #[serde(default)]
    pub order: BTreeMap<String, Vec<String>>,
    /// Shape to a pattern that matches what the table's does and can be compiled; the table's is told.
    #[serde(default)]
    pub patterns: BTreeMap<String, String>,
    /// Operations that the journal calls read-only.
    pub read_only: Vec<String>,
    /// What the journal records.
    pub audit: Audit,
}

/// A wider limit.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wider {
    pub max: i64,
}

/// What the journal records of each operation.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// Operation (or `*`) to members that are never recorded. Blobs and sensitive members never are.
    #[serde(default)]
    pub omit: BTreeMap<String, Vec<String>>,
    /// Operation to member to what is recorded when it is absent: the first of the list that is there; `$Member`
    /// stands for another member's value.
    #[serde(default)]
    pub defaults: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
    /// Operations whose output is recorded.
    pub elements: Vec<String>,
}

impl Overlay {
    /// Reads an overlay.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("the overlay is not of the known form")
    }

    /// An overlay that serves everything and adds nothing: the generator's own tests.
    #[cfg(test)]
    pub(crate) fn serving_all(model: &Model) -> Self {
        Self {
            module: "all".to_owned(),
            service_trait: "AllService".to_owned(),
            about: "every operation of the table".to_owned(),
            serve: model.operations.iter().map(|(name, _)| name.to_owned()).collect(),
            refused: Vec::new(),
            extended: BTreeMap::new(),
            members: Ordered::default(),
            required: BTreeMap::new(),
            order: BTreeMap::new(),
            patterns: BTreeMap::new(),
            read_only: Vec::new(),
            audit: Audit::default(),
        }
    }

    /// Writes the overlay's changes of shapes into the table.
    pub(crate) fn apply(&self, model: &mut Model) -> Result<()> {
        for name in self.serve.iter().chain(&self.read_only).chain(&self.audit.elements) {
            ensure!(model.operations.get(name).is_some(), "the overlay names `{name}`, which is no operation");
        }
        for name in &self.refused {
            ensure!(self.serve.contains(name), "`{name}` is refused, so it must be among those that are served");
        }
        for (path, wider) in &self.extended {
            self::widen(model, path, *wider)?;
        }
        for (path, replacement) in self.members.iter() {
            *member_mut(model, path)? = replacement.clone();
        }
        for name in self.patterns.keys() {
            ensure!(model.shape(name)?.pattern.is_some(), "`{name}` has no pattern that another could stand for");
        }
        for (structure, names) in &self.required {
            let shape = model.shapes.get_mut(structure).with_context(|| format!("no shape `{structure}`"))?;
            shape.required.extend(names.iter().cloned());
        }
        for (structure, names) in &self.order {
            let shape = model.shapes.get_mut(structure).with_context(|| format!("no shape `{structure}`"))?;
            shape.members.0.sort_by_key(|(name, _)| names.iter().position(|n| n == name));
        }
        Ok(())
    }
}

/// Gives one member a shape of its own, with the wider limit.
fn widen(model: &mut Model, path: &str, wider: Wider) -> Result<()> {
    let shape_name = path.replace('.', "");
    let member = member_mut(model, path)?;
    let original = std::mem::replace(&mut member.shape, shape_name.clone());
    let mut shape = model.shape(&original)?.clone();
    shape.extended_max = Some(wider.max);
    model.shapes.0.push((shape_name, shape));
    Ok(())
}

fn member_mut<'a>(model: &'a mut Model, path: &str) -> Result<&'a mut Member> {
    let (structure, member) = path.split_once('.').with_context(|| format!("`{path}` is not `Structure.Member`"))?;
    let shape = model.shapes.get_mut(structure).with_context(|| format!("no shape `{structure}`"))?;
    shape.members.get_mut(member).with_context(|| format!("`{structure}` has no member `{member}`"))
}
