//! From a shape's constraints to the Rust constant that checks them (`core/api/src/rules.rs`).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

use super::model::{Kind, Shape};
use super::names::{pascal, snake};
use super::pattern;
use super::plan::{Plan, part};

/// The constants of one file, by name.
#[derive(Default)]
pub(crate) struct Rules(BTreeMap<String, Constant>);

struct Constant {
    shape: String,
    text: String,
}

impl Rules {
    /// The expression for a shape's rule; constants that it needs are kept for [`Rules::text`].
    pub(crate) fn rule(&mut self, plan: &Plan, name: &str) -> Result<String> {
        let shape = plan.model.shape(name)?;
        match shape.kind {
            Kind::Structure => return Ok("Structure".to_owned()),
            Kind::Boolean | Kind::Float | Kind::Double | Kind::Timestamp => return Ok("Free".to_owned()),
            Kind::String | Kind::Blob | Kind::Integer | Kind::Long | Kind::List | Kind::Map => {}
        }
        let constant = snake(name).trim_start_matches("r#").to_uppercase();
        if let Some(known) = self.0.get(&constant) {
            ensure!(known.shape == name, "`{name}` and `{}` are one constant", known.shape);
            return Ok(constant);
        }
        let kind = rule_type(plan, name)?;
        let value = self.value(plan, name, shape, &constant)?;
        let mut text = format!("const {constant}: {kind} = {value};\n");
        if let Some(pattern) =
            shape.pattern.as_deref().filter(|_| shape.kind == Kind::String && shape.values.is_empty())
        {
            let compiled = plan.overlay.patterns.get(name).map_or(pattern, String::as_str);
            let program = pattern::program(compiled).with_context(|| format!("the pattern of `{name}`"))?;
            text.push_str(&format!(
                "static {constant}_PATTERN: Pattern = Pattern {{ text: {pattern:?}, program: {program} }};\n"
            ));
        }
        self.0.insert(constant.clone(), Constant { shape: name.to_owned(), text });
        Ok(constant)
    }

    /// All constants that were asked for.
    pub(crate) fn text(&self) -> String {
        self.0.values().map(|constant| constant.text.as_str()).collect()
    }

    fn value(&mut self, plan: &Plan, name: &str, shape: &Shape, constant: &str) -> Result<String> {
        let length = length(shape);
        Ok(match shape.kind {
            Kind::String if !shape.values.is_empty() => "ChoiceRule::NEW".to_owned(),
            Kind::String => {
                let pattern = match shape.pattern {
                    Some(_) => format!("Some(&{constant}_PATTERN)"),
                    None => "None".to_owned(),
                };
                format!("TextRule {{ length: {length}, pattern: {pattern} }}")
            }
            Kind::Blob => format!("BlobRule {{ length: {length} }}"),
            Kind::Integer => format!("IntegerRule::of_32_bits({:?}, {:?})", shape.min, shape.max),
            Kind::Long => format!("IntegerRule::new({:?}, {:?})", shape.min, shape.max),
            Kind::List => {
                let item = &part(shape.member.as_ref())?.shape;
                let kind = if is_text(plan.model.shape(item)?) { "EachRule" } else { "ListRule" };
                format!("{kind} {{ length: {length}, item: {} }}", self.rule(plan, item)?)
            }
            Kind::Map => {
                let (key, value) = (&part(shape.key.as_ref())?.shape, &part(shape.value.as_ref())?.shape);
                let (key, value) = (self.rule(plan, key)?, self.rule(plan, value)?);
                format!("MapRule {{ length: {length}, key: {key}, value: {value} }}")
            }
            other => bail!("`{name}`: no constant for {other:?}"),
        })
    }
}

/// Whether it is a text that may be shown.
fn is_text(shape: &Shape) -> bool {
    shape.kind == Kind::String && (!shape.sensitive || !shape.values.is_empty())
}

fn length(shape: &Shape) -> String {
    let length = format!("Length::new({:?}, {:?})", shape.min, shape.max);
    match shape.extended_max {
        Some(max) => format!("{length}.extended({max})"),
        None => length,
    }
}

fn rule_type(plan: &Plan, name: &str) -> Result<String> {
    let shape = plan.model.shape(name)?;
    Ok(match shape.kind {
        Kind::String if !shape.values.is_empty() => format!("ChoiceRule<types::{}>", pascal(name)),
        Kind::String => "TextRule".to_owned(),
        Kind::Blob => "BlobRule".to_owned(),
        Kind::Integer => "IntegerRule<i32>".to_owned(),
        Kind::Long => "IntegerRule<i64>".to_owned(),
        Kind::Structure => "Structure".to_owned(),
        Kind::Boolean | Kind::Float | Kind::Double | Kind::Timestamp => "Free".to_owned(),
        Kind::List => {
            let item = &part(shape.member.as_ref())?.shape;
            let kind = if is_text(plan.model.shape(item)?) { "EachRule" } else { "ListRule" };
            format!("{kind}<{}>", rule_type(plan, item)?)
        }
        Kind::Map => {
            let (key, value) = (&part(shape.key.as_ref())?.shape, &part(shape.value.as_ref())?.shape);
            format!("MapRule<{}, {}>", rule_type(plan, key)?, rule_type(plan, value)?)
        }
    })
}
