//! Emits `through.rs`: the adapter that opens a room's effects.

use std::fmt::Write as _;

use anyhow::Result;

use super::plan::Plan;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let service = &plan.overlay.service_trait;
    let mut out = String::from(
        "use sealroom_foundation::ports::{Answers, Release};\n\nuse crate::error::ErrorAnswer;\nuse crate::through::Through;\n\n",
    );
    writeln!(out, "use super::service::{service};\nuse super::types::{{")?;
    for op in &plan.operations {
        write!(out, "{}, {}, ", op.input_type(), op.output_type())?;
    }
    writeln!(
        out,
        "}};\n\nimpl<Room, R> {service} for Through<Room, R>\nwhere\nR: Release<ErrorAnswer>,\nRoom: {service}<Out = R::Effects>,\n{{\n\
         type Context = Room::Context;\ntype Out = Answers<ErrorAnswer>;\n"
    )?;
    for op in &plan.operations {
        writeln!(
            out,
            "async fn {method}(&self, cx: &Self::Context, input: &{}) -> Result<{}, ErrorAnswer> {{\nself.carry(|room| room.{method}(cx, input)).await\n}}\n",
            op.input_type(),
            op.output_type(),
            method = op.method(),
        )?;
    }
    out.push_str("}\n");
    Ok(out)
}
