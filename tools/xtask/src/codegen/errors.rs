//! Emits `errors.rs`: the modelled errors with code, HTTP status and fault.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;

use super::model::Shape;
use super::plan::Plan;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let errors: Vec<(&str, &Shape)> = plan.model.shapes.iter().filter(|(_, shape)| shape.exception).collect();
    let mut out = String::from("use crate::error::{ErrorAnswer, Fault};\n\n");
    out.push_str("/// The errors of the table.\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub enum ErrorCode {\n");
    for (name, _) in &errors {
        writeln!(out, "/// `{name}`.\n{name},")?;
    }
    out.push_str("}\n\nimpl ErrorCode {\n/// The code on the wire.\n#[must_use]\npub fn code(self) -> &'static str {\nmatch self {\n");
    for (name, shape) in &errors {
        writeln!(
            out,
            "Self::{name} => \"{}\",",
            shape.error.as_ref().and_then(|error| error.code.as_deref()).unwrap_or(name)
        )?;
    }
    out.push_str("}\n}\n\n/// The HTTP status.\n#[must_use]\npub fn status(self) -> u16 {\nmatch self {\n");
    let statuses: BTreeSet<u16> = errors.iter().map(|(_, shape)| status(shape)).collect();
    for wanted in statuses {
        let names: Vec<String> =
            errors.iter().filter(|(_, s)| status(s) == wanted).map(|(n, _)| format!("Self::{n}")).collect();
        writeln!(out, "{} => {wanted},", names.join(" | "))?;
    }
    out.push_str(TAIL);
    Ok(out)
}

fn status(shape: &Shape) -> u16 {
    match &shape.error {
        Some(error) => error.http_status_code,
        None if shape.fault => 500,
        None => 400,
    }
}

const TAIL: &str = "}
}

/// The error with a text for the caller.
#[must_use]
pub fn with(self, message: impl Into<String>) -> ErrorAnswer {
    self.answer(Some(message.into()))
}

/// The error without any text, as AWS sends some of them.
#[must_use]
pub fn bare(self) -> ErrorAnswer {
    self.answer(None)
}

fn answer(self, message: Option<String>) -> ErrorAnswer {
    let fault = if self.status() < 500 { Fault::Sender } else { Fault::Receiver };
    ErrorAnswer { code: self.code().into(), status: self.status(), message, fault }
}
}
";
