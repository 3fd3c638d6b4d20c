//! TLS: the only place that knows rustls. Certificates are swapped while connections live.
//!
//! TLS 1.2 and 1.3 by aws-lc; X25519MLKEM768 is preferred. A new certificate holds for the next handshake; one that
//! can't be read or doesn't fit its key leaves the old one in place and says so in the log.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sealroom_audit::TlsDetails;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::files;

/// Why a certificate can't be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read `{}`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file holds no certificate or no private key in PEM.
    #[error("no PEM {what} in `{}`", .path.display())]
    NoPem {
        /// `certificate` or `private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The key is of a kind that TLS can't use, or not the certificate's.
    #[error("certificate and private key can't be used together: {0}")]
    Unfit(#[from] rustls::Error),
}

/// A listener's TLS: cloned into every connection.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

/// What a handshake leads to.
pub(crate) struct Secured<S> {
    pub(crate) stream: TlsStream<S>,
    pub(crate) http2: bool,
    pub(crate) details: TlsDetails,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn open(certificate: &Path, private_key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let certificate = Arc::new(Certificate::open(certificate, private_key)?);
        let resolver: Arc<dyn ResolvesServerCert> = certificate.clone();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Shakes hands; `None` when the client fails to, or takes longer than `patience`.
    pub(crate) async fn handshake<S>(&self, stream: S, patience: Duration) -> Option<Secured<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = match tokio::time::timeout(patience, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS handshake failed");
                return None;
            }
            Err(_elapsed) => return None,
        };
        let session = stream.get_ref().1;
        let http2 = session.alpn_protocol() == Some(b"h2");
        let details = details_of(session);
        Some(Secured { stream, http2, details })
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// [`TlsError`]; the old certificate stays.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        self.certificate.reload()
    }

    /// Reads the files again if one of them was changed since they were last read; whether that was so.
    ///
    /// # Errors
    /// [`TlsError`]; the old certificate stays.
    pub(crate) fn reload_if_changed(&self) -> Result<bool, TlsError> {
        if !self.certificate.has_changed() {
            return Ok(false);
        }
        self.certificate.reload().map(|()| true)
    }
}

fn details_of(session: &ServerConnection) -> TlsDetails {
    let version: Cow<'static, str> = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".into(),
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".into(),
        other => format!("{other:?}").into(),
    };
    let cipher_suite = session.negotiated_cipher_suite().map(|suite| match suite.suite().as_str() {
        Some(name) => Cow::from(name.replace("TLS13_", "TLS_")),
        None => Cow::from("unknown"),
    });
    let key_exchange = session.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()).into());
    TlsDetails {
        version,
        cipher_suite: cipher_suite.unwrap_or_default(),
        key_exchange,
        host: Arc::from(session.server_name().unwrap_or_default()),
    }
}

/// A certificate with its key, and the files they come from.
#[derive(Debug)]
struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    current: ArcSwap<CertifiedKey>,
    read_at: Mutex<Stamps>,
}

/// When the two files were last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamps([Option<SystemTime>; 2]);

impl Certificate {
    fn open(chain_file: &Path, key_file: &Path) -> Result<Self, TlsError> {
        let stamps = Stamps::of(chain_file, key_file);
        let current = ArcSwap::from_pointee(read(chain_file, key_file)?);
        let (chain_file, key_file) = (chain_file.to_owned(), key_file.to_owned());
        Ok(Self { chain_file, key_file, current, read_at: Mutex::new(stamps) })
    }

    fn reload(&self) -> Result<(), TlsError> {
        // The stamps are taken before the files are read: a change in between is seen at the next poll.
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Stamps::of(&self.chain_file, &self.key_file);
        self.current.store(Arc::new(read(&self.chain_file, &self.key_file)?));
        Ok(())
    }

    fn has_changed(&self) -> bool {
        let read_at = *self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at != Stamps::of(&self.chain_file, &self.key_file)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl Stamps {
    fn of(chain_file: &Path, key_file: &Path) -> Self {
        Self([chain_file, key_file].map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok()))
    }
}

fn read(chain_file: &Path, key_file: &Path) -> Result<CertifiedKey, TlsError> {
    let bytes_of =
        |path: &Path| files::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source });
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes_of(chain_file)?)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoPem { what: "certificate", path: chain_file.to_owned() })?;
    if chain.is_empty() {
        return Err(TlsError::NoPem { what: "certificate", path: chain_file.to_owned() });
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes_of(key_file)?)
        .map_err(|_| TlsError::NoPem { what: "private key", path: key_file.to_owned() })?;
    let key = CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider())?;
    Ok(key)
}
