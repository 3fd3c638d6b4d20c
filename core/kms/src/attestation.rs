//! The `Recipient` of a request: an enclave or an instance that proves by an attestation document what it runs, and the
//! key under which it gets what others get in clear.
//!
//! The document is looked at before the decision, and whether it is good is told after it: policies see what a good one
//! says, and a bad one tells no stranger whether the key is there. What would surprise: nothing here remembers
//! documents. AWS asks for no nonce either; who replays one within its minutes gets an answer that only the recipient reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sealroom_api::kms::RecipientInfo;
use sealroom_crypto::{certificate, rsa};
use sealroom_foundation::{Secret, Timestamp};
use sealroom_hsm::{Command, HsmError, Release, Released, Reply};
use sealroom_identity::Call;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::KmsError;
use crate::kms::Kms;

mod document;

use document::{Document, Signed};

/// How old a document may be, and how far its time may lie ahead, for clocks differ. AWS publishes no figure; a signed
/// request is good for as long.
const MAX_AGE_MILLIS: u64 = 5 * 60 * 1_000;

/// LIMIT: roots that an operator can trust.
const MAX_ROOTS: usize = 16;

/// The certificates that attestation documents must lead to. Without one, requests with a recipient are refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttestationRoots(Arc<[Box<[u8]>]>);

impl AttestationRoots {
    /// Roots of DER certificates; `None` when there is none, when there are more than 16, or one isn't a certificate.
    #[must_use]
    pub fn from_der<'c>(certificates: impl IntoIterator<Item = &'c [u8]>) -> Option<Self> {
        let roots: Arc<[Box<[u8]>]> = certificates.into_iter().map(Box::from).collect();
        certificate::Roots::from_der(roots.iter().map(|root| &**root)).filter(|_| roots.len() <= MAX_ROOTS)?;
        Some(Self(roots))
    }
}

/// Why there is no recipient although the request names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum RecipientError {
    #[error("Recipient is not supported: this service has no trusted attestation root.")]
    NoRoot,
    #[error(
        "1 validation error detected: Value null at 'recipient.keyEncryptionAlgorithm' failed to satisfy constraint: \
         Member must not be null"
    )]
    NoAlgorithm,
    #[error(
        "1 validation error detected: Value null at 'recipient.attestationDocument' failed to satisfy constraint: Member \
         must not be null"
    )]
    NoDocument,
    #[error("The attestation document is malformed.")]
    Malformed,
    // Of chain and signature one thing is said.
    #[error("The attestation document is not signed under a trusted attestation root.")]
    Untrusted,
    #[error("The attestation document is more than 5 minutes old, or its time lies ahead.")]
    Stale,
    #[error("The attestation document has no public key.")]
    NoKey,
    #[error("The public key of the attestation document is not an RSA key of at least 2048 bits.")]
    Key,
    /// Nobody could look.
    #[error(transparent)]
    Hsm(HsmError),
}

impl From<RecipientError> for KmsError {
    fn from(error: RecipientError) -> Self {
        match error {
            RecipientError::Hsm(error) => error.into(),
            told => Self::Recipient(told),
        }
    }
}

/// Who reads the plaintext that a request asks for.
pub(crate) enum Recipient {
    /// The caller.
    Caller,
    /// Whoever proved this.
    Attested(Box<Attestation>),
    /// Nobody, for this reason.
    Refused(RecipientError),
}

impl Recipient {
    /// The recipient that the request names. `refused` is why its key wasn't found, if it wasn't: the document is looked
    /// at all the same, so that the time it takes tells no stranger whether the key is there, but not for who is throttled.
    pub(crate) async fn of(kms: &Kms, call: &Call, sent: Option<&RecipientInfo>, refused: Option<&KmsError>) -> Self {
        let Some(sent) = sent.filter(|_| !matches!(refused, Some(KmsError::Throttled))) else { return Self::Caller };
        // Boxed: who names none needs no room for it.
        match Box::pin(verify(kms, call.now(), sent)).await {
            Ok(attestation) => Self::Attested(Box::new(attestation)),
            Err(error) => Self::Refused(error),
        }
    }

    /// What was proved, for policies and the journal.
    pub(crate) fn attestation(&self) -> Option<&Attestation> {
        match self {
            Self::Attested(attestation) => Some(attestation),
            Self::Caller | Self::Refused(_) => None,
        }
    }

    /// How plaintext leaves. To be asked once the decision has fallen.
    ///
    /// # Errors
    /// Why the recipient is none.
    pub(crate) fn release(&self) -> Result<Release<'_>, KmsError> {
        match self {
            Self::Caller => Ok(Release::Plain),
            Self::Attested(attestation) => Ok(Release::To(&attestation.public_key)),
            Self::Refused(error) => Err((*error).into()),
        }
    }
}

/// What was released, as the two members of an answer: the plaintext, or the ciphertext for the recipient.
pub(crate) fn members(released: Released) -> (Option<Secret<[u8]>>, Option<Vec<u8>>) {
    match released {
        Released::Plain(plaintext) => (Some(plaintext), None),
        Released::Enveloped(ciphertext) => (None, Some(ciphertext)),
    }
}

