//! The end of material: deleted at once, or when it expires. Its token is nowhere then, and only the same bytes come back.

use sealroom_foundation::ports::Clock;
use serde_json::{Value, json};

use super::{DAY, decrypt, encrypt, expires, external, imported, new_material, pending_import, shown};
use crate::house::{House, OWNER, key_path};
use crate::secrets::{Haystack, forms};
use crate::world::{self, Key, PLAINTEXT};

/// The tokens of the key, as they are stored.
async fn tokens(house: &House, key: &Key) -> Vec<Vec<u8>> {
    let mut tokens = Vec::new();
    for row in house.rows("kms").await {
        let stored: Value = serde_json::from_slice(&row.value).unwrap();
        if row.path.to_string().contains(&key.id)
            && let Some(token) = stored["material"]["token"].as_str().or(stored["token"].as_str())
        {
            tokens.push(base64_simd::STANDARD.decode_to_vec(token).unwrap());
        }
    }
    tokens
}

/// Neither rows nor records hold the tokens any more.
async fn are_nowhere(house: &House, gone: &[Vec<u8>]) {
    let mut haystack = Haystack::default();
    for row in house.rows("kms").await.into_iter().chain(house.rows("audit").await) {
        haystack.add(row.path.to_string(), &row.value);
    }
    for record in house.raw_records().await {
        haystack.add("a record".to_owned(), &record);
    }
    for token in gone {
        haystack.holds_none_of(&forms(token));
    }
}

async fn delete(house: &House, key: &Key, id: Option<&str>) -> Value {
    let mut asked = json!({"KeyId": key.id});
    if let Some(id) = id {
        asked["KeyMaterialId"] = json!(id);
    }
    house.ask("DeleteImportedKeyMaterial", &asked).await.ok()
}

#[tokio::test]
async fn deleted_material_is_nowhere_and_comes_back_as_itself() {
    let house = House::new().await;
    let key = external(&house).await;
    let elsewhere = house.second_room();
    assert_eq!(delete(&house, &key, None).await, json!({"KeyId": key.arn}), "it was never imported");
    let id = imported(&house, &key, &[5; 32], &json!({})).await;
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    let open = json!({"CiphertextBlob": sealed});
    assert_eq!(house.ask_room(&elsewhere, "Decrypt", &open).await.said(), "ok");
    let gone = tokens(&house, &key).await;
    assert_eq!(gone.len(), 1);
    let answer = json!({"KeyId": key.arn, "KeyMaterialId": id});
    assert_eq!(delete(&house, &key, None).await, answer);
    are_nowhere(&house, &gone).await;
    assert_eq!(shown(&house, &key).await, [json!("PendingImport"), json!(id), Value::Null, Value::Null]);
    assert_eq!(decrypt(&house, &sealed).await.said(), pending_import(&key));
    assert_eq!(house.ask_room(&elsewhere, "Decrypt", &open).await.said(), pending_import(&key));
    assert_eq!(delete(&house, &key, None).await, answer, "again");
    assert_eq!(imported(&house, &key, &[5; 32], &json!({})).await, id);
    for room in [&house.kms, &elsewhere] {
        assert_eq!(house.ask_room(room, "Decrypt", &open).await.ok()["Plaintext"], PLAINTEXT);
    }
}

#[tokio::test]
async fn material_expires_when_its_time_has_come_and_not_before() {
    let house = House::new().await;
    for kind in [json!({}), json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})] {
        let mut asked = kind;
        asked["Origin"] = json!("EXTERNAL");
        let key = world::make(&house, OWNER, &asked).await;
        let at = Clock::service(&*house.clock).as_seconds() + DAY;
        let import = async |at: i64| {
            let mut import = world::request("ImportKeyMaterial", &key, &key.id, &key);
            import.as_object_mut().unwrap().extend(expires(at).as_object().unwrap().clone());
            house.ask("ImportKeyMaterial", &import).await.ok();
        };
        import(at).await;
        let gone = tokens(&house, &key).await;
        house.clock.advance(DAY - 1);
        assert_eq!(house.run_due().await, 0);
        assert_eq!(shown(&house, &key).await[0], "Enabled");
        // Who imports it again moves the end.
        import(at + DAY).await;
        assert_eq!(tokens(&house, &key).await, gone, "the bytes are there already");
        house.clock.advance(1);
        assert_eq!(house.run_due().await, 0);
        house.clock.advance(DAY);
        // Even before the job has run.
        let row = if key.usage == "ENCRYPT_DECRYPT" { "Encrypt" } else { "GenerateMac" };
        let used = house.ask(row, &world::request(row, &key, &key.id, &key)).await.said();
        assert_eq!((used, tokens(&house, &key).await), (pending_import(&key), gone.clone()));
        assert_eq!(house.run_due().await, 1);
        assert_eq!(house.run_due().await, 0);
        are_nowhere(&house, &gone).await;
        let [state, _, model, valid_to] = shown(&house, &key).await;
        assert_eq!([state, model, valid_to], [json!("PendingImport"), Value::Null, Value::Null]);
    }
}

