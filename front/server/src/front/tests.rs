//! The front over real rooms in memory, asked over loopback: who gets which answer before and after the signature is
//! known to hold. What the services themselves answer is the black-box suites' matter.

use std::net::SocketAddr;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use sealroom_api::sigv4::Credentials;
use sealroom_foundation::ports::Clock as _;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::boot::Wanted;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::transport::{Acceptor, Drain, Patience, Security};

const PATIENCE: Duration = Duration::from_secs(30);
const TARGET: &str = "TrentService.ListKeys";

struct Served {
    address: SocketAddr,
    house: House,
    counters: Arc<Counters>,
    _folder: TempDir,
}

/// A server in dev mode with so many slots for requests.
async fn serve(requests: usize, regions: Option<&str>, dev: bool) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.data_dir = folder.path().to_owned();
    config.store.url = "memory".to_owned();
    let (house, _) = House::open(&config, Wanted::Dev, Arc::new(SystemClock::new())).await.unwrap();
    let counters = Arc::new(Counters::new());
    let regions = regions.map(|name| vec![name.parse().unwrap()]);
    let slots = Arc::new(Slots::new(requests));
    let front = Front::new(house.clone(), Arc::clone(&counters), slots, regions, PATIENCE, dev);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = Acceptor {
        handler: Arc::new(front),
        security: Security::Plain,
        patience: Patience { head: PATIENCE, handshake: PATIENCE },
        connections: Arc::new(Slots::new(100)),
        drain: Arc::new(Drain::default()),
    };
    tokio::spawn(acceptor.run(listener));
    Served { address, house, counters, _folder: folder }
}

/// A request before it is sent.
struct Sent {
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Access key id and secret, if it is signed.
    key: Option<(&'static str, &'static str)>,
    service: &'static str,
}

impl Sent {
    fn kms(target: &str, body: &[u8]) -> Self {
        let headers =
            vec![("x-amz-target", target.to_owned()), ("content-type", "application/x-amz-json-1.1".to_owned())];
        let key = Some(("test", "test"));
        Self { method: Method::POST, path: "/", headers, body: body.to_vec(), key, service: "kms" }
    }

    fn unsigned(self) -> Self {
        Self { key: None, ..self }
    }
}

