//! Operations × key states, from `tests/tables/states.txt`.

use sealroom_kms::state::KeyState;
use serde_json::{Value, json};

use crate::house::{House, OWNER};
use crate::references::subject;
use crate::table::{expect, fill, lines, report};
use crate::world::{self, operation_of, request};

pub(crate) const TABLE: &str = include_str!("../tables/states.txt");

/// The rows: an operation, and its code in each state.
pub(crate) fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = lines(TABLE).filter(|line| !line.starts_with("code ") && !line.starts_with("states "));
    rows.map(|line| {
        let mut cells = line.split_whitespace();
        (cells.next().unwrap(), cells.collect())
    })
    .collect()
}

fn states() -> Vec<&'static str> {
    lines(TABLE).find_map(|line| line.strip_prefix("states ")).unwrap().split_whitespace().collect()
}

fn answer(code: &str, arn: &str) -> String {
    if code == "ok" {
        return "ok".to_owned();
    }
    let named = lines(TABLE).filter_map(|line| line.strip_prefix("code ")?.split_once('='));
    let (_, text) = named.into_iter().find(|(name, _)| name.trim() == code).unwrap_or_else(|| panic!("code `{code}`"));
    fill(text.trim(), &[("arn", arn)])
}

fn state(house: &House, name: &str) -> KeyState {
    let now = sealroom_foundation::ports::Clock::service(&*house.clock);
    match name {
        "Enabled" => KeyState::Enabled,
        "Disabled" => KeyState::Disabled,
        "PendingDeletion" => KeyState::PendingDeletion { due: now.plus_days(7) },
        "PendingReplicaDeletion" => KeyState::PendingReplicaDeletion { window_days: 7 },
        "PendingImport" => KeyState::PendingImport,
        "Unavailable" => KeyState::Unavailable { enabled: true },
        "Creating" => KeyState::Creating { due: now },
        "Updating" => KeyState::Updating { due: now },
        unknown => panic!("the table names `{unknown}`"),
    }
}

#[tokio::test]
async fn every_operation_in_every_state_answers_as_the_table_says() {
    let house = House::new().await;
    let good = world::symmetric(&house).await;
    let (mut faults, mut impossible) = (Vec::new(), Vec::new());
    for (row, codes) in rows() {
        assert_eq!(codes.len(), states().len(), "{row}");
        for (name, code) in states().into_iter().zip(codes) {
            if code == "n/a" {
                impossible.push((row, name));
                continue;
            }
            let key = subject_in(&house, row, name).await;
            house.set_state(&key.id, state(&house, name)).await;
            let said = house.ask(operation_of(row), &request(row, &key, &key.arn, &good)).await.said();
            expect(&mut faults, &format!("{row} in {name}"), &answer(code, &key.arn), &said);
        }
    }
    report(&faults);
    // No key that could have these is ever unavailable, for that is a key in a custom key store.
    let asked_of_no_key = [
        "DeleteImportedKeyMaterial",
        "DisableKeyRotation",
        "EnableKeyRotation",
        "GetParametersForImport",
        "ImportKeyMaterial",
        "GetKeyRotationStatus",
        "ListKeyRotations",
        "ReplicateKey",
        "RotateKeyOnDemand",
        "UpdatePrimaryRegion",
    ];
    assert_eq!(impossible, asked_of_no_key.map(|row| (row, "Unavailable")), "every other cell was asked");
}

/// A key on which the operation would succeed if it weren't for the state.
async fn subject_in(house: &House, row: &str, state: &str) -> world::Key {
    match row {
        "DisableKeyRotation"
        | "EnableKeyRotation"
        | "GetKeyRotationStatus"
        | "ListKeyRotations"
        | "RotateKeyOnDemand"
            if state == "PendingImport" =>
        {
            world::make(house, OWNER, &json!({"Origin": "EXTERNAL"})).await
        }
        _ => subject(house, row).await,
    }
}

#[tokio::test]
async fn describe_key_and_list_keys_show_a_key_in_every_state() {
    let house = House::new().await;
    for name in states() {
        let key = world::symmetric(&house).await;
        house.set_state(&key.id, state(&house, name)).await;
        let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok();
        let metadata = &shown["KeyMetadata"];
        assert_eq!(metadata["KeyState"], name);
        assert_eq!(metadata["Enabled"], name == "Enabled", "{name}");
        assert_eq!(metadata.get("DeletionDate").is_some(), name == "PendingDeletion", "{name}");
        let window = metadata.get("PendingDeletionWindowInDays");
        assert_eq!(window, (name == "PendingReplicaDeletion").then_some(&json!(7)), "{name}");
        let listed = house.ask("ListKeys", &json!({})).await.ok();
        let entry = json!({"KeyId": key.id, "KeyArn": key.arn});
        assert!(listed["Keys"].as_array().unwrap().contains(&entry), "{name}");
    }
}

#[tokio::test]
async fn the_metadata_of_a_key_has_exactly_the_members_that_aws_shows() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"Description": "d", "MultiRegion": true})).await;
    let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok();
    let mut metadata = shown["KeyMetadata"].clone();
    let material = metadata["CurrentKeyMaterialId"].take();
    assert_eq!(material.as_str().map(str::len), Some(64));
    let expected = json!({
        "AWSAccountId": OWNER,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": 0,
        "Enabled": true,
        "Description": "d",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": true,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": key.arn, "Region": "us-east-1"},
            "ReplicaKeys": [],
        },
        "CurrentKeyMaterialId": Value::Null,
    });
    assert_eq!(numbers(&metadata), numbers(&expected));
    assert!(key.id.starts_with("mrk-"));
}

/// `0.0` and `0` are the same moment.
fn numbers(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(date) = value.get_mut("CreationDate") {
        *date = json!(date.as_f64());
    }
    value
}
