//! Draws cover what they promise, and a wrong answer is found: against a stand-in that knows three operations.

use std::collections::HashSet;
use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::*;

#[test]
fn draws_cover_every_key_as_they_promise() {
    let pairs = |draws: Vec<Draw>| draws.iter().map(|draw| (draw.key, draw.principal)).collect::<HashSet<_>>();
    assert_eq!(pairs(everyone_with_everything(1_000)).len(), 3_000);
    assert_eq!(pairs(every_key(100)).len(), 100);
    let own = everyone_with_their_own(1_000);
    assert!(own.len() == 3_000 && own.iter().all(|draw| draw.principal == draw.key % 3));
    assert_eq!(pairs(own).len(), 1_000);
    let drawn = uniform(100, 30_000);
    for key in 0..100 {
        let count = drawn.iter().filter(|draw| draw.key == key).count();
        assert!((200..400).contains(&count), "key {key} {count} times");
    }
}

#[test]
fn data_keys_are_new_and_of_256_bits() {
    let key = |byte: u8, length| base64_simd::STANDARD.encode_to_string(vec![byte; length]);
    all_new(&[key(1, 32), key(2, 32)]).unwrap();
    for wrong in [[key(1, 32), key(1, 32)], [key(1, 32), key(2, 16)]] {
        all_new(&wrong).unwrap_err();
    }
}

/// How the stand-in is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    AnotherKey,
    AnotherPlaintext,
    SameDataKey,
}

/// A service whose ciphertext is the key's ARN and the plaintext, in clear.
async fn answer(request: Request<Incoming>, fault: Fault, calls: usize) -> Result<Response<Full<Bytes>>, Infallible> {
    let operation = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let base64 = base64_simd::STANDARD;
    let key = body["KeyId"].as_str().unwrap_or_default().to_owned();
    let seal = |plaintext: &str| base64.encode_to_string(format!("{key} {plaintext}"));
    let named = if fault == Fault::AnotherKey { "another".to_owned() } else { key.clone() };
    let answer = match operation.as_str() {
        "TrentService.Encrypt" => {
            json!({"KeyId": named, "CiphertextBlob": seal(body["Plaintext"].as_str().unwrap())})
        }
        "TrentService.GenerateDataKey" => {
            let number = if fault == Fault::SameDataKey { 7 } else { calls };
            let plaintext = plaintext(number);
            json!({"KeyId": named, "CiphertextBlob": seal(&plaintext), "Plaintext": plaintext})
        }
        "TrentService.Decrypt" => {
            let blob = base64.decode_to_vec(body["CiphertextBlob"].as_str().unwrap()).unwrap();
            let blob = String::from_utf8(blob).unwrap();
            let (key, plaintext) = blob.split_once(' ').unwrap();
            let plaintext = if fault == Fault::AnotherPlaintext { "AAAA" } else { plaintext };
            json!({"KeyId": key, "Plaintext": plaintext})
        }
        other => panic!("{other}"),
    };
    Ok(Response::new(Full::new(answer.to_string().into())))
}

fn stand_in(fault: Fault) -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let calls = calls.clone();
            let service = service_fn(move |request| {
                answer(request, fault, calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (runtime, address)
}

#[test]
fn right_answers_pass_and_each_wrong_one_is_found() {
    let arns = ["arn:one".to_owned(), "arn:two".to_owned()];
    let (_runtime, right) = stand_in(Fault::None);
    let deck = Deck::fill(right, &arns, everyone_with_everything(2)).unwrap();
    for (work, fault, passes) in [
        (Work::Encrypt, Fault::None, true),
        (Work::Decrypt, Fault::None, true),
        (Work::GenerateDataKey, Fault::None, true),
        (Work::Encrypt, Fault::AnotherKey, false),
        (Work::GenerateDataKey, Fault::AnotherKey, false),
        (Work::Encrypt, Fault::AnotherPlaintext, false),
        (Work::Decrypt, Fault::AnotherPlaintext, false),
        (Work::GenerateDataKey, Fault::AnotherPlaintext, false),
        (Work::GenerateDataKey, Fault::SameDataKey, false),
    ] {
        let (_runtime, address) = stand_in(fault);
        let mut span = Span::default();
        let requests = signed(&deck.calls(work).unwrap(), address).unwrap();
        load::run(address, 2, &requests, (Until::EachOnce, Wait::Asleep), &mut span).unwrap();
        assert_eq!(span.count(), 6);
        assert_eq!(deck.check(work, address, &span).is_ok(), passes, "{work:?} {fault:?}");
    }
}

#[test]
fn a_deck_isnt_filled_with_ciphertexts_that_dont_open() {
    let (_runtime, address) = stand_in(Fault::AnotherPlaintext);
    assert!(Deck::fill(address, &["arn:one".to_owned()], every_key(1)).is_err());
}
