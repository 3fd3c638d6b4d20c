//! `sealroom completions` and `sealroom man`: the command line, as clap knows it, told to shells and to `man`.
//!
//! Nothing about any command stands here: what is added to the command line is completed and described by itself.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};

/// Prints the script for a shell.
///
/// # Errors
/// When standard output can't be written to.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "sealroom", &mut script);
    print(&script)
}

/// Prints the program's page, or writes all pages.
///
/// # Errors
/// When the folder or standard output can't be written to.
pub(crate) fn man(arguments: &ManArguments) -> Result<()> {
    match &arguments.out {
        Some(folder) => write_all(folder).with_context(|| folder.display().to_string()),
        None => {
            let mut page = Vec::new();
            // As in the folder: `help` has no page.
            Man::new(Arguments::command().disable_help_subcommand(true)).render(&mut page)?;
            print(&page)
        }
    }
}

fn write_all(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command(), folder)?;
    Ok(())
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("standard output can't be written to")
}
