//! One connection: HTTP/1.1 or HTTP/2 over any stream, with a limit on the client's slowness and a clean end.
//!
//! hyper can time a request's head itself, with a fresh timer for every request. Here one timer a connection does it:
//! while no request is being served, the client has [`super::Patience::head`] to send the next head (and to take the
//! last answer); a request that is being served stops that clock, and its body has a limit of its own. Request by
//! request this costs two stores and no timer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Drain, HEADER_BYTES, Handler, Peer};

/// LIMIT: requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Http {
    One,
    Two,
}

/// Serves `stream` until the client leaves, is too slow, or `drain` begins and its last answer is out.
pub(super) async fn serve<H, S>(http: Http, stream: S, peer: Peer, handler: Arc<H>, head: Duration, drain: &Drain)
where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shared = Arc::new(Shared { handler, peer, pace: Pace::new() });
    let service = {
        let shared = Arc::clone(&shared);
        service_fn(move |request: Request<Incoming>| answer(Arc::clone(&shared), request))
    };
    let stream = TokioIo::new(stream);
    match http {
        Http::One => {
            let mut builder = http1::Builder::new();
            // Names of headers have no case, but AWS spells `Content-Length`, and libmongocrypt knows it so only.
            builder.max_header_size(HEADER_BYTES).header_read_timeout(None).title_case_headers(true);
            drive(builder.serve_connection(stream, service), &shared.pace, head, drain).await;
        }
        Http::Two => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let header_bytes = u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX);
            builder.max_concurrent_streams(STREAMS).max_header_list_size(header_bytes);
            drive(builder.serve_connection(stream, service), &shared.pace, head, drain).await;
        }
    }
}

/// What the requests of one connection share.
struct Shared<H> {
    handler: Arc<H>,
    peer: Peer,
    pace: Pace,
}

async fn answer<H: Handler>(
    shared: Arc<Shared<H>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let _busy = shared.pace.begin();
    Ok(shared.handler.handle(&shared.peer, request).await)
}

/// Polls the connection to its end. The timer and the drain are polled once, to be woken by them; after that a look
/// at each costs one atomic load.
async fn drive<C: GracefulConnection>(connection: C, pace: &Pace, head: Duration, drain: &Drain) {
    let mut connection = pin!(connection);
    let mut alarm = pin!(tokio::time::sleep(head));
    let mut drained = pin!(drain.begun());
    let (mut watching, mut stopping) = (false, false);
    poll_fn(|cx| {
        if !watching {
            watching = true;
            let _wakes_later = (alarm.as_mut().poll(cx), drained.as_mut().poll(cx));
        }
        if !stopping && drain.has_begun() {
            stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while alarm.is_elapsed() {
            let Some(left) = pace.time_left(head) else { return Poll::Ready(()) };
            alarm.as_mut().reset(Instant::now() + left);
            let _wakes_later = alarm.as_mut().poll(cx);
        }
        Poll::Pending
    })
    .await;
}

/// Whether requests are being served, and since when none is.
struct Pace {
    opened: Instant,
    busy: AtomicU32,
    idle_since_us: AtomicU64,
}

struct Busy<'a>(&'a Pace);

impl Pace {
    fn new() -> Self {
        Self { opened: Instant::now(), busy: AtomicU32::new(0), idle_since_us: AtomicU64::new(0) }
    }

    fn begin(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// How long the client still has; `None` when its time is over.
    fn time_left(&self, head: Duration) -> Option<Duration> {
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Some(head);
        }
        let idle_since = Duration::from_micros(self.idle_since_us.load(Ordering::Relaxed));
        let left = (idle_since + head).checked_sub(self.opened.elapsed())?;
        (!left.is_zero()).then_some(left)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let elapsed = u64::try_from(self.0.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.idle_since_us.store(elapsed, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}
