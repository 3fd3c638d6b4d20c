//! The dev clock: `POST /_sealroom/clock {"advance_seconds": N}` moves the service's time forward, does what became due,
//! and only then answers. `GET` tells the time. Dev mode only, on loopback only, and not for web pages.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::Deserialize;

use super::Front;
use crate::transport::collect;

/// LIMIT: bytes of a request.
const BODY: usize = 1024;
/// LIMIT: how far one request may move the clock: a hundred years.
const MOST_SECONDS: u32 = 100 * 366 * 86_400;
const PATH: &str = "/_sealroom/clock";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// Answers a request below `/_sealroom/`.
pub(super) async fn answer(front: &Front, head: &Parts, body: Incoming) -> Response<Full<Bytes>> {
    if head.uri.path() != PATH {
        return told(StatusCode::NOT_FOUND, &problem("there is only /_sealroom/clock"));
    }
    if head.headers.contains_key(header::ORIGIN) {
        // Any page in a browser on this machine could otherwise post here.
        return told(StatusCode::FORBIDDEN, &problem("not for web pages"));
    }
    match head.method {
        Method::GET => told(StatusCode::OK, &time(front, 0)),
        Method::POST => advance(front, body).await,
        _ => told(StatusCode::METHOD_NOT_ALLOWED, &problem("GET or POST")),
    }
}

async fn advance(front: &Front, body: Incoming) -> Response<Full<Bytes>> {
    let Ok(body) = collect(body, BODY, front.patience).await else {
        return told(StatusCode::BAD_REQUEST, &problem("the body is too long, too slow or broken"));
    };
    let seconds = match serde_json::from_slice::<Advance>(&body) {
        Ok(Advance { advance_seconds }) if advance_seconds <= MOST_SECONDS => advance_seconds,
        Ok(_) => return told(StatusCode::BAD_REQUEST, &problem("advance_seconds is at most 3162240000")),
        Err(_) => return told(StatusCode::BAD_REQUEST, &problem(r#"the body must be {"advance_seconds": N}"#)),
    };
    let moved = match front.house.advance(seconds).await {
        Ok(()) => front.house.run_due().await,
        Err(failed) => Err(failed),
    };
    if let Err(error) = front.house.note_uses_if_due().await {
        return told(StatusCode::SERVICE_UNAVAILABLE, &problem(&error.to_string()));
    }
    match moved {
        Ok(done) => told(StatusCode::OK, &time(front, done)),
        Err(failed) => told(StatusCode::SERVICE_UNAVAILABLE, &problem(&failed.to_string())),
    }
}

fn time(front: &Front, jobs: usize) -> serde_json::Value {
    let now = front.house.now();
    serde_json::json!({
        "service_time": now.iso_seconds().to_string(),
        "epoch_seconds": now.as_seconds(),
        "jobs_done": jobs,
    })
}

fn problem(text: &str) -> serde_json::Value {
    serde_json::json!({ "error": text })
}

fn told(status: StatusCode, value: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{value}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
