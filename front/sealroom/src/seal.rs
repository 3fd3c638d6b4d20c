//! `sealroom seal` and `sealroom unseal`: a file in, a file out, and a call of KMS for the data key in between.
//!
//! The format and its rules are `client`'s. Here is the order of things: nothing is written under the output's name
//! before all of it is right, KMS is asked for allowed keys only, and the memory in use doesn't grow with the file.

mod environment;
mod files;
mod profile;
mod progress;
mod pump;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sealroom_client::message::{
    CommitmentPolicy, Draft, EncryptedDataKey, EncryptionContext, Header, KMS_PROVIDER, MessageError, Opener,
};
use sealroom_client::{AllowedKeys, Client, KmsKeyArn, named_keys};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{PolicyArgument, SealArguments, UnsealArguments};
use crate::commands::now;
use environment::Environment;
use files::{Input, Kind, Output};

/// What a sealed file's name ends with.
const SEALED: &str = ".sealed";

/// `sealroom seal`.
pub(crate) fn seal(arguments: &SealArguments) -> Result<()> {
    let file = &arguments.file;
    let context = EncryptionContext::from_pairs(file.context.iter().map(String::as_str))?;
    let draft = if arguments.unsigned {
        Draft::unsigned(context, arguments.frame_length)
    } else {
        Draft::signed(sealroom_client::signing_pair()?, context, arguments.frame_length)?
    };
    let environment = Environment::read(file.profile.as_deref())?;
    // An ARN says where it is to be called for; that of an alias, too.
    let region = match arn_region(&arguments.key) {
        Some(region) => region.parse().with_context(|| format!("the Region of `{}`", arguments.key))?,
        None => environment.region(arguments.region)?,
    };
    let client = environment.client(file.endpoint.as_deref(), region)?;
    let input = Input::open(&file.input)?;
    let target = file.output.clone().unwrap_or_else(|| sealed_name(&file.input));
    let output = Output::prepare(&target, file.force, Kind::Sealed)?;
    finish(async move { write_sealed(&client, &arguments.key, draft, input, output).await })
}

async fn write_sealed(client: &Client, key: &str, draft: Draft, input: Input, output: Output) -> Result<()> {
    let generated = client.generate_data_key(key, draft.context(), now()).await.context("GenerateDataKey")?;
    let data_key = EncryptedDataKey {
        provider: KMS_PROVIDER.into(),
        provider_info: generated.key_id.into(),
        ciphertext: generated.ciphertext_blob,
    };
    let mut head = Vec::new();
    let sealer = draft.start(sealroom_client::message_id(), &[data_key], &generated.plaintext, &mut head)?;
    drop(generated.plaintext);
    output.write(move |out| pump::seal(input, sealer, &head, out)).await
}

/// `sealroom unseal`.
pub(crate) fn unseal(arguments: &UnsealArguments) -> Result<()> {
    let file = &arguments.file;
    let wanted = EncryptionContext::from_pairs(file.context.iter().map(String::as_str))?;
    let target = match &file.output {
        Some(output) => output.clone(),
        None => unsealed_name(&file.input)?,
    };
    let mut input = Input::open(&file.input)?;
    let (header, behind) = pump::header(&mut input, arguments.max_encrypted_data_keys)?;
    header.check(policy(arguments.commitment_policy)).map_err(|error| match error {
        error @ MessageError::Uncommitted(_) => {
            anyhow::anyhow!("{error}: `--commitment-policy require-encrypt-allow-decrypt` opens it all the same")
        }
        error => error.into(),
    })?;
    if let Some(name) = header.context().lacks(&wanted) {
        bail!("the file's encryption context lacks `{name}`, or has another value for it");
    }
    let keys = keys_to_ask(&header, arguments)?;
    let kind = if header.suite().signs() { Kind::Signed } else { Kind::Unsigned };
    let environment = Environment::read(file.profile.as_deref())?;
    let clients = keys
        .into_iter()
        .map(|(key, encrypted)| Ok((environment.client(file.endpoint.as_deref(), key.region())?, key, encrypted)))
        .collect::<Result<Vec<_>>>()?;
    let output = Output::prepare(&target, file.force, kind)?;
    finish(async move {
        let opener = opener(&header, &clients).await?;
        output.write(move |out| pump::unseal(input, opener, &behind, out)).await
    })
}

