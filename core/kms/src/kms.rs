//! [`Kms`]: the room, put together, and the service trait that it answers.
//!
//! Each method hands over to the module of its operation; no rule stands here.

use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::kms as shapes;
use sealroom_audit::{Effect, Effects};
use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{Entropy, KeyEpochs, Seal};
use sealroom_hsm::Door;
use sealroom_identity::{Call, Identity};
use sealroom_store::{KeyPath, Mirror, View};

use crate::attestation::AttestationRoots;
use crate::entry::{self, KeyEntry, Policies};
use crate::grants::{self, Held, Holder};
use crate::operations::{
    change_alias, create_alias, create_grant, create_key, custom_key_stores, data_key, data_key_pair, decrypt,
    deletion, describe_key, encrypt, end_grant, key_policy, list_aliases, list_grants, list_key_rotations, list_keys,
    list_retirable_grants, mac, public_key, random, re_encrypt, rotate_on_demand, rotation, shared_secret, sign,
    switch, tagging, update_description,
};
use crate::paths::{self, AliasName, MaterialName};
use crate::quotas::Quotas;
use crate::record::Material;
use crate::rotation::OnDemandRules;
use crate::settings::Settings;
use crate::stored::AliasRecord;

/// The KMS of every account and Region of one store. Cheap to clone.
#[derive(Clone)]
pub struct Kms {
    pub(crate) view: View,
    pub(crate) door: Door,
    pub(crate) identity: Identity,
    pub(crate) seal: Arc<dyn Seal>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<Mirror<KeyArn, KeyEntry>>,
    pub(crate) aliases: Arc<Mirror<AliasName, AliasRecord>>,
    pub(crate) pieces: Arc<Mirror<MaterialName, Material>>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) grants: Arc<Mirror<Holder, Held>>,
    pub(crate) on_demand: OnDemandRules,
    pub(crate) quotas: Arc<Quotas>,
    pub(crate) attestation_roots: AttestationRoots,
}

impl Kms {
    /// The room over its rows. `view` must reach [`Kms::prefix`].
    #[must_use]
    pub fn new(
        view: View,
        door: Door,
        identity: Identity,
        seal: Arc<dyn Seal>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let keys = Mirror::new(view.feed(), settings.cached_keys.min(entry::KEYS), paths::entry_of);
        let aliases = Mirror::new(view.feed(), settings.cached_keys.min(entry::ALIASES), paths::alias_of);
        let pieces = Mirror::new(view.feed(), settings.cached_keys.min(entry::PIECES), paths::material_of);
        let (keys, aliases, pieces) = (Arc::new(keys), Arc::new(aliases), Arc::new(pieces));
        let grants = Arc::new(Mirror::new(view.feed(), grants::GRANTEES, grants::paths::held_of));
        let (policies, on_demand) = (Arc::default(), OnDemandRules::of(settings.compat));
        let quotas = Arc::new(Quotas::new(settings.limits, settings.requests));
        let attestation_roots = settings.attestation_roots;
        Self {
            view,
            door,
            identity,
            seal,
            entropy,
            keys,
            aliases,
            pieces,
            policies,
            grants,
            on_demand,
            quotas,
            attestation_roots,
        }
    }

    /// Where this room's rows lie.
    #[must_use]
    pub fn prefix() -> KeyPath {
        paths::room()
    }
}

impl KeyEpochs for Kms {
    /// A key that isn't in memory has an epoch that ends with the next commit to the store, whatever that is about.
    fn epoch(&self, key: &KeyArn) -> u64 {
        match (self.keys.get(key), self.view.feed().head()) {
            (Some(entry), _) => entry.epoch(),
            (None, Some(head)) => u64::MAX - 1 - head,
            (None, None) => u64::MAX,
        }
    }
}

impl shapes::KeyService for Kms {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    async fn cancel_key_deletion(
        &self,
        cx: &Call,
        input: &shapes::CancelKeyDeletionInput,
    ) -> Effect<shapes::CancelKeyDeletionOutput, ErrorAnswer> {
        deletion::cancel(self, cx, input).await
    }

    async fn create_grant(
        &self,
        cx: &Call,
        input: &shapes::CreateGrantInput,
    ) -> Effect<shapes::CreateGrantOutput, ErrorAnswer> {
        // Boxed, as CreateKey is.
        Box::pin(create_grant::create(self, cx, input)).await
    }

