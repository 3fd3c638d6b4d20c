//! From a configuration to an open store: the root of trust opens the domain keys, they start the HSM, and the HSM
//! opens the store key.
//!
//! ```text
//! boot / cluster          Cluster: format, id, whether it is for dev mode, which root, its parameters   (clear)
//! boot / domain-keys      the domain keys, wrapped by the root of trust
//! boot / store-key / 1    the store key, wrapped by the HSM
//! boot / next-root        the domain keys under a root that is to take the present one's place; there only until it does
//! boot / domain-rotation  how far the newest domain key has come; there only until it has come all the way
//! boot / epoch            how often the store was restored from a backup; absent before the first time
//! boot / restoring        which backup is being restored, and how far that is; there only while it is
//! ```
//!
//! The three rows are written in one batch that holds only while there is no cluster, so of two nodes that begin at once
//! one founds it and the other joins. What would surprise: a root key file that is already there is used, not
//! refused, as long as there is no cluster yet: an earlier founding may have been cut off between file and rows.

mod cluster;
mod held;
mod pending;
mod root;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::Entropy as _;
use sealroom_hsm::{DomainKeys, DomainKeysError, Hsm, HsmError, StartError};
use sealroom_roots::RootError;
use sealroom_store::{Barrier, Batch, Committed, Engine, Guard, KeyPath, Store, StoreError};
use thiserror::Error;

use crate::config::Config;
use crate::files;
pub(crate) use cluster::Cluster;
pub(crate) use held::{Held, OpenRoot, Unlocked, Which};
pub(crate) use pending::{DomainRotation, NextRoot, Stage};
pub(crate) use root::NewRoot;

/// The epoch of the first store key.
const FIRST_EPOCH: u32 = 1;

/// Why a house doesn't open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BootError {
    /// The data folder can't be made.
    #[error("cannot make the data folder `{}`", .path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The store can't be opened, read or written.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// There is no cluster in the store yet.
    #[error("nothing is set up in `{place}` yet: run `sealroom init` first, or `sealroom serve --dev` for a laptop")]
    NotInitialised {
        /// The data folder, or the database.
        place: String,
    },
    /// There is a cluster already.
    #[error("`{place}` is set up already; nothing was changed")]
    Initialised {
        /// The data folder, or the database.
        place: String,
    },
    /// A restore was cut off.
    #[error("a restore into `{place}` has not ended: run the same `sealroom restore` again, or empty it")]
    Unfinished {
        /// The data folder, or the database.
        place: String,
    },
    /// The cluster was founded by `serve --dev`, whose credentials everybody knows.
    #[error("`{place}` was made by `serve --dev`, whose credentials everybody knows: serve it with `--dev`")]
    ForDevOnly {
        /// The data folder, or the database.
        place: String,
    },
    /// The cluster wasn't founded by `serve --dev`.
    #[error("`{place}` was not made by `serve --dev`: with `--dev` everybody could use its keys")]
    NotForDev {
        /// The data folder, or the database.
        place: String,
    },
    /// The boot rows are damaged or of a newer version.
    #[error("the boot record `{0}` is damaged, or was written by a newer version")]
    Damaged(&'static str),
    /// The configuration names another kind of root than the cluster was founded with.
    #[error("`root.kind` is `{configured}`, but the keys are wrapped by a root of kind `{founded}`")]
    OtherRoot {
        /// The configuration's.
        configured: &'static str,
        /// The cluster's.
        founded: String,
    },
    /// The root of trust can't be made or opened.
    #[error("cannot open the root of trust: {0}")]
    Root(#[from] RootError),
    /// The passphrase can't be read.
    #[error("cannot read the passphrase from {from}")]
    Passphrase {
        /// The file, variable or credential.
        from: String,
        /// What the system said; nothing for a variable that isn't set.
        #[source]
        source: Option<std::io::Error>,
    },
    /// The root isn't the one that wrapped the domain keys.
    #[error("{0}: is it the root that this store was set up with?")]
    DomainKeys(#[from] DomainKeysError),
    /// A power-on self-test failed.
    #[error("the HSM does not start: {0}")]
    Hsm(#[from] StartError),
    /// The HSM can't make a store key.
    #[error("the HSM can not make a store key: {0}")]
    StoreKey(#[from] HsmError),
}

/// What is wanted of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A cluster that is there.
    Serve,
    /// One for dev mode, made when there is none.
    Dev,
    /// A new one, and none may be there.
    Init,
    /// One whose rows a restore has brought back, of either kind.
    Restore,
}

impl Wanted {
    fn is_dev(self) -> bool {
        self == Self::Dev
    }
}

/// An open store with the HSM that opened it.
pub(crate) struct Opened {
    pub(crate) hsm: Arc<Hsm>,
    pub(crate) store: Store,
    /// What is below the store, and what seals its rows: for backups.
    pub(crate) engine: Engine,
    pub(crate) barrier: Barrier,
    /// The kind of the root, for the log.
    pub(crate) root: &'static str,
}

/// Opens the store that `config` names, as `wanted`; `now` is written into a new cluster's record.
///
/// # Errors
/// [`BootError`].
pub(crate) async fn open(config: &Config, wanted: Wanted, now: Timestamp) -> Result<Opened, BootError> {
    let place = place(config);
    let folder = &config.server.data_dir;
    files::make_private_folder(folder).map_err(|source| BootError::Folder { path: folder.clone(), source })?;
    let engine = engine(config).await?;
    open_on(&engine, config, wanted, &place, now).await
}

pub(crate) async fn open_on(
    engine: &Engine,
    config: &Config,
    wanted: Wanted,
    place: &str,
    now: Timestamp,
) -> Result<Opened, BootError> {
    let place = || place.to_owned();
    // Also of a store that is whole again: keys that were destroyed after the backup may still be in it.
    if wanted != Wanted::Restore && engine.boot_read(&restoring_path()).await?.is_some() {
        return Err(BootError::Unfinished { place: place() });
    }
    let cluster = match (read_cluster(engine).await?, wanted) {
        (Some(_), Wanted::Init) => return Err(BootError::Initialised { place: place() }),
        (Some(cluster), _) => cluster,
        (None, Wanted::Restore) => return Err(BootError::NotInitialised { place: place() }),
        (None, Wanted::Serve) if keeps_rows(config) => return Err(BootError::NotInitialised { place: place() }),
        (None, Wanted::Serve | Wanted::Init | Wanted::Dev) => found(engine, config, wanted, now).await?,
    };
    match (cluster.dev, wanted.is_dev()) {
        _ if wanted == Wanted::Restore => {}
        (true, false) => return Err(BootError::ForDevOnly { place: place() }),
        (false, true) => return Err(BootError::NotForDev { place: place() }),
        (true, true) | (false, false) => {}
    }
    unlock(engine, config).await
}

/// Whether rows outlive the process. A store in memory is new at every start, so nobody can set it up beforehand.
fn keeps_rows(config: &Config) -> bool {
    config.store.url != "memory"
}

/// Where the data is, for people: the database without its password, or the folder.
pub(crate) fn place(config: &Config) -> String {
    let url = config.store.url.as_str();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let behind = rest.rsplit_once('@').map_or(rest, |(_, behind)| behind);
            format!("{scheme}://{behind}")
        }
        None => config.server.data_dir.display().to_string(),
    }
}

/// The engine that `config` names.
pub(crate) async fn engine(config: &Config) -> Result<Engine, StoreError> {
    match config.store.url.as_str() {
        "memory" => Ok(Engine::memory()),
        "sqlite" => open_sqlite(&config.server.data_dir).await,
        url => Engine::postgres(url).await,
    }
}

/// Opening SQLite reads and locks files, so it isn't done on a thread of the runtime.
async fn open_sqlite(folder: &Path) -> Result<Engine, StoreError> {
    let folder = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || Engine::sqlite(&folder)).await;
    opened.unwrap_or(Err(StoreError::Format { reason: "opening it panicked" }))
}

