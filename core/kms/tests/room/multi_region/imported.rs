//! Related keys of imported material: which pieces there are is the primary's to say, the bytes of each are each key's own.

use sealroom_api::Compat;
use serde_json::{Value, json};

use super::{BEYOND, catch_up, metadata, replicate, state};
use crate::house::{HERE, House, OWNER, THERE};
use crate::world::{self, Key, PLAINTEXT};

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

fn new() -> Value {
    json!({"ImportType": "NEW_KEY_MATERIAL"})
}

/// The primary with its replicas THERE and BEYOND, each with the first piece.
async fn family(house: &House) -> Key {
    let key = bare(house).await;
    assert_eq!(import(house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    for region in [THERE, BEYOND] {
        assert_eq!(replicate(house, HERE, &key, region).await, "ok");
        house.clock.advance(5);
        catch_up(house).await;
        assert_eq!(import(house, region, &key, &[1; 32], &json!({})).await, "ok");
    }
    key
}

async fn rotate(house: &House, region: &str, key: &Key) -> String {
    house.ask_at(region, "RotateKeyOnDemand", &json!({"KeyId": key.id})).await.said()
}

/// State and import state of each piece, in their order.
async fn pieces(house: &House, region: &str, key: &Key) -> Vec<String> {
    let asked = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let page = house.ask_at(region, "ListKeyRotations", &asked).await.ok();
    let entries = page["Rotations"].as_array().unwrap().iter();
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or("-").to_owned();
    entries
        .map(|entry| {
            let described = entry.get("KeyMaterialDescription").map_or("", |_| " described");
            format!("{} {}{described}", text(entry, "KeyMaterialState"), text(entry, "ImportState"))
        })
        .collect()
}

async fn encrypt(house: &House, region: &str, key: &Key) -> Value {
    house.ask_at(region, "Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok()["CiphertextBlob"]
        .clone()
}

async fn opens(house: &House, region: &str, key: &Key, sealed: &Value) -> String {
    house.ask_at(region, "Decrypt", &json!({"KeyId": key.id, "CiphertextBlob": sealed})).await.said()
}

async fn delete(house: &House, region: &str, key: &Key, id: &str) {
    let request = json!({"KeyId": key.id, "KeyMaterialId": id});
    house.ask_at(region, "DeleteImportedKeyMaterial", &request).await.ok();
}

/// The id of the piece that waits.
async fn pending(house: &House, region: &str, key: &Key) -> Option<String> {
    let asked = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let page = house.ask_at(region, "ListKeyRotations", &asked).await.ok();
    let last = page["Rotations"].as_array().unwrap().last().unwrap().clone();
    let waits = last["KeyMaterialState"].as_str().unwrap().starts_with("PENDING");
    waits.then(|| last["KeyMaterialId"].as_str().unwrap().to_owned())
}

const WAITS_FOR_ALL: &str = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";

#[tokio::test]
async fn a_new_piece_comes_to_the_primary_then_to_each_replica_and_all_rotate_together() {
    let house = House::new().await;
    let key = family(&house).await;
    let first = encrypt(&house, THERE, &key).await;
    let arn = key.arn.replace(HERE, THERE);
    let refused = format!(
        "UnsupportedOperationException {arn} is a multi-region replica key which is not valid for ImportKeyMaterial."
    );
    assert_eq!(import(&house, THERE, &key, &[2; 32], &new()).await, refused);
    let unknown = import(&house, THERE, &key, &[2; 32], &json!({})).await;
    assert!(unknown.starts_with("IncorrectKeyMaterialException"), "{unknown}");

    let described = json!({"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialDescription": "the second"});
    assert_eq!(import(&house, HERE, &key, &[2; 32], &described).await, "ok");
    let nothing =
        format!("KMSInvalidStateException No available key material pending rotation for the key: {}.", key.arn);
    for (given, into) in [(1, THERE), (2, BEYOND)] {
        for region in [HERE, THERE, BEYOND] {
            let has = region == HERE || (given == 2 && region == THERE);
            let imported = if has { "IMPORTED" } else { "PENDING_IMPORT" };
            let waiting = format!("{WAITS_FOR_ALL} {imported} described");
            assert_eq!(
                pieces(&house, region, &key).await,
                ["CURRENT IMPORTED".to_owned(), waiting],
                "{given} {region}"
            );
            assert_eq!(state(&house, region, &key).await, "Enabled");
        }
        assert_eq!(rotate(&house, HERE, &key).await, nothing);
        assert_eq!(import(&house, into, &key, &[2; 32], &json!({})).await, "ok");
    }
    for region in [HERE, THERE, BEYOND] {
        assert_eq!(pieces(&house, region, &key).await[1], "PENDING_ROTATION IMPORTED described", "{region}");
    }
    let refused = format!(
        "UnsupportedOperationException {arn} is a multi-region replica key which is not valid for RotateKeyOnDemand."
    );
    assert_eq!(rotate(&house, THERE, &key).await, refused);
    assert_eq!(rotate(&house, HERE, &key).await, "ok");
    catch_up(&house).await;
    let second = encrypt(&house, BEYOND, &key).await;
    for region in [HERE, THERE, BEYOND] {
        let expected = ["NON_CURRENT IMPORTED", "CURRENT IMPORTED described"];
        assert_eq!(pieces(&house, region, &key).await, expected, "{region}");
        assert_eq!(opens(&house, region, &key, &first).await, "ok", "{region}");
        assert_eq!(opens(&house, region, &key, &second).await, "ok", "{region}");
    }
    assert_eq!(rotate(&house, HERE, &key).await, nothing);
}

#[tokio::test]
async fn a_piece_that_waits_goes_everywhere_with_the_primarys_and_nowhere_else_with_a_replicas() {
    let house = House::new().await;
    let key = family(&house).await;
    assert_eq!(import(&house, HERE, &key, &[2; 32], &new()).await, "ok");
    for region in [THERE, BEYOND] {
        assert_eq!(import(&house, region, &key, &[2; 32], &json!({})).await, "ok");
    }
    let id = pending(&house, THERE, &key).await.unwrap();
    delete(&house, THERE, &key, &id).await;
    for (region, imported) in [(HERE, "IMPORTED"), (THERE, "PENDING_IMPORT"), (BEYOND, "IMPORTED")] {
        assert_eq!(pieces(&house, region, &key).await[1], format!("{WAITS_FOR_ALL} {imported}"), "{region}");
        assert_eq!(state(&house, region, &key).await, "Enabled");
    }
    assert_eq!(import(&house, THERE, &key, &[2; 32], &json!({})).await, "ok");
    delete(&house, HERE, &key, &id).await;
    for region in [HERE, THERE, BEYOND] {
        assert_eq!(pieces(&house, region, &key).await, ["CURRENT IMPORTED"], "{region}");
    }
    let rows = house.rows("kms").await;
    let left: Vec<String> = rows.iter().map(|row| row.path.to_string()).filter(|path| path.contains(&id)).collect();
    assert_eq!(left, Vec::<String>::new());
    // Another one may come then, and the same bytes are new again.
    assert_eq!(import(&house, HERE, &key, &[3; 32], &new()).await, "ok");
    assert_ne!(pending(&house, BEYOND, &key).await.unwrap(), id);
}

/// What a rotation leaves of each key: it can be used where all pieces are.
#[tokio::test]
async fn each_key_waits_for_its_own_pieces_after_a_rotation() {
    let house = House::with(Compat::Aws).await;
    let key = family(&house).await;
    let first = encrypt(&house, HERE, &key).await;
    assert_eq!(import(&house, HERE, &key, &[2; 32], &new()).await, "ok");
    let id = pending(&house, HERE, &key).await.unwrap();
    for region in [THERE, BEYOND] {
        assert_eq!(import(&house, region, &key, &[2; 32], &json!({})).await, "ok");
    }
    assert_eq!(rotate(&house, HERE, &key).await, "ok");
    // It takes two minutes, and a replica loses the piece meanwhile.
    delete(&house, THERE, &key, &id).await;
    house.clock.advance(120);
    catch_up(&house).await;
    for (region, wanted) in [(HERE, "Enabled"), (THERE, "PendingImport"), (BEYOND, "Enabled")] {
        assert_eq!(state(&house, region, &key).await, wanted, "{region}");
    }
    let second = encrypt(&house, HERE, &key).await;
    assert_eq!(import(&house, THERE, &key, &[2; 32], &json!({})).await, "ok");
    for sealed in [&first, &second] {
        assert_eq!(opens(&house, THERE, &key, sealed).await, "ok");
    }
    // The older piece is each key's own as well.
    let older = metadata(&house, HERE, &key).await["CurrentKeyMaterialId"].clone();
    assert_eq!(older, id.as_str());
    assert_eq!(import(&house, BEYOND, &key, &[1; 32], &json!({})).await, "ok");
}

#[tokio::test]
async fn a_new_replica_knows_every_piece_and_waits_for_those_that_were_current() {
    let house = House::new().await;
    let key = bare(&house).await;
    assert_eq!(import(&house, HERE, &key, &[1; 32], &json!({})).await, "ok");
    let first = encrypt(&house, HERE, &key).await;
    assert_eq!(import(&house, HERE, &key, &[2; 32], &new()).await, "ok");
    assert_eq!(rotate(&house, HERE, &key).await, "ok");
    catch_up(&house).await;
    assert_eq!(import(&house, HERE, &key, &[3; 32], &new()).await, "ok");
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    let waiting = format!("{WAITS_FOR_ALL} PENDING_IMPORT");
    let none = ["NON_CURRENT PENDING_IMPORT", "CURRENT PENDING_IMPORT", &waiting];
    assert_eq!(pieces(&house, THERE, &key).await, none);
    for (bytes, wanted) in [([3; 32], "PendingImport"), ([1; 32], "PendingImport"), ([2; 32], "Enabled")] {
        assert_eq!(import(&house, THERE, &key, &bytes, &json!({})).await, "ok");
        assert_eq!(state(&house, THERE, &key).await, wanted);
    }
    assert_eq!(opens(&house, THERE, &key, &first).await, "ok");
    // The new primary has the piece that waits too, and rotates to it.
    let request = json!({"KeyId": key.id, "PrimaryRegion": THERE});
    house.ask("UpdatePrimaryRegion", &request).await.ok();
    catch_up(&house).await;
    assert_eq!(rotate(&house, THERE, &key).await, "ok");
    catch_up(&house).await;
    let sealed = encrypt(&house, THERE, &key).await;
    for region in [HERE, THERE] {
        assert_eq!(pieces(&house, region, &key).await.last().unwrap(), "CURRENT IMPORTED", "{region}");
        assert_eq!(opens(&house, region, &key, &sealed).await, "ok");
        assert_eq!(opens(&house, region, &key, &first).await, "ok");
    }
}

/// A replica that is about to go is given nothing any more, and isn't waited for.
#[tokio::test]
async fn a_replica_that_is_to_be_deleted_holds_no_rotation_up() {
    let house = House::new().await;
    let key = family(&house).await;
    let request = json!({"KeyId": key.id, "PendingWindowInDays": 7});
    house.ask_at(BEYOND, "ScheduleKeyDeletion", &request).await.ok();
    assert_eq!(import(&house, HERE, &key, &[2; 32], &new()).await, "ok");
    assert_eq!(import(&house, THERE, &key, &[2; 32], &json!({})).await, "ok");
    assert_eq!(pieces(&house, HERE, &key).await[1], "PENDING_ROTATION IMPORTED");
    assert_eq!(rotate(&house, HERE, &key).await, "ok");
    catch_up(&house).await;
    house.ask_at(BEYOND, "CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(state(&house, BEYOND, &key).await, "PendingImport", "it has the first piece only");
    assert_eq!(import(&house, BEYOND, &key, &[2; 32], &json!({})).await, "ok");
    assert_eq!(state(&house, BEYOND, &key).await, "Enabled");
}
