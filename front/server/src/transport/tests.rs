//! Connections against a handler that echoes: slots, time-outs, drain, limits. Time is tokio's and stands still until
//! everything waits; nothing here sleeps.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::connection::{self, Http};
use super::*;

const HEAD: Duration = Duration::from_secs(30);
const BODY: Duration = Duration::from_secs(20);
const BODY_LIMIT: usize = 1_000;

/// Answers with the length of the body; `/wait` waits until it is let go.
#[derive(Default)]
struct Echo {
    go: Notify,
}

impl Handler for Echo {
    async fn handle(&self, _peer: &Peer, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == "/wait" {
            self.go.notified().await;
        }
        let (status, text) = match collect(request.into_body(), BODY_LIMIT, BODY).await {
            Ok(body) => (StatusCode::OK, format!("{} bytes", body.len())),
            Err(BodyError::TooLong) => (StatusCode::PAYLOAD_TOO_LARGE, "long".to_owned()),
            Err(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "slow".to_owned()),
            Err(BodyError::Broken) => (StatusCode::BAD_REQUEST, "broken".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    }
}

struct Open {
    client: DuplexStream,
    echo: Arc<Echo>,
    drain: Arc<Drain>,
    server: JoinHandle<()>,
}

fn open() -> Open {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let (echo, drain) = (Arc::new(Echo::default()), Arc::new(Drain::default()));
    let server = {
        let (echo, drain) = (Arc::clone(&echo), Arc::clone(&drain));
        tokio::spawn(async move {
            connection::serve(Http::One, stream, Peer::new(None, None), echo, HEAD, &drain).await;
        })
    };
    Open { client, echo, drain, server }
}

impl Open {
    async fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).await.unwrap();
    }

    /// The next answer's status line, after its whole text has come.
    async fn status(&mut self) -> String {
        let mut text = Vec::new();
        while !text.windows(5).any(|part| part == b"bytes") {
            let mut chunk = [0; 1024];
            match self.client.read(&mut chunk).await.unwrap() {
                0 => break,
                count => text.extend_from_slice(&chunk[..count]),
            }
        }
        String::from_utf8(text).unwrap().lines().next().unwrap_or("closed").to_owned()
    }

    /// Everything up to the end of the connection, and how long that took.
    async fn rest(mut self) -> (String, Duration) {
        let begun = Instant::now();
        let mut text = String::new();
        self.client.read_to_string(&mut text).await.unwrap();
        self.server.await.unwrap();
        (text, begun.elapsed())
    }
}

