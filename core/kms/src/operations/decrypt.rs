//! Decrypt, and what ReEncrypt shares with it: finding the key and the material that open a ciphertext.
//!
//! A symmetric ciphertext names its key, so `KeyId` may be left out. Who is refused then, or names a key that isn't
//! there, learns no more than that the ciphertext can't be opened here.

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DecryptInput, DecryptOutput, DryRunModifierType};
use sealroom_audit::Effect;
use sealroom_authz::Allowed;
use sealroom_foundation::{KeyArn, MaterialId};
use sealroom_hsm::{Command, EncryptionAlgorithm, KeyRef, Reply, Spec, Usage, blob};
use sealroom_identity::Call;

use crate::attestation::{self, Recipient};
use crate::conditions::{Asked, Conditions};
use crate::cryptography::{self as check, WrongUsage};
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::names;
use crate::operation::{DECRYPT, Operation};
use crate::record::{KeyRecord, Material};
use crate::report::Report;

pub(crate) async fn decrypt(kms: &Kms, call: &Call, input: &DecryptInput) -> Effect<DecryptOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DECRYPT);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(kms: &Kms, call: &Call, input: &DecryptInput, report: &mut Report<'_>) -> Result<DecryptOutput, KmsError> {
    let (algorithm_name, algorithm) = names::encryption(input.encryption_algorithm);
    let blob = Sealed::of_request(
        input.ciphertext_blob.as_deref(),
        input.dry_run,
        input.dry_run_modifiers.as_deref().unwrap_or_default(),
    )?;
    let opener = Opener::find(kms, call, input.key_id.as_deref(), blob, algorithm, &DECRYPT, report).await;
    let recipient = Recipient::of(kms, call, input.recipient.as_ref(), opener.as_ref().err()).await;
    report.recipient(recipient.attestation());
    let opener = opener?;
    let record = &opener.entry.record;
    let asked = Asked {
        encryption_context: input.encryption_context.as_ref(),
        encryption_algorithm: Some(algorithm.as_str()),
        attestation: recipient.attestation(),
        alias: opener.alias,
        ..Asked::default()
    };
    let conditions = Conditions::new(call, Some(record), asked);
    let tokens = input.grant_tokens.as_ref();
    let allowed = opener.authorize(kms, call, DECRYPT.action, &conditions, tokens).await?;
    kms.check_grant_tokens(tokens)?;
    let current = check::unlock(record, &allowed, Usage::EncryptDecrypt, WrongUsage::IncorrectKey)?;
    opens_with(record.spec, algorithm)?;
    let context = check::canonical(record.spec, input.encryption_context.as_ref())?;
    let release = recipient.release()?;
    let Sealed::Blob(ciphertext) = blob else { return Err(KmsError::DryRun) };
    let older = kms.older_material_of(record, ciphertext).await?;
    let key = material(record, &allowed, current, older.as_deref())?;
    let command = Command::Decrypt { key, algorithm, context: &context, ciphertext, release };
    let released = match kms.door.run(command).await? {
        Reply::Plaintext(released) => released,
        other => return Err(check::unexpected(other)),
    };
    check::unless_dry_run(input.dry_run)?;
    let used = shown(record, older.as_deref());
    report.material(used.map(|material| material.binding.material));
    let (plaintext, ciphertext_for_recipient) = attestation::members(released);
    // AWS: no material is named to a recipient.
    let told = used.filter(|_| ciphertext_for_recipient.is_none());
    Ok(DecryptOutput {
        key_id: Some(record.arn_text().to_owned()),
        plaintext,
        encryption_algorithm: Some(algorithm_name),
        ciphertext_for_recipient,
        key_material_id: told.map(|material| material.id_text().to_owned()),
    })
}

/// What is to be opened.
#[derive(Clone, Copy)]
pub(crate) enum Sealed<'a> {
    /// This.
    Blob(&'a [u8]),
    /// A dry run without ciphertext: whether the caller may, no more.
    Ignored,
}

impl<'a> Sealed<'a> {
    /// From the members that Decrypt and ReEncrypt share.
    pub(crate) fn of_request(
        ciphertext: Option<&'a [u8]>,
        dry_run: Option<bool>,
        modifiers: &[DryRunModifierType],
    ) -> Result<Self, KmsError> {
        let ignore = modifiers.contains(&DryRunModifierType::IgnoreCiphertext);
        match (ignore, dry_run, ciphertext) {
            (true, Some(true), _) => Ok(Self::Ignored),
            (true, Some(false) | None, _) => Err(KmsError::ModifierWithoutDryRun),
            (false, _, Some(ciphertext)) => Ok(Self::Blob(ciphertext)),
            (false, _, None) => Err(KmsError::CiphertextMissing),
        }
    }
}

