//! The admin address: is the process alive, does it serve, what does it count. Never on the service's address, and
//! without credentials: it tells nothing about keys or callers.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::metrics::Page;
use crate::transport::{Drain, Handler, Peer};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Whether requests can be served right now: the store answers and the journal records.
pub(crate) trait Readiness: Send + Sync + 'static {
    /// The reason why not, for the operator.
    fn unready(&self) -> impl Future<Output = Option<String>> + Send;
}

/// Answers on the admin address.
pub(crate) struct Admin<R> {
    pub(crate) page: Page,
    pub(crate) readiness: R,
    pub(crate) drain: Arc<Drain>,
}

impl<R: Readiness> Handler for Admin<R> {
    async fn handle(&self, _peer: &Peer, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned());
        }
        match request.uri().path() {
            "/healthz" => answer(StatusCode::OK, TEXT, "alive\n".to_owned()),
            "/readyz" => self.ready().await,
            "/metrics" => answer(StatusCode::OK, OPEN_METRICS, self.page.text()),
            _ => answer(StatusCode::NOT_FOUND, TEXT, "/healthz, /readyz, /metrics\n".to_owned()),
        }
    }
}

impl<R: Readiness> Admin<R> {
    async fn ready(&self) -> Response<Full<Bytes>> {
        if self.drain.has_begun() {
            return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "stopping\n".to_owned());
        }
        match self.readiness.unready().await {
            None => answer(StatusCode::OK, TEXT, "ready\n".to_owned()),
            Some(reason) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{reason}\n")),
        }
    }
}

fn answer(status: StatusCode, kind: HeaderValue, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
