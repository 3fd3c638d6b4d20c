//! The commands that keep a store well: backups.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on its terminal")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sealroom_client::{Client, ClientError, Task};
use sealroom_server::{Contents, Manifest, Progress, Restored, Seen};
use serde_json::{Map, Value, json};

use crate::arguments::{BackupArguments, CheckBackupArguments, Output, RestoreArguments};
use crate::commands::{load, now, operator, wait};
use crate::meter::Meter;

/// How long to wait between two looks at a task: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_secs(1);

/// `sealroom backup`.
pub(crate) fn backup(arguments: &BackupArguments) -> Result<()> {
    let client = operator(&arguments.store)?;
    let folder = absolute(&arguments.to)?;
    let named = folder.to_str().context("the folder's name is no text")?;
    let done = wait(follow(&client, client.start_backup(named, now())))?;
    let done = ended(done)?;
    match arguments.output.output {
        Output::Json => println!("{}", numbers_json(&done, json!({ "Folder": named }))),
        Output::Text => {
            println!("backup             {named}");
            show_numbers(&done);
            println!("Everything in it was opened. Keep the root of trust elsewhere: it is not in the backup.");
        }
    }
    Ok(())
}

/// `sealroom restore`.
pub(crate) fn restore(arguments: &RestoreArguments) -> Result<()> {
    let config = load(&arguments.store)?;
    let meter = Arc::new(Meter::new());
    let restored = sealroom_server::restore(&config, &arguments.from, arguments.journal.as_deref(), &shown_by(&meter))?;
    drop(meter);
    let Restored { manifest, contents, buried, epoch, dev } = &restored;
    match arguments.output.output {
        Output::Json => {
            let mut told = contents_json(manifest, Some(contents));
            told.insert("KeysDestroyedAgain".to_owned(), json!(buried));
            told.insert("Epoch".to_owned(), json!(epoch));
            println!("{}", Value::Object(told));
        }
        Output::Text => {
            show_manifest(manifest);
            show_contents(contents);
            println!("destroyed again    {buried} keys");
            println!("epoch              {epoch}");
            println!("Everything opens. Start it with `sealroom serve{}`.", if *dev { " --dev" } else { "" });
        }
    }
    Ok(())
}

/// `sealroom check-backup`.
pub(crate) fn check_backup(arguments: &CheckBackupArguments) -> Result<()> {
    let config = if arguments.digests_only { None } else { Some(load(&arguments.store)?) };
    let meter = Arc::new(Meter::new());
    let (manifest, contents) = sealroom_server::check_backup(&arguments.folder, config.as_ref(), &shown_by(&meter))?;
    drop(meter);
    match arguments.output.output {
        Output::Json => println!("{}", Value::Object(contents_json(&manifest, contents.as_ref()))),
        Output::Text => {
            show_manifest(&manifest);
            match &contents {
                Some(contents) => {
                    show_contents(contents);
                    println!("The manifest is signed by its cluster, and everything opens.");
                }
                None => println!("Every file is what the manifest says. Neither signature nor keys were looked at."),
            }
        }
    }
    Ok(())
}

fn shown_by(meter: &Arc<Meter>) -> Progress {
    let meter = Arc::clone(meter);
    Progress::new(move |Seen { step, done, total }| meter.show(step, done, total))
}

/// The path as the server must be told it, which stands in another folder.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("`{}` is no path", path.display()))
}

/// Shows how far a task comes until it has ended.
pub(crate) async fn follow(
    client: &Client,
    begun: impl Future<Output = Result<Task, ClientError>>,
) -> Result<Task, ClientError> {
    let mut task = begun.await?;
    let (meter, mut pause) = (Meter::new(), FIRST_LOOK);
    while task.state == "RUNNING" {
        meter.show(&task.step, task.done, task.total);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK);
        task = client.describe_task(&task.task_id, now()).await?;
    }
    Ok(task)
}

/// A task that ended well.
pub(crate) fn ended(task: Task) -> Result<Task> {
    match task.reason {
        Some(reason) => bail!("{reason}"),
        None => Ok(task),
    }
}

/// The numbers of a task as lines: `journal records    12`.
pub(crate) fn show_numbers(task: &Task) {
    for number in &task.numbers {
        println!("{:<18} {}", spoken(&number.name), number.value);
    }
}

/// The numbers of a task with `more`.
pub(crate) fn numbers_json(task: &Task, more: Value) -> Value {
    let mut told = match more {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    told.extend(task.numbers.iter().map(|number| (number.name.clone(), json!(number.value))));
    Value::Object(told)
}

/// `JournalRecords` as `journal records`.
fn spoken(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn show_manifest(manifest: &Manifest) {
    println!("backup             of {}, commit {}", manifest.made, manifest.sequence);
    println!("cluster            {}, epoch {}", manifest.cluster, manifest.epoch);
    println!("files              {}, {} bytes", manifest.files.len(), manifest.bytes());
}

fn show_contents(contents: &Contents) {
    let Contents { rows, keys, tokens, secrets, tombstones, records, .. } = contents;
    println!("rows               {rows}");
    println!("keys               {keys}, with {tokens} key tokens; {tombstones} tombstones of destroyed keys");
    println!("access keys        {secrets}");
    println!("journal            {records} records");
}

fn contents_json(manifest: &Manifest, contents: Option<&Contents>) -> Map<String, Value> {
    let mut told = json!({
        "Cluster": manifest.cluster, "Epoch": manifest.epoch, "Sequence": manifest.sequence, "Made": manifest.made,
        "Files": manifest.files.len(), "Bytes": manifest.bytes(), "Rows": manifest.rows,
    });
    if let Some(Contents { rows, keys, tokens, secrets, tombstones, records, checkpoints, .. }) = contents
        && let Value::Object(told) = &mut told
    {
        let numbers = [
            ("Rows", rows),
            ("Keys", keys),
            ("KeyTokens", tokens),
            ("AccessKeys", secrets),
            ("Tombstones", tombstones),
            ("JournalRecords", records),
            ("Checkpoints", checkpoints),
        ];
        told.extend(numbers.map(|(name, number)| (name.to_owned(), json!(number))));
    }
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_numbers_are_words() {
        for (name, words) in [("Rows", "rows"), ("JournalRecords", "journal records"), ("", "")] {
            assert_eq!(spoken(name), words);
        }
    }
}