/// The key that opens a ciphertext, and how it was found.
pub(crate) struct Opener<'a> {
    pub(crate) entry: Arc<KeyEntry>,
    pub(crate) alias: Option<&'a str>,
    /// Whether the request named it; if the ciphertext did, refusals tell less.
    named: bool,
}

impl<'a> Opener<'a> {
    /// The key that the request names, or that its ciphertext names.
    pub(crate) async fn find(
        kms: &Kms,
        call: &Call,
        key_id: Option<&'a str>,
        sealed: Sealed<'_>,
        algorithm: EncryptionAlgorithm,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<Self, KmsError> {
        if let Some(key_id) = key_id {
            let resolved = kms.resolve_opener(call, key_id, operation, report).await?;
            return Ok(Self { entry: resolved.entry, alias: resolved.alias, named: true });
        }
        let Sealed::Blob(ciphertext) = sealed else { return Err(KmsError::KeyIdMissing) };
        if algorithm != EncryptionAlgorithm::SymmetricDefault {
            return Err(KmsError::KeyIdMissing);
        }
        let header = blob::header(ciphertext).ok_or(KmsError::InvalidCiphertext)?;
        let arn = KeyArn { region: call.region(), account: header.account, key: header.key };
        // Told of either way: whether the key is there is nobody's to know by what the own journal holds.
        report.key(arn);
        let entry = kms.entry(&arn).await?;
        kms.admit(call, operation, None, report)?;
        let entry = entry.ok_or(KmsError::CiphertextDenied)?;
        Ok(Self { entry: entry.as_of(call.now()), alias: None, named: false })
    }

    pub(crate) async fn authorize<'d>(
        &'d self,
        kms: &Kms,
        call: &'d Call,
        action: &'static str,
        conditions: &'d Conditions<'d>,
        grant_tokens: Option<&Vec<String>>,
    ) -> Result<Allowed<'d>, KmsError> {
        let decision = kms.authorize(call, action, &self.entry, conditions, grant_tokens).await;
        decision.map_err(
            |refused| {
                if self.named || !refused.is_denial() { refused } else { KmsError::CiphertextDenied }
            },
        )
    }
}

/// Whether a key of `spec` may be asked to open something with `algorithm`. AWS: a pair that is asked without an
/// algorithm finds that the ciphertext isn't symmetric; any other mismatch is a matter of the key.
pub(crate) fn opens_with(spec: Spec, algorithm: EncryptionAlgorithm) -> Result<(), KmsError> {
    if algorithm == EncryptionAlgorithm::SymmetricDefault && spec != Spec::SymmetricDefault {
        return Err(KmsError::InvalidCiphertext);
    }
    check::encrypts_with(spec, algorithm)
}

impl Kms {
    /// The older material that a ciphertext of the key `record` was made with; `None` when it was the current one.
    pub(crate) async fn older_material_of(
        &self,
        record: &KeyRecord,
        ciphertext: &[u8],
    ) -> Result<Option<Arc<Material>>, KmsError> {
        if record.spec != Spec::SymmetricDefault {
            return Ok(None);
        }
        let header = blob::header(ciphertext).ok_or(KmsError::InvalidCiphertext)?;
        if (header.account, header.key) != (record.arn.account, record.arn.key) {
            return Err(KmsError::IncorrectKey);
        }
        if is_current(record, &header.material) {
            return Ok(None);
        }
        if let Some(older) = self.older(record, &header.material).await? {
            return Ok(Some(older));
        }
        // Another node may have rotated the key a moment ago, so that what is current there isn't known here yet.
        let fresh = self.load(&record.arn).await?.filter(|fresh| is_current(&fresh.entry.record, &header.material));
        let material = fresh.and_then(|fresh| fresh.entry.record.material).map(Arc::new);
        material.map(Some).ok_or(KmsError::InvalidCiphertext)
    }
}

fn is_current(record: &KeyRecord, id: &MaterialId) -> bool {
    record.material.as_ref().is_some_and(|material| material.binding.material == *id)
}

/// The material to open with: the older one if there is one, else the current.
pub(crate) fn material<'k>(
    record: &KeyRecord,
    allowed: &Allowed<'_>,
    current: KeyRef<'k>,
    older: Option<&'k Material>,
) -> Result<KeyRef<'k>, KmsError> {
    match older {
        None => Ok(current),
        Some(older) => record
            .unlock_older(allowed, Usage::EncryptDecrypt, older)
            .map_err(|error| check::locked(record, error, WrongUsage::IncorrectKey)),
    }
}

/// The material that was used, if AWS shows its id.
pub(crate) fn shown<'k>(record: &'k KeyRecord, older: Option<&'k Material>) -> Option<&'k Material> {
    older.filter(|_| record.shows_material()).or_else(|| record.shown_material())
}
