//! The rooms, put together: who is given which port, and what the front may reach.
//!
//! ```text
//! boot ─> Hsm, Store ─> Journal ─> Identity ─> Kms ─> Services (each behind `Through`) ─> front
//! ```
//!
//! The front gets [`Services`], which open no effect before it is recorded; the rooms themselves stay in here. What
//! falls due and what the service does by itself goes the same way, through the journal.

use std::sync::Arc;

use sealroom_api::{Compat, ErrorAnswer, Through};
use sealroom_audit::{Effect, Journal, OpenError, Sync};
use sealroom_foundation::ports::{Clock, Entropy, Release, Released, Seal, Sign};
use sealroom_foundation::{Region, Timestamp};
use sealroom_hsm::{Door, Hsm};
use sealroom_identity::{Identity, Mode};
use sealroom_kms::{Destroyed, Kms};
use sealroom_store::{Batch, Committed, KeyPath, Read, Store, StoreError, View};
use thiserror::Error;

use crate::attestation;
use crate::backup::{self, BackupError, Contents, Progress, Source};
use crate::boot::{self, BootError, Opened, Wanted};
use crate::clock::SystemClock;
use crate::config::{AuditSync, CompatSetting, Config, ConfigError};
use crate::operate::Operator;
use crate::rotate::{self, Followed, Keeper, RotateError};
use crate::tasks::Tasks;
use crate::usage::{Indexer, NotNoted};

/// LIMIT: rounds of due jobs in one go; each does a hundred at most.
const DUE_ROUNDS: usize = 10_000;

/// Why the rooms can't be put together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HouseError {
    /// A file that the configuration names can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store doesn't open.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The journal doesn't open.
    #[error("cannot open the journal: {0}")]
    Journal(#[from] OpenError),
    /// The store can't be read.
    #[error("cannot read the store: {0}")]
    Store(#[from] StoreError),
    /// A row of the server's own is damaged.
    #[error("the row `{0}` is damaged")]
    Damaged(&'static str),
}

/// The services as the front sees them: what they answer has been recorded.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) kms: Through<Kms, Journal>,
    pub(crate) identity: Through<Identity, Journal>,
    pub(crate) operator: Through<Operator, Journal>,
}

/// Everything that serves. Cheap to clone.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) clock: Arc<SystemClock>,
    pub(crate) door: Door,
    pub(crate) identity: Identity,
    pub(crate) journal: Journal,
    pub(crate) services: Services,
    pub(crate) compat: Compat,
    store: Store,
    rows: View,
    keeper: Keeper,
    /// What this node has seen of the domain keys.
    followed: Arc<tokio::sync::Mutex<Followed>>,
    indexer: Indexer,
    probing: Arc<tokio::sync::Mutex<()>>,
}

impl House {
    /// Puts the rooms together as `config` says. The second value is the kind of the root of trust, for the log.
    ///
    /// # Errors
    /// [`HouseError`].
    pub(crate) async fn open(
        config: &Config,
        wanted: Wanted,
        clock: Arc<SystemClock>,
    ) -> Result<(Self, &'static str), HouseError> {
        let attestation_roots = attestation::roots(config)?;
        let Opened { hsm, store, engine, barrier, root } = boot::open(config, wanted, clock.wall()).await?;
        let rows = store.view(KeyPath::build("server"));
        clock.set_ahead(read_ahead(&rows).await?);
        let ports = Ports::of(&hsm, &clock);
        let journal =
            Journal::open(store.clone(), ports.entropy.clone(), ports.sign, ports.clock.clone(), settings(config))
                .await?;
        let mode = if wanted == Wanted::Dev { Mode::Dev } else { Mode::Production };
        let identity =
            Identity::new(store.view(Identity::prefix()), ports.seal.clone(), ports.entropy.clone(), ports.clock, mode);
        let door = Door::new(hsm, pool_threads(config), config.limits.pool_queue);
        let kms = Kms::new(
            store.view(Kms::prefix()),
            door.clone(),
            identity.clone(),
            ports.seal,
            ports.entropy,
            sealroom_kms::Settings {
                compat: compat(config),
                limits: config.quotas.limits(),
                requests: config.quotas.requests(),
                regions: regions(config, wanted == Wanted::Dev),
                attestation_roots,
                ..sealroom_kms::Settings::default()
            },
        );
        let reader = journal.reader();
        let source = Source { engine, barrier, hsm: door.hsm().clone(), journal: reader, clock: clock.clone() };
        let (tasks, journaled) = (Tasks::default(), journal.clone());
        let keeper = Keeper {
            config: Arc::new(config.clone()),
            kms: kms.clone(),
            identity: identity.clone(),
            source: source.clone(),
        };
        let operator = Operator { keeper: keeper.clone(), journal: journaled, tasks };
        let services = Services {
            kms: Through::new(kms.clone(), journal.clone()),
            identity: Through::new(identity.clone(), journal.clone()),
            operator: Through::new(operator, journal.clone()),
        };
        let compat = compat(config);
        let (indexer, probing, followed) = Default::default();
        let house =
            Self { clock, door, identity, journal, services, compat, store, rows, keeper, followed, indexer, probing };
        Ok((house, root))
    }

