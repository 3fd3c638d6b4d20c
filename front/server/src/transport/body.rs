//! Reads a request's body whole, within its limit and the client's time.
//!
//! Most bodies have arrived with the head and are one frame: those are taken without a copy and without a timer.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use thiserror::Error;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum BodyError {
    /// Longer than allowed.
    #[error("the body is too long")]
    TooLong,
    /// Not complete in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or the chunks are malformed.
    #[error("the body is broken")]
    Broken,
}

/// LIMIT: bytes of a body that is too long which are read and dropped before it is refused. A client that is still
/// sending when the connection is closed may never see the answer.
const LINGER: usize = 8 * 1024 * 1024;
/// LIMIT: how long that may take.
const LINGER_TIME: Duration = Duration::from_secs(2);

/// The whole body, at most `limit` bytes, complete within `patience`.
pub(crate) async fn collect<B>(mut body: B, limit: usize, patience: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let collected = within(&mut body, limit, patience).await;
    if matches!(collected, Err(BodyError::TooLong)) {
        // Whatever comes of it: the body is too long.
        let _ = tokio::time::timeout(patience.min(LINGER_TIME), discard(&mut body)).await;
    }
    collected
}

async fn within<B>(body: &mut B, limit: usize, patience: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLong);
    }
    let mut gathering = pin!(gather(body, limit));
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(gathering.as_mut().poll(cx))).await {
        return done;
    }
    tokio::time::timeout(patience, gathering).await.unwrap_or(Err(BodyError::TooSlow))
}

/// Reads on for a while and keeps nothing.
async fn discard<B>(body: &mut B) -> Result<(), BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = LINGER;
    while let Some(dropped) = next(body, left).await? {
        left -= dropped.len();
    }
    Ok(())
}

async fn gather<B>(body: &mut B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let Some(first) = next(body, limit).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() {
        return Ok(first);
    }
    let Some(second) = next(body, limit - first.len()).await? else { return Ok(first) };
    let mut whole = BytesMut::with_capacity(2 * (first.len() + second.len()));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(more) = next(body, limit - whole.len()).await? {
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

/// The next bytes, at most `room` of them; `None` at the end. Trailers are skipped.
async fn next<B>(body: &mut B, room: usize) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let Some(frame) = body.frame().await else { return Ok(None) };
        match frame.map_err(|_| BodyError::Broken)?.into_data() {
            Ok(data) if data.len() > room => return Err(BodyError::TooLong),
            Ok(data) if data.is_empty() => {}
            Ok(data) => return Ok(Some(data)),
            Err(_trailers) => {}
        }
    }
}
