//! The life of a server: open the house, listen, serve until told to stop, drain, close the journal.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealroom_audit::Counts;
use sealroom_foundation::Region;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::admin::{Admin, Readiness};
use crate::boot::Wanted;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::front::{Front, OperatorFront};
use crate::house::{self, House, HouseError};
use crate::metrics::{Counters, Page, Reading};
use crate::timers::{self, SpareMaker};
use crate::transport::tls::{Tls, TlsError};
use crate::transport::{Acceptor, Drain, Handler, Listener, Patience, Security, Slots};
use crate::{attestation, files, log};

/// Threads for what blocks: opening files, the store's own.
const BLOCKING_THREADS: usize = 16;
/// The Region that the operator's calls are recorded in when every Region is served.
const HOME_REGION: &str = "us-east-1";
/// How long store and journal may take to show that they work.
const PROBE: Duration = Duration::from_secs(5);
/// LIMIT: connections of the admin address and of the operator's socket, each.
const SIDE_CONNECTIONS: usize = 64;

/// Why the server doesn't start, or ends.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The rooms can't be put together.
    #[error(transparent)]
    House(#[from] HouseError),
    /// The certificate can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address can't be listened on.
    #[error("cannot listen on {at}: {source}")]
    Listen {
        /// The address or the socket's path.
        at: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system gives no threads or signals.
    #[error("the system gives no threads or signals: {0}")]
    System(#[from] io::Error),
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// The service.
    pub service: SocketAddr,
    /// Whether the service speaks TLS.
    pub tls: bool,
    /// The admin address, if there is one.
    pub admin: Option<SocketAddr>,
    /// The operator's socket.
    pub operator: PathBuf,
}

/// Serves until SIGTERM or SIGINT, then lets requests that are being served end. Calls `ready` once, when requests are
/// answered. Blocks the calling thread.
///
/// # Errors
/// [`ServeError`]; after `ready` was called only when the system fails.
pub fn serve(config: &Config, dev: bool, ready: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    config.check(dev)?;
    log::start(&config.log);
    harden();
    let runtime = runtime(config)?;
    let ended = runtime.block_on(run(config, dev, ready));
    // What still runs after the drain's time is left behind.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Asks the system for what protection of memory it gives, and says which is active. Before any secret is in memory.
pub(crate) fn harden() {
    let active = sealroom_hsm::memory::harden();
    tracing::info!(
        not_dumpable = active.not_dumpable,
        no_core_files = active.no_core_files,
        memory_locked = active.memory_locked,
        wiped_on_fork = active.wiped_on_fork,
        "protections of memory"
    );
    if !active.memory_locked {
        tracing::warn!(
            "memory is not locked: keys may be written to swap (raise RLIMIT_MEMLOCK, or give CAP_IPC_LOCK)"
        );
    }
}

/// The threads that serve.
pub(crate) fn runtime(config: &Config) -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(house::threads(config))
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("sealroom")
        .enable_all()
        .build()
}

async fn run(config: &Config, dev: bool, ready: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    let clock = Arc::new(SystemClock::new());
    let tls = open_tls(config)?;
    let wanted = if dev { Wanted::Dev } else { Wanted::Serve };
    let (house, root) = House::open(config, wanted, clock).await?;
    let sockets = Sockets::open(config).await?;
    let listening = sockets.listening(config, tls.is_some())?;
    let mut signals = Signals::new()?;
    let drain = Arc::new(Drain::default());
    let server =
        Server { house: house.clone(), drain: Arc::clone(&drain), config: config.clone(), dev, tls: tls.clone() };
    let spares = SpareMaker::start(Arc::clone(house.door.hsm()));
    let connections = server.start(sockets, spares);
    tracing::info!(
        root, store = %kind_of_store(config), dev, address = %listening.service, tls = listening.tls, "serving"
    );
    ready(&listening);
    signals.stop_asked(tls.as_ref()).await;
    tracing::info!("stopping: requests that are being served may end");
    drain.begin();
    let patience = Duration::from_secs(config.server.drain_seconds);
    if tokio::time::timeout(patience, connections.emptied()).await.is_err() {
        tracing::warn!(seconds = config.server.drain_seconds, "requests were still being served and are cut off");
    }
    if let Err(error) = house.note_uses().await {
        tracing::warn!(%error, "the last uses of keys are noted at the next start");
    }
    house.journal.close().await;
    drop(files::remove_socket(&listening.operator));
    tracing::info!("stopped");
    Ok(())
}

fn kind_of_store(config: &Config) -> &str {
    config.store.url.split(':').next().unwrap_or_default()
}

fn open_tls(config: &Config) -> Result<Option<Tls>, TlsError> {
    match (&config.tls.certificate, &config.tls.private_key) {
        (Some(certificate), Some(key)) => Tls::open(certificate, key).map(Some),
        (None, _) | (_, None) => Ok(None),
    }
}

/// Whether the files that `config` names can be used: certificate and key, and the roots of attestation documents.
///
/// # Errors
/// [`ServeError::Config`] and [`ServeError::Tls`].
pub(crate) fn check_files(config: &Config) -> Result<(), ServeError> {
    attestation::roots(config)?;
    open_tls(config)?;
    Ok(())
}

/// The sockets, before anything is accepted from them.
struct Sockets {
    service: TcpListener,
    admin: Option<TcpListener>,
    operator: UnixListener,
}

impl Sockets {
    async fn open(config: &Config) -> Result<Self, ServeError> {
        let service = listen(config.server.listen).await?;
        let admin = match config.server.admin_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let path = config.operator_socket();
        let operator =
            listen_privately(&path).map_err(|source| ServeError::Listen { at: path.display().to_string(), source })?;
        Ok(Self { service, admin, operator })
    }

    fn listening(&self, config: &Config, tls: bool) -> io::Result<Listening> {
        Ok(Listening {
            service: self.service.local_addr()?,
            tls,
            admin: self.admin.as_ref().map(TcpListener::local_addr).transpose()?,
            operator: config.operator_socket(),
        })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { at: address.to_string(), source })
}

/// The operator's socket. A stale one of an earlier run is replaced; one that somebody answers on is not.
fn listen_privately(path: &std::path::Path) -> io::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server answers on it"));
    }
    files::remove_socket(path)?;
    let listener = UnixListener::bind(path)?;
    files::make_private(path)?;
    Ok(listener)
}

