//! A real PostgreSQL for the tests: made in a temporary folder, reached by a socket in it, gone when the last test of
//! the process lets go of it, or when the process dies. A database of its own for each test. Knows no table of ours.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tokio_postgres::{Client, Config, NoTls};

/// A server. Lives as long as a database of it.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    orders: Sender<Order>,
    /// Owns the process: the system ends the server when this thread ends, and so when the process is killed.
    keeper: Option<JoinHandle<()>>,
    databases: AtomicUsize,
}

enum Order {
    /// Die as in a crash, and start again; then say so.
    Crash(Sender<()>),
    Stop,
}

/// A database of one test.
pub(crate) struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// An empty database on the server of this process.
    pub(crate) async fn new() -> Self {
        Self::on(shared()).await
    }

    /// An empty database on a server of its own, which may crash.
    pub(crate) async fn alone() -> Self {
        Self::on(Arc::new(Server::start())).await
    }

    async fn on(server: Arc<Server>) -> Self {
        let name = format!("test{}", server.databases.fetch_add(1, Ordering::Relaxed));
        let admin = connect(&server.config("postgres")).await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self { server, name }
    }

    /// Kills the server in the middle of whatever it does, and starts it again.
    pub(crate) fn crash(&self) {
        let (done, is_done) = channel();
        self.server.orders.send(Order::Crash(done)).unwrap();
        is_done.recv().unwrap();
    }

    /// Where it is, for an engine.
    pub(crate) fn url(&self) -> String {
        self.url_as("sealroom")
    }

    /// The same, for another user.
    pub(crate) fn url_as(&self, user: &str) -> String {
        format!("postgres:///{}?user={user}&host={}", self.name, self.server.folder.path().display())
    }

    /// Where it is through a proxy on the loopback.
    pub(crate) fn url_by(&self, port: u16) -> String {
        format!("postgres://sealroom@127.0.0.1:{port}/{}", self.name)
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.server.folder.path().join(".s.PGSQL.5432")
    }

    /// A connection beside the engine's.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.server.config(&self.name)).await
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Server::start());
    *shared = Arc::downgrade(&server);
    server
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if geteuid().is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let data = folder.path().join("data");
        let options = ["--no-sync", "--auth=trust", "--username=sealroom", "--encoding=UTF8", "--locale=C"];
        run(program("initdb").args(options).arg("-D").arg(&data));
        let mut command = program("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
        // Crashes here are of the process, not of the machine: nothing need reach the disk.
        command.args(["-c", "fsync=off", "-c", "max_connections=200"]).stderr(Stdio::piped());
        let (orders, ordered) = channel();
        let (ready, is_ready) = channel();
        let keeper = std::thread::spawn(move || keep(command, &ready, &ordered));
        is_ready.recv().expect("PostgreSQL ended before it was ready");
        Self { folder, orders, keeper: Some(keeper), databases: AtomicUsize::new(0) }
    }

    fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(self.folder.path()).user("sealroom").dbname(database);
        config
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

/// Runs the server, again after each crash, until it is told to stop.
fn keep(mut command: Command, ready: &Sender<()>, orders: &Receiver<Order>) {
    let mut ready = ready.clone();
    loop {
        let mut server = command.spawn().unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let reader = std::thread::spawn(move || tell_when_ready(lines, &ready));
        let order = orders.recv().unwrap_or(Order::Stop);
        let signal = if matches!(order, Order::Crash(_)) { Signal::QUIT } else { Signal::INT };
        let _ = kill_process(Pid::from_child(&server), signal);
        let _ = server.wait();
        let _ = reader.join();
        match order {
            Order::Stop => return,
            Order::Crash(done) => ready = done,
        }
    }
}

fn tell_when_ready(lines: Lines<BufReader<ChildStderr>>, ready: &Sender<()>) {
    for line in lines.map_while(Result::ok) {
        if line.contains("ready to accept connections") {
            let _ = ready.send(());
        }
    }
}

/// A program of PostgreSQL, as the user it may run as, that doesn't outlive the calling thread.
fn program(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg("--").arg(binaries().join(name)).env("LC_ALL", "C").stdout(Stdio::null());
    command
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    newest.expect("PostgreSQL isn't installed: `cargo xtask test` installs it")
}

fn run(command: &mut Command) {
    let ended = command.current_dir(Path::new("/")).output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
