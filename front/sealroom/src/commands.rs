//! What each command does: settings from file, environment and command line, one call, one answer printed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on its terminal")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use sealroom_client::{Client, ListedAccount, Secret, Timestamp};
use sealroom_server::{CompatSetting, Config, ServerSettings};
use serde_json::json;

use crate::arguments::{
    CheckArguments, CompatArgument, CreateAccountArguments, InitArguments, ListAccountsArguments, Output,
    ServeArguments, StoreArguments,
};

/// The folder of dev mode's data, in the user's data folder.
const DEV_FOLDER: &str = "sealroom-dev";

/// `sealroom serve`.
pub(crate) fn serve(arguments: &ServeArguments) -> Result<()> {
    let mut config = load(&arguments.store)?;
    if arguments.dev && config.server.data_dir == ServerSettings::default().data_dir {
        config.server.data_dir = user_data_folder().join(DEV_FOLDER);
    }
    if let Some(listen) = arguments.listen {
        config.server.listen = listen;
    }
    if arguments.admin_listen.is_some() {
        config.server.admin_listen = arguments.admin_listen;
    }
    match arguments.compat {
        Some(CompatArgument::Aws) => config.server.compat = CompatSetting::Aws,
        Some(CompatArgument::Extended) => config.server.compat = CompatSetting::Extended,
        None => {}
    }
    sealroom_server::serve(&config, arguments.dev, |listening| {
        let scheme = if listening.tls { "https" } else { "http" };
        let mut out = std::io::stdout().lock();
        // A standard output that can't be written to is no reason not to serve.
        let _ = writeln!(out, "sealroom is listening on {scheme}://{}", listening.service);
        if let Some(admin) = listening.admin {
            let _ = writeln!(out, "sealroom's admin address is http://{admin}");
        }
        let _ = out.flush();
    })?;
    Ok(())
}

/// `sealroom init`.
pub(crate) fn init(arguments: &InitArguments) -> Result<()> {
    let config = load(&arguments.store)?;
    let made = sealroom_server::init(&config, arguments.account.id, arguments.account.name.as_deref())?;
    match arguments.account.output.output {
        Output::Json => {}
        Output::Text => println!("set up with a root of trust of kind {}", made.root),
    }
    show_account(&made.account, &made.access_key_id, &made.secret_access_key, arguments.account.output.output)
}

/// `sealroom account create`.
pub(crate) fn create_account(arguments: &CreateAccountArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let (id, name) = (arguments.account.id, arguments.account.name.as_deref());
    let made = wait(client.create_account(id, name, now()))?;
    let output = arguments.account.output.output;
    show_account(&made.account.account_id, &made.access_key_id, &made.secret_access_key, output)
}

/// `sealroom account list`.
pub(crate) fn list_accounts(arguments: &ListAccountsArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let accounts = wait(client.list_accounts(now()))?;
    match arguments.output.output {
        Output::Text => accounts.iter().for_each(|account| {
            let name = account.name.as_deref().unwrap_or_default();
            println!("{}  {name}", account.account_id);
        }),
        Output::Json => println!("{}", json!({ "Accounts": accounts.iter().map(account_json).collect::<Vec<_>>() })),
    }
    Ok(())
}

/// `sealroom check-config`.
pub(crate) fn check_config(arguments: &CheckArguments) -> Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    sealroom_server::check_config(&config, arguments.dev)?;
    match &arguments.config {
        Some(file) => println!("{} can be used", file.display()),
        None => println!("the configuration can be used"),
    }
    Ok(())
}

/// Says on standard error why a command failed, causes included.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut told = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Many errors quote their cause already.
        if !told.contains(&text) {
            told = if told.is_empty() { text } else { format!("{told}: {text}") };
        }
    }
    let _ = writeln!(std::io::stderr(), "sealroom: {told}");
}

pub(crate) fn load(arguments: &StoreArguments) -> Result<Config> {
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(folder) = &arguments.data_dir {
        config.server.data_dir.clone_from(folder);
    }
    Ok(config)
}

/// A client of the server that has this data folder open.
pub(crate) fn operator(arguments: &StoreArguments) -> Result<Client> {
    let socket = load(arguments)?.operator_socket();
    if !socket.exists() {
        let folder = socket.parent().unwrap_or(Path::new("."));
        anyhow::bail!("no server is running on `{}`: start it with `sealroom serve`", folder.display());
    }
    Ok(Client::socket(socket))
}

pub(crate) fn wait<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    Ok(runtime.block_on(answer)?)
}

fn show_account(account: &str, access_key_id: &str, secret: &Secret<[u8]>, output: Output) -> Result<()> {
    let secret = std::str::from_utf8(secret.expose()).context("the secret access key is no text")?;
    match output {
        Output::Text => {
            println!("account            {account}");
            println!("access key id      {access_key_id}");
            println!("secret access key  {secret}");
            eprintln!("This is the only time that the secret access key is shown.");
        }
        Output::Json => {
            println!("{}", json!({ "AccountId": account, "AccessKeyId": access_key_id, "SecretAccessKey": secret }));
        }
    }
    Ok(())
}

fn account_json(account: &ListedAccount) -> serde_json::Value {
    json!({ "AccountId": account.account_id, "Name": account.name, "CreationDate": account.creation_date })
}

/// `$XDG_DATA_HOME`, or what the XDG base directory specification says in its place; the present folder without a home.
#[expect(clippy::disallowed_methods, reason = "the environment belongs to the server's config and the binary")]
fn user_data_folder() -> PathBuf {
    let folder = |variable: &str| std::env::var(variable).ok().filter(|path| path.starts_with('/')).map(PathBuf::from);
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
}

#[expect(clippy::disallowed_methods, reason = "the binary may ask for the time")]
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
