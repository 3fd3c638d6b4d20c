//! Sample records of every release open for ever, and say what they said then.

#![cfg(test)]

use sealroom_api::kms::GrantOperation;
use sealroom_authz::PrincipalName;
use sealroom_foundation::{MaterialId, Timestamp};
use sealroom_hsm::{Origin, Spec, Usage};
use sealroom_kms::grants::record::GrantRecord;
use sealroom_kms::grants::{Constraints, ContextConstraint, NamedGrant};
use sealroom_kms::record::{
    Automatic, Imported, Imports, KeyDocument, KeyManager, Material, MultiRegionRole, OnDemand, Rotation, RotationKind,
    RotationRecord,
};
use sealroom_kms::state::KeyState;
use sealroom_kms::stored::{AliasRecord, KeyAliases, Noted, RecordError, Tombstone, UsedRecord};

const KEY: &[u8] = include_bytes!("records/v1/key.json");
const ASYMMETRIC_KEY: &[u8] = include_bytes!("records/v1/asymmetric-key.json");
const OLDER_MATERIAL: &[u8] = include_bytes!("records/v1/older-material.json");
const ALIAS: &[u8] = include_bytes!("records/v1/alias.json");
const KEY_ALIASES: &[u8] = include_bytes!("records/v1/key-aliases.json");
const TOMBSTONE: &[u8] = include_bytes!("records/v1/tombstone.json");
const GRANT: &[u8] = include_bytes!("records/v1/grant.json");
const PLAIN_GRANT: &[u8] = include_bytes!("records/v1/plain-grant.json");
const GRANT_NAME: &[u8] = include_bytes!("records/v1/grant-name.json");
const USED: &[u8] = include_bytes!("records/v1/used.json");
const NOTED: &[u8] = include_bytes!("records/v1/noted.json");
const KEY_2: &[u8] = include_bytes!("records/v2/key.json");
const REPLICA_KEY_2: &[u8] = include_bytes!("records/v2/replica-key.json");
const ASYMMETRIC_KEY_2: &[u8] = include_bytes!("records/v2/asymmetric-key.json");
const IMPORTED_KEY_2: &[u8] = include_bytes!("records/v2/imported-key.json");
const OLDER_MATERIAL_2: &[u8] = include_bytes!("records/v2/older-material.json");
const ROTATION: &[u8] = include_bytes!("records/v2/rotation.json");
const FIRST_ROTATION: &[u8] = include_bytes!("records/v2/first-rotation.json");

