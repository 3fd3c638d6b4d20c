//! Emits `decode.rs`: drafts, and the way from a draft to an input through the table's constraints.

use std::fmt::Write as _;

use anyhow::Result;

use super::model::Kind;
use super::names::pascal;
use super::plan::{Plan, Structure, part};
use super::rules::Rules;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut rules = Rules::default();
    let mut body = String::new();
    for structure in plan.structures.iter().filter(|structure| structure.decoded) {
        draft(plan, structure, &mut body)?;
        finish(plan, structure, &mut rules, &mut body)?;
    }
    body.push_str(&rules.text());
    let used = |names: &[&'static str]| -> String {
        let words: Vec<&str> = names.iter().copied().filter(|name| mentions(&body, name)).collect();
        words.join(", ")
    };
    let mut head = String::from("use super::types;\nuse crate::draft::{Draft, draft};\n");
    for (module, names) in [
        (
            "draft",
            ["Blob", "Flag", "Float", "Integer", "List", "Map", "Moment", "SecretBlob", "SecretText", "Text"]
                .as_slice(),
        ),
        (
            "rules",
            &[
                "BlobRule",
                "ChoiceRule",
                "EachRule",
                "Findings",
                "Free",
                "IntegerRule",
                "Length",
                "ListRule",
                "MapRule",
                "Path",
                "Structure",
                "TextRule",
            ],
        ),
        ("pattern", &["Class", "Pattern", "Program", "Set", "Step"]),
    ] {
        let names = used(names);
        if !names.is_empty() {
            writeln!(head, "use crate::{module}::{{{names}}};")?;
        }
    }
    Ok(format!("{head}\n{body}"))
}

/// Whether a word stands in the text by itself.
fn mentions(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

fn draft(plan: &Plan, structure: &Structure, out: &mut String) -> Result<()> {
    writeln!(out, "draft! {{\n    /// [`types::{0}`] as it is read.\n    {0}Draft {{", structure.rust)?;
    for field in plan.fields(structure.shape.as_deref())? {
        writeln!(out, "        {:?} => {}: {},", field.wire, field.rust, draft_type(plan, field.shape_name)?)?;
    }
    out.push_str("    }\n}\n\n");
    Ok(())
}

/// The leaf, or the structure of leaves, that a shape is read into.
fn draft_type(plan: &Plan, name: &str) -> Result<String> {
    let shape = plan.model.shape(name)?;
    Ok(match shape.kind {
        Kind::String if shape.sensitive && shape.values.is_empty() => "SecretText".to_owned(),
        Kind::String => "Text<'a>".to_owned(),
        Kind::Blob if shape.sensitive => "SecretBlob".to_owned(),
        Kind::Blob => "Blob".to_owned(),
        Kind::Boolean => "Flag".to_owned(),
        Kind::Integer | Kind::Long => "Integer".to_owned(),
        Kind::Float | Kind::Double => "Float".to_owned(),
        Kind::Timestamp => "Moment".to_owned(),
        Kind::List => format!("List<{}>", draft_type(plan, &part(shape.member.as_ref())?.shape)?),
        Kind::Map => format!("Map<'a, {}>", draft_type(plan, &part(shape.value.as_ref())?.shape)?),
        Kind::Structure => format!("{}Draft<'a>", pascal(name)),
    })
}

fn finish(plan: &Plan, structure: &Structure, rules: &mut Rules, out: &mut String) -> Result<()> {
    let fields = plan.fields(structure.shape.as_deref())?;
    let rust = &structure.rust;
    writeln!(out, "impl Draft for {rust}Draft<'_> {{\ntype Input = types::{rust};")?;
    writeln!(out, "const BARE: bool = {};\n", fields.is_empty())?;
    let (at, found) = if fields.is_empty() { ("_", "_") } else { ("at", "found") };
    writeln!(out, "fn finish(self, {at}: &Path<'_>, {found}: &mut Findings) -> Option<types::{rust}> {{")?;
    for field in &fields {
        let how = if field.required { "required" } else { "optional" };
        let rule = rules.rule(plan, field.shape_name)?;
        writeln!(out, "let {0} = found.{how}(self.{0}, at, {1:?}, &{rule});", field.rust, field.path)?;
    }
    write!(out, "Some(types::{rust} {{")?;
    for field in &fields {
        write!(out, "{0}: {0}?, ", field.rust)?;
    }
    out.push_str("})\n}\n}\n\n");
    Ok(())
}
