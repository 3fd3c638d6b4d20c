//! `KeyMetadata`, as CreateKey and DescribeKey show it. Which members are there in which case: section 1.2 of the
//! developer guide's description of DescribeKey, as recorded.

use sealroom_api::kms::{ExpirationModelType, KeyMetadata, MultiRegionConfiguration, MultiRegionKey};
use sealroom_foundation::{KeyArn, Region};
use sealroom_hsm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, Origin, SigningAlgorithm, Spec, Usage};

use crate::names::{outward, outward_all};
use crate::record::{KeyRecord, Material, MultiRegion};
use crate::spec;
use crate::state::KeyState;

/// The metadata of a key.
pub(crate) fn of(record: &KeyRecord, description: &str) -> KeyMetadata {
    let KeyRecord { arn, spec, usage, origin, manager, state, created, multi_region, .. } = record;
    let shown = KeyMetadata {
        aws_account_id: Some(arn.account.to_string()),
        key_id: arn.key.to_string(),
        arn: Some(record.arn_text().to_owned()),
        creation_date: Some(*created),
        enabled: Some(*state == KeyState::Enabled),
        description: Some(description.to_owned()),
        key_usage: outward(usage.as_str()),
        key_state: outward(state.as_str()),
        origin: outward(origin.as_str()),
        key_manager: outward(manager.as_str()),
        customer_master_key_spec: outward(spec.as_str()),
        key_spec: outward(spec.as_str()),
        multi_region: Some(multi_region.is_some()),
        multi_region_configuration: multi_region.as_ref().map(|relatives| configuration(arn, relatives)),
        current_key_material_id: shown_material(record).map(|material| material.id_text().to_owned()),
        ..KeyMetadata::default()
    };
    with_algorithms(with_expiry(with_deletion(shown, *state), record), *spec, *usage)
}

/// Of imported material, while it is there.
fn with_expiry(shown: KeyMetadata, record: &KeyRecord) -> KeyMetadata {
    if record.origin != Origin::External || record.lacks_material() {
        return shown;
    }
    let valid_to = record.imports.valid_to;
    let model = match valid_to {
        Some(_) => ExpirationModelType::KeyMaterialExpires,
        None => ExpirationModelType::KeyMaterialDoesNotExpire,
    };
    KeyMetadata { expiration_model: Some(model), valid_to, ..shown }
}

/// AWS: a replica shows its material when it is complete.
fn shown_material(record: &KeyRecord) -> Option<&Material> {
    let creating = matches!(record.state, KeyState::Creating { .. });
    record.shown_material().filter(|_| !creating)
}

fn with_deletion(shown: KeyMetadata, state: KeyState) -> KeyMetadata {
    match state {
        KeyState::PendingDeletion { due } => KeyMetadata { deletion_date: Some(due), ..shown },
        KeyState::PendingReplicaDeletion { window_days } => {
            KeyMetadata { pending_deletion_window_in_days: Some(window_days.into()), ..shown }
        }
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => shown,
    }
}

/// Exactly one list: that of the key's usage.
fn with_algorithms(shown: KeyMetadata, spec: Spec, usage: Usage) -> KeyMetadata {
    match usage {
        Usage::EncryptDecrypt => {
            let names = spec::encryption_algorithms(spec).iter().copied().map(EncryptionAlgorithm::as_str);
            KeyMetadata { encryption_algorithms: outward_all(names), ..shown }
        }
        Usage::SignVerify => {
            let names = spec::signing_algorithms(spec).iter().copied().map(SigningAlgorithm::as_str);
            KeyMetadata { signing_algorithms: outward_all(names), ..shown }
        }
        Usage::GenerateVerifyMac => {
            let names = spec::mac_algorithms(spec).iter().copied().map(MacAlgorithm::as_str);
            KeyMetadata { mac_algorithms: outward_all(names), ..shown }
        }
        Usage::KeyAgreement => {
            let names = [AgreementAlgorithm::Ecdh.as_str()];
            KeyMetadata { key_agreement_algorithms: outward_all(names), ..shown }
        }
        Usage::EncapsulateDecapsulate => KeyMetadata { encapsulation_algorithms: outward_all(["ML_KEM"]), ..shown },
    }
}

fn configuration(arn: &KeyArn, relatives: &MultiRegion) -> MultiRegionConfiguration {
    let in_region = |region: &Region| MultiRegionKey {
        arn: Some(KeyArn { region: *region, ..*arn }.to_string()),
        region: Some(region.to_string()),
    };
    MultiRegionConfiguration {
        multi_region_key_type: outward(relatives.role.as_str()),
        primary_key: Some(in_region(&relatives.primary)),
        replica_keys: Some(relatives.replicas.iter().map(in_region).collect()),
    }
}