#[test]
fn a_key_of_version_1_opens() {
    let KeyDocument { record, description, policy, bound } = KeyDocument::from_bytes(KEY).unwrap();
    assert!(bound.is_empty(), "a policy of before users existed names none");
    assert_eq!(record.arn_text(), "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!(
        (record.spec, record.usage, record.origin),
        (Spec::SymmetricDefault, Usage::EncryptDecrypt, Origin::AwsKms)
    );
    assert_eq!(record.manager, KeyManager::Customer);
    assert_eq!(record.state, KeyState::PendingDeletion { due: Timestamp::from_seconds(1_790_000_000) });
    assert_eq!(record.created, Timestamp::from_micros(1_789_194_084_000_123));
    let relatives = record.multi_region.as_ref().unwrap();
    assert_eq!(relatives.role, MultiRegionRole::Primary);
    assert_eq!(relatives.replicas.iter().map(ToString::to_string).collect::<Vec<_>>(), ["us-east-1"]);
    assert_eq!(record.material.as_ref().unwrap().binding.material, MaterialId::from_bytes([0xab; 32]));
    assert_eq!(record.material.as_ref().unwrap().token_digest(), Some(sealroom_crypto::digest::sha256(b"token")));
    assert_eq!((record.rotation, record.imports), (Rotation::default(), Imports::default()));
    assert_eq!((&*record.tags[0].key, &*record.tags[0].value), ("team", "blue"));
    assert_eq!((&*description, &*policy), ("a \"key\"", r#"{"Version":"2012-10-17"}"#));
}

#[test]
fn an_asymmetric_key_of_version_1_opens() {
    let record = KeyDocument::from_bytes(ASYMMETRIC_KEY).unwrap().record;
    assert_eq!((record.spec, record.usage), (Spec::EccNistP256, Usage::SignVerify));
    assert_eq!(record.state, KeyState::Enabled);
    assert_eq!(record.material.as_ref().unwrap().public.as_deref(), Some(&b"public"[..]));
    assert!(record.multi_region.is_none() && record.tags.is_empty());
}

#[test]
fn older_material_aliases_and_a_tombstone_of_version_1_open() {
    let record = KeyDocument::from_bytes(KEY).unwrap().record;
    let older = Material::from_bytes(OLDER_MATERIAL, &record).unwrap();
    assert_eq!(older.binding.material, MaterialId::from_bytes([0xcd; 32]));
    assert_eq!(older.binding.key, record.arn.key);
    assert!(older.is_present() && older.imported.is_none());
    let alias = AliasRecord::from_bytes(ALIAS).unwrap();
    assert_eq!((alias.key, alias.created.as_seconds(), alias.updated.as_seconds()), (record.arn.key, 5, 6));
    let names: Vec<Box<str>> = KeyAliases::from_bytes(KEY_ALIASES).unwrap().names.into();
    assert_eq!(names, ["alias/a/b".into(), "alias/app".into()]);
    let tombstone = Tombstone::from_bytes(TOMBSTONE).unwrap();
    assert_eq!((tombstone.key, tombstone.tokens), (record.arn.key, vec![[0xef; 32]]));
}

#[test]
fn a_grant_of_version_1_opens() {
    let grant = GrantRecord::from_bytes(GRANT).unwrap();
    assert_eq!(grant.id.to_string(), "ab".repeat(32));
    assert_eq!(grant.key.to_string(), "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!((&*grant.name, grant.created.as_seconds(), grant.issuer.as_str()), ("backup", 5, "444455556666"));
    assert_eq!(grant.grantee.text(), "arn:aws:iam::444455556666:role/team/backup");
    assert_eq!(*grant.grantee.name(), PrincipalName::Role("arn:aws:iam::444455556666:role/team/backup".into()));
    assert_eq!(*grant.retiring.as_ref().unwrap().name(), PrincipalName::Service("s3.amazonaws.com".into()));
    assert_eq!(grant.operations.as_slice(), [GrantOperation::Decrypt, GrantOperation::RetireGrant]);
    let pairs = [("app", "1"), ("team", "blue")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(grant.constraints.context, ContextConstraint::Subset(pairs.into()));
    assert_eq!(grant.constraints.source_arn.as_deref(), Some("arn:aws:s3:eu-central-1:111122223333:bucket/b"));
    let plain = GrantRecord::from_bytes(PLAIN_GRANT).unwrap();
    assert!(plain.grantee.is_service() && plain.retiring.is_none() && plain.name.is_empty());
    assert_eq!(plain.constraints, Constraints::default());
    assert_eq!(NamedGrant::from_bytes(GRANT_NAME).unwrap().0, grant.id);
}

#[test]
fn what_is_no_grant_is_refused() {
    assert_eq!(GrantRecord::from_bytes(b"{\"v\":2}").unwrap_err(), RecordError::UnknownSchema(2));
    for (part, wrong) in [("\"Decrypt\"", "\"Sing\""), ("444455556666", "4"), ("Subset", "Superset"), ("abab", "abAB")]
    {
        let changed = text(GRANT).replace(part, wrong);
        assert_eq!(GrantRecord::from_bytes(changed.as_bytes()).unwrap_err(), RecordError::Malformed, "{part}");
    }
}

#[test]
fn a_rotated_key_of_version_2_opens() {
    let record = KeyDocument::from_bytes(KEY_2).unwrap().record;
    let running =
        OnDemand { started: Timestamp::from_seconds(1_789_999_000), due: Timestamp::from_seconds(1_789_999_120) };
    let automatic = Automatic { period_days: 90, next: Timestamp::from_seconds(1_797_000_000) };
    let expected = Rotation { automatic: Some(automatic), running: Some(running), on_demand: 3, pieces: 5 };
    assert_eq!(record.rotation, expected);
    assert!(!record.lacks_material());
}

#[test]
fn a_key_with_imported_material_of_version_2_opens() {
    let record = KeyDocument::from_bytes(IMPORTED_KEY_2).unwrap().record;
    let expected = Imports {
        pending: Some(MaterialId::from_bytes([0xcd; 32])),
        missing: 1,
        valid_to: Some(Timestamp::from_seconds(1_797_000_000)),
        next_expiry: Some(Timestamp::from_seconds(1_796_000_000)),
    };
    assert_eq!(record.imports, expected);
    assert!(record.lacks_material());
    let current = record.material.as_ref().unwrap();
    assert_eq!((current.is_present(), current.token_digest()), (false, None));
    assert_eq!(current.imported.as_deref(), Some(&Imported { description: Some("first".into()), expires: None }));
    let older = Material::from_bytes(OLDER_MATERIAL_2, &record).unwrap();
    assert_eq!((older.is_present(), older.expires()), (true, Some(Timestamp::from_seconds(1_797_000_000))));
}

#[test]
fn a_replica_of_version_2_opens() {
    let record = KeyDocument::from_bytes(REPLICA_KEY_2).unwrap().record;
    assert_eq!(record.state, KeyState::Updating { due: Timestamp::from_seconds(1_790_000_005) });
    let list = record.multi_region.as_ref().unwrap();
    assert_eq!(
        (list.role, list.primary.as_str(), list.home.as_str()),
        (MultiRegionRole::Replica, "eu-west-1", "ap-south-1")
    );
    assert_eq!(record.home().region.as_str(), "ap-south-1");
    assert!(record.leaves_material());
    let regions: Vec<String> = record.relatives().map(|key| key.region.to_string()).collect();
    assert_eq!(regions, ["eu-west-1", "ap-south-1"]);
}

/// Before a key could change places, the first Region of related keys was always the primary's.
#[test]
fn a_list_of_relatives_without_a_home_has_it_where_the_primary_is() {
    for bytes in [KEY, KEY_2] {
        let list = KeyDocument::from_bytes(bytes).unwrap().record.multi_region.unwrap();
        assert_eq!((list.home, list.home.as_str()), (list.primary, "eu-central-1"));
    }
    for name in ["Creating", "Updating"] {
        let old = text(KEY_2).replace(r#"{"PendingDeletion":{"due":1790000000000000}}"#, &format!("\"{name}\""));
        let record = KeyDocument::from_bytes(old.as_bytes()).unwrap().record;
        assert_eq!(record.state.as_str(), name);
    }
}

#[test]
fn an_entry_of_a_history_opens() {
    let entry = RotationRecord::from_bytes(ROTATION).unwrap();
    assert_eq!(entry.material, MaterialId::from_bytes([0xcd; 32]));
    assert_eq!(entry.rotated, Some((Timestamp::from_seconds(1_789_000_000), RotationKind::OnDemand)));
    assert_eq!(RotationRecord::from_bytes(FIRST_ROTATION).unwrap().rotated, None);
    let unknown = text(ROTATION).replace("ON_DEMAND", "X");
    assert_eq!(RotationRecord::from_bytes(unknown.as_bytes()).unwrap_err(), RecordError::Malformed);
}

#[test]
fn what_is_written_is_the_sample_of_the_newest_version() {
    for bytes in [KEY_2, REPLICA_KEY_2, ASYMMETRIC_KEY_2, IMPORTED_KEY_2] {
        let document = KeyDocument::from_bytes(bytes).unwrap();
        assert_eq!(text(&document.to_bytes()), text(bytes));
    }
    let record = KeyDocument::from_bytes(KEY_2).unwrap().record;
    let older = Material::from_bytes(OLDER_MATERIAL_2, &record).unwrap();
    assert_eq!(text(&older.to_bytes()), text(OLDER_MATERIAL_2));
    for bytes in [ROTATION, FIRST_ROTATION] {
        assert_eq!(text(&RotationRecord::from_bytes(bytes).unwrap().to_bytes()), text(bytes));
    }
    assert_eq!(text(&AliasRecord::from_bytes(ALIAS).unwrap().to_bytes()), text(ALIAS));
    assert_eq!(text(&KeyAliases::from_bytes(KEY_ALIASES).unwrap().to_bytes()), text(KEY_ALIASES));
    assert_eq!(text(&Tombstone::from_bytes(TOMBSTONE).unwrap().to_bytes()), text(TOMBSTONE));
    for bytes in [GRANT, PLAIN_GRANT] {
        assert_eq!(text(&GrantRecord::from_bytes(bytes).unwrap().to_bytes()), text(bytes));
    }
    assert_eq!(text(&NamedGrant::from_bytes(GRANT_NAME).unwrap().to_bytes()), text(GRANT_NAME));
}

#[test]
fn what_version_1_said_is_said_in_version_2() {
    assert_eq!(text(&KeyDocument::from_bytes(ASYMMETRIC_KEY).unwrap().to_bytes()), text(ASYMMETRIC_KEY_2));
}

#[test]
fn every_state_is_read_back() {
    let document = KeyDocument::from_bytes(KEY).unwrap();
    for state in [
        KeyState::Creating { due: Timestamp::from_micros(2) },
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingImport,
        KeyState::PendingDeletion { due: Timestamp::from_micros(1) },
        KeyState::PendingReplicaDeletion { window_days: 30 },
        KeyState::Unavailable { enabled: false },
        KeyState::Updating { due: Timestamp::from_micros(3) },
    ] {
        let written = KeyDocument { record: document.record.in_state(state), ..document.clone() }.to_bytes();
        assert_eq!(KeyDocument::from_bytes(&written).unwrap().record.state, state);
    }
}

#[test]
fn what_is_no_record_is_refused() {
    assert_eq!(KeyDocument::from_bytes(b"").unwrap_err(), RecordError::Malformed);
    assert_eq!(KeyDocument::from_bytes(b"{\"v\":1}").unwrap_err(), RecordError::Malformed);
    assert_eq!(KeyDocument::from_bytes(b"{\"v\":3}").unwrap_err(), RecordError::UnknownSchema(3));
    let record = KeyDocument::from_bytes(KEY).unwrap().record;
    assert_eq!(Material::from_bytes(b"{\"v\":3}", &record).unwrap_err(), RecordError::UnknownSchema(3));
    for (part, wrong) in
        [("SYMMETRIC_DEFAULT", "X"), ("111122223333", "1"), ("CUSTOMER", "X"), ("dG9rZW4=", "?"), ("mrk-", "")]
    {
        let changed = text(KEY).replace(part, wrong);
        assert_eq!(KeyDocument::from_bytes(changed.as_bytes()).unwrap_err(), RecordError::Malformed, "{part}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().trim_end().to_owned()
}

#[test]
fn what_is_known_of_uses_opens() {
    let used = UsedRecord::from_bytes(USED).unwrap();
    assert_eq!((&*used.operation, used.time), ("GenerateDataKey", Timestamp::from_micros(1_789_194_084_000_123)));
    assert_eq!(used.event.to_string(), "0a0b0c0d-0102-4304-8506-070809101112");
    assert_eq!(used.request.unwrap().to_string(), "f0e0d0c0-0102-4304-8506-070809101112");
    assert_eq!(used.to_bytes(), USED.trim_ascii_end());
    let noted = Noted::from_bytes(NOTED).unwrap();
    assert_eq!((&noted.0[..], noted.to_bytes()), (&[5, 0, 12_345_678_901][..], NOTED.trim_ascii_end().to_vec()));
}