    /// Random bytes for request ids.
    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &**self.door.hsm()
    }

    /// Does what is due by the service clock, in order, until nothing is; how many jobs were done.
    ///
    /// # Errors
    /// [`NotDone`] when the store or the journal fails; what is left is still due.
    pub(crate) async fn run_due(&self) -> Result<usize, NotDone> {
        let mut done = 0;
        for _ in 0..DUE_ROUNDS {
            let jobs = self.keeper.kms.due(self.clock.service()).await.map_err(|_| NotDone)?;
            let before = done;
            for job in jobs {
                match Release::<ErrorAnswer>::release(&self.journal, job).await {
                    Released::Answer(()) | Released::Refused(_) => done += 1,
                    // Somebody else did it.
                    Released::Conflict => {}
                    Released::Unrecorded | Released::Unavailable => return Err(NotDone),
                }
            }
            if done == before {
                break;
            }
        }
        Ok(done)
    }

    /// Notes the uses of keys that were recorded, if that is due.
    ///
    /// # Errors
    /// [`NotNoted`]; the next time makes up for it.
    pub(crate) async fn note_uses_if_due(&self) -> Result<(), NotNoted> {
        self.indexer.run_if_due(&self.journal, &self.keeper.kms, self.clock.service()).await
    }

    /// Notes the uses of keys that were recorded by now.
    ///
    /// # Errors
    /// As [`House::note_uses_if_due`].
    pub(crate) async fn note_uses(&self) -> Result<(), NotNoted> {
        self.indexer.run(&self.journal, &self.keeper.kms, self.clock.service()).await
    }

    /// Destroys a key that the store holds although the journal knows that it was destroyed: see [`Kms::bury`].
    ///
    /// # Errors
    /// As [`Kms::bury`].
    pub(crate) async fn bury(&self, destroyed: &Destroyed) -> Result<Option<Effect<(), ErrorAnswer>>, ErrorAnswer> {
        self.keeper.kms.bury(destroyed, self.clock.service()).await
    }

    /// Proves that everything in the store opens, and that the journal's chain holds. For a house that serves nobody.
    ///
    /// # Errors
    /// [`BackupError`] with the first thing that doesn't.
    pub(crate) async fn prove(&self, progress: &Progress) -> Result<Contents, BackupError> {
        backup::prove_store(&self.keeper.source, progress).await
    }

    /// Writes rows of `boot`, beside which the house stands.
    ///
    /// # Errors
    /// Those of the engine.
    pub(crate) async fn boot_write(&self, batch: Batch) -> Result<(), StoreError> {
        self.keeper.source.engine.boot_write(batch).await.map(drop)
    }

    /// Moves the service clock `seconds` forward, for good: a restart doesn't take it back.
    ///
    /// # Errors
    /// [`NotDone`] when the store can't keep it; the clock is then as it was.
    pub(crate) async fn advance(&self, seconds: u32) -> Result<(), NotDone> {
        let ahead = self.clock.ahead_micros().saturating_add(i64::from(seconds) * 1_000_000);
        let batch = Batch::default().put(ahead_path(), ahead.to_string().into_bytes());
        match self.rows.commit(batch).await {
            Ok(Committed::At(_)) => {
                self.clock.set_ahead(ahead);
                Ok(())
            }
            Ok(Committed::Conflict) | Err(_) => Err(NotDone),
        }
    }

    /// Learns what other nodes committed.
    pub(crate) async fn follow(&self) -> Result<(), StoreError> {
        self.store.poll_changes().await
    }

    /// Takes domain keys over that another node made, and seals with the one that it says. Where no other node can be there is
    /// nothing to do.
    ///
    /// # Errors
    /// When the store can't be read, or the root of trust isn't at hand; to be called again.
    pub(crate) async fn follow_keys(&self) -> Result<(), RotateError> {
        if self.keeper.source.engine.has_other_nodes() {
            let mut followed = self.followed.lock().await;
            *followed = rotate::follow(&self.keeper, *followed).await?;
        }
        Ok(())
    }

    /// Why the house can't serve right now; `None` when it can. Writes a row, because a store that only reads serves
    /// nobody, and has the journal synced.
    pub(crate) async fn trouble(&self) -> Option<String> {
        // One at a time: a disk that hangs must not take a thread for each time that somebody asks.
        let (journal, turn) = (self.journal.clone(), Arc::clone(&self.probing).lock_owned().await);
        let asked = tokio::task::spawn_blocking(move || {
            let _until_answered = turn;
            journal.trouble()
        });
        match asked.await {
            Ok(None) => {}
            Ok(Some(trouble)) => return Some(format!("the journal does not record: {trouble}")),
            Err(_panicked) => return Some("the journal can't be asked".to_owned()),
        }
        let probe = Batch::default().put(KeyPath::build("server").text("ready"), Vec::new());
        self.rows.commit(probe).await.err().map(|error| format!("the store takes no writes: {error}"))
    }

    /// The service's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.service()
    }
}

