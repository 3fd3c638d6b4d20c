//! The end of related keys: each its own, the material with the last.

use sealroom_api::ErrorAnswer;
use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{Clock, Release, Released};
use sealroom_kms::record::KeyDocument;
use sealroom_kms::stored::Tombstone;
use sealroom_kms::{Destroyed, Proof};
use sealroom_store::{Batch, KeyPath};
use serde_json::json;

use super::{BEYOND, DAY, catch_up, family, in_region, metadata, promote, relatives, replicate, state};
use crate::house::{HERE, House, OTHER, OWNER, THERE};
use crate::secrets::{Haystack, forms};
use crate::world::{self, Key, PLAINTEXT};

fn path(region: &str, kind: &str, key: &Key) -> KeyPath {
    KeyPath::build("kms").text(OWNER).text(region).text(kind).text(&key.id)
}

async fn tombstone(house: &House, region: &str, key: &Key) -> Option<Tombstone> {
    house.row(path(region, "tombstone", key)).await.map(|row| Tombstone::from_bytes(&row.value).unwrap())
}

async fn schedule(house: &House, region: &str, key: &Key, days: u32) -> serde_json::Value {
    let request = json!({"KeyId": key.id, "PendingWindowInDays": days});
    house.ask_at(region, "ScheduleKeyDeletion", &request).await.ok()
}

async fn opens(house: &House, region: &str, key: &Key) -> String {
    let answer = house.ask_at(region, "Decrypt", &json!({"CiphertextBlob": key.ciphertext, "KeyId": key.id})).await;
    answer.said()
}

