//! A way to the server that can be closed: connections are cut and new ones refused, until it is opened again.

use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// The gate.
pub(crate) struct Gate {
    pub(crate) port: u16,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Listens on the loopback for a server at `socket`; open.
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((engine, _)) = listener.accept().await {
                if *is_open.borrow() {
                    let (socket, is_open) = (socket.clone(), is_open.clone());
                    tokio::spawn(async move { pass(engine, &socket, is_open).await });
                }
            }
        });
        Self { port, open }
    }

    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(mut engine: TcpStream, socket: &Path, mut is_open: watch::Receiver<bool>) {
    engine.set_nodelay(true).unwrap();
    let mut server = UnixStream::connect(socket).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut engine, &mut server) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}
