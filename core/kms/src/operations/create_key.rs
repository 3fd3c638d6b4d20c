//! CreateKey.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{CreateKeyInput, CreateKeyOutput, OriginType};
use sealroom_audit::Effect;
use sealroom_foundation::{KeyArn, KeyId};
use sealroom_hsm::{HsmError, KeyBinding, Origin, Spec, Usage};
use sealroom_identity::{Bound, Call};
use sealroom_store::{Batch, Guard};

use super::custom_key_stores::UNSUPPORTED;
use crate::authorize;
use crate::change;
use crate::conditions::{Asked, Conditions, NewKey};
use crate::cryptography as check;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::metadata;
use crate::names;
use crate::operation::{CREATE_KEY, TAG_RESOURCE};
use crate::paths;
use crate::policy;
use crate::record::{KeyDocument, KeyManager, KeyRecord, Made, Material, MultiRegion, MultiRegionRole};
use crate::report::Report;
use crate::state::KeyState;
use crate::tags;

pub(crate) async fn create(kms: &Kms, call: &Call, input: &CreateKeyInput) -> Effect<CreateKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &CREATE_KEY);
    let outcome = run(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), CreateKeyOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &CreateKeyInput,
    report: &mut Report<'_>,
) -> Result<(CreateKeyOutput, Option<Batch>), KmsError> {
    kms.admit(call, &CREATE_KEY, None, report)?;
    let wanted = Wanted::read(input)?;
    // The decision sees the tags as they were sent; whether they are good tags is said after it.
    let sent_tags = tags::sent(input.tags.as_deref().unwrap_or_default());
    let bypass = input.bypass_policy_lockout_safety_check == Some(true);
    let new_key = NewKey {
        spec: wanted.spec,
        usage: wanted.usage.unwrap_or(Usage::EncryptDecrypt),
        origin: wanted.origin,
        multi_region: wanted.multi_region.then_some(MultiRegionRole::Primary),
        bypass_lockout_check: bypass,
        tags: &sent_tags,
    };
    let conditions = Conditions::new(call, None, Asked { new_key: Some(new_key), ..Asked::default() });
    authorize::on_account(call, CREATE_KEY.action, &conditions)?;
    if !sent_tags.is_empty() {
        authorize::on_account(call, TAG_RESOURCE.action, &conditions)?;
    }
    let usage = wanted.served(input)?;
    let tags = tags::parse(input.tags.as_deref().unwrap_or_default())?;
    let key = KeyId::from_random(kms.entropy.id_bytes(), wanted.multi_region);
    let arn = KeyArn { region: call.region(), account: call.caller().account(), key };
    let (policy, bound) = match &input.policy {
        None => (policy::default_policy(arn.region.partition(), arn.account), Bound::default()),
        Some(text) => {
            let bound = kms.check_policy(call, &arn, text, bypass, &conditions).await?;
            (text.clone(), bound)
        }
    };
    let (state, material) = match wanted.origin {
        Origin::External => (KeyState::PendingImport, None),
        Origin::AwsKms | Origin::AwsCloudHsm | Origin::ExternalKeyStore => {
            (KeyState::Enabled, Some(kms.generate(&arn, wanted.spec, usage).await?))
        }
    };
    let made = Made {
        spec: wanted.spec,
        usage,
        origin: wanted.origin,
        manager: KeyManager::Customer,
        state,
        created: call.now(),
        multi_region: wanted.multi_region.then(|| MultiRegion::primary_of(arn.region)),
        material,
        tags,
    };
    let room = kms.room_for_key(arn.account, arn.region).await?;
    report.key(arn);
    let description = input.description.clone().unwrap_or_default().into_boxed_str();
    let document = KeyDocument { record: KeyRecord::new(arn, made), description, policy: policy.into(), bound };
    let shown = metadata::of(&document.record, &document.description);
    Ok((CreateKeyOutput { key_metadata: Some(shown) }, Some(new_row(room, &document))))
}

/// `batch`, and with it a new key, once in the life of its id.
pub(crate) fn new_row(batch: Batch, document: &KeyDocument) -> Batch {
    let arn = &document.record.arn;
    let batch = batch
        .guard(Guard::Absent(paths::key(arn)))
        .guard(Guard::Absent(paths::tombstone(arn)))
        .put(paths::key(arn), document.to_bytes());
    change::due_rows(batch, &document.record)
}

impl Kms {
    /// New material for the key `arn`.
    pub(crate) async fn generate(&self, arn: &KeyArn, spec: Spec, usage: Usage) -> Result<Material, KmsError> {
        let KeyArn { account, key, .. } = *arn;
        let origin = Origin::AwsKms;
        let command = sealroom_hsm::Command::GenerateKey { account, key, spec, usage, origin };
        let reply = self.door.run(command).await.map_err(|error| match error {
            HsmError::NotServed | HsmError::NotForThisSpec => not_served(spec),
            other => other.into(),
        })?;
        let sealroom_hsm::Reply::Key { material, token, public } = reply else {
            return Err(check::unexpected(reply));
        };
        let binding = KeyBinding { account, key, material, spec, usage, origin };
        Ok(Material::new(binding, token, public.map(Vec::into_boxed_slice)))
    }
}

fn not_served(spec: Spec) -> KmsError {
    KmsError::NotServed(format!("KeySpec {spec} is not supported by this version of the service."))
}

/// What is to be made, as far as the request can be read without judging it.
struct Wanted {
    spec: Spec,
    usage: Option<Usage>,
    origin: Origin,
    multi_region: bool,
}

impl Wanted {
    fn read(input: &CreateKeyInput) -> Result<Self, KmsError> {
        let spec = match (input.key_spec, input.customer_master_key_spec) {
            (Some(spec), _) => names::inward(spec)?,
            (None, Some(spec)) => names::inward(spec)?,
            (None, None) => Spec::SymmetricDefault,
        };
        Ok(Self {
            spec,
            usage: input.key_usage.map(names::inward).transpose()?,
            origin: names::inward(input.origin.unwrap_or(OriginType::AwsKms))?,
            multi_region: input.multi_region == Some(true),
        })
    }

    /// The key's usage, if such a key can be made here.
    fn served(&self, input: &CreateKeyInput) -> Result<Usage, KmsError> {
        if input.key_spec.is_some() && input.customer_master_key_spec.is_some() {
            return Err(KmsError::TwoSpecs);
        }
        let usage = match self.usage {
            Some(usage) => usage,
            None if self.spec == Spec::SymmetricDefault => Usage::EncryptDecrypt,
            None => return Err(KmsError::UsageMissing),
        };
        if !self.spec.allows(usage) {
            return Err(KmsError::UsageClash { usage, spec: self.spec });
        }
        if input.custom_key_store_id.is_some() || input.xks_key_id.is_some() {
            return Err(unserved(UNSUPPORTED));
        }
        match self.origin {
            Origin::AwsKms => Ok(usage),
            Origin::External if self.spec.is_importable() => Ok(usage),
            // AWS: such material can't be imported. Its text isn't known.
            Origin::External => {
                Err(KmsError::NotServed(format!("Origin EXTERNAL is not supported for KeySpec {}.", self.spec)))
            }
            Origin::AwsCloudHsm | Origin::ExternalKeyStore => {
                Err(unserved("Custom key stores are not supported by this version of the service."))
            }
        }
    }
}

fn unserved(text: &str) -> KmsError {
    KmsError::NotServed(text.to_owned())
}
