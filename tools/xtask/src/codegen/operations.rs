//! Emits `operations.rs`: the closed set of operations, and `serve`, a call's way through decode, room and encode.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

use super::model::Protocol;
use super::plan::{Op, Plan};

/// The file's text.
pub(crate) fn emit(plan: &Plan) -> Result<String> {
    let mut out = String::from(HEAD);
    let form = if plan.is_query() { "query::{self, Frame}" } else { "json" };
    writeln!(
        out,
        "use crate::protocol::{form};\nuse super::service::{};\nuse super::decode::{{",
        plan.overlay.service_trait
    )?;
    for op in &plan.operations {
        write!(out, "{}Draft, ", op.input_type())?;
    }
    out.push_str("};\n\n");
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
    refused(plan, &mut out)?;
    from_name(plan, &mut out)?;
    out.push_str("}\n\n");
    serve(plan, &mut out)?;
    probe(plan, &mut out)?;
    Ok(out)
}

const HEAD: &str = "use sealroom_foundation::ports::Answers;

use crate::error::ErrorAnswer;
use crate::protocol::Protocol;
use crate::serve::{Served, Wire, call};
";

fn constants(plan: &Plan, out: &mut String) -> Result<()> {
    let model = &plan.model;
    let protocol = match model.protocol {
        Protocol::AwsJson10 => "AwsJson10".to_owned(),
        Protocol::AwsJson11 => "AwsJson11".to_owned(),
        Protocol::AwsQuery => {
            let namespace = model.xml_namespace.as_deref().context("a query service has a name space")?;
            writeln!(out, "/// The XML name space of answers.\npub const NAMESPACE: &str = {namespace:?};\n")?;
            "Query { namespace: NAMESPACE }".to_owned()
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
    out.push_str("/// Whether the journal calls it read-only.\n#[must_use]\npub fn read_only(self) -> bool {\n");
    truth(plan, &plan.overlay.read_only, out)
}

fn refused(plan: &Plan, out: &mut String) -> Result<()> {
    out.push_str(
        "/// Whether it is decoded, decided and recorded, and then refused whatever it asks.\n#[must_use]\npub fn refused(self) -> bool {\n",
    );
    truth(plan, &plan.overlay.refused, out)
}

/// The body of a function that is true for the operations in `names`.
fn truth(plan: &Plan, names: &[String], out: &mut String) -> Result<()> {
    out.push_str("match self {\n");
    for value in [true, false] {
        let ops = plan.operations.iter().filter(|op| names.contains(&op.name) == value);
        let arms: Vec<String> = ops.map(|op| format!("Self::{}", op.name)).collect();
        if !arms.is_empty() {
            writeln!(out, "{} => {value},", arms.join(" | "))?;
        }
    }
    out.push_str("}\n}\n\n");
    Ok(())
}

fn from_name(plan: &Plan, out: &mut String) -> Result<()> {
    out.push_str(
        "/// The operation of that name.\n///\n/// # Errors\n/// `UnknownOperationException`; its text names an operation that AWS has and this version doesn't serve.\n\
         pub fn from_name(name: &str) -> Result<Self, ErrorAnswer> {\nmatch name {\n",
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
         pub async fn serve<S>(service: &S, cx: &S::Context, operation: Operation, body: &[u8], wire: Wire) -> Served\n\
         where S: {}<Out = Answers<ErrorAnswer>> {{\nmatch operation {{",
        plan.overlay.service_trait
    )?;
    let module = if plan.is_query() { "query" } else { "json" };
    for op in &plan.operations {
        let decoded = format!("{module}::decode::<{}Draft<'_>>(body, wire)", op.input_type());
        writeln!(
            out,
            "Operation::{} => call!({decoded}, service.{}(cx), {}),",
            op.name,
            op.method(),
            encoder(plan, op)
        )?;
    }
    out.push_str("}\n}\n");
    Ok(())
}

/// For tests that go over every operation, also those that are served later.
fn probe(plan: &Plan, out: &mut String) -> Result<()> {
    out.push_str(
        "\n/// Decodes `body` and shows what the journal would keep of it.\n#[cfg(test)]\n\
         pub(crate) fn probe(operation: Operation, body: &[u8], wire: Wire) -> Result<Vec<u8>, ErrorAnswer> {\nmatch operation {\n",
    );
    let module = if plan.is_query() { "query" } else { "json" };
    for op in &plan.operations {
        writeln!(
            out,
            "Operation::{} => {module}::decode::<{}Draft<'_>>(body, wire).map(|input| input.audit_parameters()),",
            op.name,
            op.input_type()
        )?;
    }
    out.push_str("}\n}\n");
    Ok(())
}

/// What makes a body of an output. JSON answers nothing at all where the table has no output.
fn encoder(plan: &Plan, op: &Op) -> String {
    if plan.is_query() {
        return format!(
            "|output| query::encode(output, &Frame {{ response: \"{}Response\", result: {:?}, namespace: NAMESPACE }}, wire.id)",
            op.name, op.result_wrapper
        );
    }
    match op.output {
        Some(_) => "json::encode".to_owned(),
        None => "|_| Vec::new()".to_owned(),
    }
}