async fn verify(kms: &Kms, now: Timestamp, sent: &RecipientInfo) -> Result<Attestation, RecipientError> {
    let roots: Vec<&[u8]> = kms.attestation_roots.0.iter().map(|root| &**root).collect();
    if roots.is_empty() {
        return Err(RecipientError::NoRoot);
    }
    // There is one algorithm, and the schema knows no other.
    sent.key_encryption_algorithm.ok_or(RecipientError::NoAlgorithm)?;
    let bytes = sent.attestation_document.as_deref().ok_or(RecipientError::NoDocument)?;
    let Signed { document, message, signature } = Signed::read(bytes).ok_or(RecipientError::Malformed)?;
    let issuers: Vec<&[u8]> = document.issuers.iter().map(Vec::as_slice).collect();
    let (roots, issuers) = (&*roots, &*issuers);
    let at = u64::try_from(now.as_seconds()).unwrap_or(0);
    let (leaf, message, signature) = (&document.certificate, &message, &signature);
    let command = Command::VerifyCertified { roots, leaf, issuers, at, message, signature };
    match kms.door.run(command).await {
        Ok(Reply::Verified(true)) => Attestation::of(document, now),
        Ok(Reply::Verified(false)) => Err(RecipientError::Untrusted),
        Ok(_) => Err(RecipientError::Hsm(HsmError::Failed)),
        Err(error) => Err(RecipientError::Hsm(error)),
    }
}

/// What measured the registers of a document, which names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    /// A Nitro enclave.
    Enclave,
    /// An instance with NitroTPM.
    NitroTpm,
}

impl Platform {
    /// How many registers there are.
    fn registers(self) -> u8 {
        match self {
            Self::Enclave => 32,
            Self::NitroTpm => 24,
        }
    }

    /// AWS: CloudTrail shows these registers, under these names.
    fn recorded(self) -> &'static [(u8, &'static str)] {
        match self {
            Self::Enclave => &[
                (0, "attestationDocumentEnclaveImageDigest"),
                (1, "attestationDocumentEnclavePCR1"),
                (2, "attestationDocumentEnclavePCR2"),
                (3, "attestationDocumentEnclavePCR3"),
                (4, "attestationDocumentEnclavePCR4"),
                (8, "attestationDocumentEnclavePCR8"),
            ],
            Self::NitroTpm => &[
                (4, "attestationDocumentNitroTPMPCR4"),
                (7, "attestationDocumentNitroTPMPCR7"),
                (8, "attestationDocumentNitroTPMPCR8"),
                (9, "attestationDocumentNitroTPMPCR9"),
                (16, "attestationDocumentNitroTPMPCR16"),
                (23, "attestationDocumentNitroTPMPCR23"),
            ],
        }
    }
}

/// What a good document says.
#[derive(Debug)]
pub(crate) struct Attestation {
    module_id: String,
    platform: Platform,
    /// Registers by number, in lower-case hex.
    registers: BTreeMap<u8, String>,
    /// DER `SubjectPublicKeyInfo` of an RSA key.
    public_key: Vec<u8>,
}

impl Attestation {
    /// What remains to be asked once the signature is right: its age and its key.
    fn of(document: Document, now: Timestamp) -> Result<Self, RecipientError> {
        let now = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
        if now.abs_diff(document.millis) > MAX_AGE_MILLIS {
            return Err(RecipientError::Stale);
        }
        let public_key = document.public_key.ok_or(RecipientError::NoKey)?;
        rsa::modulus_bits(&public_key).ok_or(RecipientError::Key)?;
        let registers = document.registers.iter().map(|(number, value)| (*number, hex(value))).collect();
        Ok(Self { module_id: document.module_id, platform: document.platform, registers, public_key })
    }

    /// The value of `kms:RecipientAttestation:<name>`, whose name is in lower case; `None` when the document has none.
    pub(crate) fn condition(&self, name: &str) -> Option<&str> {
        let number = match (self.platform, name) {
            // AWS: the same as PCR0.
            (Platform::Enclave, "imagesha384") => 0,
            (Platform::Enclave, name) => decimal(name.strip_prefix("pcr")?)?,
            (Platform::NitroTpm, name) => decimal(name.strip_prefix("nitrotpmpcr")?)?,
        };
        self.registers.get(&number).map(String::as_str)
    }

    /// CloudTrail's `additionalEventData.recipient`.
    pub(crate) fn recorded(&self) -> Value {
        let shown = self.platform.recorded().iter();
        let registers =
            shown.filter_map(|(number, name)| Some(((*name).to_owned(), self.registers.get(number)?.clone().into())));
        let module_id = ("attestationDocumentModuleId".to_owned(), self.module_id.clone().into());
        Value::Object(std::iter::once(module_id).chain(registers).collect::<Map<_, _>>())
    }
}

/// A number as AWS writes registers': no sign, no zeros before it.
fn decimal(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string doesn't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
