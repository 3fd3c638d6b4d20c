//! The binary: reads the command line, calls `server` or `client`, and prints what came of it.
//!
//! No rule stands here. Exit codes: 0 done, 1 not done (the reason is on standard error), 2 a command line that makes
//! no sense.

mod arguments;
mod commands;
mod manual;
mod meter;
mod open;
mod policies;
mod rotations;
mod seal;
mod upkeep;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{AccountCommand, Arguments, Command, PolicyCommand};

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => commands::serve(&arguments),
        Command::Init(arguments) => commands::init(&arguments),
        Command::Account(AccountCommand::Create(arguments)) => commands::create_account(&arguments),
        Command::Account(AccountCommand::List(arguments)) => commands::list_accounts(&arguments),
        Command::Account(AccountCommand::Policy(command)) => match command {
            PolicyCommand::Put(arguments) => policies::put(&arguments),
            PolicyCommand::List(arguments) => policies::list(&arguments),
            PolicyCommand::Delete(arguments) => policies::delete(&arguments),
        },
        Command::Backup(arguments) => upkeep::backup(&arguments),
        Command::Restore(arguments) => upkeep::restore(&arguments),
        Command::CheckBackup(arguments) => upkeep::check_backup(&arguments),
        Command::RotateDomain(arguments) => rotations::rotate_domain(&arguments),
        Command::RotateRoot(arguments) => rotations::rotate_root(&arguments),
        Command::ChangePassphrase(arguments) => rotations::change_passphrase(&arguments),
        Command::Seal(arguments) => seal::seal(&arguments),
        Command::Unseal(arguments) => seal::unseal(&arguments),
        Command::CheckConfig(arguments) => commands::check_config(&arguments),
        Command::Open(arguments) => open::open(&arguments),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&error);
            ExitCode::FAILURE
        }
    }
}
