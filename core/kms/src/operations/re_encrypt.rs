//! ReEncrypt: one command of the HSM, so that the plaintext never leaves it.

use std::collections::BTreeMap;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{ReEncryptInput, ReEncryptOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{Command, EncryptionAlgorithm, Reply, Usage};
use sealroom_identity::Call;

use super::decrypt::{self, Opener, Sealed};
use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::{RE_ENCRYPT, RE_ENCRYPT_TO};
use crate::report::Report;

pub(crate) async fn re_encrypt(kms: &Kms, call: &Call, input: &ReEncryptInput) -> Effect<ReEncryptOutput, ErrorAnswer> {
    let mut report = Report::new(call, &RE_ENCRYPT);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ReEncryptInput,
    report: &mut Report<'_>,
) -> Result<ReEncryptOutput, KmsError> {
    let (from_name, from_algorithm) = names::encryption(input.source_encryption_algorithm);
    let (to_name, to_algorithm) = names::encryption(input.destination_encryption_algorithm);
    let modifiers = input.dry_run_modifiers.as_deref().unwrap_or_default();
    let blob = Sealed::of_request(input.ciphertext_blob.as_deref(), input.dry_run, modifiers)?;
    let source =
        Opener::find(kms, call, input.source_key_id.as_deref(), blob, from_algorithm, &RE_ENCRYPT, report).await;
    let destination = kms.locate(call, &input.destination_key_id, &RE_ENCRYPT_TO).await;

    // The source is decided before anything is said of the destination: else what is wrong with that would tell a
    // stranger to the source whether it is there.
    let source = source.map_err(name_source)?;
    let from = &source.entry.record;
    let same_key = destination.as_ref().ok().map(|to| (to.arn.key, to.arn.account) == (from.arn.key, from.arn.account));
    let asked = asked_of(input.source_encryption_context.as_ref(), from_algorithm, source.alias, same_key);
    let conditions = Conditions::new(call, Some(from), asked);
    let tokens = input.grant_tokens.as_ref();
    let allowed_from = source.authorize(kms, call, RE_ENCRYPT.action, &conditions, tokens).await?;
    let destination = kms.find(call, destination?, &RE_ENCRYPT_TO, report).await?;
    let to = &destination.entry.record;
    let asked = asked_of(input.destination_encryption_context.as_ref(), to_algorithm, destination.alias, same_key);
    let conditions = Conditions::new(call, Some(to), asked);
    let allowed_to = kms.authorize(call, RE_ENCRYPT_TO.action, &destination.entry, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;

    let current = check::unlock(from, &allowed_from, Usage::EncryptDecrypt, WrongUsage::IncorrectKey)?;
    let to_key = check::unlock(to, &allowed_to, Usage::EncryptDecrypt, WrongUsage::NotValidFor(RE_ENCRYPT.name))?;
    decrypt::opens_with(from.spec, from_algorithm)?;
    check::encrypts_with(to.spec, to_algorithm)?;
    let from_context = check::canonical(from.spec, input.source_encryption_context.as_ref())?;
    let to_context = check::canonical(to.spec, input.destination_encryption_context.as_ref())?;
    let Sealed::Blob(ciphertext) = blob else { return Err(KmsError::DryRun) };
    let older = kms.older_material_of(from, ciphertext).await?;
    let from_key = decrypt::material(from, &allowed_from, current, older.as_deref())?;
    let command = Command::ReEncrypt {
        from: from_key,
        from_algorithm,
        from_context: &from_context,
        ciphertext,
        to: to_key,
        to_algorithm,
        to_context: &to_context,
    };
    let reply = kms.door.run(command).await;
    let ciphertext = match reply.map_err(|error| check::re_encryption_error(error, to.spec, to_algorithm))? {
        Reply::Ciphertext(ciphertext) => ciphertext,
        other => return Err(check::unexpected(other)),
    };
    check::unless_dry_run(input.dry_run)?;

    let (source_material, new_material) = (decrypt::shown(from, older.as_deref()), to.shown_material());
    report.materials(
        source_material.map(|material| material.binding.material),
        new_material.map(|material| material.binding.material),
    );
    Ok(ReEncryptOutput {
        ciphertext_blob: Some(ciphertext),
        source_key_id: Some(from.arn_text().to_owned()),
        key_id: Some(to.arn_text().to_owned()),
        source_encryption_algorithm: Some(from_name),
        destination_encryption_algorithm: Some(to_name),
        source_key_material_id: source_material.map(|material| material.id_text().to_owned()),
        destination_key_material_id: new_material.map(|material| material.id_text().to_owned()),
    })
}

/// What the request says of one of its keys.
fn asked_of<'a>(
    encryption_context: Option<&'a BTreeMap<String, String>>,
    algorithm: EncryptionAlgorithm,
    alias: Option<&'a str>,
    same_key: Option<bool>,
) -> Asked<'a> {
    let encryption_algorithm = Some(algorithm.as_str());
    Asked { encryption_context, encryption_algorithm, alias, same_key, ..Asked::default() }
}

/// The member that Decrypt calls `KeyId` has another name here.
fn name_source(error: KmsError) -> KmsError {
    match error {
        KmsError::KeyIdMissing => KmsError::SourceKeyIdMissing,
        other => other,
    }
}
