//! Bringing a backup back onto an empty machine, and looking at one without bringing it back.
//!
//! ```text
//! manifest and digests ─> root of trust ─> signature ─> proof of the backup          nothing is written before
//!   ─> boot/restoring: filling ─> rows, journal ─> boot/cluster, boot/epoch
//!   ─> boot/restoring: filled ─> house ─> what the journal knows to be destroyed is destroyed again ─> proof of the store
//!   ─> event ─> boot/restoring goes
//! ```
//!
//! It can be cut off anywhere and run again; until its end nobody serves the store (`boot/restoring`), for it isn't whole, or
//! holds keys that must not come back. Commits of the new epoch begin far behind
//! those of the old one, so that no row of the old one fits in the new one's place.

use std::path::Path;
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_audit::Reader;
use sealroom_crypto::digest::sha256;
use sealroom_foundation::ports::{Purpose, Release, Released};
use sealroom_kms::destroyed_key;
use sealroom_store::{Batch, Engine, Log, RowsReader, SealedRow, Store};
use serde_json::json;

use super::take::present_epoch;
use super::{BackupError, Contents, Manifest, PAGE, Progress, journal_folder, prove, rows_file, successors};
use crate::boot::{self, Held, Unlocked, Wanted};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::house::House;
use crate::{files, init, log, serve};

/// Commits of an epoch begin at a multiple of this.
const EPOCH_COMMITS: u64 = 1 << 32;
/// Entries of a journal read at once.
const ENTRIES: u32 = 256;

/// What a restore brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// What stands in the store now, all of which opens.
    pub contents: Contents,
    /// Keys that were destroyed after the backup, and are destroyed again.
    pub buried: u64,
    /// The epoch that begins.
    pub epoch: u64,
    /// Whether the store is dev mode's.
    pub dev: bool,
}

/// Brings the backup in `from` back into the empty store that `config` names, with the root of trust that `config` names.
/// Keys that the backup's own journal, or the one in the log folder `newer`, knows to be destroyed stay destroyed. Blocks
/// the calling thread.
///
/// # Errors
/// [`BackupError`]. Before anything is written the backup was proved; a restore that was cut off can be run again.
pub fn restore(
    config: &Config,
    from: &Path,
    newer: Option<&Path>,
    progress: &Progress,
) -> Result<Restored, BackupError> {
    config.check(false).or_else(|_| config.check(true))?;
    if config.store.url == "memory" {
        return Err(BackupError::Memory);
    }
    log::start(&config.log);
    serve::harden();
    let runtime = serve::runtime(config).map_err(BackupError::Threads)?;
    runtime.block_on(run(config, from, newer, progress))
}

/// Looks at the backup in `folder`: its manifest and every digest; and, given a configuration that names the root of trust,
/// its signature and whether everything in it opens. Blocks the calling thread.
///
/// # Errors
/// [`BackupError`].
pub fn check_backup(
    folder: &Path,
    config: Option<&Config>,
    progress: &Progress,
) -> Result<(Manifest, Option<Contents>), BackupError> {
    let (manifest, text) = Manifest::read(folder)?;
    manifest.check_files(folder, progress)?;
    let Some(config) = config else { return Ok((manifest, None)) };
    log::start(&config.log);
    serve::harden();
    let runtime = serve::runtime(config).map_err(BackupError::Threads)?;
    let opened = runtime.block_on(open(config, folder, &manifest, &text, progress));
    opened.map(|(_, contents)| (manifest, Some(contents)))
}

/// Opens the backup with the root of trust, and proves it.
async fn open(
    config: &Config,
    folder: &Path,
    manifest: &Manifest,
    text: &[u8],
    progress: &Progress,
) -> Result<(Unlocked, Contents), BackupError> {
    let mut held = Held::default();
    each_page(folder, |page| {
        page.iter().for_each(|row| held.offer(&row.path, &row.stored));
        // Rows are in order, and `boot` comes before the rooms that have most of them.
        page.last().is_none_or(|row| row.path < boot::behind_boot())
    })?;
    let unlocked = held.unlock(config)?;
    Manifest::check_signature(folder, text, &unlocked.hsm.public_keys(Purpose::BackupManifest))?;
    if unlocked.cluster != manifest.cluster {
        return Err(BackupError::Manifest("it names another cluster than the rows"));
    }
    let contents = prove::backup(folder, &unlocked.hsm, &unlocked.barrier, manifest.rows, progress).await?;
    Ok((unlocked, contents))
}

