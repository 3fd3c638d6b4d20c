//! Encrypt.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{EncryptInput, EncryptOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{BlobKind, Command, Reply, Usage};
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::ENCRYPT;
use crate::report::Report;

pub(crate) async fn encrypt(kms: &Kms, call: &Call, input: &EncryptInput) -> Effect<EncryptOutput, ErrorAnswer> {
    let mut report = Report::new(call, &ENCRYPT);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(kms: &Kms, call: &Call, input: &EncryptInput, report: &mut Report<'_>) -> Result<EncryptOutput, KmsError> {
    let key = kms.resolve(call, &input.key_id, &ENCRYPT, report).await?;
    let record = &key.entry.record;
    let (algorithm_name, algorithm) = names::encryption(input.encryption_algorithm);
    let asked = Asked {
        encryption_context: input.encryption_context.as_ref(),
        encryption_algorithm: Some(algorithm.as_str()),
        alias: key.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let tokens = input.grant_tokens.as_ref();
    let allowed = kms.authorize(call, ENCRYPT.action, &key.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;
    let unlocked = check::unlock(record, &allowed, Usage::EncryptDecrypt, WrongUsage::NotValidFor(ENCRYPT.name))?;
    check::encrypts_with(record.spec, algorithm)?;
    let context = check::canonical(record.spec, input.encryption_context.as_ref())?;
    let plaintext = input.plaintext.expose();
    check::fits(record.spec, algorithm, plaintext.len())?;
    let command = Command::Encrypt { key: unlocked, algorithm, context: &context, plaintext, kind: BlobKind::Message };
    let ciphertext = match kms.door.run(command).await? {
        Reply::Ciphertext(ciphertext) => ciphertext,
        other => return Err(check::unexpected(other)),
    };
    check::unless_dry_run(input.dry_run)?;
    report.material(record.shown_material().map(|material| material.binding.material));
    Ok(EncryptOutput {
        ciphertext_blob: Some(ciphertext),
        key_id: Some(record.arn_text().to_owned()),
        encryption_algorithm: Some(algorithm_name),
    })
}
