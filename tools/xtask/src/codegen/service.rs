//! Emits `service.rs`: the trait that a room implements.

use std::fmt::Write as _;

use anyhow::Result;

use super::plan::Plan;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut out = String::from("use sealroom_foundation::ports::Outcomes;\n\nuse super::types::{");
    for op in &plan.operations {
        write!(out, "{}, {}, ", op.input_type(), op.output_type())?;
    }
    writeln!(out, "}};\n\n/// {}: one method an operation, none with a default body.", sentence(&plan.overlay.about))?;
    writeln!(out, "pub trait {}: Send + Sync {{", plan.overlay.service_trait)?;
    out.push_str("/// What a call carries besides its input: who asks, when, from where.\ntype Context: Sync;\n");
    out.push_str("/// What a method answers for each output.\ntype Out: Outcomes;\n\n");
    for op in &plan.operations {
        writeln!(out, "/// `{}`.", op.name)?;
        writeln!(
            out,
            "fn {}(&self, cx: &Self::Context, input: &{}) -> impl Future<Output = <Self::Out as Outcomes>::Of<{}>> + Send;\n",
            op.method(),
            op.input_type(),
            op.output_type()
        )?;
    }
    out.push_str("}\n");
    Ok(out)
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
