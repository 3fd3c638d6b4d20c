//! AWS managed keys: made for a service of this program when an account first needs one, and closed to direct use by
//! their policy alone.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Resource};
use sealroom_foundation::{KeyArn, KeyId};
use sealroom_hsm::{Origin, Spec, Usage};
use sealroom_identity::{Call, Service, ServiceIdentity};
use sealroom_store::Guard;

use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::CREATE_KEY;
use crate::operations::create_key;
use crate::paths::{self, AliasName};
use crate::policy;
use crate::record::{KeyDocument, KeyManager, KeyRecord, Made};
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
        let (account, region) = (call.caller().account(), call.region());
        let name = format!("alias/aws/{}", policy::managed_name(service)).into_boxed_str();
        let alias = AliasName { account, region, name };
        if let Some(record) = self.alias(&alias).await? {
            return Ok(ManagedKey::Known(KeyArn { region, account, key: record.key }));
        }
        let arn = KeyArn { region, account, key: KeyId::from_random(self.entropy.id_bytes(), false) };
        let (spec, usage) = (Spec::SymmetricDefault, Usage::EncryptDecrypt);
        let made = Made {
            spec,
            usage,
            origin: Origin::AwsKms,
            manager: KeyManager::Aws,
            state: KeyState::Enabled,
            created: call.now(),
            multi_region: None,
            material: Some(self.generate(&arn, spec, usage).await?),
            tags: Box::default(),
        };
        let mut record = KeyRecord::new(arn, made);
        // AWS: they rotate about once a year; nobody can change or see when.
        record.rotation = record.rotation.enabled(None, call.now());
        let document = KeyDocument {
            record,
            description: policy::managed_description(service).into(),
            policy: policy::managed_policy(service, &arn).into(),
        };
        let record = AliasRecord { key: arn.key, created: call.now(), updated: call.now() };
        let batch = create_key::new_row(&document)
            .guard(Guard::Absent(paths::alias(&alias)))
            .put(paths::alias(&alias), record.to_bytes());
        let event = call.event(SOURCE, CREATE_KEY.name, CREATE_KEY.read_only).resource(Resource::Key(arn));
        Ok(ManagedKey::Made(Box::new(Effect::change(arn, batch, event))))
    }
}