/// Asks for each key in turn until one decrypts the data key.
async fn opener(header: &Header, keys: &[(Client, KmsKeyArn, Vec<u8>)]) -> Result<Opener> {
    let mut refused = None;
    for (client, key, encrypted) in keys {
        match client.decrypt_data_key(key, encrypted, header.context(), now()).await {
            Ok(data_key) => return Ok(Opener::start(header, &data_key)?),
            Err(error) => refused = Some(anyhow::Error::from(error).context(format!("Decrypt with `{key}`"))),
        }
    }
    Err(refused.context("the file names no key")?)
}

/// The keys that the file names and the command line allows. Without any, says which the file names.
fn keys_to_ask(header: &Header, arguments: &UnsealArguments) -> Result<Vec<(KmsKeyArn, Vec<u8>)>> {
    let allowed = if arguments.accounts.is_empty() {
        AllowedKeys::Keys(arguments.keys.clone())
    } else {
        let (partition, accounts) = (arguments.partition.clone(), arguments.accounts.clone());
        AllowedKeys::Accounts { partition, accounts }
    };
    let allowed: Vec<_> = named_keys(header)
        .filter(|(key, _)| allowed.allows(key))
        .map(|(key, encrypted)| (key, encrypted.to_vec()))
        .collect();
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    let named: Vec<String> = named_keys(header).map(|(key, _)| format!("`{key}`")).collect();
    if named.is_empty() {
        bail!("the file was sealed without a KMS key");
    }
    bail!("the file asks for {}: allow a key with --key, or its account with --account", named.join(", "));
}

fn policy(argument: PolicyArgument) -> CommitmentPolicy {
    match argument {
        PolicyArgument::RequireEncryptRequireDecrypt => CommitmentPolicy::RequireEncryptRequireDecrypt,
        PolicyArgument::RequireEncryptAllowDecrypt => CommitmentPolicy::RequireEncryptAllowDecrypt,
    }
}

/// The fourth part of an ARN.
fn arn_region(key: &str) -> Option<&str> {
    key.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2))
}

fn sealed_name(input: &Path) -> PathBuf {
    if files::is_standard(input) {
        return input.to_owned();
    }
    let mut name = input.as_os_str().to_owned();
    name.push(SEALED);
    name.into()
}

fn unsealed_name(input: &Path) -> Result<PathBuf> {
    if files::is_standard(input) {
        return Ok(input.to_owned());
    }
    let name = input.to_str().and_then(|name| name.strip_suffix(SEALED)).filter(|name| !name.is_empty());
    let name = name.with_context(|| format!("`{}` doesn't end with `{SEALED}`: say --output", input.display()))?;
    Ok(name.into())
}

/// Runs `work` to its end, or until a signal asks to stop: its temporary file is then removed as it is dropped.
fn finish(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let done = runtime.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            done = work => done,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
            _ = hangup.recv() => bail!("the terminal is gone"),
        }
    });
    // A read of standard input may never return.
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_and_taken_back() {
        let rows = [("a", "a.sealed"), ("d/a.txt", "d/a.txt.sealed"), ("-", "-")];
        for (plain, sealed) in rows {
            assert_eq!(sealed_name(Path::new(plain)), Path::new(sealed));
            assert_eq!(unsealed_name(Path::new(sealed)).unwrap(), Path::new(plain));
        }
        for name in ["a.txt", ".sealed", "sealed", "a.sealed.txt"] {
            assert!(unsealed_name(Path::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn the_region_of_an_arn_is_its_fourth_part() {
        let rows = [
            ("arn:aws:kms:eu-central-1:111122223333:key/x", Some("eu-central-1")),
            ("arn:aws:kms:us-east-1:111122223333:alias/a:b", Some("us-east-1")),
            ("alias/arn:aws", None),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", None),
        ];
        for (key, region) in rows {
            assert_eq!(arn_region(key), region, "{key}");
        }
    }
}
