//! GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    DataKeySpec, GenerateDataKeyInput, GenerateDataKeyOutput, GenerateDataKeyWithoutPlaintextInput,
    GenerateDataKeyWithoutPlaintextOutput, RecipientInfo,
};
use sealroom_audit::Effect;
use sealroom_foundation::Secret;
use sealroom_hsm::{Command, EncryptionAlgorithm, Reply, Usage};
use sealroom_identity::Call;

use crate::attestation::{self, Recipient};
use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{GENERATE_DATA_KEY, GENERATE_DATA_KEY_WITHOUT_PLAINTEXT, Operation};
use crate::report::Report;

pub(crate) async fn generate(
    kms: &Kms,
    call: &Call,
    input: &GenerateDataKeyInput,
) -> Effect<GenerateDataKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_DATA_KEY);
    let wanted = Wanted {
        operation: &GENERATE_DATA_KEY,
        key_id: &input.key_id,
        context: input.encryption_context.as_ref(),
        key_spec: input.key_spec,
        number_of_bytes: input.number_of_bytes,
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: input.recipient.as_ref(),
        dry_run: input.dry_run,
        reveal: true,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|made| GenerateDataKeyOutput {
        key_id: Some(made.entry.record.arn_text().to_owned()),
        key_material_id: made.material_id(),
        ciphertext_blob: Some(made.ciphertext),
        plaintext: made.plaintext,
        ciphertext_for_recipient: made.for_recipient,
    });
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn generate_without_plaintext(
    kms: &Kms,
    call: &Call,
    input: &GenerateDataKeyWithoutPlaintextInput,
) -> Effect<GenerateDataKeyWithoutPlaintextOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_DATA_KEY_WITHOUT_PLAINTEXT);
    let wanted = Wanted {
        operation: &GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
        key_id: &input.key_id,
        context: input.encryption_context.as_ref(),
        key_spec: input.key_spec,
        number_of_bytes: input.number_of_bytes,
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: None,
        dry_run: input.dry_run,
        reveal: false,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|made| GenerateDataKeyWithoutPlaintextOutput {
        key_id: Some(made.entry.record.arn_text().to_owned()),
        key_material_id: made.material_id(),
        ciphertext_blob: Some(made.ciphertext),
    });
    report.close(outcome, || input.audit_parameters())
}

/// What the two operations ask alike.
struct Wanted<'a> {
    operation: &'static Operation,
    key_id: &'a str,
    context: Option<&'a BTreeMap<String, String>>,
    key_spec: Option<DataKeySpec>,
    number_of_bytes: Option<i32>,
    grant_tokens: Option<&'a Vec<String>>,
    recipient: Option<&'a RecipientInfo>,
    dry_run: Option<bool>,
    reveal: bool,
}

/// What they answer alike.
struct Made {
    entry: Arc<KeyEntry>,
    ciphertext: Vec<u8>,
    plaintext: Option<Secret<[u8]>>,
    for_recipient: Option<Vec<u8>>,
}

impl Made {
    /// AWS: no material is named to a recipient.
    fn material_id(&self) -> Option<String> {
        let material = self.entry.record.shown_material().filter(|_| self.for_recipient.is_none());
        material.map(|material| material.id_text().to_owned())
    }
}

async fn run(kms: &Kms, call: &Call, wanted: &Wanted<'_>, report: &mut Report<'_>) -> Result<Made, KmsError> {
    let operation = wanted.operation;
    let key = kms.resolve(call, wanted.key_id, operation, report).await;
    let recipient = Recipient::of(kms, call, wanted.recipient, key.as_ref().err()).await;
    report.recipient(recipient.attestation());
    let key = key?;
    let record = &key.entry.record;
    let algorithm = EncryptionAlgorithm::SymmetricDefault;
    let asked = Asked {
        encryption_context: wanted.context,
        encryption_algorithm: Some(algorithm.as_str()),
        attestation: recipient.attestation(),
        alias: key.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let allowed = kms.authorize(call, operation.action, &key.entry, &conditions, wanted.grant_tokens).await?;
    kms.check_grant_tokens(wanted.grant_tokens)?;
    let bytes = size(wanted.key_spec, wanted.number_of_bytes)?;
    let unlocked = check::unlock(record, &allowed, Usage::EncryptDecrypt, WrongUsage::NotValidFor(operation.name))?;
    check::encrypts_with(record.spec, algorithm)?;
    let context = check::canonical(record.spec, wanted.context)?;
    let release = Some(recipient.release()?).filter(|_| wanted.reveal);
    let command = Command::DataKey { key: unlocked, context: &context, bytes, release };
    let (released, ciphertext) = match kms.door.run(command).await? {
        Reply::DataKey { plaintext, ciphertext } => (plaintext, ciphertext),
        other => return Err(check::unexpected(other)),
    };
    check::unless_dry_run(wanted.dry_run)?;
    report.material(record.shown_material().map(|material| material.binding.material));
    let (plaintext, for_recipient) = released.map(attestation::members).unwrap_or_default();
    Ok(Made { entry: key.entry, ciphertext, plaintext, for_recipient })
}

/// One of the two must be given, and not both.
fn size(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<u16, KmsError> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        (None, Some(bytes)) => u16::try_from(bytes).map_err(|_| KmsError::DataKeySize),
        (Some(_), Some(_)) | (None, None) => Err(KmsError::DataKeySize),
    }
}
