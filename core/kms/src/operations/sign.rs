//! Sign and Verify.

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{MessageType, SignInput, SignOutput, SigningAlgorithmSpec, VerifyInput, VerifyOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{Command, Message, Reply, SigningAlgorithm, Spec, Usage};
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::{Operation, SIGN, VERIFY};
use crate::report::Report;
use crate::spec;

pub(crate) async fn sign(kms: &Kms, call: &Call, input: &SignInput) -> Effect<SignOutput, ErrorAnswer> {
    let mut report = Report::new(call, &SIGN);
    let wanted = Wanted {
        operation: &SIGN,
        key_id: &input.key_id,
        message: input.message.expose(),
        message_type: input.message_type,
        algorithm: input.signing_algorithm,
        signature: None,
        grant_tokens: input.grant_tokens.as_ref(),
        dry_run: input.dry_run,
    };
    let outcome = match run(kms, call, &wanted, &mut report).await {
        Ok((entry, Reply::Signature(signature))) => Ok(SignOutput {
            key_id: Some(entry.record.arn_text().to_owned()),
            signature: Some(signature),
            signing_algorithm: Some(input.signing_algorithm),
        }),
        Ok((_, other)) => Err(check::unexpected(other)),
        Err(error) => Err(error),
    };
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn verify(kms: &Kms, call: &Call, input: &VerifyInput) -> Effect<VerifyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &VERIFY);
    let wanted = Wanted {
        operation: &VERIFY,
        key_id: &input.key_id,
        message: input.message.expose(),
        message_type: input.message_type,
        algorithm: input.signing_algorithm,
        signature: Some(&input.signature),
        grant_tokens: input.grant_tokens.as_ref(),
        dry_run: input.dry_run,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|(entry, _)| VerifyOutput {
        key_id: Some(entry.record.arn_text().to_owned()),
        signature_valid: Some(true),
        signing_algorithm: Some(input.signing_algorithm),
    });
    report.close(outcome, || input.audit_parameters())
}

/// What the two operations ask alike.
struct Wanted<'a> {
    operation: &'static Operation,
    key_id: &'a str,
    message: &'a [u8],
    message_type: Option<MessageType>,
    algorithm: SigningAlgorithmSpec,
    /// What is to be verified; `None` to sign.
    signature: Option<&'a [u8]>,
    grant_tokens: Option<&'a Vec<String>>,
    dry_run: Option<bool>,
}

async fn run(
    kms: &Kms,
    call: &Call,
    wanted: &Wanted<'_>,
    report: &mut Report<'_>,
) -> Result<(Arc<KeyEntry>, Reply), KmsError> {
    let operation = wanted.operation;
    let key = kms.resolve(call, wanted.key_id, operation, report).await?;
    let record = &key.entry.record;
    let message_type = wanted.message_type.unwrap_or(MessageType::Raw);
    let asked = Asked {
        signing_algorithm: Some(wanted.algorithm.as_str()),
        message_type: Some(message_type.as_str()),
        alias: key.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let allowed = kms.authorize(call, operation.action, &key.entry, &conditions, wanted.grant_tokens).await?;
    kms.check_grant_tokens(wanted.grant_tokens)?;
    let unlocked = check::unlock(record, &allowed, Usage::SignVerify, WrongUsage::NotValidFor(operation.name))?;
    let algorithm: SigningAlgorithm = names::inward(wanted.algorithm)?;
    if !spec::signing_algorithms(record.spec).contains(&algorithm) {
        return Err(KmsError::Algorithm { algorithm: algorithm.as_str(), spec: record.spec });
    }
    let message = message(record.spec, algorithm, message_type, wanted.message)?;
    let command = match wanted.signature {
        None => Command::Sign { key: unlocked, algorithm, message },
        Some(signature) => Command::Verify { key: unlocked, algorithm, message, signature },
    };
    let reply = kms.door.run(command).await?;
    if matches!(reply, Reply::Verified(false)) {
        return Err(KmsError::InvalidSignature);
    }
    check::unless_dry_run(wanted.dry_run)?;
    Ok((key.entry, reply))
}

/// The message as it is to be signed, if its type suits the key and the algorithm.
fn message(spec: Spec, algorithm: SigningAlgorithm, kind: MessageType, bytes: &[u8]) -> Result<Message<'_>, KmsError> {
    let module_lattice = matches!(spec, Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87);
    let name = kind.as_str();
    match (kind, algorithm) {
        (MessageType::ExternalMu, _) if !module_lattice => Err(KmsError::MessageType { kind: name, spec }),
        (MessageType::Digest, _) if module_lattice => Err(KmsError::MessageType { kind: name, spec }),
        (MessageType::Digest, SigningAlgorithm::Ed25519Sha512)
        | (MessageType::Raw, SigningAlgorithm::Ed25519PhSha512) => {
            Err(KmsError::MessageTypeOfAlgorithm { kind: name, algorithm: algorithm.as_str() })
        }
        (MessageType::ExternalMu, _) if bytes.len() != 64 => {
            Err(KmsError::DigestLength { algorithm: algorithm.as_str() })
        }
        (MessageType::ExternalMu, _) => Ok(Message::ExternalMu(bytes)),
        (MessageType::Digest, _) if spec::digest_length(algorithm) != Some(bytes.len()) => {
            Err(KmsError::DigestLength { algorithm: algorithm.as_str() })
        }
        (MessageType::Digest, _) => Ok(Message::Digest(bytes)),
        (MessageType::Raw, _) => Ok(Message::Raw(bytes)),
    }
}