/// Rotates the key in its primary's Region, and does what is due.
async fn rotate(house: &House, region: &str, key: &Key) {
    house.ask_at(region, "RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    catch_up(house).await;
}

/// Every token of the key, as it is stored.
async fn tokens(house: &House, key: &Key) -> Vec<Vec<u8>> {
    let mut tokens = Vec::new();
    for row in house.rows("kms").await.iter().filter(|row| row.path.to_string().contains(&key.id)) {
        let stored: serde_json::Value = serde_json::from_slice(&row.value).unwrap();
        let token = stored["material"]["token"].as_str().or(stored["token"].as_str());
        tokens.extend(token.map(|token| base64_simd::STANDARD.decode_to_vec(token).unwrap()));
    }
    tokens
}

#[tokio::test]
async fn a_primary_waits_for_its_replicas_and_then_its_window_begins() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    let answer = schedule(&house, HERE, &key, 10).await;
    assert_eq!((&answer["KeyState"], &answer["PendingWindowInDays"]), (&json!("PendingReplicaDeletion"), &json!(10)));
    assert_eq!(answer.get("DeletionDate"), None);
    let shown = metadata(&house, HERE, &key).await;
    assert_eq!((&shown["PendingDeletionWindowInDays"], shown.get("DeletionDate")), (&json!(10), None));
    let pending = format!("KMSInvalidStateException {} is pending replica deletion.", key.arn);
    assert_eq!(opens(&house, HERE, &key).await, pending);
    assert_eq!(opens(&house, THERE, &key).await, "ok", "a replica is its own");
    schedule(&house, THERE, &key, 7).await;
    schedule(&house, BEYOND, &key, 9).await;
    house.clock.advance(7 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(state(&house, HERE, &key).await, "PendingReplicaDeletion");
    for region in [HERE, BEYOND] {
        assert_eq!(relatives(&house, region, &key).await.2, [BEYOND]);
    }
    house.clock.advance(2 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    let shown = metadata(&house, HERE, &key).await;
    assert_eq!(
        (&shown["KeyState"], shown["DeletionDate"].as_f64()),
        (&json!("PendingDeletion"), Some(19.0 * 86_400.0))
    );
    house.clock.advance(10 * DAY - 1);
    assert_eq!(catch_up(&house).await, 0);
    house.clock.advance(1);
    assert_eq!(catch_up(&house).await, 1);
    let said = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.said();
    assert_eq!(said, format!("NotFoundException Key '{}' does not exist", key.arn));
}

#[tokio::test]
async fn a_primarys_deletion_is_cancelled_before_and_after_its_replicas_are_gone() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    schedule(&house, HERE, &key, 7).await;
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(state(&house, HERE, &key).await, "Disabled");
    schedule(&house, HERE, &key, 7).await;
    schedule(&house, THERE, &key, 7).await;
    house.clock.advance(7 * DAY);
    catch_up(&house).await;
    assert_eq!(state(&house, HERE, &key).await, "PendingDeletion");
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    house.clock.advance(365 * DAY);
    assert_eq!(catch_up(&house).await, 0);
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(opens(&house, HERE, &key).await, "ok");
}

#[tokio::test]
async fn material_goes_with_the_last_key_and_each_key_leaves_its_tombstone() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    rotate(&house, HERE, &key).await;
    // The Region in which it all began is left first.
    assert_eq!(promote(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    rotate(&house, THERE, &key).await;
    let all = tokens(&house, &key).await;
    assert_eq!(all.len(), 2 + 2, "the current one twice, two older ones once");
    schedule(&house, HERE, &key, 7).await;
    house.clock.advance(7 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(tombstone(&house, HERE, &key).await.unwrap().tokens, Vec::<[u8; 32]>::new());
    assert!(house.row(path(HERE, "key", &key)).await.is_none());
    let missing = "AccessDeniedException The ciphertext refers to";
    let said = house.ask("Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.said();
    assert!(said.starts_with(missing), "{said}");
    let opened = house.ask_at(THERE, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
    assert_eq!(opened["Plaintext"], PLAINTEXT, "what the first piece made opens where a key is left");
    let listed = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let listed = house.ask_at(THERE, "ListKeyRotations", &listed).await.ok();
    assert_eq!(listed["Rotations"].as_array().unwrap().len(), 3);

    schedule(&house, THERE, &key, 7).await;
    house.clock.advance(7 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(tombstone(&house, THERE, &key).await.unwrap().tokens.len(), 3);
    let left: Vec<String> = house.rows("kms").await.iter().map(|row| row.path.segment_text(3).unwrap()).collect();
    assert_eq!(left, ["tombstone", "tombstone"]);
    let mut haystack = Haystack::default();
    for row in house.rows("kms").await.into_iter().chain(house.rows("audit").await) {
        haystack.add(row.path.to_string(), &row.value);
    }
    for token in all {
        haystack.holds_none_of(&forms(&token));
    }
}

#[tokio::test]
async fn a_replica_is_made_again_where_one_was_destroyed_and_is_another_key() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    let room = house.second_room();
    let grant = json!({"KeyId": key.id, "GranteePrincipal": world::root(OTHER), "Operations": ["Decrypt"]});
    house.ask_at(THERE, "CreateGrant", &grant).await.ok();
    house.ask_at(THERE, "CreateAlias", &json!({"AliasName": "alias/old", "TargetKeyId": key.id})).await.ok();
    let shared = json!({"KeyId": in_region(&key, THERE), "CiphertextBlob": key.ciphertext});
    let other = || async { house.call_of(house.caller(OTHER).await, THERE) };
    schedule(&house, THERE, &key, 7).await;
    house.clock.advance(7 * DAY);
    // The key goes; its grants follow in the round after that, and until then there can't be a new one.
    assert_eq!(house.run_due().await, 1);
    let exists = "AlreadyExistsException You can create only one replica of each primary key in each AWS Region.";
    assert_eq!(replicate(&house, HERE, &key, THERE).await, exists);
    house.run_due().await;
    let buried = tombstone(&house, THERE, &key).await.unwrap();
    house.clock.advance(1);
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    assert_eq!(opens(&house, THERE, &key).await, "ok");
    assert_eq!(tombstone(&house, THERE, &key).await, Some(buried.clone()), "the old key's tombstone stays");
    let row = house.row(path(THERE, "key", &key)).await.unwrap();
    let made = KeyDocument::from_bytes(&row.value).unwrap().record.created;
    assert!(made > buried.destroyed, "a restore tells the living key from the dead one");
    let grants = house.ask_at(THERE, "ListGrants", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(grants["Grants"], json!([]));
    for through in [&house.kms, &room] {
        let call = other().await;
        let through = sealroom_api::Through::new(through.clone(), house.journal.clone());
        let said = house.ask_through(&through, &call, "Decrypt", &shared).await.said();
        assert!(said.starts_with("AccessDenied"), "an old grant gives a right on a new key: {said}");
    }
    let said = house.ask_at(THERE, "DescribeKey", &json!({"KeyId": "alias/old"})).await.said();
    assert!(said.starts_with("NotFoundException Alias"), "{said}");
}

#[tokio::test]
async fn the_sweep_of_an_old_replicas_grants_spares_those_of_a_new_one() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    let grant = json!({"KeyId": key.id, "GranteePrincipal": world::root(OTHER), "Operations": ["DescribeKey"]});
    house.ask_at(THERE, "CreateGrant", &grant).await.ok();
    schedule(&house, THERE, &key, 7).await;
    house.clock.advance(7 * DAY);
    catch_up(&house).await;
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    house.ask_at(THERE, "CreateGrant", &grant).await.ok();
    // As if another node had been slow about the old key's.
    let late = KeyPath::build("kms").text("due").u64_be(5).text("delete-grants").text(OWNER).text(THERE).text(&key.id);
    house.commit(Batch::default().put(late.clone(), b"{\"v\":1}".to_vec())).await;
    assert_eq!(catch_up(&house).await, 0);
    assert!(house.row(late).await.is_none());
    let grants = house.ask_at(THERE, "ListGrants", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(grants["Grants"].as_array().unwrap().len(), 1);
}

/// A replica that is still being made can be scheduled for deletion, and is whole if that is cancelled.
#[tokio::test]
async fn a_replica_is_scheduled_while_it_is_made() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"MultiRegion": true})).await;
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    schedule(&house, THERE, &key, 7).await;
    assert_eq!(catch_up(&house).await, 0);
    house.ask_at(THERE, "CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    house.ask_at(THERE, "EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(opens(&house, THERE, &key).await, "ok");
}

/// What the journal of a restored store says of a key.
async fn bury(house: &House, region: &str, key: &Key) {
    let arn = KeyArn { region: region.parse().unwrap(), account: OWNER.parse().unwrap(), key: key.id.parse().unwrap() };
    let now = house.clock.service();
    let effect = house.kms.bury(&Destroyed { key: arn, at: now }, now).await.unwrap().unwrap();
    assert!(matches!(Release::<ErrorAnswer>::release(&house.journal, effect).await, Released::Answer(())));
}

/// A backup may be from before two keys changed places, so that what was the primary then is destroyed first.
#[tokio::test]
async fn a_restore_destroys_a_primary_first_and_still_all_material_with_the_last_key() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    rotate(&house, HERE, &key).await;
    house.ask_at(THERE, "ScheduleKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    bury(&house, HERE, &key).await;
    assert_eq!(tombstone(&house, HERE, &key).await.unwrap().tokens, Vec::<[u8; 32]>::new());
    for (region, role) in [(THERE, "REPLICA"), (BEYOND, "PRIMARY")] {
        assert_eq!(relatives(&house, region, &key).await, (role.into(), BEYOND.into(), vec![THERE.into()]));
    }
    assert_eq!(opens(&house, BEYOND, &key).await, "ok");
    bury(&house, BEYOND, &key).await;
    assert_eq!(relatives(&house, THERE, &key).await, ("PRIMARY".into(), THERE.into(), vec![]));
    assert_eq!(state(&house, THERE, &key).await, "PendingDeletion");
    bury(&house, THERE, &key).await;
    assert_eq!(tombstone(&house, THERE, &key).await.unwrap().tokens.len(), 2);
    let left: Vec<String> = house.rows("kms").await.iter().map(|row| row.path.segment_text(3).unwrap()).collect();
    assert_eq!(left, ["tombstone", "tombstone", "tombstone"]);
}

/// If all that is left waits for its own end, the new primary waits for the others.
#[tokio::test]
async fn a_primary_that_a_restore_made_waits_for_its_replicas_too() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    for region in [THERE, BEYOND] {
        schedule(&house, region, &key, 7).await;
    }
    bury(&house, HERE, &key).await;
    assert_eq!(state(&house, THERE, &key).await, "PendingReplicaDeletion");
    house.clock.advance(7 * DAY);
    catch_up(&house).await;
    assert_eq!(state(&house, THERE, &key).await, "PendingDeletion");
    house.clock.advance(7 * DAY);
    catch_up(&house).await;
    assert!(tombstone(&house, THERE, &key).await.is_some_and(|left| left.tokens.len() == 1));
}

/// A backup's proof reads rows in the order of their paths; the Region that holds what related keys have in common may come
/// before any of them, or after.
#[tokio::test]
async fn the_material_of_related_keys_is_proved_wherever_it_lies() {
    for home in ["af-south-1", HERE] {
        let house = House::new().await;
        let made = house.ask_at(home, "CreateKey", &json!({"MultiRegion": true})).await.ok();
        let id = made["KeyMetadata"]["KeyId"].clone();
        house.ask_at(home, "RotateKeyOnDemand", &json!({"KeyId": id})).await.ok();
        catch_up(&house).await;
        house.ask_at(home, "ReplicateKey", &json!({"KeyId": id, "ReplicaRegion": THERE})).await.ok();
        catch_up(&house).await;
        house.ask_at(home, "UpdatePrimaryRegion", &json!({"KeyId": id, "PrimaryRegion": THERE})).await.ok();
        catch_up(&house).await;
        let prove = async |without: &str| {
            let mut proof = Proof::new(crate::house::hsm());
            for row in house.rows("kms").await {
                if without.is_empty() || !row.path.to_string().contains(without) {
                    proof.row(&row.path, &row.value).unwrap();
                }
            }
            proof.proved().map(|proved| (proved.keys, proved.tokens)).ok()
        };
        assert_eq!(prove("").await, Some((2, 3)));
        house.ask_at(home, "ScheduleKeyDeletion", &json!({"KeyId": id, "PendingWindowInDays": 7})).await.ok();
        house.clock.advance(7 * DAY);
        catch_up(&house).await;
        assert_eq!(prove("").await, Some((1, 2)), "{home}");
        assert_eq!(prove("/key/").await, None, "material that no key is made of: {home}");
    }
}
