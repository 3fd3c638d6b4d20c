//! House rules over the sources that no compiler holds: heads, lengths, unsafe, marks, who may draw randomness.
//!
//! A rule here names the file and line that breaks it and says what to do instead.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::run;

/// Files in which unsafe code may stand (style rule 47).
const UNSAFE_FILES: [&str; 2] = ["core/crypto/src/ffi.rs", "core/hsm/src/memory.rs"];
/// What the client draws for a sealed file: it is another process than the HSM's.
const FRESH: &str = "front/client/src/fresh.rs";
/// The longest a file of production code may be, tests not counted (style rule 1).
const MAX_LINES: usize = 500;

/// Fails with every broken rule.
pub(crate) fn check() -> Result<()> {
    let files = tracked(&["*.rs"])?;
    let mut faults = Vec::new();
    for file in &files {
        let source = std::fs::read_to_string(run::root().join(file))?;
        faults.extend(file_faults(file, &source));
    }
    faults.extend(document_faults()?);
    ensure!(faults.is_empty(), "tidy:\n  {}", faults.join("\n  "));
    println!("tidy: {} files", files.len());
    Ok(())
}

fn tracked(patterns: &[&str]) -> Result<Vec<PathBuf>> {
    let listed = run::output(
        Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "--"]).args(patterns),
    )?;
    Ok(listed.lines().map(PathBuf::from).filter(|file| run::root().join(file).exists()).collect())
}

fn file_faults(file: &Path, source: &str) -> Vec<String> {
    let name = file.to_string_lossy();
    let mut faults = Vec::new();
    if !source.starts_with("//!") && !source.starts_with("// @generated") {
        faults.push(format!("{name}: opens with no `//!` that says what it is for and what it refuses to know"));
    }
    let is_test = name.contains("/tests/")
        || name.ends_with("tests.rs")
        || name.contains("/benches/")
        || name.contains("/examples/");
    let is_generated = name.contains("/generated/") || name.ends_with("/generated.rs");
    let production = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    if !is_test && !is_generated && production.lines().count() > MAX_LINES {
        faults.push(format!("{name}: {} lines; split it (at most {MAX_LINES})", production.lines().count()));
    }
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let mut fault = |text: &str| faults.push(format!("{name}:{}: {text}", number + 1));
        let marks = ["TODO", "FIXME", "XXX"];
        if !name.starts_with("tools/xtask") && marks.iter().any(|mark| line.contains(mark)) && !line.contains("(#") {
            fault("a mark without an issue: `TODO (#12)`, or do it");
        }
        if code.contains("unsafe ") && !UNSAFE_FILES.contains(&name.as_ref()) && !name.starts_with("tools/xtask") {
            fault("unsafe code belongs to core/crypto/src/ffi.rs and core/hsm/src/memory.rs");
        }
        if code.contains("#[ignore") && !name.starts_with("tools/xtask") {
            fault("no ignored tests: assert today's result, or delete it");
        }
        if code.contains("crypto::random")
            && !name.starts_with("core/hsm/")
            && !is_test
            && !name.starts_with("core/roots/")
            && name != FRESH
            && !name.starts_with("tools/")
        {
            fault(
                "random bytes come through the `Entropy` port; only `hsm` (a root being made, a sealed file) draws them",
            );
        }
    }
    faults
}

/// A relative link in a document that leads nowhere.
fn document_faults() -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in tracked(&["*.md"])? {
        let text = std::fs::read_to_string(run::root().join(&file))?;
        let folder = run::root().join(file.parent().unwrap_or(Path::new("")));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                faults.push(format!("{}: link to `{link}` leads nowhere", file.display()));
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, source: &str) -> usize {
        file_faults(Path::new(name), source).len()
    }

    #[test]
    fn each_rule_finds_its_breach_and_nothing_else() {
        for (name, source, expected) in [
            ("core/a/src/lib.rs", "//! Head.\nfn f() {}\n", 0),
            ("core/a/src/lib.rs", "fn f() {}\n", 1),
            ("core/a/src/lib.rs", "//! Head.\nunsafe { f() }\n", 1),
            ("core/crypto/src/ffi.rs", "//! Head.\nunsafe { f() }\n", 0),
            ("core/a/src/lib.rs", "//! Head.\n#[ignore]\n", 1),
            ("core/a/src/lib.rs", "//! Head.\n// TODO later\n", 1),
            ("core/a/src/lib.rs", "//! Head.\n// TODO (#12) later\n", 0),
            ("core/kms/src/lib.rs", "//! Head.\nuse sealroom_crypto::random;\n", 1),
            ("core/hsm/src/lib.rs", "//! Head.\nuse sealroom_crypto::random;\n", 0),
            ("front/client/src/fresh.rs", "//! Head.\nuse sealroom_crypto::random;\n", 0),
            ("front/client/src/lib.rs", "//! Head.\nuse sealroom_crypto::random;\n", 1),
        ] {
            assert_eq!(faults(name, source), expected, "{name}: {source}");
        }
    }

    #[test]
    fn long_production_code_is_found_and_long_tests_are_not() {
        let long = format!("//! Head.\n{}", "fn f() {}\n".repeat(MAX_LINES));
        assert_eq!(faults("core/a/src/lib.rs", &long), 1);
        assert_eq!(faults("core/a/src/tests.rs", &long), 0);
        let tested = format!("//! Head.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(MAX_LINES));
        assert_eq!(faults("core/a/src/lib.rs", &tested), 0);
    }
}
