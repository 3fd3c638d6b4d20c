//! Secrets that two sides come to share: DeriveSharedSecret, Encapsulate and Decapsulate.

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    DecapsulateInput, DecapsulateOutput, DeriveSharedSecretInput, DeriveSharedSecretOutput, EncapsulateInput,
    EncapsulateOutput, KeyAgreementAlgorithmSpec, RecipientInfo,
};
use sealroom_audit::Effect;
use sealroom_hsm::{Command, HsmError, KeyRef, Release, Released, Reply, Usage};
use sealroom_identity::Call;

use crate::attestation::{self, Recipient};
use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::{DECAPSULATE, DERIVE_SHARED_SECRET, ENCAPSULATE, Operation};
use crate::report::Report;

pub(crate) async fn derive(
    kms: &Kms,
    call: &Call,
    input: &DeriveSharedSecretInput,
) -> Effect<DeriveSharedSecretOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DERIVE_SHARED_SECRET);
    let wanted = Wanted {
        operation: &DERIVE_SHARED_SECRET,
        key_id: &input.key_id,
        usage: Usage::KeyAgreement,
        asks: Asks::Agree { algorithm: input.key_agreement_algorithm, peer: &input.public_key },
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: input.recipient.as_ref(),
        dry_run: input.dry_run,
    };
    let outcome = run(kms, call, &wanted, &mut report).await;
    let outcome = outcome.and_then(|(entry, reply)| match reply {
        Reply::Plaintext(released) => {
            let (shared_secret, ciphertext_for_recipient) = attestation::members(released);
            Ok(DeriveSharedSecretOutput {
                key_id: Some(entry.record.arn_text().to_owned()),
                shared_secret,
                ciphertext_for_recipient,
                key_agreement_algorithm: Some(input.key_agreement_algorithm),
                key_origin: names::outward(entry.record.origin.as_str()),
            })
        }
        other => Err(check::unexpected(other)),
    });
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn encapsulate(
    kms: &Kms,
    call: &Call,
    input: &EncapsulateInput,
) -> Effect<EncapsulateOutput, ErrorAnswer> {
    let mut report = Report::new(call, &ENCAPSULATE);
    let wanted = Wanted {
        operation: &ENCAPSULATE,
        key_id: &input.key_id,
        usage: Usage::EncapsulateDecapsulate,
        asks: Asks::Encapsulate,
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: None,
        dry_run: input.dry_run,
    };
    let outcome = run(kms, call, &wanted, &mut report).await;
    let outcome = outcome.and_then(|(entry, reply)| match reply {
        Reply::Encapsulated { secret, ciphertext } => Ok(EncapsulateOutput {
            key_id: Some(entry.record.arn_text().to_owned()),
            shared_secret: Some(secret),
            shared_secret_ciphertext_blob: Some(ciphertext),
            encapsulation_algorithm: Some(input.encapsulation_algorithm),
        }),
        other => Err(check::unexpected(other)),
    });
    report.close(outcome, || input.audit_parameters())
}

pub(crate) async fn decapsulate(
    kms: &Kms,
    call: &Call,
    input: &DecapsulateInput,
) -> Effect<DecapsulateOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DECAPSULATE);
    let wanted = Wanted {
        operation: &DECAPSULATE,
        key_id: &input.key_id,
        usage: Usage::EncapsulateDecapsulate,
        asks: Asks::Decapsulate { ciphertext: &input.shared_secret_ciphertext_blob },
        grant_tokens: input.grant_tokens.as_ref(),
        recipient: None,
        dry_run: input.dry_run,
    };
    let outcome = run(kms, call, &wanted, &mut report).await;
    let outcome = outcome.and_then(|(entry, reply)| match reply {
        Reply::Plaintext(Released::Plain(secret)) => Ok(DecapsulateOutput {
            key_id: Some(entry.record.arn_text().to_owned()),
            shared_secret: Some(secret),
            encapsulation_algorithm: Some(input.encapsulation_algorithm),
        }),
        other => Err(check::unexpected(other)),
    });
    report.close(outcome, || input.audit_parameters())
}

/// What the three operations ask alike.
struct Wanted<'a> {
    operation: &'static Operation,
    key_id: &'a str,
    usage: Usage,
    asks: Asks<'a>,
    grant_tokens: Option<&'a Vec<String>>,
    recipient: Option<&'a RecipientInfo>,
    dry_run: Option<bool>,
}

/// What each asks of the HSM.
#[derive(Clone, Copy)]
enum Asks<'a> {
    Agree { algorithm: KeyAgreementAlgorithmSpec, peer: &'a [u8] },
    Encapsulate,
    Decapsulate { ciphertext: &'a [u8] },
}

impl<'a> Asks<'a> {
    fn agreement(self) -> Option<&'static str> {
        match self {
            Self::Agree { algorithm, .. } => Some(algorithm.as_str()),
            Self::Encapsulate | Self::Decapsulate { .. } => None,
        }
    }

    fn command(self, key: KeyRef<'a>, release: Release<'a>) -> Result<Command<'a>, KmsError> {
        Ok(match self {
            Self::Agree { algorithm, peer } => {
                Command::Agree { key, algorithm: names::inward(algorithm)?, peer, release }
            }
            Self::Encapsulate => Command::Encapsulate { key },
            Self::Decapsulate { ciphertext } => Command::Decapsulate { key, ciphertext },
        })
    }
}

async fn run(
    kms: &Kms,
    call: &Call,
    wanted: &Wanted<'_>,
    report: &mut Report<'_>,
) -> Result<(Arc<KeyEntry>, Reply), KmsError> {
    let operation = wanted.operation;
    let key = kms.resolve(call, wanted.key_id, operation, report).await;
    let recipient = Recipient::of(kms, call, wanted.recipient, key.as_ref().err()).await;
    report.recipient(recipient.attestation());
    let key = key?;
    let record = &key.entry.record;
    let asked = Asked {
        key_agreement_algorithm: wanted.asks.agreement(),
        attestation: recipient.attestation(),
        alias: key.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let allowed = kms.authorize(call, operation.action, &key.entry, &conditions, wanted.grant_tokens).await?;
    kms.check_grant_tokens(wanted.grant_tokens)?;
    let unlocked = check::unlock(record, &allowed, wanted.usage, WrongUsage::NotValidFor(operation.name))?;
    let release = recipient.release()?;
    let reply = kms.door.run(wanted.asks.command(unlocked, release)?).await.map_err(|error| match error {
        // AWS: says no more than that it isn't valid.
        HsmError::InvalidPublicKey => KmsError::PeerKey,
        other => other.into(),
    })?;
    check::unless_dry_run(wanted.dry_run)?;
    Ok((key.entry, reply))
}
