//! House tasks, run as `cargo xtask TASK`. Each rule that a program can hold is held here, not in a reviewer's memory.
//!
//! This crate depends on no room: it reads sources, manifests and the built binary. What surprises: `test` installs
//! what the suites need (Debian packages, a Python environment and npm's packages in `.work/`), so a fresh machine
//! needs only Rust, gcc and Python 3.11.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on its terminal")]
#![allow(
    clippy::disallowed_methods,
    reason = "house tasks read and write the checkout; no rule of a room applies to them"
)]

mod arrows;
mod codegen;
mod mutants;
mod run;
mod suites;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask TASK

  check              fmt, clippy, arrows, tidy, codegen --check
  arrows             the packages and the arrows between them equal ARCHITECTURE.md's table
  tidy               house rules over the sources
  codegen [--check]  writes core/api/src/generated/ from models/; --check only says whether it is stale
  test [FILTER]      installs what the tests need, then runs all of them (FILTER: rust, libraries, black-box,
                     clients)
  bench [ARGS]       the speed goals as ratios in one run (see docs/benchmarks.md)
  mutants [PART...]  inverts each operator of the policy evaluator and looks whether a test notices (minutes; PART: of
                     a mutant's file, line or text)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match task(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task(arguments: &[String]) -> Result<()> {
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("check") => check(),
        Some("arrows") => arrows::check(),
        Some("tidy") => tidy::check(),
        Some("codegen") => codegen::run(&run::root(), rest.iter().any(|argument| argument == "--check")),
        Some("test") => suites::test(rest),
        Some("bench") => suites::bench(rest),
        Some("mutants") => mutants::run(rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown task `{}`\n\n{USAGE}", other.unwrap_or("")),
    }
}

/// Every rule that needs no running server.
fn check() -> Result<()> {
    run::cargo(&["fmt", "--all", "--check"])?;
    arrows::check()?;
    tidy::check()?;
    codegen::run(&run::root(), true)?;
    // With what only `test libraries` builds.
    let features = ["--features", "sealroom-crypto/nist-vectors"];
    run::cargo(
        &[&["clippy", "--quiet", "--workspace", "--all-targets"][..], &features, &["--", "-D", "warnings"]].concat(),
    )
}
