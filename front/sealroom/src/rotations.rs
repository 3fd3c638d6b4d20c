//! The commands that rotate domain keys and root of trust: each asks the running server, and shows how far it is.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on its terminal")]

use std::path::Path;

use anyhow::{Context as _, Result};
use sealroom_client::{ClientError, NewRoot, Task};
use serde_json::json;

use crate::arguments::{
    ChangePassphraseArguments, Output, OutputArguments, RootStep, RotateDomainArguments, RotateRootArguments,
};
use crate::commands::{now, operator, wait};
use crate::upkeep::{absolute, ended, follow, numbers_json, show_numbers};

const PREPARED: &str = "\
Both roots open the store now. Put the new one where the configuration says, on every node, and then run
`sealroom rotate-root --finish`.";
const FINISHED: &str = "\
The configured root opens the store, and nothing in it is under another. The root before opens backups from before: keep
it as long as those.";
const CANCELLED: &str = "The configured root opens the store, and nothing in it is under another.";
const ROTATED: &str = "\
Everything was opened, and nothing that is kept is sealed under an older domain key. The root of trust is the same.";

/// `sealroom rotate-domain`.
pub(crate) fn rotate_domain(arguments: &RotateDomainArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    shown(follow(&client, client.start_domain_rotation(now())), &arguments.output, ROTATED)
}

/// `sealroom rotate-root`.
pub(crate) fn rotate_root(arguments: &RotateRootArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let RootStep { key_file, passphrase_file, finish, .. } = &arguments.step;
    if *finish {
        return shown(follow(&client, client.finish_root_rotation(now())), &arguments.output, FINISHED);
    }
    let named = key_file.as_deref().or(passphrase_file.as_deref()).map(told).transpose()?;
    let to = named
        .as_deref()
        .map(|file| if key_file.is_some() { NewRoot::KeyFile(file) } else { NewRoot::PassphraseFile(file) });
    match to {
        Some(to) => shown(follow(&client, client.start_root_rotation(to, None, now())), &arguments.output, PREPARED),
        None => shown(follow(&client, client.cancel_root_rotation(now())), &arguments.output, CANCELLED),
    }
}

/// `sealroom change-passphrase`.
pub(crate) fn change_passphrase(arguments: &ChangePassphraseArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let file = told(&arguments.to_file)?;
    let begun = client.start_root_rotation(NewRoot::PassphraseFile(&file), Some("passphrase"), now());
    shown(follow(&client, begun), &arguments.output, PREPARED)
}

/// The path as the server must be told it.
fn told(path: &Path) -> Result<String> {
    absolute(path)?.into_os_string().into_string().ok().context("the file's name is no text")
}

fn shown(task: impl Future<Output = Result<Task, ClientError>>, output: &OutputArguments, text: &str) -> Result<()> {
    let done = ended(wait(task)?)?;
    match output.output {
        Output::Json => println!("{}", numbers_json(&done, json!({}))),
        Output::Text => {
            show_numbers(&done);
            println!("{text}");
        }
    }
    Ok(())
}