    async fn create_key(
        &self,
        cx: &Call,
        input: &shapes::CreateKeyInput,
    ) -> Effect<shapes::CreateKeyOutput, ErrorAnswer> {
        // Boxed: the largest of the operations, and a rare one, would make every call's future as large.
        Box::pin(create_key::create(self, cx, input)).await
    }

    async fn decrypt(&self, cx: &Call, input: &shapes::DecryptInput) -> Effect<shapes::DecryptOutput, ErrorAnswer> {
        decrypt::decrypt(self, cx, input).await
    }

    async fn describe_key(
        &self,
        cx: &Call,
        input: &shapes::DescribeKeyInput,
    ) -> Effect<shapes::DescribeKeyOutput, ErrorAnswer> {
        describe_key::describe(self, cx, input).await
    }

    async fn disable_key(
        &self,
        cx: &Call,
        input: &shapes::DisableKeyInput,
    ) -> Effect<shapes::DisableKeyOutput, ErrorAnswer> {
        switch::disable(self, cx, input).await
    }

    async fn disable_key_rotation(
        &self,
        cx: &Call,
        input: &shapes::DisableKeyRotationInput,
    ) -> Effect<shapes::DisableKeyRotationOutput, ErrorAnswer> {
        rotation::disable(self, cx, input).await
    }

    async fn enable_key(
        &self,
        cx: &Call,
        input: &shapes::EnableKeyInput,
    ) -> Effect<shapes::EnableKeyOutput, ErrorAnswer> {
        switch::enable(self, cx, input).await
    }

    async fn encrypt(&self, cx: &Call, input: &shapes::EncryptInput) -> Effect<shapes::EncryptOutput, ErrorAnswer> {
        encrypt::encrypt(self, cx, input).await
    }

    async fn generate_data_key(
        &self,
        cx: &Call,
        input: &shapes::GenerateDataKeyInput,
    ) -> Effect<shapes::GenerateDataKeyOutput, ErrorAnswer> {
        data_key::generate(self, cx, input).await
    }

    async fn generate_data_key_without_plaintext(
        &self,
        cx: &Call,
        input: &shapes::GenerateDataKeyWithoutPlaintextInput,
    ) -> Effect<shapes::GenerateDataKeyWithoutPlaintextOutput, ErrorAnswer> {
        data_key::generate_without_plaintext(self, cx, input).await
    }

    async fn list_grants(
        &self,
        cx: &Call,
        input: &shapes::ListGrantsInput,
    ) -> Effect<shapes::ListGrantsOutput, ErrorAnswer> {
        list_grants::list(self, cx, input).await
    }

    async fn list_key_rotations(
        &self,
        cx: &Call,
        input: &shapes::ListKeyRotationsInput,
    ) -> Effect<shapes::ListKeyRotationsOutput, ErrorAnswer> {
        list_key_rotations::list(self, cx, input).await
    }

    async fn list_keys(&self, cx: &Call, input: &shapes::ListKeysInput) -> Effect<shapes::ListKeysOutput, ErrorAnswer> {
        list_keys::list(self, cx, input).await
    }

    async fn list_retirable_grants(
        &self,
        cx: &Call,
        input: &shapes::ListRetirableGrantsInput,
    ) -> Effect<shapes::ListRetirableGrantsOutput, ErrorAnswer> {
        list_retirable_grants::list(self, cx, input).await
    }

    async fn re_encrypt(
        &self,
        cx: &Call,
        input: &shapes::ReEncryptInput,
    ) -> Effect<shapes::ReEncryptOutput, ErrorAnswer> {
        re_encrypt::re_encrypt(self, cx, input).await
    }

    async fn retire_grant(
        &self,
        cx: &Call,
        input: &shapes::RetireGrantInput,
    ) -> Effect<shapes::RetireGrantOutput, ErrorAnswer> {
        Box::pin(end_grant::retire(self, cx, input)).await
    }

    async fn revoke_grant(
        &self,
        cx: &Call,
        input: &shapes::RevokeGrantInput,
    ) -> Effect<shapes::RevokeGrantOutput, ErrorAnswer> {
        Box::pin(end_grant::revoke(self, cx, input)).await
    }

