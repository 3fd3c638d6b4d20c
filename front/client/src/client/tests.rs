//! Against a server of a few lines: what is sent, what is made of each answer, and the limits.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::service::service_fn;
use sealroom_api::sigv4::{Presented, Request as Signed, Rules, SigningKey};
use tokio::net::{TcpListener, UnixListener};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The heads and bodies that came in.
type Seen = Arc<Mutex<Vec<(http::request::Parts, Bytes)>>>;

/// Answers one connection with `status` and `answer`.
async fn serve_one(stream: impl AsyncRead + AsyncWrite + Unpin, status: u16, answer: Vec<u8>, seen: Seen) {
    let answer = Bytes::from(answer);
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, seen) = (answer.clone(), Arc::clone(&seen));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            seen.lock().unwrap().push((head, body));
            let response = http::Response::builder().status(status).body(Full::new(answer)).unwrap();
            Ok::<_, Infallible>(response)
        }
    });
    // The client may hang up as soon as it has read enough.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// What a client of the operator's socket gets when the server answers so.
async fn over_socket(folder: &Path, status: u16, answer: Vec<u8>) -> (Result<Bytes, ClientError>, Seen) {
    let path = folder.join("operator.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let seen = Seen::default();
    let client = Client::socket(&path);
    let call = client.call("sealroom", "Sealroom.ListAccounts", b"{}".to_vec(), Timestamp::EPOCH);
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        serve_one(stream, status, answer, Arc::clone(&seen)).await;
    };
    let (result, ()) = tokio::join!(call, serve);
    (result, seen)
}

fn signer() -> Signer {
    Signer {
        access_key_id: "AKIDEXAMPLE".parse().unwrap(),
        secret_access_key: Secret::copy_of(SECRET.as_bytes()),
        session_token: None,
        region: "eu-central-1".parse().unwrap(),
    }
}

