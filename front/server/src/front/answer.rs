//! How a call ended, and the HTTP answer that tells it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use sealroom_api::{ErrorAnswer, Protocol};
use sealroom_foundation::RequestId;

use crate::metrics::ServiceCounters;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const XML: HeaderValue = HeaderValue::from_static("text/xml");
/// What AWS's JSON services say to a request that isn't of their protocol at all.
const UNKNOWN: &[u8] = b"<UnknownOperationException/>\n";

/// How a call ended.
#[derive(Debug)]
pub(super) enum Answer {
    /// A 200.
    Body {
        /// The operation's number.
        number: usize,
        /// The encoded output.
        body: Vec<u8>,
    },
    /// An error of the service or of the front.
    Refusal {
        /// The operation's number, once it is known and its caller too.
        number: Option<usize>,
        /// What the caller is told.
        error: ErrorAnswer,
    },
    /// Not a request of the service's protocol.
    Nowhere,
    /// The body is longer than the service takes.
    TooLong,
    /// The body didn't come in time.
    TooSlow,
    /// The body broke off or is no HTTP.
    Broken,
}

impl Answer {
    /// A refusal before anybody knew who asks.
    pub(super) fn refusal(error: ErrorAnswer) -> Self {
        Self::Refusal { number: None, error }
    }

    /// The HTTP status in the service's protocol.
    fn status(&self, protocol: Protocol) -> u16 {
        match self {
            Self::Body { .. } => 200,
            Self::Refusal { error, .. } => protocol.status(error),
            Self::Nowhere => 404,
            Self::TooLong => 413,
            Self::TooSlow => 408,
            Self::Broken => 400,
        }
    }

    /// Counts it.
    pub(super) fn count(&self, protocol: Protocol, counters: &ServiceCounters) {
        let outcomes = match self {
            Self::Body { number, .. } | Self::Refusal { number: Some(number), .. } => counters.operation(*number),
            Self::Refusal { number: None, .. } | Self::Nowhere | Self::TooLong | Self::TooSlow | Self::Broken => {
                counters.unrouted()
            }
        };
        outcomes.count(self.status(protocol));
    }

    /// The answer on the wire.
    pub(super) fn respond(self, protocol: Protocol, id: RequestId) -> Response<Full<Bytes>> {
        let status = StatusCode::from_u16(self.status(protocol)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static(protocol.content_type());
        match self {
            Self::Body { body, .. } => response(status, content_type, body.into(), id),
            Self::Refusal { error, .. } => response(status, content_type, protocol.error_body(&error, id).into(), id),
            Self::Nowhere => nowhere(id),
            // AWS: the front says no more than the status.
            Self::TooLong | Self::TooSlow | Self::Broken => response(status, content_type, Bytes::new(), id),
        }
    }
}

/// The answer to a request that is for no service here.
pub(super) fn nowhere(id: RequestId) -> Response<Full<Bytes>> {
    response(StatusCode::NOT_FOUND, XML, Bytes::from_static(UNKNOWN), id)
}

fn response(status: StatusCode, content_type: HeaderValue, body: Bytes, id: RequestId) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // What an empty map makes room for is twice what stands here.
    headers.reserve(3);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    if let Ok(id) = HeaderValue::from_str(id.encode(&mut [0; 36])) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
