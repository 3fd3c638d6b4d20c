//! A proxy between engine and server that knows PostgreSQL's messages well enough to count them, and cuts the connection
//! at the one that a test names. It looks into none but for its kind.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UnixStream, unix};
use tokio::sync::watch;

/// How long a question is given that the server answers at once, if at all.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which message a connection is cut at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// The server never gets the N-th message of the engine.
    Up(usize),
    /// The server gets half of it.
    UpHalf(usize),
    /// The server gets it, and what was sent with it, only when another connection has asked something and got its answer,
    /// if it gets one without: the engine has given this connection up by then.
    UpLate(usize),
    /// The engine never gets the N-th message of the server.
    Down(usize),
    /// The engine gets half of it.
    DownHalf(usize),
}

/// Messages counted since the last order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) up: usize,
    pub(crate) down: usize,
}

/// The proxy.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
}

struct State {
    orders: Mutex<Orders>,
    traffic: watch::Sender<Traffic>,
}

#[derive(Default)]
struct Orders {
    counted: Counted,
    cuts: VecDeque<Cut>,
}

#[derive(Clone, Copy, Default)]
struct Traffic {
    /// Statements that engines ran, and rows they got, on any connection.
    run: u64,
    rows: u64,
}

impl Proxy {
    /// Listens on the loopback for a server at `socket`.
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State { orders: Mutex::default(), traffic: watch::channel(Traffic::default()).0 });
        tokio::spawn(accept(listener, socket, Arc::clone(&state)));
        Self { port, state }
    }

    /// Counts anew, and cuts at each of `cuts` in turn, counting anew after each.
    pub(crate) fn order(&self, cuts: &[Cut]) {
        let mut orders = self.state.orders.lock().unwrap();
        orders.counted = Counted::default();
        orders.cuts = cuts.iter().copied().collect();
    }

    /// What passed since the last order or cut.
    pub(crate) fn counted(&self) -> Counted {
        self.state.orders.lock().unwrap().counted
    }

    /// Whether every cut that was ordered was made.
    pub(crate) fn has_cut(&self) -> bool {
        self.state.orders.lock().unwrap().cuts.is_empty()
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, state: Arc<State>) {
    while let Ok((engine, _)) = listener.accept().await {
        let (socket, state) = (socket.clone(), Arc::clone(&state));
        tokio::spawn(async move { connection(engine, &socket, &state).await });
    }
}

async fn connection(engine: TcpStream, socket: &Path, state: &State) {
    engine.set_nodelay(true).unwrap();
    let server = UnixStream::connect(socket).await.unwrap();
    let (mut from_engine, to_engine) = engine.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut traffic = state.traffic.subscribe();
    let late = tokio::select! {
        late = up(&mut from_engine, &mut to_server, state) => late,
        () = down(&mut from_server, to_engine, state) => None,
    };
    // Whatever ended it, the sockets are dropped at the end; but for what is to come late.
    let Some(late) = late else { return };
    drop(from_engine);
    let cut = *traffic.borrow();
    let _ = traffic.wait_for(|traffic| traffic.run > cut.run).await;
    // Either the question has an answer by now, or it waits for this very connection.
    let answered = traffic.wait_for(|traffic| traffic.rows > cut.rows);
    let _ = tokio::time::timeout(PATIENCE, answered).await;
    let _ = to_server.write_all(&late).await;
    let _ = to_server.shutdown().await;
    let _ = from_server.read_to_end(&mut Vec::new()).await;
}

/// Passes the engine's messages on. Ends with those that are held back, if any are.
async fn up(from: &mut OwnedReadHalf, to: &mut unix::OwnedWriteHalf, state: &State) -> Option<Vec<u8>> {
    let mut messages = Messages { buffer: Vec::new(), begun: false };
    while let Some(message) = messages.next(from).await {
        let cut = {
            let mut orders = state.orders.lock().unwrap();
            orders.counted.up += 1;
            let at = orders.counted.up;
            let cut = orders.cuts.front().copied();
            let cut = cut.filter(|cut| [Cut::Up(at), Cut::UpHalf(at), Cut::UpLate(at)].contains(cut));
            orders.after(cut)
        };
        match cut {
            None => to.write_all(&message).await.ok()?,
            Some(Cut::UpHalf(_)) => {
                let _ = to.write_all(&message[..message.len() / 2]).await;
                return None;
            }
            Some(Cut::UpLate(_)) => {
                let mut late = message;
                late.append(&mut messages.buffer);
                return Some(late);
            }
            Some(Cut::Up(_) | Cut::Down(_) | Cut::DownHalf(_)) => return None,
        }
        // Execute: a statement is run.
        if message.first() == Some(&b'E') {
            state.traffic.send_modify(|traffic| traffic.run += 1);
        }
    }
    None
}

/// Passes the server's messages on.
async fn down(from: &mut unix::OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut messages = Messages { buffer: Vec::new(), begun: true };
    while let Some(message) = messages.next(from).await {
        let cut = {
            let mut orders = state.orders.lock().unwrap();
            orders.counted.down += 1;
            let at = orders.counted.down;
            let cut = orders.cuts.front().copied();
            let cut = cut.filter(|cut| [Cut::Down(at), Cut::DownHalf(at)].contains(cut));
            orders.after(cut)
        };
        let passed = match cut {
            None => to.write_all(&message).await,
            Some(Cut::DownHalf(_)) => to.write_all(&message[..message.len() / 2]).await,
            Some(Cut::Up(_) | Cut::UpHalf(_) | Cut::UpLate(_) | Cut::Down(_)) => Ok(()),
        };
        if cut.is_some() || passed.is_err() {
            return;
        }
        // DataRow.
        if message.first() == Some(&b'D') {
            state.traffic.send_modify(|traffic| traffic.rows += 1);
        }
    }
}

impl Orders {
    /// Takes note of a cut that is being made.
    fn after(&mut self, cut: Option<Cut>) -> Option<Cut> {
        if cut.is_some() {
            self.cuts.pop_front();
            self.counted = Counted::default();
        }
        cut
    }
}

/// Messages out of a stream: a kind (but for the very first of an engine), a length, and the rest.
struct Messages {
    buffer: Vec<u8>,
    begun: bool,
}

impl Messages {
    async fn next(&mut self, from: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Vec<u8>> {
        loop {
            let kind = usize::from(self.begun);
            if let Some(length) = self.buffer.get(kind..kind + 4) {
                let length = kind + usize::try_from(u32::from_be_bytes(length.try_into().unwrap())).unwrap();
                if self.buffer.len() >= length {
                    self.begun = true;
                    let rest = self.buffer.split_off(length);
                    return Some(std::mem::replace(&mut self.buffer, rest));
                }
            }
            if from.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
}
