//! TLS for endpoints that begin with `https`: who is trusted, and the handshake.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The system's certificate authorities.
    System,
    /// Those of a PEM file's content, and no others (AWS's `AWS_CA_BUNDLE`).
    Pem(Vec<u8>),
}

/// Why no TLS client can be made.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The system has no certificate authority.
    #[error("this system has no certificate authorities")]
    NoRoots,
    /// The PEM text can't be read, or has no certificate.
    #[error("the certificate authorities are not certificates in PEM")]
    Pem,
    /// A certificate that can't stand for an authority, or a library that lacks something.
    #[error("TLS can not be set up")]
    Setup(#[from] rustls::Error),
    /// A host that no certificate can be for.
    #[error("`{0}` is not a host that a certificate can be for")]
    Host(String),
}

/// A client for one host.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// A client for `host`, a name or an address (IPv6 in brackets).
    pub(super) fn new(host: &str, trust: &Trust) -> Result<Self, TlsError> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|_| TlsError::Host(host.to_owned()))?;
        let mut roots = RootCertStore::empty();
        match trust {
            // What can't be read or used among the system's is left out: there are hundreds.
            Trust::System => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                (!roots.is_empty()).then_some(()).ok_or(TlsError::NoRoots)?;
            }
            Trust::Pem(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    roots.add(certificate.map_err(|_| TlsError::Pem)?)?;
                }
                (!roots.is_empty()).then_some(()).ok_or(TlsError::Pem)?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Shakes hands over `stream`.
    pub(super) async fn secure(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}
