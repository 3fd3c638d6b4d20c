//! Measures a Sealroom server against a bare hyper echo, side by side in one run, and judges the ratios.
//!
//! It knows the server as a program that it starts and calls over HTTP; nothing of its inside. What would surprise:
//! the load comes from one thread over an own epoll loop ([`load`]), because it shares the processors with what it
//! measures; and no ratio is printed for a run in which a single answer was wrong. `docs/benchmarks.md` says what the
//! figures mean.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people: it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures from outside: clock, files and sockets are its own")]

mod bench;
mod deck;
mod echo;
mod folder;
mod load;
mod process;
mod report;
mod request;
mod response;
mod statistics;
mod suite;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::Bench;
use crate::suite::Suite;

/// Measures a server against a bare echo and exits with 1 when a goal is missed.
#[derive(Debug, Parser)]
#[command(name = "sealroom-bench")]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// What to measure; everything, when nothing is named.
    #[arg(value_enum)]
    suites: Vec<Named>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// A suite, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    All,
    One(Suite),
}

impl ValueEnum for Named {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMED: [Named; 9] = [
            Named::All,
            Named::One(Suite::Hot),
            Named::One(Suite::Always),
            Named::One(Suite::Sign),
            Named::One(Suite::Isolation),
            Named::One(Suite::Memory),
            Named::One(Suite::Scale),
            Named::One(Suite::Laden),
            Named::One(Suite::Start),
        ];
        &NAMED
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::All => ("all", "Every suite"),
            Self::One(suite) => (suite.name(), suite.promise()),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// What holds for every suite.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The server's binary.
    #[arg(long, global = true, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Short spans and 10,000 keys in place of 100,000, for CI.
    #[arg(long, global = true)]
    quick: bool,
    /// Keep the servers on the first processor and the load on the second.
    #[arg(long, global = true)]
    pin: bool,
    /// In `hot` and `always`: each principal uses the keys of its own account, a third of all, and none of another's.
    #[arg(long, global = true)]
    own_keys: bool,
    /// Interleaved repetitions; the figures are their medians.
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=99))]
    repetitions: u16,
    /// Length of one measured span, in milliseconds [default: 1000, with --quick 300].
    #[arg(long, global = true, value_parser = clap::value_parser!(u64).range(50..=30_000))]
    span_ms: Option<u64>,
    /// Writes every figure to a file, as JSON.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Keeps the data folders with many keys here, and uses those that are there.
    #[arg(long, global = true, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Where temporary data folders are made [default: beside this program]. On a disk, or the journal costs nothing.
    #[arg(long, global = true, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
    /// A settings file for the server.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Settings {
    fn span(&self) -> Duration {
        Duration::from_millis(self.span_ms.unwrap_or(if self.quick { 300 } else { 1_000 }))
    }
}

/// What this program is beside the one that measures.
#[derive(Debug, Subcommand)]
enum Part {
    /// The bare echo: answers each request with its body.
    Echo {
        /// Address; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Becomes another program, on one processor, that ends with its parent.
    #[command(hide = true)]
    Child {
        /// The process that has to be alive.
        #[arg(long)]
        parent: u32,
        /// The processor to stay on.
        #[arg(long)]
        core: Option<usize>,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> Result<ExitCode> {
    let Arguments { settings, suites, part } = Arguments::parse();
    match part {
        Some(Part::Echo { listen }) => return echo::serve(listen).map(|()| ExitCode::SUCCESS),
        Some(Part::Child { parent, core, command }) => {
            return process::become_child(parent, core, &command).map(|()| ExitCode::FAILURE);
        }
        None => {}
    }
    let is_named = |suite: &Suite| suites.iter().any(|named| [Named::All, Named::One(*suite)].contains(named));
    let suites: Vec<Suite> = Suite::ALL.into_iter().filter(|suite| suites.is_empty() || is_named(suite)).collect();
    let json = settings.json.clone();
    let report = suite::run(&Bench::new(settings)?, &suites);
    print!("{report}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    Ok(if report.is_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