async fn run(config: &Config, from: &Path, newer: Option<&Path>, progress: &Progress) -> Result<Restored, BackupError> {
    let (manifest, text) = Manifest::read(from)?;
    manifest.check_files(from, progress)?;
    let (unlocked, held) = open(config, from, &manifest, &text, progress).await?;
    let newer = newer.map(|folder| Log::in_folder(folder, 1)).transpose()?.map(Reader::of);
    if let Some(newer) = &newer {
        // Domain keys may have been made since the backup.
        let known = unlocked.hsm.public_keys(Purpose::JournalCheckpoint);
        successors::verify(newer, known).await?;
    }
    let dev = unlocked.dev;
    drop(unlocked);
    let epoch = fill(config, from, &manifest, &text, progress).await?;

    let (house, _) = House::open(config, Wanted::Restore, Arc::new(SystemClock::new())).await?;
    let finished = finish(&house, newer.as_ref(), &manifest, held, progress).await;
    let (contents, buried) = match finished {
        Ok(finished) => finished,
        Err(error) => {
            house.journal.close().await;
            return Err(error);
        }
    };
    let restored = Restored { manifest, contents, buried, epoch, dev };
    let ended = end(&house, config, &restored).await;
    house.journal.close().await;
    ended.map(|()| restored)
}

/// How far the restore of a backup came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not all rows and the whole journal are there.
    Filling,
    /// They are.
    Filled,
}

/// What `boot/restoring` holds while this backup is at this stage.
fn mark(backup: &[u8], stage: Stage) -> Vec<u8> {
    match stage {
        Stage::Filling => backup.to_vec(),
        Stage::Filled => [backup, b"/filled"].concat(),
    }
}

/// Fills the empty store if that wasn't done before, and says which epoch begins.
async fn fill(
    config: &Config,
    from: &Path,
    manifest: &Manifest,
    text: &[u8],
    progress: &Progress,
) -> Result<u64, BackupError> {
    let folder = &config.server.data_dir;
    files::make_private_folder(folder).map_err(BackupError::io(folder))?;
    let engine = boot::engine(config).await?;
    let name: Vec<u8> = sha256(text).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    if claim(&engine, config, &name).await? == Stage::Filled {
        return present_epoch(&engine).await;
    }
    let sequence = (manifest.sequence / EPOCH_COMMITS + 1) * EPOCH_COMMITS;
    let mut last = None;
    let mut rows = 0;
    let mut reader = RowsReader::open(&rows_file(from))?;
    loop {
        let mut page = reader.next_page(PAGE)?;
        if page.is_empty() {
            break;
        }
        rows += u64::try_from(page.len()).unwrap_or_default();
        if let Some(at) = page.iter().position(|row| row.path == boot::cluster_path()) {
            last = Some(page.remove(at));
        }
        engine.load(page, sequence).await?;
        progress.say("restoring rows", rows, Some(manifest.rows));
    }
    let cluster: SealedRow = last.ok_or(boot::BootError::Damaged("cluster"))?;
    restore_journal(&engine, from, progress).await?;
    let epoch = present_epoch(&engine).await?.max(manifest.epoch) + 1;
    let batch = Batch::default()
        .put(cluster.path, cluster.stored)
        .put(Store::epoch_path(), epoch.to_string().into_bytes())
        .put(boot::restoring_path(), mark(&name, Stage::Filled));
    engine.boot_write(batch).await?;
    Ok(epoch)
}

/// Makes sure that the store is empty, or that this very backup was being restored into it, and says so in it.
async fn claim(engine: &Engine, config: &Config, name: &[u8]) -> Result<Stage, BackupError> {
    let place = || boot::place(config);
    match engine.boot_read(&boot::restoring_path()).await? {
        Some(row) if row.value == mark(name, Stage::Filling) => return Ok(Stage::Filling),
        Some(row) if row.value == mark(name, Stage::Filled) => return Ok(Stage::Filled),
        Some(_) => return Err(BackupError::OtherRestore { place: place() }),
        None => {}
    }
    let mut snapshot = engine.snapshot().await?;
    let empty = snapshot.next().await?.is_none();
    drop(snapshot);
    let log = engine.open_log(sealroom_audit::LOG, 1).await?;
    let silent = (0..log.lanes()).all(|lane| log.last(lane).is_ok_and(|last| last.sequence == 0));
    drop(log);
    if !empty || !silent {
        return Err(BackupError::Occupied { place: place() });
    }
    engine.boot_write(Batch::default().put(boot::restoring_path(), mark(name, Stage::Filling))).await?;
    Ok(Stage::Filling)
}

