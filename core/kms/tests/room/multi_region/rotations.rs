//! Rotation of related keys: asked of the primary, shown by all, and in all at once.

use serde_json::{Value, json};

use super::{BEYOND, DAY, catch_up, family, in_region, metadata, promote, replicate};
use crate::house::{HERE, House, THERE};
use crate::world::{Key, PLAINTEXT};

async fn status(house: &House, region: &str, key: &Key) -> Value {
    let mut shown = house.ask_at(region, "GetKeyRotationStatus", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(shown["KeyId"], in_region(key, region));
    shown["KeyId"].take();
    shown
}

async fn current(house: &House, region: &str, key: &Key) -> String {
    metadata(house, region, key).await["CurrentKeyMaterialId"].as_str().unwrap().to_owned()
}

async fn history(house: &House, region: &str, key: &Key) -> Vec<Value> {
    let request = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let listed = house.ask_at(region, "ListKeyRotations", &request).await.ok();
    let mut entries = listed["Rotations"].as_array().unwrap().clone();
    for entry in &mut entries {
        assert_eq!(entry["KeyId"], in_region(key, region));
        entry["KeyId"].take();
    }
    entries
}

async fn dues(house: &House) -> Vec<(String, String)> {
    let rows = house.rows("kms").await.into_iter().map(|row| row.path);
    let dues = rows.filter(|path| path.segment_text(1).as_deref() == Some("due"));
    dues.map(|path| (path.segment_text(3).unwrap(), path.segment_text(5).unwrap())).collect()
}

#[tokio::test]
async fn a_replicas_rotation_is_its_primarys_affair() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let said = house.ask_at(THERE, operation, &json!({"KeyId": key.id})).await.said();
        let expected = format!(
            "UnsupportedOperationException {} is a multi-region replica key which is not valid for {operation}.",
            in_region(&key, THERE)
        );
        assert_eq!(said, expected);
    }
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id, "RotationPeriodInDays": 90})).await.ok();
    let shown = status(&house, HERE, &key).await;
    assert_eq!((&shown["KeyRotationEnabled"], &shown["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    assert_eq!(status(&house, THERE, &key).await, shown);
    house.ask("DisableKeyRotation", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, THERE, &key).await["KeyRotationEnabled"], false);
}

#[tokio::test]
async fn a_rotation_reaches_all_relatives_at_once_and_all_open_what_was_made_before() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id, "RotationPeriodInDays": 90})).await.ok();
    assert_eq!(dues(&house).await, [("rotate-key".to_owned(), HERE.to_owned())]);
    let first = current(&house, HERE, &key).await;
    house.clock.advance(90 * DAY);
    assert_eq!(house.run_due().await, 1);
    let second = current(&house, HERE, &key).await;
    assert_ne!(first, second);
    let (shown, pieces) = (status(&house, HERE, &key).await, history(&house, HERE, &key).await);
    assert_eq!(pieces.len(), 2);
    for region in [THERE, BEYOND] {
        assert_eq!(current(&house, region, &key).await, second);
        assert_eq!(status(&house, region, &key).await, shown);
        assert_eq!(history(&house, region, &key).await, pieces);
        let opened = house.ask_at(region, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
        assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(first)));
    }
    let data_key = json!({"KeyId": key.id, "KeySpec": "AES_256"});
    let data_key = house.ask_at(BEYOND, "GenerateDataKey", &data_key).await.ok();
    assert_eq!(data_key["KeyMaterialId"], second.as_str());
    let opened = house.ask("Decrypt", &json!({"CiphertextBlob": data_key["CiphertextBlob"]})).await.ok();
    assert_eq!(opened["KeyMaterialId"], second.as_str());
}

#[tokio::test]
async fn a_new_replica_has_all_that_was_rotated_before_it_was_made() {
    let house = House::new().await;
    let key = family(&house, &[]).await;
    for _ in 0..3 {
        house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
        catch_up(&house).await;
    }
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    let opened = house.ask_at(THERE, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
    assert_eq!(opened["Plaintext"], PLAINTEXT);
    assert_eq!(history(&house, THERE, &key).await, history(&house, HERE, &key).await);
    assert_eq!(history(&house, THERE, &key).await.len(), 4);
}

#[tokio::test]
async fn what_is_due_moves_with_the_primary() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id, "RotationPeriodInDays": 90})).await.ok();
    house.clock.advance(10 * DAY);
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    let next = status(&house, HERE, &key).await["NextRotationDate"].clone();
    assert_eq!(promote(&house, HERE, &key, THERE).await, "ok");
    let due: Vec<(String, String)> = dues(&house).await.into_iter().filter(|(kind, _)| kind != "settle-key").collect();
    let at = |kind: &str| (kind.to_owned(), THERE.to_owned());
    assert_eq!(due, [at("rotate-on-demand"), at("rotate-key")]);
    assert_eq!(status(&house, THERE, &key).await["NextRotationDate"], next, "kept while it is updating");
    house.records().await;
    catch_up(&house).await;
    let records = house.records().await;
    let rotated: Vec<&Value> = records.iter().filter(|record| record["eventName"] == "RotateKey").collect();
    assert_eq!((rotated.len(), &rotated[0]["awsRegion"]), (1, &json!(THERE)));
    assert_eq!(history(&house, HERE, &key).await.len(), 2);
    house.clock.advance(80 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(current(&house, HERE, &key).await, current(&house, THERE, &key).await);
    assert_eq!(history(&house, HERE, &key).await, history(&house, THERE, &key).await);
    let said = house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.said();
    assert!(said.starts_with("UnsupportedOperationException"), "{said}");
}

/// A primary that was switched off when its time came rotates when it is on again, and its replicas show when that is.
#[tokio::test]
async fn a_primary_that_is_switched_on_again_tells_its_replicas() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id, "RotationPeriodInDays": 90})).await.ok();
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    house.clock.advance(100 * DAY);
    assert_eq!(catch_up(&house).await, 0);
    // Switching a replica off and on changes nothing of it.
    for operation in ["DisableKey", "EnableKey"] {
        house.ask_at(THERE, operation, &json!({"KeyId": key.id})).await.ok();
    }
    assert_eq!(status(&house, THERE, &key).await["NextRotationDate"].as_f64(), Some(90.0 * 86_400.0));
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, THERE, &key).await["NextRotationDate"].as_f64(), Some(100.0 * 86_400.0));
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(status(&house, THERE, &key).await["NextRotationDate"].as_f64(), Some(190.0 * 86_400.0));
}
