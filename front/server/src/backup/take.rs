//! Taking a backup while the house serves.
//!
//! It blocks between its awaits (files are written), so it runs on a thread of its own. What would surprise: it proves what
//! it wrote before the manifest is written, so a folder with a manifest is a backup that opened.

use std::path::Path;
use std::sync::Arc;

use sealroom_audit::Reader;
use sealroom_foundation::ports::Clock;
use sealroom_hsm::Hsm;
use sealroom_store::{Barrier, Engine, Log, RowsWriter, Store};

use super::manifest::About;
use super::{BackupError, Contents, Manifest, Progress, journal_folder, prove, rows_file};
use crate::boot::Cluster;
use crate::clock::SystemClock;
use crate::{boot, files};

/// What a backup is taken of.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) engine: Engine,
    pub(crate) barrier: Barrier,
    pub(crate) hsm: Arc<Hsm>,
    pub(crate) journal: Reader,
    pub(crate) clock: Arc<SystemClock>,
}

/// Writes a backup of `source` into `folder`, which must be new or empty.
///
/// # Errors
/// [`BackupError`]; the folder then has no manifest.
pub(crate) async fn take(
    source: &Source,
    folder: &Path,
    progress: &Progress,
) -> Result<(Manifest, Contents), BackupError> {
    prepare(folder)?;
    let made = source.clock.wall();
    let (sequence, rows) = copy_rows(source, folder, progress).await?;
    copy_journal(source, folder, progress).await?;
    let cluster = source.engine.boot_read(&boot::cluster_path()).await?;
    let cluster = cluster.and_then(|row| Cluster::decode(&row.value));
    let cluster = cluster.ok_or(boot::BootError::Damaged("cluster"))?.id;
    let epoch = present_epoch(&source.engine).await?;
    let contents = prove::backup(folder, &source.hsm, &source.barrier, rows, progress).await?;
    let about = About { cluster, epoch, sequence, rows, made };
    let manifest = Manifest::of(folder, about, progress)?;
    manifest.write(folder, &*source.hsm)?;
    let (written, text) = Manifest::read(folder)?;
    let keys = source.hsm.public_keys(sealroom_foundation::ports::Purpose::BackupManifest);
    Manifest::check_signature(folder, &text, &keys)?;
    if written != manifest {
        return Err(BackupError::Manifest("it was not written as it was meant"));
    }
    Ok((manifest, contents))
}

fn prepare(folder: &Path) -> Result<(), BackupError> {
    files::make_private_folder(folder).map_err(BackupError::io(folder))?;
    match files::names(folder) {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => Err(BackupError::NotEmpty { path: folder.to_owned() }),
        Err(error) => Err(BackupError::io(folder)(error)),
    }
}

/// The commit that the rows show, and how many they are.
async fn copy_rows(source: &Source, folder: &Path, progress: &Progress) -> Result<(u64, u64), BackupError> {
    let mut snapshot = source.engine.snapshot().await?;
    let mut writer = RowsWriter::create(&rows_file(folder))?;
    let mut rows = 0;
    while let Some(page) = snapshot.next().await? {
        writer.append(&page)?;
        rows += u64::try_from(page.len()).unwrap_or_default();
        progress.say("copying rows", rows, None);
    }
    let sequence = snapshot.sequence();
    drop(snapshot);
    Ok((sequence, writer.finish()?))
}

/// Behind the rows: what they no longer hold in the outbox is synced in the journal.
async fn copy_journal(source: &Source, folder: &Path, progress: &Progress) -> Result<(), BackupError> {
    let log = Log::in_folder(&journal_folder(folder), source.journal.lanes())?;
    let mut copied = 0;
    let seen = |frames| {
        copied += frames;
        progress.say("copying the journal (entries)", copied, None);
    };
    source.journal.copy_to(&log, seen).await?;
    log.sync_now()?;
    Ok(())
}

/// How often the store was restored.
pub(super) async fn present_epoch(engine: &Engine) -> Result<u64, BackupError> {
    let Some(row) = engine.boot_read(&Store::epoch_path()).await? else { return Ok(0) };
    let number = std::str::from_utf8(&row.value).ok().and_then(|text| text.parse().ok());
    Ok(number.ok_or(boot::BootError::Damaged("epoch"))?)
}