    async fn rotate_key_on_demand(
        &self,
        cx: &Call,
        input: &shapes::RotateKeyOnDemandInput,
    ) -> Effect<shapes::RotateKeyOnDemandOutput, ErrorAnswer> {
        rotate_on_demand::rotate(self, cx, input).await
    }

    async fn schedule_key_deletion(
        &self,
        cx: &Call,
        input: &shapes::ScheduleKeyDeletionInput,
    ) -> Effect<shapes::ScheduleKeyDeletionOutput, ErrorAnswer> {
        deletion::schedule(self, cx, input).await
    }

    async fn sign(&self, cx: &Call, input: &shapes::SignInput) -> Effect<shapes::SignOutput, ErrorAnswer> {
        sign::sign(self, cx, input).await
    }

    async fn verify(&self, cx: &Call, input: &shapes::VerifyInput) -> Effect<shapes::VerifyOutput, ErrorAnswer> {
        sign::verify(self, cx, input).await
    }

    async fn decapsulate(
        &self,
        cx: &Call,
        input: &shapes::DecapsulateInput,
    ) -> Effect<shapes::DecapsulateOutput, ErrorAnswer> {
        shared_secret::decapsulate(self, cx, input).await
    }

    async fn derive_shared_secret(
        &self,
        cx: &Call,
        input: &shapes::DeriveSharedSecretInput,
    ) -> Effect<shapes::DeriveSharedSecretOutput, ErrorAnswer> {
        shared_secret::derive(self, cx, input).await
    }

    async fn enable_key_rotation(
        &self,
        cx: &Call,
        input: &shapes::EnableKeyRotationInput,
    ) -> Effect<shapes::EnableKeyRotationOutput, ErrorAnswer> {
        rotation::enable(self, cx, input).await
    }

    async fn encapsulate(
        &self,
        cx: &Call,
        input: &shapes::EncapsulateInput,
    ) -> Effect<shapes::EncapsulateOutput, ErrorAnswer> {
        shared_secret::encapsulate(self, cx, input).await
    }

    async fn generate_data_key_pair(
        &self,
        cx: &Call,
        input: &shapes::GenerateDataKeyPairInput,
    ) -> Effect<shapes::GenerateDataKeyPairOutput, ErrorAnswer> {
        data_key_pair::generate(self, cx, input).await
    }

    async fn generate_data_key_pair_without_plaintext(
        &self,
        cx: &Call,
        input: &shapes::GenerateDataKeyPairWithoutPlaintextInput,
    ) -> Effect<shapes::GenerateDataKeyPairWithoutPlaintextOutput, ErrorAnswer> {
        data_key_pair::generate_without_plaintext(self, cx, input).await
    }

    async fn generate_mac(
        &self,
        cx: &Call,
        input: &shapes::GenerateMacInput,
    ) -> Effect<shapes::GenerateMacOutput, ErrorAnswer> {
        mac::generate(self, cx, input).await
    }

    async fn generate_random(
        &self,
        cx: &Call,
        input: &shapes::GenerateRandomInput,
    ) -> Effect<shapes::GenerateRandomOutput, ErrorAnswer> {
        random::generate(self, cx, input).await
    }

    async fn get_key_rotation_status(
        &self,
        cx: &Call,
        input: &shapes::GetKeyRotationStatusInput,
    ) -> Effect<shapes::GetKeyRotationStatusOutput, ErrorAnswer> {
        rotation::status(self, cx, input).await
    }

    async fn get_public_key(
        &self,
        cx: &Call,
        input: &shapes::GetPublicKeyInput,
    ) -> Effect<shapes::GetPublicKeyOutput, ErrorAnswer> {
        public_key::get(self, cx, input).await
    }

    async fn verify_mac(
        &self,
        cx: &Call,
        input: &shapes::VerifyMacInput,
    ) -> Effect<shapes::VerifyMacOutput, ErrorAnswer> {
        mac::verify(self, cx, input).await
    }

    async fn get_key_policy(
        &self,
        cx: &Call,
        input: &shapes::GetKeyPolicyInput,
    ) -> Effect<shapes::GetKeyPolicyOutput, ErrorAnswer> {
        key_policy::get(self, cx, input).await
    }

