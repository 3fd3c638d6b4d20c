//! Emits `audit.rs`: what the journal records of inputs and outputs.

use std::fmt::Write as _;

use anyhow::Result;

use super::plan::Plan;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut out = String::from("use super::types::{");
    for op in &plan.operations {
        write!(out, "{}, {}, ", op.input_type(), op.output_type())?;
    }
    out.push_str("};\n\n");
    for op in &plan.operations {
        writeln!(
            out,
            "impl {} {{\n/// CloudTrail's `requestParameters` as JSON, `null` when there are none; blobs, secrets and tokens are left out.\n#[must_use]\n#[expect(clippy::todo, reason = \"the writers follow\")]\npub fn audit_parameters(&self) -> Vec<u8> {{\ntodo!()\n}}\n}}\n",
            op.input_type()
        )?;
        writeln!(
            out,
            "impl {} {{\n/// CloudTrail's `responseElements` as JSON, `null` when none are recorded.\n#[must_use]\n#[expect(clippy::todo, reason = \"the writers follow\")]\npub fn audit_elements(&self) -> Vec<u8> {{\ntodo!()\n}}\n}}\n",
            op.output_type()
        )?;
    }
    Ok(out)
}