/// What the listeners are started with.
struct Server {
    house: House,
    drain: Arc<Drain>,
    config: Config,
    dev: bool,
    tls: Option<Tls>,
}

impl Server {
    /// Starts listeners and timers. The slots are those of the service's connections.
    fn start(&self, sockets: Sockets, spares: SpareMaker) -> Arc<Slots> {
        let limits = &self.config.limits;
        let connections = Arc::new(Slots::new(limits.connections));
        let requests = Arc::new(Slots::new(limits.requests));
        let counters = Arc::new(Counters::new());
        let security = self.tls.clone().map_or(Security::Plain, Security::Tls);
        let front = Front::new(
            self.house.clone(),
            Arc::clone(&counters),
            Arc::clone(&requests),
            house::regions(&self.config, self.dev),
            limits.body_timeout(),
            self.dev,
        );
        self.accept(sockets.service, front, security, Arc::clone(&connections));
        let operator = OperatorFront {
            house: self.house.clone(),
            counters: Arc::clone(&counters),
            region: home_region(&self.config, self.dev),
            patience: limits.body_timeout(),
        };
        self.accept(sockets.operator, operator, Security::Plain, Arc::new(Slots::new(SIDE_CONNECTIONS)));
        if let Some(listener) = sockets.admin {
            let page = Page::new(counters, readings(&self.house, &connections, &requests));
            let admin = Admin { page, readiness: Ready(self.house.clone()), drain: Arc::clone(&self.drain) };
            self.accept(listener, admin, Security::Plain, Arc::new(Slots::new(SIDE_CONNECTIONS)));
        }
        tokio::spawn(timers::note_uses(self.house.clone(), Arc::clone(&self.drain)));
        tokio::spawn(timers::follow(self.house.clone(), Arc::clone(&self.drain)));
        tokio::spawn(timers::follow_keys(self.house.clone(), Arc::clone(&self.drain)));
        tokio::spawn(timers::each_second(self.house.clone(), self.tls.clone(), spares, Arc::clone(&self.drain)));
        connections
    }

