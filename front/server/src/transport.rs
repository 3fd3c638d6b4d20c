//! Sockets and HTTP: accepts connections, reads requests within limits, writes answers. Knows no service.
//!
//! ```text
//! accept (slots) -> TLS handshake -> connection (HTTP/1.1 or 2, pace, drain) -> Handler
//! ```
//!
//! The service, the admin address and the operator's socket are three [`Handler`]s on the same machinery. What would
//! surprise: the time-out for a request's head is one timer a connection, not one a request; see [`connection`].

mod accept;
mod body;
mod connection;
mod drain;
mod slots;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sealroom_audit::TlsDetails;

pub(crate) use accept::{Acceptor, Listener, Security};
pub(crate) use body::{BodyError, collect};
pub(crate) use drain::Drain;
pub(crate) use slots::Slots;

/// LIMIT: the request line and all headers together.
pub(crate) const HEADER_BYTES: usize = 32 * 1024;

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request. Every failure is an answer too.
    fn handle(&self, peer: &Peer, request: Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a request's head; also how long a kept connection may be idle.
    pub(crate) head: Duration,
    /// For a TLS handshake.
    pub(crate) handshake: Duration,
}

/// Who is at the other end of a connection.
pub(crate) struct Peer {
    address: Option<SocketAddr>,
    tls: Option<Arc<TlsDetails>>,
    agent: Mutex<Agent>,
}

/// The last `User-Agent` of a connection. Clients send the same one again and again; this spares a copy a request.
struct Agent {
    sent: HeaderValue,
    text: Arc<str>,
}

impl Peer {
    /// A peer at `address`; `None` is a process on this machine, behind a Unix socket.
    pub(crate) fn new(address: Option<SocketAddr>, tls: Option<Arc<TlsDetails>>) -> Self {
        let agent = Agent { sent: HeaderValue::from_static(""), text: Arc::from("") };
        Self { address, tls, agent: Mutex::new(agent) }
    }

    /// The peer's address; loopback for a process behind a Unix socket.
    pub(crate) fn ip(&self) -> IpAddr {
        self.address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip().to_canonical())
    }

    /// What was agreed in the TLS handshake; `None` without TLS.
    pub(crate) fn tls(&self) -> Option<&Arc<TlsDetails>> {
        self.tls.as_ref()
    }

    /// `User-Agent` as text; what isn't UTF-8 in it is replaced.
    pub(crate) fn agent(&self, sent: Option<&HeaderValue>) -> Arc<str> {
        let Some(sent) = sent else { return Arc::from("") };
        let mut last = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
        if last.sent != *sent {
            *last = Agent { sent: sent.clone(), text: String::from_utf8_lossy(sent.as_bytes()).into() };
        }
        Arc::clone(&last.text)
    }
}
