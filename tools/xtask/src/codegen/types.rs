//! Emits `types.rs`: inputs, outputs, nested structures and enums.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;

use super::model::{Kind, Shape};
use super::names::pascal;
use super::plan::{Field, Plan, Structure};

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut body = String::new();
    for structure in &plan.structures {
        structure_type(plan, structure, &mut body)?;
    }
    for name in &plan.enums {
        enumeration(name, plan.model.shape(name)?, &mut body)?;
    }
    let members: String = body.lines().filter(|line| line.starts_with("pub ")).collect();
    let mut head = String::new();
    for (needle, line) in [
        ("BTreeMap<", "use std::collections::BTreeMap;\n"),
        ("Secret<", "use sealroom_foundation::Secret;\n"),
        ("Timestamp", "use sealroom_foundation::Timestamp;\n"),
    ] {
        if members.contains(needle) {
            head.push_str(line);
        }
    }
    if !plan.enums.is_empty() {
        head.push_str("use crate::shape::enumeration;\n");
    }
    Ok(format!("{head}\n{body}"))
}

fn structure_type(plan: &Plan, structure: &Structure, out: &mut String) -> Result<()> {
    let fields = plan.fields(structure.shape.as_deref())?;
    writeln!(out, "/// {}\n#[derive({})]", structure.about, derives(plan, &fields)?)?;
    writeln!(out, "pub struct {} {{", structure.rust)?;
    for field in &fields {
        let rust = plan.rust_type(field.shape_name)?;
        let rust = if field.required { rust } else { format!("Option<{rust}>") };
        writeln!(out, "/// {}", describe(field))?;
        writeln!(out, "pub {}: {rust},", field.rust)?;
    }
    out.push_str("}\n\n");
    Ok(())
}

fn derives(plan: &Plan, fields: &[Field<'_>]) -> Result<String> {
    let (mut secret, mut default) = (false, true);
    for field in fields {
        secret |= plan.holds_secret(field.shape_name, &mut BTreeSet::new())?;
        default &= !field.required || plan.has_default(field.shape_name)?;
    }
    let mut derives = vec!["Debug"];
    if default {
        derives.push("Default");
    }
    if !secret {
        derives.extend(["Clone", "PartialEq"]);
    }
    Ok(derives.join(", "))
}

/// `` `KeyId`: 1 to 2048 characters. ``
fn describe(field: &Field<'_>) -> String {
    let Shape { kind, min, max, .. } = field.shape;
    let unit = match kind {
        Kind::String => " characters",
        Kind::Blob => " bytes",
        Kind::List | Kind::Map => " entries",
        _ => "",
    };
    let limits = match (min, max) {
        (Some(min), Some(max)) => format!(": {min} to {max}{unit}"),
        (Some(min), None) => format!(": at least {min}{unit}"),
        (None, Some(max)) => format!(": at most {max}{unit}"),
        (None, None) => String::new(),
    };
    let wider = field.shape.extended_max.map(|max| format!(" ({max} when extended)")).unwrap_or_default();
    format!("`{}`{limits}{wider}.", field.name)
}

fn enumeration(name: &str, shape: &Shape, out: &mut String) -> Result<()> {
    writeln!(out, "enumeration! {{\n/// `{name}` of the table.\npub enum {} {{", pascal(name))?;
    for value in &shape.values {
        writeln!(out, "    {} = \"{value}\",", pascal(value))?;
    }
    out.push_str("}\n}\n\n");
    Ok(())
}