/// Status and body; the answer must have a request id, unless it is the program's own.
async fn ask(served: &Served, sent: Sent) -> (StatusCode, String) {
    let mut request = Request::builder().method(sent.method).uri(sent.path).header("host", served.address.to_string());
    for (name, value) in sent.headers {
        request = request.header(name, value);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    if let Some((id, secret)) = sent.key {
        let credentials = Credentials { access_key_id: id, secret_access_key: secret.as_bytes(), session_token: None };
        let (region, now) = ("us-east-1".parse().unwrap(), served.house.clock.wall());
        sigv4::sign(&mut parts, &sent.body, &credentials, region, sent.service, now).unwrap();
    }
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(Request::from_parts(parts, Full::new(Bytes::from(sent.body)))).await.unwrap();
    if !sent.path.starts_with("/_sealroom/") {
        let id = answer.headers().get("x-amzn-requestid").expect("a request id").to_str().unwrap();
        assert!(id.parse::<RequestId>().is_ok(), "{id}");
    }
    let status = answer.status();
    (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn each_request_gets_the_answer_of_its_stage() {
    let served = serve(10, None, true).await;
    let wrong_type = |sent: Sent| Sent { headers: vec![("x-amz-target", TARGET.to_owned())], ..sent };
    let rows: Vec<(Sent, u16, &str)> = vec![
        (Sent::kms(TARGET, b"{}"), 200, r#""Keys":[]"#),
        (Sent::kms(TARGET, b"{}").unsigned(), 400, "MissingAuthenticationTokenException"),
        (Sent::kms("TrentService.NoSuch", b"{}"), 400, "UnknownOperationException"),
        (Sent::kms("TrentService.NoSuch", b"{}").unsigned(), 400, "UnknownOperationException"),
        (Sent::kms("TrentService.DeleteCustomKeyStore", br#"{"CustomKeyStoreId": "cks-1"}"#), 400, "Unsupported"),
        (Sent { key: Some(("test", "wrong")), ..Sent::kms(TARGET, b"{}") }, 400, "InvalidSignatureException"),
        (Sent { key: Some(("nobody", "test")), ..Sent::kms(TARGET, b"{}") }, 400, "UnrecognizedClientException"),
        (Sent { service: "sts", ..Sent::kms(TARGET, b"{}") }, 400, "correct service: 'kms'"),
        (Sent::kms(TARGET, b"{"), 400, "SerializationException"),
        (Sent::kms(TARGET, br#"{"Limit": 0}"#), 400, "ValidationException"),
        (wrong_type(Sent::kms(TARGET, b"{}")), 404, "<UnknownOperationException/>"),
        (Sent { method: Method::GET, ..Sent::kms(TARGET, b"") }, 404, "<UnknownOperationException/>"),
        (Sent { path: "/bucket/key", headers: vec![], key: None, ..Sent::kms("", b"") }, 404, "<Unknown"),
        (Sent::kms(TARGET, &vec![b' '; 2 * 1024 * 1024 + 1]), 413, ""),
        (Sent::kms(TARGET, &vec![b' '; 6 * 1024 * 1024]), 413, ""),
        (Sent { path: "/_sealroom/clock", method: Method::GET, ..Sent::kms(TARGET, b"") }, 200, "service_time"),
        (Sent { path: "/_sealroom/else", ..Sent::kms(TARGET, b"") }, 404, "clock"),
    ];
    for (number, (sent, status, part)) in rows.into_iter().enumerate() {
        let (got, body) = ask(&served, sent).await;
        assert_eq!(got.as_u16(), status, "row {number}: {body}");
        assert!(body.contains(part), "row {number}: {body}");
    }
    assert_eq!(served.counters.auth_failures.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn the_security_token_service_answers_in_its_own_protocol() {
    let served = serve(10, None, true).await;
    let form = |body: &str| Sent {
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        service: "sts",
        ..Sent::kms("", body.as_bytes())
    };
    let rows = [
        (form("Action=GetCallerIdentity&Version=2011-06-15"), 200, "<Arn>arn:aws:iam::000000000000:root</Arn>"),
        (
            form("Action=GetCallerIdentity&Version=2011-06-15").unsigned(),
            403,
            "<Code>MissingAuthenticationToken</Code>",
        ),
        (form("Action=NoSuch&Version=2011-06-15"), 400, "<Code>InvalidAction</Code>"),
        (form("Action=AssumeRoot&Version=2011-06-15"), 400, "AssumeRoot"),
    ];
    for (number, (sent, status, part)) in rows.into_iter().enumerate() {
        let (got, body) = ask(&served, sent).await;
        assert_eq!(got.as_u16(), status, "row {number}: {body}");
        assert!(body.contains(part), "row {number}: {body}");
    }
}

#[tokio::test]
async fn without_a_free_slot_the_service_says_so_in_its_protocol() {
    let served = serve(0, None, true).await;
    let (status, body) = ask(&served, Sent::kms(TARGET, b"{}")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("ServiceUnavailable"), "{body}");
}

#[tokio::test]
async fn a_region_that_is_not_served_is_no_valid_region() {
    let served = serve(10, Some("eu-central-1"), true).await;
    let (status, body) = ask(&served, Sent::kms(TARGET, b"{}")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("Credential should be scoped to a valid region. "), "{body}");
}

#[tokio::test]
async fn the_dev_clock_moves_forward_only_for_who_may_and_says_what_is_wrong() {
    let served = serve(10, None, true).await;
    let clock = |body: &[u8]| Sent { path: "/_sealroom/clock", headers: vec![], key: None, ..Sent::kms("", body) };
    let before = served.house.now();
    for (body, status) in [
        (&br#"{"advance_seconds": 100}"#[..], 200),
        (br#"{"advance_seconds": -1}"#, 400),
        (br#"{"advance_seconds": 4000000000}"#, 400),
        (br#"{"advance": 1}"#, 400),
        (b"100", 400),
    ] {
        let (got, text) = ask(&served, clock(body)).await;
        assert_eq!(got.as_u16(), status, "{text}");
    }
    let moved = served.house.now().micros_since(before);
    assert!((100_000_000..200_000_000).contains(&moved), "{moved}");
    let page =
        Sent { headers: vec![("origin", "http://example.com".to_owned())], ..clock(br#"{"advance_seconds": 1}"#) };
    assert_eq!(ask(&served, page).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn outside_of_dev_mode_there_is_no_clock_to_move() {
    let served = serve(10, None, false).await;
    let sent =
        Sent { path: "/_sealroom/clock", headers: vec![], key: None, ..Sent::kms("", br#"{"advance_seconds": 1}"#) };
    assert_eq!(ask(&served, sent).await.0, StatusCode::NOT_FOUND);
}