fn about(actual: Duration, wanted: Duration) -> bool {
    actual >= wanted && actual < wanted + Duration::from_millis(50)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_left_after_the_head_time() {
    let (text, took) = open().rest().await;
    assert_eq!(text, "");
    assert!(about(took, HEAD), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_gets_no_longer_than_one_that_is_silent() {
    let mut open = open();
    let begun = Instant::now();
    let dripped = async {
        for byte in b"POST / HTTP/1.1\r\nhost: sealroom\r\nx-slow: a-very-long-value" {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if open.client.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    };
    dripped.await;
    assert!(begun.elapsed() >= HEAD && begun.elapsed() < HEAD + Duration::from_secs(2), "{:?}", begun.elapsed());
    open.server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_may_be_idle_for_the_head_time_after_each_answer() {
    let mut open = open();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(20)).await;
        open.send(b"POST / HTTP/1.1\r\nhost: s\r\ncontent-length: 2\r\n\r\nhi").await;
        assert_eq!(open.status().await, "HTTP/1.1 200 OK");
    }
    let (_, took) = open.rest().await;
    assert!(about(took, HEAD), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_served_long_is_not_cut_off() {
    let mut open = open();
    open.send(b"GET /wait HTTP/1.1\r\nhost: s\r\n\r\n").await;
    tokio::time::sleep(3 * HEAD).await;
    open.echo.go.notify_one();
    assert_eq!(open.status().await, "HTTP/1.1 200 OK");
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_gets_an_answer_and_the_end() {
    let mut open = open();
    let begun = Instant::now();
    open.send(b"POST / HTTP/1.1\r\nhost: s\r\ncontent-length: 20\r\n\r\nhalf a body").await;
    assert_eq!(open.status().await, "HTTP/1.1 408 Request Timeout");
    assert!(about(begun.elapsed(), BODY), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_at_its_limit_and_refused_one_past() {
    for (length, wanted) in [(BODY_LIMIT, "HTTP/1.1 200 OK"), (BODY_LIMIT + 1, "HTTP/1.1 413 Payload Too Large")] {
        let body = "x".repeat(length);
        let mut whole = open();
        whole.send(format!("POST / HTTP/1.1\r\nhost: s\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes()).await;
        assert_eq!(whole.status().await, wanted, "{length} in one piece");

        let mut chunked = open();
        chunked.send(b"POST / HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let (first, second) = body.split_at(400);
        for chunk in [first, second] {
            chunked.send(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes()).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        drop(chunked.client.write_all(b"0\r\n\r\n").await);
        assert_eq!(chunked.status().await, wanted, "{length} in chunks");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_chunk_is_an_answer_or_the_end() {
    let mut open = open();
    open.send(b"POST / HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await;
    let status = open.status().await;
    assert!(status == "closed" || status.starts_with("HTTP/1.1 400"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_head_is_taken_at_its_limit_and_refused_one_past() {
    let shell = "GET / HTTP/1.1\r\nhost: s\r\nx-long: \r\n\r\n".len();
    for (length, wanted) in
        [(HEADER_BYTES, "HTTP/1.1 200 OK"), (HEADER_BYTES + 1, "HTTP/1.1 431 Request Header Fields Too Large")]
    {
        let mut open = open();
        let value = "v".repeat(length - shell);
        open.send(format!("GET / HTTP/1.1\r\nhost: s\r\nx-long: {value}\r\n\r\n").as_bytes()).await;
        assert_eq!(open.status().await, wanted, "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_gets_400() {
    let mut open = open();
    open.send(b"\x16\x03\x01 hello\r\n\r\n").await;
    assert_eq!(open.status().await, "HTTP/1.1 400 Bad Request");
}

#[tokio::test(start_paused = true)]
async fn draining_ends_an_idle_connection_at_once() {
    for used in [false, true] {
        let mut open = open();
        if used {
            open.send(b"GET / HTTP/1.1\r\nhost: s\r\n\r\n").await;
            assert_eq!(open.status().await, "HTTP/1.1 200 OK");
        }
        tokio::task::yield_now().await;
        open.drain.begin();
        let (text, took) = open.rest().await;
        assert_eq!((text.as_str(), took), ("", Duration::ZERO), "used before: {used}");
    }
}

#[tokio::test(start_paused = true)]
async fn draining_lets_a_request_finish_and_takes_no_other() {
    let mut open = open();
    open.send(b"GET /wait HTTP/1.1\r\nhost: s\r\n\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    open.drain.begin();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!open.server.is_finished());
    open.echo.go.notify_one();
    let (text, took) = open.rest().await;
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("Connection: close"), "{text}");
    assert_eq!(took, Duration::ZERO);
}

#[test]
fn slots_are_given_up_to_the_limit_and_given_back() {
    let slots = Slots::new(2);
    let first = Slots::take(&slots).unwrap();
    let second = Slots::take(&slots).unwrap();
    assert!(Slots::take(&slots).is_none());
    assert_eq!(slots.taken(), 2);
    drop(first);
    let third = Slots::take(&slots).unwrap();
    drop((second, third));
    assert_eq!(slots.taken(), 0);
}

async fn ask(address: std::net::SocketAddr) -> (TcpStream, String) {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: s\r\n\r\n").await.unwrap();
    let mut text = [0; 1024];
    // A refused connection may be reset before its answer is read.
    let count = client.read(&mut text).await.unwrap_or(0);
    (client, String::from_utf8_lossy(&text[..count]).lines().next().unwrap_or("closed").to_owned())
}

#[tokio::test]
async fn connections_are_served_at_the_limit_and_refused_one_past() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, drain) = (Arc::new(Slots::new(3)), Arc::new(Drain::default()));
    let acceptor = Acceptor {
        handler: Arc::new(Echo::default()),
        security: Security::Plain,
        patience: Patience { head: HEAD, handshake: HEAD },
        connections: Arc::clone(&connections),
        drain: Arc::clone(&drain),
    };
    let accepting = tokio::spawn(acceptor.run(listener));
    let mut kept = Vec::new();
    for _ in 0..3 {
        let (client, status) = ask(address).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        kept.push(client);
    }
    let (_, status) = ask(address).await;
    assert!(matches!(status.as_str(), "HTTP/1.1 503 Service Unavailable" | "closed"), "{status}");
    assert_eq!(connections.taken(), 3);

    drain.begin();
    accepting.await.unwrap();
    connections.emptied().await;
    assert_eq!(connections.taken(), 0);
}
