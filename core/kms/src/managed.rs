//! AWS managed keys: made for a service of this program when an account first needs one, or asks what
//! `alias/aws/<service>` is; and closed to direct use by their policy alone.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event, Resource};
use sealroom_foundation::{KeyArn, KeyId};
use sealroom_hsm::{Origin, Spec, Usage};
use sealroom_identity::{Bound, Call, Service, ServiceIdentity};
use sealroom_store::{Batch, Guard};

use crate::aliases::{self, Named};
use crate::entry::{KeyEntry, Loaded};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::CREATE_KEY;
use crate::operations::create_key;
use crate::paths::{self, AliasName};
use crate::policy;
use crate::record::{KeyManager, KeyRecord, Made};
use crate::reference::KeyReference;
use crate::report::SOURCE;
use crate::state::KeyState;
use crate::stored::AliasRecord;

/// The managed key that a service asked for.
pub enum ManagedKey {
    /// It is there.
    Known(KeyArn),
    /// It is made when this is released; should that end in a conflict, another made it: ask again.
    Made(Box<Effect<KeyArn, ErrorAnswer>>),
}

impl Kms {
    /// The AWS managed key of `service` in the account and Region of `call`: `alias/aws/<service>`.
    ///
    /// # Errors
    /// What keeps the key from being looked up or made; nothing has been recorded then.
    pub async fn ensure_managed_key(&self, service: &ServiceIdentity, call: &Call) -> Result<ManagedKey, ErrorAnswer> {
        self.managed_key(service.service(), call).await.map_err(|error| error.answer())
    }

    async fn managed_key(&self, service: Service, call: &Call) -> Result<ManagedKey, KmsError> {
        let alias = alias(service, call);
        if let Some(record) = self.alias(&alias).await? {
            return Ok(ManagedKey::Known(KeyArn { region: alias.region, account: alias.account, key: record.key }));
        }
        let mut key = self.new_managed_key(service, call)?;
        let batch = self.write_managed_key(&mut key, &alias, call).await?;
        let arn = key.entry.record.arn;
        Ok(ManagedKey::Made(Box::new(Effect::change(arn, batch, made(call, arn)))))
    }

    /// The service whose managed key `key_id` asks for by the predefined alias, if the caller's account has none yet.
    pub(crate) async fn lacks_managed_key(&self, call: &Call, key_id: &str) -> Result<Option<Service>, KmsError> {
        let Some(service) = predefined(call, key_id) else { return Ok(None) };
        Ok(self.alias(&alias(service, call)).await?.is_none().then_some(service))
    }

    /// The managed key of `service` as it will be, without material: nothing is written, and nothing else knows of it.
    pub(crate) fn new_managed_key(&self, service: Service, call: &Call) -> Result<Loaded, KmsError> {
        let (account, region) = (call.caller().account(), call.region());
        let arn = KeyArn { region, account, key: KeyId::from_random(self.entropy.id_bytes(), false) };
        let made = Made {
            spec: Spec::SymmetricDefault,
            usage: Usage::EncryptDecrypt,
            origin: Origin::AwsKms,
            manager: KeyManager::Aws,
            state: KeyState::Enabled,
            created: call.now(),
            multi_region: None,
            material: None,
            tags: Box::default(),
        };
        let mut record = KeyRecord::new(arn, made);
        // AWS: they rotate about once a year; nobody can change or see when.
        record.rotation = record.rotation.enabled(None, call.now());
        let policy_text = policy::managed_policy(service, &arn).into_boxed_str();
        let policy = self.policies.stored(account, &policy_text, &Bound::default())?;
        let entry = KeyEntry { record, policy, version: 0, granted: None, named: None };
        Ok(Loaded {
            entry,
            description: policy::managed_description(service).into(),
            policy_text,
            bound: Bound::default(),
        })
    }

    /// Gives a new managed key its material; the batch that writes it down with its alias.
    pub(crate) async fn write_managed_key(
        &self,
        key: &mut Loaded,
        alias: &AliasName,
        call: &Call,
    ) -> Result<Batch, KmsError> {
        let KeyRecord { arn, spec, usage, .. } = key.entry.record;
        key.entry.record.material = Some(self.generate(&arn, spec, usage).await?);
        let record = AliasRecord { key: arn.key, created: call.now(), updated: call.now() };
        let batch = create_key::new_row(Batch::default(), &key.document(key.entry.record.clone()));
        Ok(Named::none(arn).with(batch.guard(Guard::Absent(paths::alias(alias))), alias, &record))
    }
}

/// That a managed key was made, as the journal tells it.
pub(crate) fn made(call: &Call, key: KeyArn) -> Event {
    call.event(SOURCE, CREATE_KEY.name, CREATE_KEY.read_only).resource(Resource::Key(key))
}

/// The alias of the managed key of `service`.
pub(crate) fn alias(service: Service, call: &Call) -> AliasName {
    let name = format!("{}{}", aliases::RESERVED, policy::managed_name(service)).into_boxed_str();
    AliasName { account: call.caller().account(), region: call.region(), name }
}

/// The service that `key_id` names by its alias in the caller's account and Region.
fn predefined(call: &Call, key_id: &str) -> Option<Service> {
    let reference = KeyReference::parse(key_id).ok()?;
    let service = policy::managed_service(reference.alias_name()?.strip_prefix(aliases::RESERVED)?)?;
    match reference {
        KeyReference::AliasArn(arn) => {
            (arn.account == call.caller().account() && arn.region == call.region()).then_some(service)
        }
        KeyReference::Alias(_) | KeyReference::Id(_) | KeyReference::Arn(_) => Some(service),
    }
}
