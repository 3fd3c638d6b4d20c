//! The accept loop: one for each listener, a task for each connection, no more connections than there are slots.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::connection::{self, Http};
use super::slots::Slot;
use super::tls::Tls;
use super::{Drain, Handler, Patience, Peer, Slots};

/// How long the loop rests when the system has no file descriptor left.
const REST: Duration = Duration::from_millis(50);
/// What a client past the last slot is told, when there is no TLS to tell it in.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\nretry-after: 1\r\n\r\n";

/// Something that connections come from.
pub(crate) trait Listener: Send + 'static {
    /// A connection's bytes.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection and, where it has one, its address.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<SocketAddr>)>> + Send;

    /// Writes what fits at once and forgets the rest.
    fn try_write(stream: &Self::Stream, bytes: &[u8]);
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, address) = self.accept().await?;
        // Without it an answer may wait for the client's delayed acknowledgement; where it fails, that is the loss.
        drop(stream.set_nodelay(true));
        Ok((stream, Some(address)))
    }

    fn try_write(stream: &TcpStream, bytes: &[u8]) {
        drop(stream.try_write(bytes));
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        let (stream, _address) = self.accept().await?;
        Ok((stream, None))
    }

    fn try_write(stream: &UnixStream, bytes: &[u8]) {
        drop(stream.try_write(bytes));
    }
}

/// Whether connections are encrypted.
#[derive(Clone)]
pub(crate) enum Security {
    /// Plain HTTP/1.1.
    Plain,
    /// TLS, and in it HTTP/1.1 or HTTP/2.
    Tls(Tls),
}

/// Everything that the connections of a listener share.
pub(crate) struct Acceptor<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) security: Security,
    pub(crate) patience: Patience,
    pub(crate) connections: Arc<Slots>,
    pub(crate) drain: Arc<Drain>,
}

impl<H: Handler> Acceptor<H> {
    /// Accepts until the drain begins; connections that are open by then go on in their own tasks.
    pub(crate) async fn run(self, listener: impl Listener) {
        let shared = Arc::new(self);
        loop {
            let accepted = tokio::select! {
                biased;
                () = shared.drain.begun() => return,
                accepted = listener.next() => accepted,
            };
            match accepted {
                Ok((stream, address)) => Self::admit(&shared, &listener, stream, address),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    fn admit<L: Listener>(shared: &Arc<Self>, _from: &L, stream: L::Stream, address: Option<SocketAddr>) {
        let Some(slot) = Slots::take(Arc::clone(&shared.connections)) else {
            if matches!(shared.security, Security::Plain) {
                L::try_write(&stream, FULL);
            }
            return;
        };
        tokio::spawn(Self::serve(Arc::clone(shared), slot, stream, address));
    }

    async fn serve<S>(shared: Arc<Self>, slot: Slot<Arc<Slots>>, stream: S, address: Option<SocketAddr>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let _slot = slot;
        let (handler, head, drain) = (Arc::clone(&shared.handler), shared.patience.head, &shared.drain);
        match &shared.security {
            Security::Plain => {
                let peer = Peer::new(address, None);
                connection::serve(Http::One, stream, peer, handler, head, drain).await;
            }
            Security::Tls(tls) => {
                let Some(secured) = tls.handshake(stream, shared.patience.handshake).await else { return };
                let http = if secured.http2 { Http::Two } else { Http::One };
                let peer = Peer::new(address, Some(Arc::new(secured.details)));
                connection::serve(http, secured.stream, peer, handler, head, drain).await;
            }
        }
    }
}