    async fn list_key_policies(
        &self,
        cx: &Call,
        input: &shapes::ListKeyPoliciesInput,
    ) -> Effect<shapes::ListKeyPoliciesOutput, ErrorAnswer> {
        key_policy::list(self, cx, input).await
    }

    async fn list_resource_tags(
        &self,
        cx: &Call,
        input: &shapes::ListResourceTagsInput,
    ) -> Effect<shapes::ListResourceTagsOutput, ErrorAnswer> {
        tagging::list(self, cx, input).await
    }

    async fn put_key_policy(
        &self,
        cx: &Call,
        input: &shapes::PutKeyPolicyInput,
    ) -> Effect<shapes::PutKeyPolicyOutput, ErrorAnswer> {
        Box::pin(key_policy::put(self, cx, input)).await
    }

    async fn tag_resource(
        &self,
        cx: &Call,
        input: &shapes::TagResourceInput,
    ) -> Effect<shapes::TagResourceOutput, ErrorAnswer> {
        tagging::tag(self, cx, input).await
    }

    async fn untag_resource(
        &self,
        cx: &Call,
        input: &shapes::UntagResourceInput,
    ) -> Effect<shapes::UntagResourceOutput, ErrorAnswer> {
        tagging::untag(self, cx, input).await
    }

    async fn update_key_description(
        &self,
        cx: &Call,
        input: &shapes::UpdateKeyDescriptionInput,
    ) -> Effect<shapes::UpdateKeyDescriptionOutput, ErrorAnswer> {
        update_description::update(self, cx, input).await
    }

    async fn describe_custom_key_stores(
        &self,
        cx: &Call,
        input: &shapes::DescribeCustomKeyStoresInput,
    ) -> Effect<shapes::DescribeCustomKeyStoresOutput, ErrorAnswer> {
        custom_key_stores::describe(self, cx, input)
    }

    async fn create_alias(
        &self,
        cx: &Call,
        input: &shapes::CreateAliasInput,
    ) -> Effect<shapes::CreateAliasOutput, ErrorAnswer> {
        create_alias::create(self, cx, input).await
    }

    async fn update_alias(
        &self,
        cx: &Call,
        input: &shapes::UpdateAliasInput,
    ) -> Effect<shapes::UpdateAliasOutput, ErrorAnswer> {
        change_alias::update(self, cx, input).await
    }

    async fn delete_alias(
        &self,
        cx: &Call,
        input: &shapes::DeleteAliasInput,
    ) -> Effect<shapes::DeleteAliasOutput, ErrorAnswer> {
        change_alias::delete(self, cx, input).await
    }

    async fn list_aliases(
        &self,
        cx: &Call,
        input: &shapes::ListAliasesInput,
    ) -> Effect<shapes::ListAliasesOutput, ErrorAnswer> {
        list_aliases::list(self, cx, input).await
    }

    async fn create_custom_key_store(
        &self,
        cx: &Call,
        input: &shapes::CreateCustomKeyStoreInput,
    ) -> Effect<shapes::CreateCustomKeyStoreOutput, ErrorAnswer> {
        custom_key_stores::create(self, cx, input)
    }

    async fn connect_custom_key_store(
        &self,
        cx: &Call,
        input: &shapes::ConnectCustomKeyStoreInput,
    ) -> Effect<shapes::ConnectCustomKeyStoreOutput, ErrorAnswer> {
        custom_key_stores::connect(self, cx, input)
    }

    async fn disconnect_custom_key_store(
        &self,
        cx: &Call,
        input: &shapes::DisconnectCustomKeyStoreInput,
    ) -> Effect<shapes::DisconnectCustomKeyStoreOutput, ErrorAnswer> {
        custom_key_stores::disconnect(self, cx, input)
    }

    async fn update_custom_key_store(
        &self,
        cx: &Call,
        input: &shapes::UpdateCustomKeyStoreInput,
    ) -> Effect<shapes::UpdateCustomKeyStoreOutput, ErrorAnswer> {
        custom_key_stores::update(self, cx, input)
    }

    async fn delete_custom_key_store(
        &self,
        cx: &Call,
        input: &shapes::DeleteCustomKeyStoreInput,
    ) -> Effect<shapes::DeleteCustomKeyStoreOutput, ErrorAnswer> {
        custom_key_stores::delete(self, cx, input)
    }
}
