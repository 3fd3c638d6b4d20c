//! Chains of X.509 certificates on P-384, from a leaf to a root that somebody trusts.
//!
//! For the signatures of attestation documents: everything is ECDSA P-384 with SHA-384. It knows no document, fetches
//! nothing, asks nobody about revocation and has no clock: the time is an argument. What would surprise: a leaf may have
//! any extended key usage, or none, because the leaves it is made for have none; and key usage isn't looked at, only
//! whether an issuer is a CA (a leaf must be none), and how long a path it allows.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::aws_lc_rs::ECDSA_P384_SHA384;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

/// LIMIT: how many certificates may stand between a leaf and its root.
pub const MAX_ISSUERS: usize = 8;

/// The roots that somebody trusts.
#[derive(Debug, Clone)]
pub struct Roots(Vec<TrustAnchor<'static>>);

impl Roots {
    /// Roots of DER certificates; `None` when there is none, or one isn't a certificate.
    #[must_use]
    pub fn from_der<'c>(certificates: impl IntoIterator<Item = &'c [u8]>) -> Option<Self> {
        let anchor = |der: &[u8]| {
            let der = CertificateDer::from(der);
            webpki::anchor_from_trusted_cert(&der).map(|anchor| anchor.to_owned()).ok()
        };
        let anchors: Option<Vec<_>> = certificates.into_iter().map(anchor).collect();
        anchors.filter(|anchors| !anchors.is_empty()).map(Self)
    }

    /// The key of `leaf`, if a chain through `issuers` leads from it to one of the roots, and all certificates below the
    /// root are valid `at` that second of the Unix epoch. A root is trusted as long as it is among the roots, whatever
    /// its own time. Certificates are DER; `issuers` may come in any order and hold others.
    #[must_use]
    pub fn leaf_key(&self, leaf: &[u8], issuers: &[&[u8]], at: u64) -> Option<LeafKey> {
        if issuers.len() > MAX_ISSUERS {
            return None;
        }
        let leaf = CertificateDer::from(leaf);
        let issuers: Vec<CertificateDer<'_>> = issuers.iter().map(|der| CertificateDer::from(*der)).collect();
        let leaf = EndEntityCert::try_from(&leaf).ok()?;
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        leaf.verify_for_usage(&[ECDSA_P384_SHA384], &self.0, &issuers, at, AnyUsage, None, None).ok()?;
        Some(LeafKey(leaf.subject_public_key_info().to_vec()))
    }
}

/// The public key of a leaf whose chain was good.
#[derive(Debug, Clone)]
pub struct LeafKey(Vec<u8>);

impl LeafKey {
    /// Whether `signature` (r ‖ s, 96 bytes) is the key's over `message`, with SHA-384. False for a key on another curve.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, &self.0).verify(message, signature).is_ok()
    }
}

/// Every extended key usage will do; webpki's own choices each want one.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