/// The metadata shows the earliest end, and each piece goes at its own.
#[tokio::test]
async fn pieces_expire_one_by_one() {
    let house = House::new().await;
    let key = external(&house).await;
    let both = |at: i64| {
        let mut members = new_material();
        members.as_object_mut().unwrap().extend(expires(at).as_object().unwrap().clone());
        members
    };
    let first = imported(&house, &key, &[1; 32], &expires(5 * DAY)).await;
    let second = imported(&house, &key, &[2; 32], &both(3 * DAY)).await;
    assert_eq!(shown(&house, &key).await[3], json!(5 * DAY), "what waits isn't associated yet");
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(house.run_due().await, 1);
    assert_eq!(shown(&house, &key).await[3], json!(3 * DAY));
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    let third = imported(&house, &key, &[3; 32], &both(3 * DAY)).await;
    assert_eq!(tokens(&house, &key).await.len(), 3);
    house.clock.advance(3 * DAY);
    house.records().await;
    assert_eq!(decrypt(&house, &sealed).await.said(), pending_import(&key));
    house.records().await;
    // Two end at the same moment.
    assert_eq!(house.run_due().await + house.run_due().await, 2);
    let told: Vec<Value> =
        house.records().await.iter().map(|told| told["serviceEventDetails"]["keyMaterialId"].clone()).collect();
    assert!(told.len() == 2 && told.contains(&json!(second)) && told.contains(&json!(third)), "{told:?}");
    assert_eq!(shown(&house, &key).await[..2], [json!("PendingImport"), json!(second)]);
    imported(&house, &key, &[2; 32], &json!({"KeyMaterialId": second})).await;
    assert_eq!(
        shown(&house, &key).await,
        [json!("Enabled"), json!(second), json!("KEY_MATERIAL_EXPIRES"), json!(5 * DAY)]
    );

    // Corrections, section 6: what has expired while it waited still rotates, and then the key waits for it.
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(house.run_due().await, 1);
    assert_eq!(shown(&house, &key).await[..2], [json!("PendingImport"), json!(third)]);
    imported(&house, &key, &[3; 32], &json!({})).await;
    assert_eq!(shown(&house, &key).await[..2], [json!("Enabled"), json!(third)]);
    house.clock.advance(2 * DAY);
    assert_eq!(house.run_due().await, 1);
    assert_eq!(shown(&house, &key).await[0], "PendingImport");
    imported(&house, &key, &[1; 32], &json!({"KeyMaterialId": first})).await;
    let expected = [json!("Enabled"), json!(third), json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), Value::Null];
    assert_eq!(shown(&house, &key).await, expected);
}

#[tokio::test]
async fn a_key_that_is_to_be_deleted_loses_its_material_and_stays_to_be_deleted() {
    let house = House::new().await;
    let (key, other) = (external(&house).await, external(&house).await);
    for key in [&key, &other] {
        imported(&house, key, &[5; 32], &expires(3 * DAY)).await;
        house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    }
    let gone = tokens(&house, &key).await;
    delete(&house, &key, None).await;
    are_nowhere(&house, &gone).await;
    assert_eq!(shown(&house, &key).await[0], "PendingDeletion");
    house.clock.advance(3 * DAY);
    assert_eq!(house.run_due().await, 1);
    assert_eq!(tokens(&house, &other).await.len(), 0);
    for key in [&key, &other] {
        assert_eq!(shown(&house, key).await[0], "PendingDeletion");
        house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
        assert_eq!(shown(&house, key).await[0], "PendingImport");
    }
}

#[tokio::test]
async fn a_destroyed_key_takes_all_of_its_pieces_along() {
    let house = House::new().await;
    let key = external(&house).await;
    imported(&house, &key, &[1; 32], &expires(300 * DAY)).await;
    imported(&house, &key, &[2; 32], &new_material()).await;
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(house.run_due().await, 1);
    imported(&house, &key, &[3; 32], &new_material()).await;
    let gone = tokens(&house, &key).await;
    assert_eq!(gone.len(), 3);
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * DAY);
    assert_eq!(house.run_due().await, 1);
    are_nowhere(&house, &gone).await;
    assert!(house.row(key_path(OWNER, &key.id)).await.is_none());
    house.clock.advance(300 * DAY);
    assert_eq!(house.run_due().await, 0, "its due rows went too");
}

/// A due row that no longer fits takes nothing.
#[tokio::test]
async fn a_row_that_fits_no_piece_destroys_nothing() {
    let house = House::new().await;
    let key = external(&house).await;
    imported(&house, &key, &[5; 32], &expires(3 * DAY)).await;
    let due = |row: &sealroom_store::Row| row.path.segment_text(1).as_deref() == Some("due");
    let planted = house.rows("kms").await.into_iter().find(due).unwrap();
    imported(&house, &key, &[5; 32], &json!({})).await;
    assert!(!house.rows("kms").await.iter().any(due));
    house.commit(sealroom_store::Batch::default().put(planted.path, planted.value)).await;
    house.clock.advance(3 * DAY);
    assert_eq!(house.run_due().await, 0);
    assert!(!house.rows("kms").await.iter().any(due));
    assert_eq!(shown(&house, &key).await[0], "Enabled");
}