/// Something that was to be done wasn't: the store or the journal failed, and the log says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the store or the journal failed")]
pub(crate) struct NotDone;

/// The ports that rooms are given.
struct Ports {
    seal: Arc<dyn Seal>,
    sign: Arc<dyn Sign>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

impl Ports {
    fn of(hsm: &Arc<Hsm>, clock: &Arc<SystemClock>) -> Self {
        Self { seal: hsm.clone(), sign: hsm.clone(), entropy: hsm.clone(), clock: clock.clone() }
    }
}

fn ahead_path() -> KeyPath {
    KeyPath::build("server").text("clock-ahead-micros")
}

/// How far dev mode has moved the clock.
async fn read_ahead(rows: &View) -> Result<i64, HouseError> {
    let answers = rows.read(&[Read::Get(ahead_path())]).await?;
    let Some(row) = answers.into_iter().next().and_then(sealroom_store::Answer::row) else { return Ok(0) };
    let text = std::str::from_utf8(&row.value).ok().and_then(|text| text.parse().ok());
    text.ok_or(HouseError::Damaged("server/clock-ahead-micros"))
}

/// The Regions that are served; `None`: every one, as dev mode does.
pub(crate) fn regions(config: &Config, dev: bool) -> Option<Vec<Region>> {
    // INVARIANT: the configuration was checked, so every name is one.
    let named = || config.server.regions.iter().filter_map(|name| name.parse().ok()).collect();
    (!dev).then(named)
}

fn settings(config: &Config) -> sealroom_audit::Settings {
    let sync = match config.audit.sync {
        AuditSync::Interval => Sync::Interval,
        AuditSync::Always => Sync::Always,
    };
    // A database's disk isn't this machine's, and rows in memory fill none.
    let reserve = (config.store.url == "sqlite").then(|| config.server.data_dir.clone());
    sealroom_audit::Settings { sync, lanes: threads(config), reserve }
}

/// Threads of the runtime.
pub(crate) fn threads(config: &Config) -> usize {
    match config.server.threads {
        0 => processors(),
        chosen => chosen,
    }
}

fn pool_threads(config: &Config) -> usize {
    match config.limits.pool_threads {
        0 => processors().saturating_sub(1).max(1),
        chosen => chosen,
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn compat(config: &Config) -> Compat {
    match config.server.compat {
        CompatSetting::Aws => Compat::Aws,
        CompatSetting::Extended => Compat::Extended,
    }
}
