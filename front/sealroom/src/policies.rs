//! `sealroom account policy`: control policies, put around accounts over the operator's socket.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on its terminal")]

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::arguments::{ListPoliciesArguments, NamedPolicyArguments, Output, PutPolicyArguments};
use crate::commands::{now, operator, wait};

/// `sealroom account policy put`.
pub(crate) fn put(arguments: &PutPolicyArguments) -> Result<()> {
    let document = read(&arguments.document)?;
    let NamedPolicyArguments { account, kind, name, store } = &arguments.policy;
    let client = operator(store)?;
    wait(client.put_account_policy(*account, kind.as_str(), name, &document, now()))?;
    println!("the policy `{name}` is around account {account}");
    Ok(())
}

/// `sealroom account policy delete`.
pub(crate) fn delete(arguments: &NamedPolicyArguments) -> Result<()> {
    let NamedPolicyArguments { account, kind, name, store } = arguments;
    let client = operator(store)?;
    wait(client.delete_account_policy(*account, kind.as_str(), name, now()))?;
    println!("the policy `{name}` is no longer around account {account}");
    Ok(())
}

/// `sealroom account policy list`.
pub(crate) fn list(arguments: &ListPoliciesArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let policies = wait(client.list_account_policies(arguments.account, now()))?;
    match arguments.output.output {
        Output::Text => {
            for policy in &policies {
                println!("{}  {}  {}", policy.r#type, policy.name, policy.document);
            }
        }
        Output::Json => {
            let shown = policies
                .iter()
                .map(|policy| json!({ "Type": policy.r#type, "Name": policy.name, "Document": policy.document }));
            println!("{}", json!({ "Policies": shown.collect::<Vec<_>>() }));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
