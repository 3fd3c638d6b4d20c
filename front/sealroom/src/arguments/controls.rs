//! `sealroom account policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealroom_client::AccountId;

use super::{OutputArguments, StoreArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Attach a control policy to an account, in place of one of that name
    #[command(after_help = PUT_HELP)]
    Put(PutPolicyArguments),
    /// Show the control policies of an account
    List(ListPoliciesArguments),
    /// Detach a control policy from an account
    Delete(NamedPolicyArguments),
}

const PUT_HELP: &str = "\
Example: nobody in the account, its root user included, may schedule the deletion of a key
  echo '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"kms:ScheduleKeyDeletion\",\"Resource\":\"*\"}]}' > keep.json
  sealroom account policy put --account-id 111122223333 --type service-control --name keep keep.json

Service control policies bind the users, roles and the root user of the account; resource control
policies bind whoever uses its keys. Both only limit. With the first policy of a type comes
FullAWSAccess, which allows everything that nothing denies; delete it to allow only what the
others allow. The change counts at once.";

/// Which kind of control policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ControlType {
    ServiceControl,
    ResourceControl,
}

impl ControlType {
    /// The name that the service gives it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ServiceControl => "SERVICE_CONTROL_POLICY",
            Self::ResourceControl => "RESOURCE_CONTROL_POLICY",
        }
    }
}

/// An account's control policy.
#[derive(Debug, Args)]
pub(crate) struct NamedPolicyArguments {
    /// The account
    #[arg(long = "account-id", value_name = "ID")]
    pub(crate) account: AccountId,
    /// Around its principals, or around its resources
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: ControlType,
    /// What the policy is called
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PutPolicyArguments {
    #[command(flatten)]
    pub(crate) policy: NamedPolicyArguments,
    /// File with the policy; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) document: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ListPoliciesArguments {
    /// The account
    #[arg(long = "account-id", value_name = "ID")]
    pub(crate) account: AccountId,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
