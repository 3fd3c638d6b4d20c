//! The load against the echo, and against stand-ins that answer wrongly.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

/// The echo on a runtime of its own; ends with the value.
fn echo() -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(crate::echo::accept(listener));
    (runtime, address)
}

fn post(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Answers one request on one connection with `answer`.
fn stand_in(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _read = stream.read(&mut [0; 1_024]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}

#[test]
fn each_request_is_answered_once_with_its_own_body() {
    let (_runtime, address) = echo();
    for (connections, requests) in [(1, 1), (1, 7), (4, 500), (16, 3)] {
        let bodies: Vec<String> = (0..requests).map(|n| format!("body {n}")).collect();
        let requests: Vec<Vec<u8>> = bodies.iter().map(|body| post(body)).collect();
        let mut span = Span::default();
        run(address, connections, &requests, (Until::EachOnce, Wait::Asleep), &mut span).unwrap();
        let mut got: Vec<(usize, &[u8])> = span.answers().collect();
        got.sort_unstable();
        let expected: Vec<(usize, &[u8])> = bodies.iter().map(String::as_bytes).enumerate().collect();
        assert_eq!(got, expected);
        assert_eq!((span.count(), span.latencies_ns.len()), (bodies.len(), bodies.len()));
    }
}

#[test]
fn a_timed_load_repeats_its_requests_and_ends() {
    let (_runtime, address) = echo();
    let requests = [post("one"), post("two")];
    let mut span = Span::default();
    for wait in [Wait::Asleep, Wait::Awake] {
        run(address, 3, &requests, (Until::Elapsed(Duration::from_millis(20)), wait), &mut span).unwrap();
        assert!(span.count() > 2 && span.elapsed >= Duration::from_millis(20));
        assert!(span.answers().all(|(request, body)| body == [b"one", b"two"][request]));
        assert_eq!(span.answers().count(), span.count());
    }
}

#[test]
fn a_wrong_answer_ends_the_load() {
    for (answer, message) in [
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 1\r\n\r\nx", "a wrong answer"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxy", "a wrong answer"),
        ("HTTP/1.1 200 OK\r\n\r\n", "a wrong answer"),
        ("HTTP/1.1 200 OK\r\n", "closed a connection"),
    ] {
        let error =
            run(stand_in(answer), 1, &[post("b")], (Until::EachOnce, Wait::Asleep), &mut Span::default()).unwrap_err();
        assert!(error.to_string().contains(message), "{answer}: {error}");
    }
}
