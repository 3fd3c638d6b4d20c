//! The table of packages in ARCHITECTURE.md equals what the manifests say, and aws-lc is named by `crypto` alone.
//!
//! The table is read from the document, so a new arrow is a change that a reader sees in prose.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::run;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Fails with every arrow that the table or the manifests have alone.
pub(crate) fn check() -> Result<()> {
    let document = std::fs::read_to_string(run::root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    let allowed = table(&document)?;
    let metadata = run::output(Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let (arrows, native) = drawn(&metadata)?;

    let mut faults = Vec::new();
    for (package, targets) in &arrows {
        match allowed.get(package) {
            None => faults.push(format!("`{package}` is not in ARCHITECTURE.md's table")),
            Some(allowed) => {
                faults.extend(targets.difference(allowed).map(|to| format!("`{package}` -> `{to}` is not allowed")));
            }
        }
    }
    faults.extend(allowed.keys().filter(|p| !arrows.contains_key(*p)).map(|p| format!("`{p}` has no package")));
    faults.extend(native.iter().filter(|p| *p != "crypto").map(|p| format!("`{p}` names aws-lc; only `crypto` may")));
    ensure!(faults.is_empty(), "arrows:\n  {}", faults.join("\n  "));
    println!("arrows: {} packages, as the table says", arrows.len());
    Ok(())
}

/// Rows such as "| hsm, api | foundation, crypto |" between the markers of the document. `–` means nothing; the
/// word `any` stands for every package.
fn table(document: &str) -> Result<Arrows> {
    let (_, rest) = document.split_once("<!-- arrows -->").context("ARCHITECTURE.md lacks `<!-- arrows -->`")?;
    let (rows, _) = rest.split_once("<!-- /arrows -->").context("ARCHITECTURE.md lacks `<!-- /arrows -->`")?;
    let mut arrows = Arrows::new();
    for row in rows.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [packages, targets] = cells.as_slice() else { bail!("row with {} cells: {row}", cells.len()) };
        for package in packages.split(", ") {
            let targets = targets.split(", ").filter(|t| *t != "–").map(String::from);
            arrows.entry(package.to_owned()).or_default().extend(targets);
        }
    }
    let every: BTreeSet<String> = arrows.keys().cloned().collect();
    for targets in arrows.values_mut().filter(|targets| targets.contains("any")) {
        targets.clone_from(&every);
    }
    Ok(arrows)
}

/// The arrows that the manifests draw, dev-dependencies included, and the packages that name aws-lc.
fn drawn(metadata: &serde_json::Value) -> Result<(Arrows, BTreeSet<String>)> {
    let mut arrows = Arrows::new();
    let mut native = BTreeSet::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let name = short(package["name"].as_str().context("no name")?).to_owned();
        let targets = arrows.entry(name.clone()).or_default();
        for dependency in package["dependencies"].as_array().context("no dependencies")? {
            let target = dependency["name"].as_str().context("no name")?;
            if target.starts_with("aws-lc") {
                native.insert(name.clone());
            }
            if target.starts_with("sealroom") && short(target) != name {
                targets.insert(short(target).to_owned());
            }
        }
    }
    Ok((arrows, native))
}

fn short(package: &str) -> &str {
    package.strip_prefix("sealroom-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "text\n<!-- arrows -->\n| package | may depend on |\n|---|---|\n\
        | foundation | – |\n| hsm, api | foundation, crypto |\n| bench | any |\n<!-- /arrows -->\n| other | table |\n";

    #[test]
    fn reads_the_table_between_the_markers() {
        let arrows = table(DOCUMENT).unwrap();
        assert_eq!(arrows.len(), 4);
        assert!(arrows["foundation"].is_empty());
        assert!(arrows["api"].contains("crypto"));
        assert!(arrows["bench"].contains("hsm"));
        assert!(!arrows.contains_key("other"));
    }

    #[test]
    fn draws_arrows_from_metadata() {
        let metadata = serde_json::json!({"packages": [
            {"name": "sealroom-hsm", "dependencies": [{"name": "sealroom-crypto"}, {"name": "aws-lc-rs"}]},
        ]});
        let (arrows, native) = drawn(&metadata).unwrap();
        assert!(arrows["hsm"].contains("crypto"));
        assert!(native.contains("hsm"));
    }
}