#[tokio::test]
async fn the_socket_gets_an_unsigned_call() {
    let folder = tempfile::tempdir().unwrap();
    let (result, seen) = over_socket(folder.path(), 200, b"{\"Accounts\":[]}".to_vec()).await;
    assert_eq!(result.unwrap(), "{\"Accounts\":[]}");
    let seen = seen.lock().unwrap();
    let (head, body) = seen.first().unwrap();
    assert_eq!((head.method.as_str(), head.uri.path(), body.as_ref()), ("POST", "/", &b"{}"[..]));
    assert_eq!(head.headers["x-amz-target"], "Sealroom.ListAccounts");
    assert!(!head.headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_address_gets_a_signature_that_holds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::signed(&url, signer(), &Trust::System).unwrap();
    let (now, seen) = (Timestamp::from_seconds(1_789_194_084), Seen::default());
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        serve_one(stream, 200, b"{}".to_vec(), Arc::clone(&seen)).await;
    };
    let body = b"{\"Limit\":1}";
    let (result, ()) = tokio::join!(client.call("sealroom", "Sealroom.ListAccounts", body.to_vec(), now), serve);
    result.unwrap();
    let seen = seen.lock().unwrap();
    let (head, arrived) = seen.first().unwrap();
    let request = Signed::from(head);
    let presented = Presented::read(&request, &Rules::SEALROOM, now).unwrap();
    let key = SigningKey::derive(SECRET.as_bytes(), presented.date(), "eu-central-1", "sealroom");
    let digest = sealroom_crypto::digest::sha256(arrived);
    presented.verify(&request, &digest, &key, &mut Vec::new()).unwrap();
    assert_eq!(arrived.as_ref(), body);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_code_and_text() {
    let rows: [(u16, &str, &str, &str); 4] = [
        (
            400,
            r#"{"__type":"AccountAlreadyExistsException","message":"taken"}"#,
            "AccountAlreadyExistsException",
            "taken",
        ),
        (400, r#"{"__type":"com.amazon.coral.service#X","Message":"m"}"#, "X", "m"),
        (503, "", "Unknown", ""),
        (404, "<html>", "Unknown", ""),
    ];
    for (sent, body, wanted, text) in rows {
        let folder = tempfile::tempdir().unwrap();
        let (result, _) = over_socket(folder.path(), sent, body.into()).await;
        let Err(ClientError::Refused { status, code, message }) = result else { panic!("{body}: {result:?}") };
        assert_eq!((status, code.as_str(), message.as_str()), (sent, wanted, text));
    }
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_the_limit_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (result, _) = over_socket(folder.path(), 200, vec![b' '; MAX_ANSWER]).await;
    assert_eq!(result.unwrap().len(), MAX_ANSWER);
    let folder = tempfile::tempdir().unwrap();
    let (result, _) = over_socket(folder.path(), 200, vec![b' '; MAX_ANSWER + 1]).await;
    assert!(matches!(result, Err(ClientError::TooLong)), "{result:?}");
}

#[tokio::test]
async fn nobody_there_says_where_nobody_is() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::socket(folder.path().join("absent.sock"));
    let error = client.call("sealroom", "Sealroom.ListAccounts", Vec::new(), Timestamp::EPOCH).await.unwrap_err();
    assert!(error.to_string().contains("absent.sock"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operator.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let client = Client::socket(&path);
    let result = client.call("sealroom", "Sealroom.ListAccounts", b"{}".to_vec(), Timestamp::EPOCH).await;
    assert!(matches!(result, Err(ClientError::TimedOut)), "{result:?}");
}

#[tokio::test]
async fn accounts_are_made_and_listed() {
    let answer = br#"{"Account":{"AccountId":"111122223333","Name":"a","CreationDate":1.5},"AccessKeyId":"AKIAX",
                      "SecretAccessKey":"s3cret"}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operator.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (client, seen) = (Client::socket(&path), Seen::default());
    let serve = async {
        for body in [&answer[..], br#"{"Accounts":[],"NextMarker":"m","Truncated":true}"#, br#"{"Accounts":[]}"#] {
            let (stream, _) = listener.accept().await.unwrap();
            serve_one(stream, 200, body.to_vec(), Arc::clone(&seen)).await;
        }
    };
    let calls = async {
        let id = "111122223333".parse().unwrap();
        let created = client.create_account(Some(id), Some("a"), Timestamp::EPOCH).await.unwrap();
        (created, client.list_accounts(Timestamp::EPOCH).await.unwrap())
    };
    let ((created, listed), ()) = tokio::join!(calls, serve);
    assert_eq!((created.account.account_id.as_str(), created.access_key_id.as_str()), ("111122223333", "AKIAX"));
    assert!(created.secret_access_key.ct_eq(b"s3cret"));
    assert!(listed.is_empty());
    let seen = seen.lock().unwrap();
    let bodies: Vec<&[u8]> = seen.iter().map(|(_, body)| body.as_ref()).collect();
    let wanted: [&[u8]; 3] = [br#"{"AccountId":"111122223333","Name":"a"}"#, b"{}", br#"{"Marker":"m"}"#];
    assert_eq!(bodies, wanted);
}

#[test]
fn only_addresses_without_a_path_are_taken() {
    let trust = Trust::Pem(authority().0.into_bytes());
    for url in ["http://localhost:4566", "http://127.0.0.1:4566/", "http://[::1]:4566", "http://localhost"] {
        for url in [url.to_owned(), url.replace("http", "https")] {
            assert!(Client::signed(&url, signer(), &trust).is_ok(), "{url}");
        }
    }
    for url in ["ftp://localhost", "localhost:4566", "http://localhost/path", "http://u@localhost", "http://h/?q", ""] {
        assert!(matches!(Client::signed(url, signer(), &trust), Err(ClientError::Url { .. })), "{url}");
    }
}

#[test]
fn the_host_is_named_without_the_usual_port() {
    let trust = Trust::Pem(authority().0.into_bytes());
    for (url, host) in [
        ("http://localhost", "localhost"),
        ("http://localhost:80", "localhost"),
        ("http://localhost:443", "localhost:443"),
        ("https://localhost:443/", "localhost"),
        ("https://localhost:80", "localhost:80"),
        ("http://[::1]:4566", "[::1]:4566"),
    ] {
        let client = Client::signed(url, signer(), &trust).unwrap();
        let request = client.request("kms", "T.O", Vec::new(), Timestamp::EPOCH).unwrap();
        assert_eq!(request.headers()["host"], host, "{url}");
    }
}

/// A certificate for localhost, in PEM, and its key in DER.
fn authority() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_der())
}

/// What a client that trusts `trust` gets from a TLS server with a certificate for localhost.
async fn over_tls(host: &str, trust: impl FnOnce(String) -> Trust) -> Result<Bytes, ClientError> {
    use rustls_pki_types::pem::PemObject as _;
    let (pem, key) = authority();
    let certificate = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key.try_into().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{host}:{}", listener.local_addr().unwrap().port());
    let client = Client::signed(&url, signer(), &trust(pem)).unwrap();
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        serve_one(stream, 200, b"secured".to_vec(), Seen::default()).await;
    };
    tokio::join!(client.call("kms", "T.O", b"{}".to_vec(), Timestamp::EPOCH), serve).0
}

#[tokio::test]
async fn a_host_with_a_trusted_certificate_is_called() {
    for host in ["localhost", "127.0.0.1"] {
        let answer = over_tls(host, |pem| Trust::Pem(pem.into_bytes())).await;
        assert_eq!(answer.unwrap(), "secured", "{host}");
    }
}

#[tokio::test]
async fn a_host_that_nobody_trusted_vouches_for_is_not_called() {
    let answer = over_tls("localhost", |_| Trust::Pem(authority().0.into_bytes())).await;
    assert!(matches!(answer, Err(ClientError::Handshake { .. })), "{answer:?}");
}

#[test]
fn authorities_that_are_none_are_refused() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"] {
        let made = Client::signed("https://localhost", signer(), &Trust::Pem(pem.into()));
        assert!(matches!(made, Err(ClientError::Tls(_))), "{pem}");
    }
}
