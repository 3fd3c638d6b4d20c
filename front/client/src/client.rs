//! [`Client`]: one JSON call over TCP or TLS, signed, or over a UNIX socket, unsigned.

mod tls;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use sealroom_api::sigv4::{self, Credentials, SignError};
use sealroom_foundation::{AccessKeyId, Region, Secret, Timestamp};
use serde::Deserialize;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use tls::Tls;
pub use tls::{TlsError, Trust};

/// LIMIT: bytes of an answer's body.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// LIMIT: how long a whole call may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Who signs, and for where.
pub struct Signer {
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// Its secret.
    pub secret_access_key: Secret<[u8]>,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// The Region of the calls.
    pub region: Region,
}

/// Where a server listens, and how to be known there.
pub struct Client(Endpoint);

enum Endpoint {
    /// The operator's socket, whose file mode authenticates.
    Socket(PathBuf),
    /// A host, and who signs.
    Address(Address, Box<Signer>),
}

struct Address {
    /// `host:port`, to connect to.
    socket: String,
    /// What the `host` header says: without the port where it is the scheme's own.
    host: String,
    /// For `https`.
    tls: Option<Tls>,
}

/// Why a call has no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The URL isn't `http[s]://host[:port]`.
    #[error("`{url}` is not of the form http://host:port or https://host:port")]
    Url {
        /// What was given.
        url: String,
    },
    /// Nobody listens there, or we may not connect.
    #[error("can not connect to `{to}`")]
    Connect {
        /// The address or the socket's path.
        to: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// There is no TLS to be had.
    #[error("no TLS")]
    Tls(#[from] TlsError),
    /// The handshake failed: an untrusted certificate, one of another host, or no TLS there.
    #[error("no TLS with `{to}`")]
    Handshake {
        /// The address.
        to: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The request can't be built or signed.
    #[error("the request can not be signed")]
    Sign(#[from] SignError),
    /// A target or address can't stand in a request.
    #[error("the request can not be made")]
    Request(#[from] http::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Http(#[from] hyper::Error),
    /// Sending and receiving took longer than [`TIMEOUT`].
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    TimedOut,
    /// The answer's body is longer than [`MAX_ANSWER`].
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    /// The answer's body broke off.
    #[error("the answer broke off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server refused.
    #[error("{code} (status {status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// `AccountAlreadyExistsException`; `Unknown` when the answer named none.
        code: String,
        /// The server's text; may be empty.
        message: String,
    },
    /// A 200 whose body isn't what the operation answers.
    #[error("the answer does not make sense")]
    Answer(#[source] serde_json::Error),
    /// A 200 about another key than was asked for.
    #[error("the answer is about another key")]
    OtherKey,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Client {
    /// A client of the operator's socket. Its calls aren't signed.
    #[must_use]
    pub fn socket(path: impl Into<PathBuf>) -> Self {
        Self(Endpoint::Socket(path.into()))
    }

    /// A client of `url` (`http://host[:port]` or `https://host[:port]`), whose calls `signer` signs. `trust` says who
    /// may vouch for the host of `https`.
    ///
    /// # Errors
    /// [`ClientError::Url`] for another scheme, a path, or no host; [`ClientError::Tls`].
    pub fn signed(url: &str, signer: Signer, trust: &Trust) -> Result<Self, ClientError> {
        let wrong = || ClientError::Url { url: url.to_owned() };
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let (secure, usual_port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(wrong()),
        };
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| bare && !authority.as_str().contains('@'));
        let authority = authority.filter(|authority| !authority.host().is_empty()).ok_or_else(wrong)?;
        let port = authority.port_u16().unwrap_or(usual_port);
        let socket = format!("{}:{port}", authority.host());
        let host = if port == usual_port { authority.host().to_owned() } else { socket.clone() };
        let tls = if secure { Some(Tls::new(authority.host(), trust)?) } else { None };
        Ok(Self(Endpoint::Address(Address { socket, host, tls }, Box::new(signer))))
    }

    /// Calls `target` (`Sealroom.ListAccounts`) of `service` (its signing name) with a JSON body at `now`, by the wall
    /// clock, and returns the body of a 200.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Refused`] for every other status.
    pub async fn call(&self, service: &str, target: &str, body: Vec<u8>, now: Timestamp) -> Result<Bytes, ClientError> {
        let request = self.request(service, target, body, now)?;
        let exchange = async {
            match &self.0 {
                Endpoint::Socket(path) => {
                    let connected = UnixStream::connect(path).await;
                    exchange(connected.map_err(|e| cannot_connect(path.display().to_string(), e))?, request).await
                }
                Endpoint::Address(Address { socket, tls, .. }, _) => {
                    let connected = TcpStream::connect(socket).await;
                    let stream = connected.map_err(|e| cannot_connect(socket.clone(), e))?;
                    let Some(tls) = tls else { return exchange(stream, request).await };
                    let secured = tls.secure(stream).await;
                    let secured = secured.map_err(|source| ClientError::Handshake { to: socket.clone(), source })?;
                    exchange(secured, request).await
                }
            }
        };
        let (status, answer) = tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| ClientError::TimedOut)??;
        if status == StatusCode::OK { Ok(answer) } else { Err(refused(status, &answer)) }
    }

    fn request(
        &self,
        service: &str,
        target: &str,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = match &self.0 {
            Endpoint::Socket(_) => "localhost",
            Endpoint::Address(address, _) => address.host.as_str(),
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(())?;
        let (mut parts, ()) = request.into_parts();
        if let Endpoint::Address(_, signer) = &self.0 {
            let credentials = Credentials {
                access_key_id: signer.access_key_id.as_str(),
                secret_access_key: signer.secret_access_key.expose(),
                session_token: signer.session_token.as_deref(),
            };
            sigv4::sign(&mut parts, &body, &credentials, signer.region, service, now)?;
        }
        Ok(Request::from_parts(parts, Full::new(Bytes::from(body))))
    }
}

fn cannot_connect(to: String, source: std::io::Error) -> ClientError {
    ClientError::Connect { to, source }
}

/// One request and its answer over `stream`, which is closed afterwards.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), ClientError> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let conversation = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| match error {
            error if error.is::<LengthLimitError>() => ClientError::TooLong,
            error => ClientError::Body(error),
        })?;
        Ok((head.status, body.to_bytes()))
    };
    tokio::pin!(connection);
    tokio::pin!(conversation);
    tokio::select! {
        answer = &mut conversation => answer,
        // The connection may be done before its last bytes are looked at; its errors show in the conversation.
        _ = &mut connection => conversation.await,
    }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let told = serde_json::from_slice(body).unwrap_or(ErrorBody { kind: None, message: None });
    let kind = told.kind.unwrap_or_else(|| "Unknown".to_owned());
    let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
    ClientError::Refused { status: status.as_u16(), code, message: told.message.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
