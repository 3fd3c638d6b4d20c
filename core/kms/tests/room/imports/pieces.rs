//! Several pieces of a symmetric key: which waits, which is current, what opens what, and what lists show of them.

use sealroom_api::Compat;
use serde_json::{Value, json};

use super::{DAY, decrypt, encrypt, expires, external, import, imported, new_material, pending_import, seconds, shown};
use crate::house::House;
use crate::world::{Key, PLAINTEXT};

async fn rotate(house: &House, key: &Key) -> String {
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.said()
}

/// The list of all pieces, their dates as days.
async fn all(house: &House, key: &Key) -> Vec<Value> {
    let asked = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let page = house.ask("ListKeyRotations", &asked).await.ok();
    let mut entries = page["Rotations"].as_array().unwrap().clone();
    for entry in &mut entries {
        for date in ["RotationDate", "ValidTo"] {
            if let Some(at) = entry.get_mut(date) {
                *at = json!(seconds(at) / DAY);
            }
        }
    }
    entries
}

fn entry(key: &Key, id: &str, state: &str, more: &Value) -> Value {
    let mut entry = json!({"KeyId": key.arn, "KeyMaterialId": id, "KeyMaterialState": state});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn there() -> Value {
    json!({"ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"})
}

fn both(one: Value, other: &Value) -> Value {
    let mut both = one;
    both.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    both
}

#[tokio::test]
async fn a_new_piece_waits_for_its_rotation_and_the_old_one_opens_what_it_made() {
    let house = House::new().await;
    let key = external(&house).await;
    let said = format!("KMSInvalidStateException No available key material pending rotation for the key: {}.", key.arn);
    assert_eq!(rotate(&house, &key).await, pending_import(&key));
    let first = imported(&house, &key, &[1; 32], &json!({"KeyMaterialDescription": "the first"})).await;
    assert_eq!(rotate(&house, &key).await, said);
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    let second = imported(&house, &key, &[2; 32], &both(new_material(), &expires(9 * DAY))).await;
    assert_eq!(
        shown(&house, &key).await,
        [json!("Enabled"), json!(first), json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), Value::Null]
    );
    let described = both(there(), &json!({"KeyMaterialDescription": "the first"}));
    let pending = json!({"ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 9});
    let expected = [entry(&key, &first, "CURRENT", &described), entry(&key, &second, "PENDING_ROTATION", &pending)];
    assert_eq!(all(&house, &key).await, expected);

    house.clock.advance(DAY);
    assert_eq!(rotate(&house, &key).await, "ok");
    assert_eq!(house.run_due().await, 1);
    let now = [json!("Enabled"), json!(second), json!("KEY_MATERIAL_EXPIRES"), json!(9 * DAY)];
    assert_eq!(shown(&house, &key).await, now);
    let rotated = both(pending, &json!({"RotationDate": 1, "RotationType": "ON_DEMAND"}));
    let expected = [entry(&key, &first, "NON_CURRENT", &described), entry(&key, &second, "CURRENT", &rotated)];
    assert_eq!(all(&house, &key).await, expected);
    let opened = decrypt(&house, &sealed).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(first)));
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    assert_eq!(decrypt(&house, &sealed).await.ok()["KeyMaterialId"], second.as_str());
    assert_eq!(rotate(&house, &key).await, said);
}

#[tokio::test]
async fn one_piece_waits_at_most_and_another_may_come_when_it_is_deleted() {
    let house = House::new().await;
    let key = external(&house).await;
    let first = imported(&house, &key, &[1; 32], &json!({})).await;
    let second = imported(&house, &key, &[2; 32], &new_material()).await;
    let said = import(&house, &key, &[3; 32], &new_material()).await.said();
    // The same piece again is no second one.
    imported(&house, &key, &[2; 32], &json!({"KeyMaterialDescription": "d"})).await;
    let delete = json!({"KeyId": key.id, "KeyMaterialId": second});
    let answer = house.ask("DeleteImportedKeyMaterial", &delete).await.ok();
    assert_eq!(answer, json!({"KeyId": key.arn, "KeyMaterialId": second}));
    assert_eq!(shown(&house, &key).await[..2], [json!("Enabled"), json!(first)]);
    assert_eq!(all(&house, &key).await.len(), 1);
    let third = imported(&house, &key, &[3; 32], &new_material()).await;
    assert_eq!(
        said,
        format!(
            "KMSInvalidStateException New key material (id: {third}) cannot be imported into KMS key {}, because another \
             key material (id: {second}) is pending rotation.",
            key.arn
        )
    );
    assert_eq!(all(&house, &key).await[1]["KeyMaterialId"], third.as_str());
}

