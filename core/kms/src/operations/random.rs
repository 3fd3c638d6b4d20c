//! GenerateRandom.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{GenerateRandomInput, GenerateRandomOutput};
use sealroom_audit::Effect;
use sealroom_hsm::{Command, Released, Reply};
use sealroom_identity::Call;

use crate::attestation::{self, Recipient};
use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::cryptography as check;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::GENERATE_RANDOM;
use crate::report::Report;

pub(crate) async fn generate(
    kms: &Kms,
    call: &Call,
    input: &GenerateRandomInput,
) -> Effect<GenerateRandomOutput, ErrorAnswer> {
    let mut report = Report::new(call, &GENERATE_RANDOM);
    let outcome = run(kms, call, input, &mut report).await.map(|released| {
        let (plaintext, ciphertext_for_recipient) = attestation::members(released);
        GenerateRandomOutput { plaintext, ciphertext_for_recipient }
    });
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &GenerateRandomInput,
    report: &mut Report<'_>,
) -> Result<Released, KmsError> {
    kms.admit(call, &GENERATE_RANDOM, None, report)?;
    let recipient = Recipient::of(kms, call, input.recipient.as_ref(), None).await;
    report.recipient(recipient.attestation());
    let asked = Asked { attestation: recipient.attestation(), ..Asked::default() };
    let conditions = Conditions::new(call, None, asked);
    authorize::on_account(call, GENERATE_RANDOM.action, &conditions)?;
    let asked = input.number_of_bytes.ok_or(KmsError::NumberOfBytes)?;
    // There is no custom key store here, so none can be found.
    if input.custom_key_store_id.is_some() {
        return Err(KmsError::NoSuchKeyStore);
    }
    let release = recipient.release()?;
    let bytes = u16::try_from(asked).map_err(|_| KmsError::NumberOfBytes)?;
    match kms.door.run(Command::Random { bytes, release }).await? {
        Reply::Random(random) => Ok(random),
        other => Err(check::unexpected(other)),
    }
}
