//! Emits `encode.rs`: what outputs and nested structures consist of, for the protocol's writer and for the journal's.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::model::{Kind, Shape};
use super::plan::{Field, Plan, Structure, part};

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut body = String::new();
    let inputs: Vec<String> = plan.operations.iter().map(super::plan::Op::input_type).collect();
    for structure in plan.structures.iter().filter(|structure| !inputs.contains(&structure.rust)) {
        encode(plan, structure, &mut body)?;
    }
    let mut secret = if body.contains("SecretText(") { ", SecretText".to_owned() } else { String::new() };
    secret.push_str(if body.contains("SecretTexts(") { ", SecretTexts" } else { "" });
    Ok(format!("use super::types;\nuse crate::encode::{{Encode{secret}, Sink}};\n\n{body}"))
}

fn encode(plan: &Plan, structure: &Structure, out: &mut String) -> Result<()> {
    let fields = plan.fields(structure.shape.as_deref())?;
    writeln!(out, "impl Encode for types::{} {{", structure.rust)?;
    let sink = if fields.is_empty() { "_" } else { "sink" };
    writeln!(out, "fn encode<S: Sink>(&self, sink: &mut S) {{\nsink.structure(|{sink}| {{")?;
    for field in &fields {
        out.push_str(&member(plan, field, "sink")?);
    }
    out.push_str("});\n}\n}\n\n");
    Ok(())
}

/// The statement that writes a member, if it is there.
pub(crate) fn member(plan: &Plan, field: &Field<'_>, sink: &str) -> Result<String> {
    let place = format!("self.{}", field.rust);
    Ok(if field.required {
        write_value(plan, field, sink, &format!("&{place}"))?
    } else {
        format!("if let Some(value) = &{place} {{\n{}}}\n", write_value(plan, field, sink, "value")?)
    })
}

/// The statement that writes the value of a member.
pub(crate) fn write_value(plan: &Plan, field: &Field<'_>, sink: &str, value: &str) -> Result<String> {
    let name = field.wire;
    if is_secret_text(field.shape) {
        return Ok(format!("{sink}.member({name:?}, &SecretText({value}));\n"));
    }
    if field.shape.kind == Kind::Map && is_secret_text(plan.model.shape(&part(field.shape.value.as_ref())?.shape)?) {
        return Ok(format!("{sink}.member({name:?}, &SecretTexts({value}));\n"));
    }
    hold_no_secret_text(plan, field.shape_name, 0)?;
    if field.shape.kind != Kind::List {
        return Ok(format!("{sink}.member({name:?}, {value});\n"));
    }
    let item = part(field.shape.member.as_ref())?.location_name.as_deref().unwrap_or("member");
    Ok(if field.flattened {
        format!("{sink}.flat_member({name:?}, {value});\n")
    } else if item != "member" && plan.model.protocol.renames_members() {
        format!("{sink}.list_member({name:?}, {item:?}, {value});\n")
    } else {
        format!("{sink}.member({name:?}, {value});\n")
    })
}

pub(crate) fn is_secret_text(shape: &Shape) -> bool {
    shape.kind == Kind::String && shape.sensitive && shape.values.is_empty()
}

/// A secret text among others would be written as bytes, but for a map as a member. No table has one.
fn hold_no_secret_text(plan: &Plan, name: &str, depth: usize) -> Result<()> {
    let shape = plan.model.shape(name)?;
    for inner in [&shape.member, &shape.value].into_iter().flatten() {
        ensure!(!is_secret_text(plan.model.shape(&inner.shape)?), "`{name}` is a list or map of secret texts");
        if depth < 8 {
            hold_no_secret_text(plan, &inner.shape, depth + 1)?;
        }
    }
    Ok(())
}
