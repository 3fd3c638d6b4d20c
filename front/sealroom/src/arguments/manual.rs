//! The command line of completions and manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

pub(super) const COMPLETIONS_HELP: &str = "\
Examples:
  sealroom completions bash > ~/.local/share/bash-completion/completions/sealroom
  sealroom completions zsh > \"${fpath[1]}/_sealroom\"
  sealroom completions fish > ~/.config/fish/completions/sealroom.fish";

pub(super) const MAN_HELP: &str = "\
Examples:
  sealroom man | man -l -
  sealroom man --out ~/.local/share/man/man1    (then: man sealroom-serve)";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write `sealroom.1` and a page for each command into this folder, which is made if it isn't there. Pages of the same
    /// names are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
