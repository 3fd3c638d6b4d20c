//! GenerateMac and VerifyMac.

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{GenerateMacInput, GenerateMacOutput, MacAlgorithmSpec, VerifyMacInput, VerifyMacOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{Command, MacAlgorithm, Reply, Usage};
use sealroom_identity::Call;

use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::{GENERATE_MAC, Operation, VERIFY_MAC};
use crate::report::Report;
use crate::spec;

pub(crate) async fn generate(
    kms: &Kms,
    call: &Call,
    input: &GenerateMacInput,
) -> Effect<GenerateMacOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_MAC);
    let wanted = Wanted {
        operation: &GENERATE_MAC,
        key_id: &input.key_id,
        message: input.message.expose(),
        algorithm: input.mac_algorithm,
        mac: None,
        grant_tokens: input.grant_tokens.as_ref(),
        dry_run: input.dry_run,
    };
    let outcome = match run(kms, call, &wanted, &mut report).await {
        Ok((entry, Reply::Mac(mac))) => Ok(GenerateMacOutput {
            mac: Some(mac),
            mac_algorithm: Some(input.mac_algorithm),
            key_id: Some(entry.record.arn_text().to_owned()),
        }),
        Ok((_, other)) => Err(check::unexpected(other)),
        Err(error) => Err(error),
    };
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn verify(kms: &Kms, call: &Call, input: &VerifyMacInput) -> Effect<VerifyMacOutput, ErrorAnswer> {
    let mut report = Report::new(call, &VERIFY_MAC);
    let wanted = Wanted {
        operation: &VERIFY_MAC,
        key_id: &input.key_id,
        message: input.message.expose(),
        algorithm: input.mac_algorithm,
        mac: Some(&input.mac),
        grant_tokens: input.grant_tokens.as_ref(),
        dry_run: input.dry_run,
    };
    let outcome = run(kms, call, &wanted, &mut report).await.map(|(entry, _)| VerifyMacOutput {
        key_id: Some(entry.record.arn_text().to_owned()),
        mac_valid: Some(true),
        mac_algorithm: Some(input.mac_algorithm),
    });
    report.close(outcome, || input.audit_parameters())
}

/// What the two operations ask alike.
struct Wanted<'a> {
    operation: &'static Operation,
    key_id: &'a str,
    message: &'a [u8],
    algorithm: MacAlgorithmSpec,
    /// What is to be verified; `None` to make one.
    mac: Option<&'a [u8]>,
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
    let asked = Asked { mac_algorithm: Some(wanted.algorithm.as_str()), alias: key.alias, ..Asked::default() };
    let conditions = Conditions::new(call, Some(record), asked);
    let allowed = kms.authorize(call, operation.action, &key.entry, &conditions, wanted.grant_tokens).await?;
    kms.check_grant_tokens(wanted.grant_tokens)?;
    let unlocked = check::unlock(record, &allowed, Usage::GenerateVerifyMac, WrongUsage::NotValidFor(operation.name))?;
    let algorithm: MacAlgorithm = names::inward(wanted.algorithm)?;
    if !spec::mac_algorithms(record.spec).contains(&algorithm) {
        return Err(KmsError::Algorithm { algorithm: algorithm.as_str(), spec: record.spec });
    }
    let command = match wanted.mac {
        None => Command::Mac { key: unlocked, algorithm, message: wanted.message },
        Some(mac) => Command::VerifyMac { key: unlocked, algorithm, message: wanted.message, mac },
    };
    let reply = kms.door.run(command).await?;
    if matches!(reply, Reply::Verified(false)) {
        return Err(KmsError::InvalidMac);
    }
    check::unless_dry_run(wanted.dry_run)?;
    Ok((key.entry, reply))
}
