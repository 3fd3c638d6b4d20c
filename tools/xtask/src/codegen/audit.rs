//! Emits `audit.rs`: what the journal records of inputs and outputs.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::encode::{is_secret_text, member, write_value};
use super::model::Kind;
use super::plan::{Field, Op, Plan};

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut body = String::new();
    for op in &plan.operations {
        parameters(plan, op, &mut body)?;
        elements(plan, op, &mut body)?;
    }
    let sink = if body.contains("|out|") { "use crate::encode::Sink as _;\n" } else { "" };
    Ok(format!("use super::types;\n{sink}use crate::record;\n\n{body}"))
}

fn parameters(plan: &Plan, op: &Op, out: &mut String) -> Result<()> {
    let mut members = String::new();
    let fields = plan.fields(op.input.as_deref())?;
    for field in fields.iter().filter(|field| recorded(plan, op, field)) {
        members.push_str(&parameter(plan, op, &fields, field)?);
    }
    writeln!(
        out,
        "impl types::{} {{\n/// CloudTrail's `requestParameters` as JSON, `null` when there are none; blobs, secrets and tokens are left out.\n#[must_use]\npub fn audit_parameters(&self) -> Vec<u8> {{\n{}\n}}\n}}\n",
        op.input_type(),
        record("parameters", &members),
    )?;
    Ok(())
}

fn elements(plan: &Plan, op: &Op, out: &mut String) -> Result<()> {
    let mut members = String::new();
    if plan.overlay.audit.elements.contains(&op.name) {
        for field in plan.fields(op.output.as_deref())?.iter().filter(|field| recorded(plan, op, field)) {
            members.push_str(&member(plan, field, "out")?);
        }
    }
    writeln!(
        out,
        "impl types::{} {{\n/// CloudTrail's `responseElements` as JSON, `null` when none are recorded.\n#[must_use]\npub fn audit_elements(&self) -> Vec<u8> {{\n{}\n}}\n}}\n",
        op.output_type(),
        record("elements", &members),
    )?;
    Ok(())
}

fn record(what: &str, members: &str) -> String {
    if members.is_empty() { "record::nothing()".to_owned() } else { format!("record::{what}(|out| {{\n{members}}})") }
}

/// Whether a member of that operation may be recorded at all.
fn recorded(plan: &Plan, op: &Op, field: &Field<'_>) -> bool {
    let omitted = ["*", op.name.as_str()].into_iter().filter_map(|key| plan.overlay.audit.omit.get(key)).flatten();
    let mut omitted = omitted.map(String::as_str);
    field.shape.kind != Kind::Blob && !is_secret_text(field.shape) && !omitted.any(|name| name == field.name)
}

/// The statement that records a parameter, or what stands in its place.
fn parameter(plan: &Plan, op: &Op, fields: &[Field<'_>], field: &Field<'_>) -> Result<String> {
    let defaults = plan.overlay.audit.defaults.get(&op.name).and_then(|defaults| defaults.get(field.name));
    let Some(defaults) = defaults.filter(|_| !field.required) else { return member(plan, field, "out") };
    let mut text = member(plan, field, "out")?;
    for default in defaults {
        text = format!("{} else ", text.trim_end());
        match default {
            Value::String(other) if other.starts_with('$') => {
                let name = other.trim_start_matches('$');
                let other = fields.iter().find(|f| f.name == name).with_context(|| format!("no member `{name}`"))?;
                let written = write_value(plan, field, "out", "value")?;
                writeln!(text, "if let Some(value) = &self.{} {{\n{written}}}", other.rust)?;
            }
            Value::String(literal) => writeln!(text, "{{\nout.member({:?}, {literal:?});\n}}", field.wire)?,
            Value::Bool(literal) => writeln!(text, "{{\nout.member({:?}, &{literal});\n}}", field.wire)?,
            Value::Number(literal) => writeln!(text, "{{\nout.member({:?}, &{literal}_i64);\n}}", field.wire)?,
            other => bail!("`{other}` is no default that can be recorded"),
        }
    }
    Ok(text)
}