    fn accept<H: Handler, L: Listener + std::marker::Sync>(
        &self,
        listener: L,
        handler: H,
        security: Security,
        connections: Arc<Slots>,
    ) -> JoinHandle<()> {
        let limits = &self.config.limits;
        let patience = Patience { head: limits.header_timeout(), handshake: limits.handshake_timeout() };
        let (handler, drain) = (Arc::new(handler), Arc::clone(&self.drain));
        tokio::spawn(Acceptor { handler, security, patience, connections, drain }.run(listener))
    }
}

/// The Region that the operator's calls are recorded in: the first that is served.
pub(crate) fn home_region(config: &Config, dev: bool) -> Region {
    let first = config.server.regions.first().filter(|_| !dev).map_or(HOME_REGION, String::as_str);
    #[expect(clippy::expect_used, reason = "the configuration was checked")]
    // INVARIANT: the configuration was checked, so every name is one, and so is the constant.
    first.parse().expect("a Region")
}

/// Whether the house can serve right now.
struct Ready(House);

impl Readiness for Ready {
    async fn unready(&self) -> Option<String> {
        match tokio::time::timeout(PROBE, self.0.trouble()).await {
            Ok(trouble) => trouble,
            Err(_elapsed) => Some("store and journal do not answer in time".to_owned()),
        }
    }
}

fn readings(house: &House, connections: &Arc<Slots>, requests: &Arc<Slots>) -> Vec<Reading> {
    let taken = |slots: &Arc<Slots>| {
        let slots = Arc::clone(slots);
        move || count(slots.taken())
    };
    let journal = |pick: fn(Counts) -> u64| {
        let journal = house.journal.clone();
        move || pick(journal.counts())
    };
    let (door, hsm) = (house.door.clone(), Arc::clone(house.door.hsm()));
    vec![
        Reading::gauge("sealroom_connections", "Open connections", taken(connections)),
        Reading::gauge("sealroom_requests_in_flight", "Requests being served", taken(requests)),
        Reading::gauge("sealroom_hsm_queue", "Slow commands waiting for a thread", move || count(door.waiting())),
        Reading::gauge("sealroom_hsm_spare_pairs", "RSA pairs kept ready", move || {
            count(hsm.spares().ready().iter().sum())
        }),
        Reading::counter(
            "sealroom_journal_records",
            "Records written to the journal",
            journal(|counts| counts.records),
        ),
        Reading::counter("sealroom_journal_bytes", "Bytes appended to the journal", journal(|counts| counts.bytes)),
        Reading::counter(
            "sealroom_journal_failures",
            "Calls that could not be recorded, and syncs that failed",
            journal(|counts| counts.failures),
        ),
        Reading::gauge(
            "sealroom_journal_unsynced_bytes",
            "Bytes of the journal that are not on the disk yet",
            journal(|counts| counts.unsynced_bytes),
        ),
    ]
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The signals that the server listens to.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT; SIGHUP reads the certificate again.
    async fn stop_asked(&mut self, tls: Option<&Tls>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(tls),
            }
        }
    }
}

fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => tracing::info!("SIGHUP: there is no certificate to read again"),
        Some(Ok(())) => tracing::info!("SIGHUP: the certificate was read again and is in use"),
        Some(Err(error)) => tracing::error!(%error, "SIGHUP: the certificate can't be used; the old one stays"),
    }
}
