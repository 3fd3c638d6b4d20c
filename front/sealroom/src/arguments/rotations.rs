//! The command line of the rotations of domain keys and root of trust.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArguments, StoreArguments};

pub(super) const DOMAIN_HELP: &str = "\
Example:
  sealroom rotate-domain

A new domain key is made, and everything that the store keeps under the old one (key tokens, access
keys, the store key) is sealed anew under it while the server serves. It ends with a look at every
row, and says how many there are and that none is left under an older domain key. If the command or
the server is cut off, run the command again: it goes on. Older domain keys stay, wrapped by the
root: journals, backups and tokens in the hands of clients need them.";

pub(super) const ROOT_HELP: &str = "\
Example: another key file
  sealroom rotate-root --key-file /safe/new.key
  mv /safe/new.key /var/lib/sealroom/root.key          (on every node)
  sealroom rotate-root --finish

The first call lets the new root open the store as well as the present one. Then put the new one
where the configuration says (`root.kind`, `root.key_file`, ...), and start the server again if the
configuration changed. `--finish` asks for the configured root and refuses unless it is the new
one; then the old one opens nothing any more, but backups from before. Keep it as long as those.
Each call can be run again after it was cut off.";

pub(super) const PASSPHRASE_HELP: &str = "\
Example:
  sealroom change-passphrase --to-file /run/secrets/new-passphrase
  mv /run/secrets/new-passphrase /run/secrets/passphrase
  sealroom rotate-root --finish

The same as `sealroom rotate-root --passphrase-file`, for a store that is under a passphrase.";

#[derive(Debug, Args)]
pub(crate) struct RotateDomainArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RotateRootArguments {
    #[command(flatten)]
    pub(crate) step: RootStep,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What is to be done about the root.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RootStep {
    /// Begin a rotation to the root key in this file, which is made when it isn't there
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Begin a rotation to the passphrase in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Put the new root in the old one's place
    #[arg(long)]
    pub(crate) finish: bool,
    /// Take the new root back
    #[arg(long)]
    pub(crate) cancel: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ChangePassphraseArguments {
    /// A file with the new passphrase; one line end at its end is no part of it
    #[arg(long, value_name = "FILE")]
    pub(crate) to_file: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
