//! The command line, as clap reads it and as `--help` shows it.

mod controls;
mod manual;
mod rotations;
mod seal;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sealroom_client::AccountId;

pub(crate) use controls::{ListPoliciesArguments, NamedPolicyArguments, PolicyCommand, PutPolicyArguments};
use manual::{COMPLETIONS_HELP, MAN_HELP};
pub(crate) use manual::{CompletionsArguments, ManArguments};
pub(crate) use rotations::{ChangePassphraseArguments, RootStep, RotateDomainArguments, RotateRootArguments};
use rotations::{DOMAIN_HELP, PASSPHRASE_HELP, ROOT_HELP};
pub(crate) use seal::{PolicyArgument, SealArguments, UnsealArguments};
use seal::{SEAL_HELP, UNSEAL_HELP};

/// A key management service that speaks the AWS KMS API.
#[derive(Debug, Parser)]
#[command(name = "sealroom", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM. Prints `sealroom is listening on URL` when requests are answered
    #[command(after_help = SERVE_HELP)]
    Serve(ServeArguments),
    /// Set up a new store: root of trust, keys of the house, and a first account
    #[command(after_help = INIT_HELP)]
    Init(InitArguments),
    /// Make and list accounts of a running server, and put control policies around them
    #[command(subcommand)]
    Account(AccountCommand),
    /// Take a backup of a running server
    #[command(after_help = BACKUP_HELP)]
    Backup(BackupArguments),
    /// Bring a backup back into an empty data folder or database
    #[command(after_help = RESTORE_HELP)]
    Restore(RestoreArguments),
    /// Say whether a backup is whole, and, given a root of trust, whether everything in it opens
    CheckBackup(CheckBackupArguments),
    /// Seal everything that is kept under a new domain key, while the server serves
    #[command(after_help = DOMAIN_HELP)]
    RotateDomain(RotateDomainArguments),
    /// Put another root of trust in the present one's place, in two steps
    #[command(after_help = ROOT_HELP)]
    RotateRoot(RotateRootArguments),
    /// Begin to put another passphrase in the present one's place
    #[command(after_help = PASSPHRASE_HELP)]
    ChangePassphrase(ChangePassphraseArguments),
    /// Encrypt a file of any size under a KMS key, in the AWS Encryption SDK's message format
    #[command(after_help = SEAL_HELP)]
    Seal(SealArguments),
    /// Decrypt a file of `seal`, or of the AWS Encryption SDK
    #[command(after_help = UNSEAL_HELP)]
    Unseal(UnsealArguments),
    /// Say whether a configuration can be used
    CheckConfig(CheckArguments),
    /// Open a ciphertext with the key material that was imported, without any server
    #[command(after_help = OPEN_HELP)]
    Open(OpenArguments),
    /// Print what completes this program's command lines in a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsArguments),
    /// Print the manual page of this program, or write those of all its commands
    #[command(after_help = MAN_HELP)]
    Man(ManArguments),
}

const BACKUP_HELP: &str = "\
Example:
  sealroom backup --to /backups/monday

The server writes the folder, goes on serving meanwhile, and proves that everything it wrote
opens before it says that it is done. A backup holds rows and journal, sealed as the server keeps
them. It does not hold the root of trust: keep a copy of the root key file (or the passphrase)
elsewhere, for nothing opens without it.";

const RESTORE_HELP: &str = "\
Example:
  cp /safe/root.key /var/lib/sealroom/root.key
  sealroom restore --from /backups/monday --data-dir /var/lib/sealroom

The root of trust must be in place, and nothing else: a folder or database with rows in it is
refused. Keys that were destroyed after the backup are destroyed again, as far as the journal
tells of them: give the newest journal that there is. After a restore that was cut off, run the
same command again; until it has ended, the store can not be served.";

const SERVE_HELP: &str = "\
On a laptop:     sealroom serve --dev
                 aws --endpoint-url http://127.0.0.1:4566 --region us-east-1 kms create-key
                 (access key `test`, secret `test`; a 12-digit access key id is root of that account)
In production:   sealroom init --config /etc/sealroom.toml
                 sealroom serve --config /etc/sealroom.toml

Every setting can also come from the environment: SEALROOM_SERVER__LISTEN is `listen` of `[server]`.
SIGHUP reads the certificate again; SIGTERM lets requests that are being served end.";

const INIT_HELP: &str = "\
The secret access key is shown once, on standard output; nobody can show it again.
Keep a copy of the root key file (or the passphrase) apart from the data: without it nothing opens.";

const OPEN_HELP: &str = "\
For keys of spec SYMMETRIC_DEFAULT and origin EXTERNAL: whoever imported their material opens what Encrypt, ReEncrypt and the
data key operations made, with that material and the encryption context alone. No server, store or root key is needed, no
key policy is asked, and nothing is recorded.

    sealroom open --material key.bin --context team=blue secret.enc > secret
    aws kms encrypt ... --query CiphertextBlob --output text | sealroom open --material key.bin

A key that was rotated has several pieces of material: give all that are at hand, or the one that the ciphertext names.
What RSA and SM2 keys encrypted is in the common formats: OpenSSL opens it with the private key.";

/// What says where a store is.
#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// Configuration file (TOML); docs/config.md lists the settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of store, journal, root key and the operator's socket, in place of the configuration's
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// For a laptop: well-known credentials, every Region, a clock that can be moved, a root key made without asking. Data is
    /// kept in the user's data folder (sealroom-dev) unless --data-dir says otherwise
    #[arg(long)]
    pub(crate) dev: bool,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// Address of the service; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of /healthz, /readyz and /metrics
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// `extended` allows what Sealroom can beyond AWS; `aws` keeps to AWS's limits
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) compat: Option<CompatArgument>,
}

/// Which limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompatArgument {
    Aws,
    Extended,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) account: NewAccountArguments,
}

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct NewAccountArguments {
    /// Twelve digits; random ones when absent
    #[arg(long = "account-id", value_name = "ID")]
    pub(crate) id: Option<AccountId>,
    /// What to call the account
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account with a root access key, which is shown once
    Create(CreateAccountArguments),
    /// List the accounts
    List(ListAccountsArguments),
    /// Put control policies around accounts, as an organisation does
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Debug, Args)]
pub(crate) struct CreateAccountArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) account: NewAccountArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ListAccountsArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// A new or empty folder on the server's machine
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: PathBuf,
    /// A newer journal: the folder `logs/journal` of the lost data folder, or `journal` of a newer backup
    #[arg(long, value_name = "FOLDER")]
    pub(crate) journal: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CheckBackupArguments {
    /// The backup
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Look at digests only, without the root of trust
    #[arg(long, conflicts_with_all = ["config", "data_dir"])]
    pub(crate) digests_only: bool,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Configuration file (TOML); without one, defaults and environment are checked
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Check it as `serve --dev` would
    #[arg(long)]
    pub(crate) dev: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArguments {
    /// File with the 32 bytes of key material, as they were before they were wrapped; may be given more than once
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) material: Vec<PathBuf>,
    /// Encryption context, all of it; may be given more than once. A JSON object says several pairs at once
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) context: Vec<String>,
    /// File with the ciphertext, as bytes or in base64; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) input: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
