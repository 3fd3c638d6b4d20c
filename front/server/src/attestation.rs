//! The roots of attestation documents, from the file that the operator names.
//!
//! AWS's root for Nitro doesn't come along: whom a service trusts, its operator says, and reads the fingerprint for it.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sealroom_kms::AttestationRoots;

use crate::config::{Config, ConfigError};
use crate::files;

const SETTING: &str = "attestation.roots";

/// The roots that `config` names; none when it names no file.
///
/// # Errors
/// [`ConfigError::Refused`] when the file can't be read, or holds anything but one to sixteen certificates.
pub(crate) fn roots(config: &Config) -> Result<AttestationRoots, ConfigError> {
    match &config.attestation.roots {
        None => Ok(AttestationRoots::default()),
        Some(path) => read(path).map_err(|reason| ConfigError::Refused { setting: SETTING, reason }),
    }
}

fn read(path: &Path) -> Result<AttestationRoots, String> {
    let told = path.display();
    let bytes = files::read(path).map_err(|error| format!("cannot read `{told}`: {error}"))?;
    let certificates: Result<Vec<CertificateDer<'_>>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|_| format!("`{told}` is no PEM file"))?;
    AttestationRoots::from_der(certificates.iter().map(AsRef::as_ref))
        .ok_or_else(|| format!("`{told}` doesn't hold one to 16 certificates in PEM"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AttestationSettings;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of the operator's")]
    fn a_file_of_certificates_is_taken_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let config = Config { attestation: AttestationSettings { roots: Some(path.clone()) }, ..Config::default() };
        let made = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert_eq!(roots(&Config::default()).unwrap(), AttestationRoots::default());
        let absent = roots(&config).unwrap_err().to_string();
        assert!(absent.starts_with("setting `attestation.roots`: cannot read"), "{absent}");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, good) in [
            (certificate.clone(), true),
            (certificate.repeat(16), true),
            (format!("# a remark\n{certificate}"), true),
            (certificate.repeat(17), false),
            (String::new(), false),
            ("no PEM".to_owned(), false),
            (key, false),
            (broken.to_owned(), false),
            (format!("{certificate}{broken}"), false),
            (certificate.replace("-----END CERTIFICATE-----", ""), false),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(roots(&config).is_ok(), good, "{text}");
        }
    }
}