async fn restore_journal(engine: &Engine, from: &Path, progress: &Progress) -> Result<(), BackupError> {
    let journal = Reader::of(Log::in_folder(&journal_folder(from), 1)?);
    let log = engine.open_log(sealroom_audit::LOG, journal.lanes()).await?;
    let mut copied = 0;
    let seen = |frames| {
        copied += frames;
        progress.say("restoring the journal (entries)", copied, None);
    };
    journal.copy_to(&log, seen).await?;
    let synced = log.clone();
    let synced = tokio::task::spawn_blocking(move || synced.sync_now()).await;
    Ok(synced.map_err(|_| BackupError::Differs("a syncing thread failed"))??)
}

/// What is left when the house stands: what was destroyed is destroyed again, and everything is looked at once more.
async fn finish(
    house: &House,
    newer: Option<&Reader>,
    manifest: &Manifest,
    held: Contents,
    progress: &Progress,
) -> Result<(Contents, u64), BackupError> {
    bury(house, &house.journal.reader(), progress).await?;
    if let Some(newer) = newer {
        bury(house, newer, progress).await?;
    }
    let contents = house.prove(progress).await?;
    // Also what an earlier run of this restore buried.
    let buried = contents.tombstones.saturating_sub(held.tombstones);
    if contents.keys + buried != held.keys || contents.tombstones < held.tombstones {
        return Err(BackupError::Differs("the number of keys is another"));
    }
    tracing::info!(sequence = manifest.sequence, keys = contents.keys, buried, "the backup was restored");
    Ok((contents, buried))
}

/// Destroys what `journal` knows to be destroyed.
async fn bury(house: &House, journal: &Reader, progress: &Progress) -> Result<(), BackupError> {
    let mut seen = 0;
    for lane in 0..journal.lanes() {
        let mut after = 0;
        loop {
            let page = journal.read(lane, after, ENTRIES).await?;
            for entry in &page.entries {
                for destroyed in entry.records.iter().filter_map(|record| destroyed_key(record, entry.time)) {
                    bury_one(house, &destroyed).await?;
                }
            }
            seen += u64::try_from(page.entries.len()).unwrap_or_default();
            progress.say("looking for destroyed keys (entries)", seen, None);
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    Ok(())
}

async fn bury_one(house: &House, destroyed: &sealroom_kms::Destroyed) -> Result<(), BackupError> {
    let failed = |error: ErrorAnswer| BackupError::Burial(error.message.unwrap_or_else(|| error.code.into_owned()));
    let Some(effect) = house.bury(destroyed).await.map_err(failed)? else { return Ok(()) };
    match Release::<ErrorAnswer>::release(&house.journal, effect).await {
        Released::Answer(()) => Ok(()),
        Released::Refused(error) => Err(failed(error)),
        Released::Conflict | Released::Unrecorded | Released::Unavailable => {
            Err(BackupError::Burial(destroyed.key.to_string()))
        }
    }
}

/// The event of the restore, the operator's own call; and then anybody may serve.
async fn end(house: &House, config: &Config, restored: &Restored) -> Result<(), BackupError> {
    let Restored { manifest, contents, buried, epoch, .. } = restored;
    let request = json!({ "cluster": manifest.cluster, "sequence": manifest.sequence, "made": manifest.made });
    let response = json!({
        "epoch": epoch, "rows": contents.rows, "keys": contents.keys, "tokens": contents.tokens,
        "destroyedAgain": buried,
    });
    let call = init::call(house, config, "sealroom restore");
    let event = call.event("sealroom", "RestoreBackup", false).request(request.to_string().into_bytes());
    let event = event.response(response.to_string().into_bytes());
    house.journal.record(event.into()).await.map_err(|_| BackupError::Unrecorded)?;
    Ok(house.boot_write(Batch::default().delete(boot::restoring_path())).await?)
}

/// Shows the pages of a backup's rows to `look` until it says that it has seen enough.
fn each_page(folder: &Path, mut look: impl FnMut(&[SealedRow]) -> bool) -> Result<(), BackupError> {
    let mut reader = RowsReader::open(&rows_file(folder))?;
    loop {
        let page = reader.next_page(PAGE)?;
        if page.is_empty() || !look(&page) {
            return Ok(());
        }
    }
}