async fn read_cluster(engine: &Engine) -> Result<Option<Cluster>, BootError> {
    let Some(row) = engine.boot_read(&cluster_path()).await? else { return Ok(None) };
    Cluster::decode(&row.value).map(Some).ok_or(BootError::Damaged("cluster"))
}

/// Makes root, domain keys and store key, and writes them down. Somebody else may have been faster: then theirs count.
async fn found(engine: &Engine, config: &Config, wanted: Wanted, now: Timestamp) -> Result<Cluster, BootError> {
    let made = root::make(config)?;
    let domain_keys = DomainKeys::generate();
    let wrapped_domain_keys = domain_keys.wrap(&*made.root);
    let hsm = Hsm::start(domain_keys)?;
    let (wrapped_store_key, _) = hsm.new_store_key()?;
    let cluster = Cluster::new(hsm.id_bytes(), wanted.is_dev(), made.root.kind(), &made.parameters, now);
    let batch = Batch::default()
        .guard(Guard::Absent(cluster_path()))
        .put(cluster_path(), cluster.encode())
        .put(domain_keys_path(), wrapped_domain_keys)
        .put(store_key_path(FIRST_EPOCH), wrapped_store_key);
    match engine.boot_write(batch).await? {
        Committed::At(_) => Ok(cluster),
        Committed::Conflict => read_cluster(engine).await?.ok_or(BootError::Damaged("cluster")),
    }
}

async fn unlock(engine: &Engine, config: &Config) -> Result<Opened, BootError> {
    let Unlocked { hsm, barrier, root, .. } = Held::of(engine).await?.unlock(config)?;
    let store = Store::open(engine.clone(), barrier.clone()).await?;
    Ok(Opened { hsm, store, engine: engine.clone(), barrier, root })
}

pub(crate) fn cluster_path() -> KeyPath {
    KeyPath::build("boot").text("cluster")
}

pub(crate) fn prefix() -> KeyPath {
    KeyPath::build("boot")
}

/// Behind every boot row.
pub(crate) fn behind_boot() -> KeyPath {
    KeyPath::build("boot\u{1}")
}

/// Stands while a restore is under way: which backup it brings back.
pub(crate) fn restoring_path() -> KeyPath {
    KeyPath::build("boot").text("restoring")
}

/// Stands while two roots open the store.
pub(crate) fn next_root_path() -> KeyPath {
    KeyPath::build("boot").text("next-root")
}

/// Stands while a domain key is being taken into use.
pub(crate) fn rotation_path() -> KeyPath {
    KeyPath::build("boot").text("domain-rotation")
}

pub(crate) fn domain_keys_path() -> KeyPath {
    KeyPath::build("boot").text("domain-keys")
}

/// The path of the only store key that there is.
pub(crate) fn present_store_key_path() -> KeyPath {
    store_key_path(FIRST_EPOCH)
}

/// Every row that may stand under `boot`.
pub(crate) fn known_paths() -> [KeyPath; 7] {
    [
        cluster_path(),
        domain_keys_path(),
        present_store_key_path(),
        next_root_path(),
        rotation_path(),
        Store::epoch_path(),
        restoring_path(),
    ]
}

fn store_key_path(epoch: u32) -> KeyPath {
    KeyPath::build("boot").text("store-key").u64_be(u64::from(epoch))
}
