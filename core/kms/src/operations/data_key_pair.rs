//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    DataKeyPairSpec, GenerateDataKeyPairInput, GenerateDataKeyPairOutput, GenerateDataKeyPairWithoutPlaintextInput,
    GenerateDataKeyPairWithoutPlaintextOutput, RecipientInfo,
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
use crate::names;
use crate::operation::{GENERATE_DATA_KEY_PAIR, GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT, Operation};
use crate::report::Report;
use crate::state::KeyState;

pub(crate) async fn generate(
    kms: &Kms,
    call: &Call,
    input: &GenerateDataKeyPairInput,
) -> Effect<GenerateDataKeyPairOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_DATA_KEY_PAIR);
    let wanted = Wanted {
        operation: &GENERATE_DATA_KEY_PAIR,
        key_id: &input.key_id,
        context: input.encryption_context.as_ref(),
        pair: input.key_pair_spec,
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: input.recipient.as_ref(),
        dry_run: input.dry_run,
        reveal: true,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|made| GenerateDataKeyPairOutput {
        key_id: Some(made.entry.record.arn_text().to_owned()),
        key_material_id: made.material_id(),
        key_pair_spec: Some(input.key_pair_spec),
        private_key_ciphertext_blob: Some(made.ciphertext),
        private_key_plaintext: made.plaintext,
        public_key: Some(made.public),
        ciphertext_for_recipient: made.for_recipient,
    });
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn generate_without_plaintext(
    kms: &Kms,
    call: &Call,
    input: &GenerateDataKeyPairWithoutPlaintextInput,
) -> Effect<GenerateDataKeyPairWithoutPlaintextOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT);
    let wanted = Wanted {
        operation: &GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
        key_id: &input.key_id,
        context: input.encryption_context.as_ref(),
        pair: input.key_pair_spec,
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: None,
        dry_run: input.dry_run,
        reveal: false,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|made| GenerateDataKeyPairWithoutPlaintextOutput {
        key_id: Some(made.entry.record.arn_text().to_owned()),
        key_material_id: made.material_id(),
        key_pair_spec: Some(input.key_pair_spec),
        private_key_ciphertext_blob: Some(made.ciphertext),
        public_key: Some(made.public),
    });
    report.close(outcome, || input.audit_parameters())
}

/// What the two operations ask alike.
struct Wanted<'a> {
    operation: &'static Operation,
    key_id: &'a str,
    context: Option<&'a BTreeMap<String, String>>,
    pair: DataKeyPairSpec,
    grant_tokens: Option<&'a Vec<String>>,
    recipient: Option<&'a RecipientInfo>,
    dry_run: Option<bool>,
    reveal: bool,
}

/// What they answer alike.
struct Made {
    entry: Arc<KeyEntry>,
    public: Vec<u8>,
    ciphertext: Vec<u8>,
    plaintext: Option<Secret<[u8]>>,
    for_recipient: Option<Vec<u8>>,
}

impl Made {
    fn material_id(&self) -> Option<String> {
        self.entry.record.shown_material().map(|material| material.id_text().to_owned())
    }
}

async fn run(kms: &Kms, call: &Call, wanted: &Wanted<'_>, report: &mut Report<'_>) -> Result<Made, KmsError> {
    let operation = wanted.operation;
    kms.admit_pair(call, wanted.pair.as_str(), report)?;
    let key = kms.resolve(call, wanted.key_id, operation, report).await;
    let recipient = Recipient::of(kms, call, wanted.recipient, key.as_ref().err()).await;
    report.recipient(recipient.attestation());
    let key = key?;
    let record = &key.entry.record;
    let algorithm = EncryptionAlgorithm::SymmetricDefault;
    let asked = Asked {
        encryption_context: wanted.context,
        encryption_algorithm: Some(algorithm.as_str()),
        data_key_pair_spec: Some(wanted.pair.as_str()),
        attestation: recipient.attestation(),
        alias: key.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let allowed = kms.authorize(call, operation.action, &key.entry, &conditions, wanted.grant_tokens).await?;
    kms.check_grant_tokens(wanted.grant_tokens)?;
    // AWS: only a key in a custom key store is ever unavailable, and none of those encrypts a pair.
    if let KeyState::Unavailable { .. } = record.state {
        return Err(KmsError::InKeyStore);
    }
    let unlocked = check::unlock(record, &allowed, Usage::EncryptDecrypt, WrongUsage::NotValidFor(operation.name))?;
    check::encrypts_with(record.spec, algorithm)?;
    let context = check::canonical(record.spec, wanted.context)?;
    let release = Some(recipient.release()?).filter(|_| wanted.reveal);
    let spec = names::inward(wanted.pair)?;
    let command = Command::DataKeyPair { key: unlocked, context: &context, spec, release };
    let (public, released, ciphertext) = match kms.door.run(command).await? {
        Reply::DataKeyPair { public, plaintext, ciphertext } => (public, plaintext, ciphertext),
        other => return Err(check::unexpected(other)),
    };
    check::unless_dry_run(wanted.dry_run)?;
    report.material(record.shown_material().map(|material| material.binding.material));
    let (plaintext, for_recipient) = released.map(attestation::members).unwrap_or_default();
    Ok(Made { entry: key.entry, public, ciphertext, plaintext, for_recipient })
}
