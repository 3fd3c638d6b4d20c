//! The command lines of `seal` and `unseal`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sealroom_client::message::FrameLength;
use sealroom_client::{AccountId, KmsKeyArn, Region};

pub(crate) const SEAL_HELP: &str = "\
The sealed file is a message of the AWS Encryption SDK: AWS's own SDKs and aws-encryption-cli open
it, and unseal opens theirs. Its data key comes from GenerateDataKey; the key of KMS never leaves
KMS, and the file's content never goes there.

  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  sealroom seal --key alias/files --context project=apollo report.pdf   # report.pdf.sealed
  tar c folder | sealroom seal --key alias/files - > folder.tar.sealed

Read as AWS's CLI reads them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL,
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, AWS_PROFILE, AWS_CONFIG_FILE,
AWS_SHARED_CREDENTIALS_FILE, and of the profile in ~/.aws/config and ~/.aws/credentials: keys,
region, endpoint_url, services, ca_bundle. Roles, single sign-on and credential_process are not
followed.
Exit codes: 0 done, 1 not done and no file written, 2 a command line that makes no sense.";

pub(crate) const UNSEAL_HELP: &str = "\
Examples:
  sealroom unseal --key arn:aws:kms:us-east-1:111122223333:key/... report.pdf.sealed
  sealroom unseal --account 111122223333 --context project=apollo --output - report.pdf.sealed

A sealed file names the keys that open it, and anybody could have written it: so KMS is asked only
for the keys of --key, or of the accounts of --account. Without either, the file's keys are shown
and nothing is asked.
A file that is signed appears under its name, or on standard output, only after the signature at
its end was verified. Until then it lies in a temporary file: beside the output, or for standard
output in TMPDIR. One that isn't signed goes to standard output piece by piece, as each is
authenticated: whether it was whole, the exit code says.
The environment and the exit codes are those of `sealroom seal`; the Region is that of each key's
ARN.";

#[derive(Debug, Args)]
pub(crate) struct SealArguments {
    /// The KMS key: its id, ARN, alias or alias ARN
    #[arg(long, value_name = "KEY", env = "SEALROOM_KEY")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// Region of the calls; an ARN of --key says its own
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Leave the signature out: smaller and faster, but whoever can unseal could also have sealed
    #[arg(long)]
    pub(crate) unsigned: bool,
    /// Bytes of plaintext in a frame, 1 to 67108864
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = frame_length)]
    pub(crate) frame_length: FrameLength,
}

#[derive(Debug, Args)]
pub(crate) struct UnsealArguments {
    /// ARN of a key that may be asked for; may be given again
    #[arg(long = "key", value_name = "ARN", conflicts_with = "accounts")]
    pub(crate) keys: Vec<KmsKeyArn>,
    /// Account whose keys may all be asked for; may be given again
    #[arg(long = "account", value_name = "ID")]
    pub(crate) accounts: Vec<AccountId>,
    /// Partition of the accounts
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    pub(crate) partition: String,
    #[command(flatten)]
    pub(crate) file: FileArguments,
    /// Whether files without key commitment, from before 2020, are opened
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = PolicyArgument::RequireEncryptRequireDecrypt)]
    pub(crate) commitment_policy: PolicyArgument,
    /// Refuse a file with more encrypted data keys than this
    #[arg(long, value_name = "NUMBER", default_value_t = 16)]
    pub(crate) max_encrypted_data_keys: u16,
}

/// What both commands take.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// File to read; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// File to write; `-` is standard output. Otherwise FILE with `.sealed` added, or taken away
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// Encryption context, authenticated and readable in the sealed file: seal binds it, unseal insists on it; may be given
    /// again
    #[arg(long = "context", value_name = "NAME=VALUE")]
    pub(crate) context: Vec<String>,
    /// Profile of AWS's shared files
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Where KMS is: http://HOST:PORT or https://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

/// Whether messages without key commitment are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyArgument {
    RequireEncryptRequireDecrypt,
    RequireEncryptAllowDecrypt,
}

fn frame_length(text: &str) -> Result<FrameLength, &'static str> {
    text.parse().ok().and_then(FrameLength::new).ok_or("not a number from 1 to 67108864")
}
