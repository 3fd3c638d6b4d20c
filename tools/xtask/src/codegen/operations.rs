//! Emits `operations.rs`: the closed set of operations, and `serve`, a call's way through decode, room and encode.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

use super::model::Protocol;
use super::plan::Plan;

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut out = String::from(HEAD);
    writeln!(out, "use super::service::{};\n", plan.overlay.service_trait)?;
    constants(plan, &mut out)?;
    out.push_str("/// The operations that are served.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum Operation {\n");
    for op in &plan.operations {
        writeln!(out, "/// `{0}`.\n{0},", op.name)?;
    }
    out.push_str("}\n\nimpl Operation {\n/// Every operation that is served.\npub const ALL: &'static [Self] = &[");
    for op in &plan.operations {
        write!(out, "Self::{}, ", op.name)?;
    }
    out.push_str("];\n\n/// AWS's name.\n#[must_use]\npub fn name(self) -> &'static str {\nmatch self {\n");
    for op in &plan.operations {
        writeln!(out, "Self::{0} => \"{0}\",", op.name)?;
    }
    out.push_str("}\n}\n\n");
    read_only(plan, &mut out)?;
    from_name(plan, &mut out)?;
    out.push_str("}\n\n");
    serve(plan, &mut out)?;
    Ok(out)
}

const HEAD: &str = "use sealroom_foundation::ports::Answers;

use crate::error::ErrorAnswer;
use crate::protocol::Protocol;
use crate::serve::{Served, Wire};
";

fn constants(plan: &Plan, out: &mut String) -> Result<()> {
    let model = &plan.model;
    let protocol = match model.protocol {
        Protocol::AwsJson10 => "AwsJson10".to_owned(),
        Protocol::AwsJson11 => "AwsJson11".to_owned(),
        Protocol::AwsQuery => {
            let namespace = model.xml_namespace.as_deref().context("a query service has a name space")?;
            format!("Query {{ namespace: {namespace:?} }}")
        }
        other => bail!("no protocol module for {other:?} yet"),
    };
    writeln!(out, "/// How this service speaks.\npub const PROTOCOL: Protocol = Protocol::{protocol};\n")?;
    writeln!(
        out,
        "/// The service's name in a credential scope.\npub const SIGNING_NAME: &str = {:?};\n",
        model.signing_name
    )?;
    writeln!(out, "/// The interface's version.\npub const VERSION: &str = {:?};\n", model.version)?;
    if let Some(target) = &model.target {
        writeln!(out, "/// What stands before the dot in `X-Amz-Target`.\npub const TARGET: &str = {target:?};\n")?;
    }
    Ok(())
}

fn read_only(plan: &Plan, out: &mut String) -> Result<()> {
    let named = |read_only: bool| -> Vec<String> {
        let ops = plan.operations.iter().filter(|op| plan.overlay.read_only.contains(&op.name) == read_only);
        ops.map(|op| format!("Self::{}", op.name)).collect()
    };
    out.push_str(
        "/// Whether the journal calls it read-only.\n#[must_use]\npub fn read_only(self) -> bool {\nmatch self {\n",
    );
    for value in [true, false] {
        let names = named(value);
        if !names.is_empty() {
            writeln!(out, "{} => {value},", names.join(" | "))?;
        }
    }
    out.push_str("}\n}\n\n");
    Ok(())
}

fn from_name(plan: &Plan, out: &mut String) -> Result<()> {
    out.push_str(
        "/// The operation of that name.\n///\n/// # Errors\n/// `UnknownOperationException`; its text names an operation that AWS has and this version doesn't serve.\n\
         pub(crate) fn from_name(name: &str) -> Result<Self, ErrorAnswer> {\nmatch name {\n",
    );
    for op in &plan.operations {
        writeln!(out, "\"{0}\" => Ok(Self::{0}),", op.name)?;
    }
    let gaps: Vec<String> = plan
        .model
        .operations
        .iter()
        .filter(|(name, _)| !plan.overlay.serve.iter().any(|served| served == name))
        .map(|(name, _)| format!("{name:?}"))
        .collect();
    if !gaps.is_empty() {
        writeln!(out, "{} => Err(ErrorAnswer::not_served(name)),", gaps.join(" | "))?;
    }
    out.push_str("_ => Err(ErrorAnswer::unknown_operation()),\n}\n}\n");
    Ok(())
}

fn serve(plan: &Plan, out: &mut String) -> Result<()> {
    writeln!(
        out,
        "/// Decodes `body`, asks the service, encodes the answer. `service` is a [`crate::through::Through`], so what comes\n\
         /// back is recorded, but for a body that can't be decoded: that the caller records.\n\
         #[expect(clippy::todo, clippy::unused_async, reason = \"decoders follow\")]\n\
         pub async fn serve<S>(_service: &S, _cx: &S::Context, _operation: Operation, _body: &[u8], _wire: Wire) -> Served\n\
         where S: {}<Out = Answers<ErrorAnswer>> {{\n todo!() }}",
        plan.overlay.service_trait
    )?;
    Ok(())
}