/// The key is usable only while every piece that ever was current is there.
#[tokio::test]
async fn a_key_waits_for_each_of_its_pieces() {
    let house = House::new().await;
    let key = external(&house).await;
    let mut pieces = Vec::new();
    for number in 1..=3u8 {
        let members = if number == 1 { json!({}) } else { new_material() };
        let id = imported(&house, &key, &[number; 32], &members).await;
        if number > 1 {
            assert_eq!(rotate(&house, &key).await, "ok");
            assert_eq!(house.run_due().await, 1);
        }
        pieces.push((number, id, encrypt(&house, &key).await.ok()["CiphertextBlob"].clone()));
    }
    let delete = async |id: &str| {
        house.ask("DeleteImportedKeyMaterial", &json!({"KeyId": key.id, "KeyMaterialId": id})).await.ok();
    };
    delete(&pieces[0].1).await;
    delete(&pieces[2].1).await;
    let waits = [json!("PendingImport"), json!(pieces[2].1), Value::Null, Value::Null];
    assert_eq!(shown(&house, &key).await, waits);
    for (_, _, sealed) in &pieces {
        assert_eq!(decrypt(&house, sealed).await.said(), pending_import(&key));
    }
    let states: Vec<Value> = all(&house, &key).await.iter().map(|entry| entry["ImportState"].clone()).collect();
    assert_eq!(states, ["PENDING_IMPORT", "IMPORTED", "PENDING_IMPORT"]);
    // A piece that was never there may even come meanwhile; it doesn't make the key whole.
    imported(&house, &key, &[4; 32], &new_material()).await;
    imported(&house, &key, &[3; 32], &json!({})).await;
    assert_eq!(shown(&house, &key).await, waits);
    imported(&house, &key, &[1; 32], &json!({"KeyMaterialId": pieces[0].1})).await;
    assert_eq!(shown(&house, &key).await[0], "Enabled");
    for (_, id, sealed) in &pieces {
        let opened = decrypt(&house, sealed).await.ok();
        assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(id)));
    }
    assert_eq!(rotate(&house, &key).await, "ok");
}

#[tokio::test]
async fn a_piece_that_comes_again_keeps_its_description_unless_another_is_given() {
    let house = House::new().await;
    let key = external(&house).await;
    let described = |text: &str| json!({"KeyMaterialDescription": text});
    for (members, shown_as) in [
        (described("one"), "one"),
        (json!({}), "one"),
        (expires(5 * DAY), "one"),
        (both(expires(6 * DAY), &described("two")), "two"),
        (json!({}), "two"),
    ] {
        imported(&house, &key, &[1; 32], &members).await;
        let [entry] = &all(&house, &key).await[..] else { panic!() };
        assert_eq!(entry["KeyMaterialDescription"], shown_as);
        let valid_to = members.get("ValidTo").map_or(0, |at| at.as_i64().unwrap() / DAY);
        assert_eq!(entry["ValidTo"].as_i64().unwrap_or(0), valid_to);
    }
    house.ask("DeleteImportedKeyMaterial", &json!({"KeyId": key.id})).await.ok();
    imported(&house, &key, &[1; 32], &json!({})).await;
    assert_eq!(all(&house, &key).await[0]["KeyMaterialDescription"], "two");
}

/// With AWS's limits a rotation takes two minutes. A piece that is deleted meanwhile isn't rotated to.
#[tokio::test]
async fn a_rotation_whose_piece_is_deleted_does_not_happen() {
    let house = House::with(Compat::Aws).await;
    let key = external(&house).await;
    let first = imported(&house, &key, &[1; 32], &json!({})).await;
    let second = imported(&house, &key, &[2; 32], &new_material()).await;
    assert_eq!(rotate(&house, &key).await, "ok");
    house.ask("DeleteImportedKeyMaterial", &json!({"KeyId": key.id, "KeyMaterialId": second})).await.ok();
    let status = house.ask("GetKeyRotationStatus", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status, json!({"KeyId": key.arn, "KeyRotationEnabled": false}));
    house.clock.advance(DAY);
    assert_eq!(house.run_due().await, 0);
    assert_eq!(shown(&house, &key).await[..2], [json!("Enabled"), json!(first)]);
}
