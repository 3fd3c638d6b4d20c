//! The service trait that the room answers.
//!
//! Each method hands over to the module of its operation; no rule stands here.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms as shapes;
use sealroom_audit::{Effect, Effects};
use sealroom_identity::Call;

use super::Kms;
use crate::operations::{
    change_alias, create_alias, create_grant, create_key, custom_key_stores, data_key, data_key_pair, decrypt,
    delete_material, deletion, describe_key, encrypt, end_grant, import_material, import_parameters, key_policy,
    last_usage, list_aliases, list_grants, list_key_rotations, list_keys, list_retirable_grants, mac, public_key,
    random, re_encrypt, replicate_key, rotate_on_demand, rotation, shared_secret, sign, switch, tagging,
    update_description, update_primary_region,
};

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

    async fn delete_imported_key_material(
        &self,
        cx: &Call,
        input: &shapes::DeleteImportedKeyMaterialInput,
    ) -> Effect<shapes::DeleteImportedKeyMaterialOutput, ErrorAnswer> {
        Box::pin(delete_material::delete(self, cx, input)).await
    }

    async fn get_parameters_for_import(
        &self,
        cx: &Call,
        input: &shapes::GetParametersForImportInput,
    ) -> Effect<shapes::GetParametersForImportOutput, ErrorAnswer> {
        import_parameters::get(self, cx, input).await
    }

    async fn import_key_material(
        &self,
        cx: &Call,
        input: &shapes::ImportKeyMaterialInput,
    ) -> Effect<shapes::ImportKeyMaterialOutput, ErrorAnswer> {
        // Boxed, as CreateKey is.
        Box::pin(import_material::import(self, cx, input)).await
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

    async fn replicate_key(
        &self,
        cx: &Call,
        input: &shapes::ReplicateKeyInput,
    ) -> Effect<shapes::ReplicateKeyOutput, ErrorAnswer> {
        // Boxed, as CreateKey is.
        Box::pin(replicate_key::replicate(self, cx, input)).await
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

    async fn get_key_last_usage(
        &self,
        cx: &Call,
        input: &shapes::GetKeyLastUsageInput,
    ) -> Effect<shapes::GetKeyLastUsageOutput, ErrorAnswer> {
        last_usage::get(self, cx, input).await
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

    async fn update_primary_region(
        &self,
        cx: &Call,
        input: &shapes::UpdatePrimaryRegionInput,
    ) -> Effect<shapes::UpdatePrimaryRegionOutput, ErrorAnswer> {
        Box::pin(update_primary_region::update(self, cx, input)).await
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
