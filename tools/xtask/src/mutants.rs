//! `cargo xtask mutants`: inverts each operator of the policy evaluator in turn and looks whether a test notices.
//!
//! Works on a copy of the checkout in `.work/mutants`, so nothing of the checkout is touched. An operator is found by its text, as
//! rustfmt sets it, outside of comments, strings and tests; there is no parser here. A mutant that doesn't compile counts as
//! noticed: the compiler did.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::run;

/// The evaluator: what decides, not what reads documents or words refusals.
const FILES: &[&str] = &[
    "condition.rs",
    "condition/operator.rs",
    "condition/values.rs",
    "decision.rs",
    "decision/weigh.rs",
    "pattern.rs",
    "policy.rs",
    "principal/fit.rs",
    "statement.rs",
    "text.rs",
];

/// What stands for what. Blanks and dots belong to the text, so that generics and the like aren't meant.
const INVERTED: &[(&str, &str)] = &[
    (" == ", " != "),
    (" != ", " == "),
    (" < ", " >= "),
    (" <= ", " > "),
    (" > ", " <= "),
    (" >= ", " < "),
    (" && ", " || "),
    (" || ", " && "),
    (" | ", " & "),
    (" & ", " | "),
    ("if !", "if "),
    ("(!", "("),
    ("=> !", "=> "),
    ("= !", "= "),
    (".any(", ".all("),
    (".all(", ".any("),
    (".max(", ".min("),
    (".is_some()", ".is_none()"),
    (".is_none()", ".is_some()"),
    ("Ok(true)", "Ok(false)"),
    ("Ok(false)", "Ok(true)"),
    ("=> true", "=> false"),
    ("=> false", "=> true"),
];

/// LIMIT: how long the tests of one mutant may take; one that never ends was noticed.
const PATIENCE: Duration = Duration::from_secs(300);

/// One operator, and what stands in its place.
struct Mutant {
    file: &'static str,
    at: usize,
    was: &'static str,
    is: &'static str,
}

/// Tries every mutant, or those whose file and line hold `filter`; fails when one survives.
pub(crate) fn run(filter: &[String]) -> Result<()> {
    let copy = copied()?;
    let sources = copy.join("core/authz/src");
    let mut tried = 0_usize;
    let mut survivors = Vec::new();
    test(&copy).and_then(|passes| if passes { Ok(()) } else { bail!("the tests fail without any mutant") })?;
    for file in FILES {
        let path = sources.join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for mutant in mutants(file, &text) {
            let name = named(&mutant, &text);
            if !filter.iter().all(|part| name.contains(part.as_str())) {
                continue;
            }
            let (before, rest) = text.split_at(mutant.at);
            let changed = [before, mutant.is, rest.get(mutant.was.len()..).unwrap_or_default()].concat();
            fs::write(&path, changed)?;
            tried += 1;
            if test(&copy)? {
                println!("survives: {name}");
                survivors.push(name);
            }
        }
        fs::write(&path, text)?;
    }
    println!("{tried} mutants, {} survive", survivors.len());
    if survivors.is_empty() { Ok(()) } else { bail!("no test notices:\n{}", survivors.join("\n")) }
}

/// A copy of what the evaluator's tests need.
fn copied() -> Result<PathBuf> {
    let (root, copy) = (run::root(), run::root().join(".work/mutants"));
    fs::create_dir_all(&copy)?;
    let listed = run::output(Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(&root))?;
    for file in listed.lines() {
        let target = copy.join(file);
        fs::create_dir_all(target.parent().context("a file stands in a folder")?)?;
        if root.join(file).is_file() {
            fs::copy(root.join(file), target)?;
        }
    }
    Ok(copy)
}

/// Whether the evaluator's tests pass.
fn test(copy: &Path) -> Result<bool> {
    let mut child = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "sealroom-authz"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .env("RUSTFLAGS", "-Awarnings")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The operators of a file, in the order of its text.
fn mutants(file: &'static str, text: &str) -> Vec<Mutant> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    let mut found = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let code = code_of(line);
        for (was, is) in INVERTED {
            for (at, _) in code.match_indices(was) {
                if begin + at < tests {
                    found.push(Mutant { file, at: begin + at, was, is });
                }
            }
        }
        begin += line.len();
    }
    found
}

/// The line with comments and strings blanked out.
fn code_of(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let (mut quoted, mut escaped) = (false, false);
    let comment = if line.trim_start().starts_with("//") { 0 } else { line.find(" // ").unwrap_or(line.len()) };
    for (at, c) in line.char_indices() {
        let hidden = at >= comment || quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        if hidden { out.extend(std::iter::repeat_n('_', c.len_utf8())) } else { out.push(c) }
    }
    out
}

/// `weigh.rs:42: == becomes !=: the line`
fn named(mutant: &Mutant, text: &str) -> String {
    let before = text.get(..mutant.at).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    format!("{}:{number}: `{}` becomes `{}`: {line}", mutant.file, mutant.was.trim(), mutant.is.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_found_in_code_alone() {
        let text = "fn f() {\n    // a == b\n    if a == b && !c { \"x == y\" }\n    let y = !z;\n}\n#[cfg(test)]\nmod t { a == b }\n";
        let found: Vec<String> = mutants("f.rs", text).iter().map(|mutant| named(mutant, text)).collect();
        assert_eq!(
            found,
            [
                "f.rs:3: `==` becomes `!=`: if a == b && !c { \"x == y\" }",
                "f.rs:3: `&&` becomes `||`: if a == b && !c { \"x == y\" }",
                "f.rs:4: `= !` becomes `=`: let y = !z;",
            ]
        );
    }
}
