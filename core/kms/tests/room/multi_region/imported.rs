//! Related keys of imported material: each is given the same bytes by its owner, and none has a second piece.

use serde_json::{Value, json};

use super::{catch_up, metadata, replicate, state};
use crate::house::{HERE, House, OWNER, THERE};
use crate::world::{self, Key, PLAINTEXT};

const ALONE: &str = "UnsupportedOperationException Rotation of imported key material in multi-Region keys is not supported \
                     by this version of the service.";

/// A multi-Region key of the owner's that waits for its first material.
async fn bare(house: &House) -> Key {
    let kind = json!({"MultiRegion": true, "Origin": "EXTERNAL"});
    let made = house.ask("CreateKey", &kind).await.ok()["KeyMetadata"].take();
    let mut key = world::make(house, OWNER, &json!({})).await;
    key.id = made["KeyId"].as_str().unwrap().to_owned();
    key.arn = made["Arn"].as_str().unwrap().to_owned();
    key
}

async fn import(house: &House, region: &str, key: &Key, bytes: &[u8], more: &Value) -> String {
    let wrapped = world::wrap_at(house, region, &key.id, bytes).await;
    let mut request = json!({
        "KeyId": key.id, "ImportToken": wrapped.token, "EncryptedKeyMaterial": wrapped.material,
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.ask_at(region, "ImportKeyMaterial", &request).await.said()
}

#[tokio::test]
async fn a_replica_waits_for_the_same_bytes_and_then_opens_what_its_primary_sealed() {
    let house = House::new().await;
    let key = bare(&house).await;
    let waiting = replicate(&house, HERE, &key, THERE).await;
    assert_eq!(waiting, format!("KMSInvalidStateException {} is pending import.", key.arn));
    assert_eq!(import(&house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    assert_eq!(state(&house, THERE, &key).await, "PendingImport");
    let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
    let open = json!({"KeyId": key.id, "CiphertextBlob": sealed["CiphertextBlob"]});
    let refused = house.ask_at(THERE, "Decrypt", &open).await.said();
    assert!(refused.starts_with("KMSInvalidStateException"), "{refused}");

    let other = import(&house, THERE, &key, &[2; 32], &json!({})).await;
    assert!(other.starts_with("IncorrectKeyMaterialException"), "{other}");
    assert_eq!(import(&house, THERE, &key, &[1; 32], &json!({})).await, "ok");
    assert_eq!(state(&house, THERE, &key).await, "Enabled");
    assert_eq!(house.ask_at(THERE, "Decrypt", &open).await.ok()["Plaintext"], PLAINTEXT);
    let [here, there] = [metadata(&house, HERE, &key).await, metadata(&house, THERE, &key).await];
    assert_eq!(here["CurrentKeyMaterialId"], there["CurrentKeyMaterialId"]);

    // Each is given and loses its own.
    house.ask("DeleteImportedKeyMaterial", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(state(&house, HERE, &key).await, "PendingImport");
    assert_eq!(house.ask_at(THERE, "Decrypt", &open).await.ok()["Plaintext"], PLAINTEXT);
    assert_eq!(import(&house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    assert_eq!(house.ask("Decrypt", &open).await.ok()["Plaintext"], PLAINTEXT);
}

#[tokio::test]
async fn the_end_of_one_leaves_the_other_its_bytes() {
    let house = House::new().await;
    let key = bare(&house).await;
    assert_eq!(import(&house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    assert_eq!(import(&house, THERE, &key, &[1; 32], &json!({})).await, "ok");
    let sealed = house.ask_at(THERE, "Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
    let open = json!({"KeyId": key.id, "CiphertextBlob": sealed["CiphertextBlob"]});
    house.ask_at(THERE, "ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    catch_up(&house).await;
    let gone = house.ask_at(THERE, "DescribeKey", &json!({"KeyId": key.id})).await.said();
    assert!(gone.starts_with("NotFoundException"), "{gone}");
    assert_eq!(house.ask("Decrypt", &open).await.ok()["Plaintext"], PLAINTEXT);
}

#[tokio::test]
async fn related_keys_get_no_second_piece_and_a_key_with_two_no_replica() {
    let house = House::new().await;
    let key = bare(&house).await;
    assert_eq!(import(&house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    let new = json!({"ImportType": "NEW_KEY_MATERIAL"});
    for region in [HERE, THERE] {
        assert_eq!(import(&house, region, &key, &[2; 32], &new).await, ALONE, "{region}");
    }
    let lone = bare(&house).await;
    assert_eq!(import(&house, HERE, &lone, &[1; 32], &json!({})).await, "ok");
    assert_eq!(import(&house, HERE, &lone, &[2; 32], &new).await, "ok");
    assert_eq!(replicate(&house, HERE, &lone, THERE).await, ALONE);
    house.ask("RotateKeyOnDemand", &json!({"KeyId": lone.id})).await.ok();
    catch_up(&house).await;
    assert_eq!(replicate(&house, HERE, &lone, THERE).await, ALONE);
}
