//! When a key's time has come: everything of it goes, nothing comes back, and nothing goes earlier.

use sealroom_api::ErrorAnswer;
use sealroom_foundation::ports::{Clock as _, Release, Released};
use sealroom_kms::record::{KeyDocument, Material};
use sealroom_kms::state::KeyState;
use sealroom_kms::stored::Tombstone;
use sealroom_store::{Batch, KeyPath};
use serde_json::json;

use crate::house::{HERE, House, OWNER, key_path};
use crate::secrets::{Haystack, forms};
use crate::world::{self, Key, PLAINTEXT};

const DAY: i64 = 86_400;

fn path(kind: &str, id: &str) -> KeyPath {
    KeyPath::build("kms").text(OWNER).text(HERE).text(kind).text(id)
}

async fn material(house: &House, key: &Key) -> Material {
    let row = house.row(key_path(OWNER, &key.id)).await.unwrap();
    KeyDocument::from_bytes(&row.value).unwrap().record.material.unwrap()
}

/// The token as it is stored, read from the row.
async fn token(house: &House, key: &Key) -> Vec<u8> {
    let row = house.row(key_path(OWNER, &key.id)).await.unwrap();
    let stored: serde_json::Value = serde_json::from_slice(&row.value).unwrap();
    base64_simd::STANDARD.decode_to_vec(stored["material"]["token"].as_str().unwrap()).unwrap()
}

async fn schedule(house: &House, key: &Key, days: u32) {
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": days})).await.ok();
}

async fn dues(house: &House) -> usize {
    house.rows("kms").await.iter().filter(|row| row.path.segment_text(1).as_deref() == Some("due")).count()
}

#[tokio::test]
async fn a_destroyed_key_leaves_a_tombstone_and_nothing_else() {
    let house = House::new().await;
    let rsa = json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"});
    let keys = [world::symmetric(&house).await, world::signing(&house).await, world::make(&house, OWNER, &rsa).await];
    let spared = world::symmetric(&house).await;
    let elsewhere = house.second_room();
    for key in &keys {
        house.set_alias(OWNER, &format!("alias/of-{}", key.spec), &key.id).await;
        // Both rooms have the key in their caches, and the HSM has its pair ready.
        assert_eq!(use_it(&house, key, None).await, "ok");
        assert_eq!(use_it(&house, key, Some(&elsewhere)).await, "ok");
    }
    house.set_alias(OWNER, "alias/spared", &spared.id).await;
    let mut gone = Vec::new();
    for key in &keys {
        gone.push((token(&house, key).await, material(&house, key).await));
        schedule(&house, key, 7).await;
    }
    house.clock.advance(7 * DAY - 1);
    assert_eq!(house.run_due().await, 0);
    // Keys, aliases, the lists of aliases, what is due.
    assert_eq!(house.rows("kms").await.len(), 4 + 4 + 4 + 3);
    house.clock.advance(1);
    assert_eq!(house.run_due().await, 3);
    assert_eq!(house.run_due().await, 0);

    let mut haystack = Haystack::default();
    for row in house.rows("kms").await.into_iter().chain(house.rows("audit").await) {
        haystack.add(row.path.to_string(), row.path.as_bytes());
        haystack.add(row.path.to_string(), &row.value);
    }
    for record in house.raw_records().await {
        haystack.add("a record".to_owned(), &record);
    }
    for (key, (token, material)) in keys.iter().zip(&gone) {
        haystack.holds_none_of(&forms(token));
        let row = house.row(path("tombstone", &key.id)).await.unwrap();
        let tombstone = Tombstone::from_bytes(&row.value).unwrap();
        assert_eq!(
            (tombstone.tokens, tombstone.key.to_string()),
            (vec![material.token_digest().unwrap()], key.id.clone())
        );
        let missing = format!("NotFoundException Key '{}' does not exist", key.arn);
        assert_eq!(use_it(&house, key, None).await, missing);
        assert_eq!(use_it(&house, key, Some(&elsewhere)).await, missing);
        for operation in ["DescribeKey", "EnableKey", "CancelKeyDeletion", "ScheduleKeyDeletion"] {
            assert_eq!(house.ask(operation, &json!({"KeyId": key.id})).await.said(), missing);
        }
        let alias = format!("alias/of-{}", key.spec);
        let said = house.ask("DescribeKey", &json!({"KeyId": alias})).await.said();
        assert_eq!(said, format!("NotFoundException Alias arn:aws:kms:us-east-1:{OWNER}:{alias} is not found."));
    }
    let said = house.ask("Decrypt", &json!({"CiphertextBlob": keys[0].ciphertext})).await.said();
    assert!(said.starts_with("AccessDeniedException The ciphertext refers to"), "{said}");
    assert_eq!(use_it(&house, &Key { id: "alias/spared".to_owned(), ..spared.clone() }, None).await, "ok");
    // The spared key, its alias and the list that has it, three tombstones.
    assert_eq!(house.rows("kms").await.len(), 3 + 3);
}

async fn use_it(house: &House, key: &Key, room: Option<&sealroom_kms::Kms>) -> String {
    let row = if key.usage == "SIGN_VERIFY" { "Sign" } else { "Encrypt" };
    let request = world::request(row, key, &key.id, key);
    match room {
        Some(room) => house.ask_room(room, row, &request).await.said(),
        None => house.ask(row, &request).await.said(),
    }
}

#[tokio::test]
async fn a_cancelled_deletion_leaves_nothing_due_and_the_key_whole() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    schedule(&house, &key, 7).await;
    assert_eq!(dues(&house).await, 1);
    let answer = house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(answer, json!({"KeyId": key.arn}));
    assert_eq!(dues(&house).await, 0);
    house.clock.advance(DAY);
    schedule(&house, &key, 30).await;
    assert_eq!(dues(&house).await, 1);
    house.clock.advance(29 * DAY);
    assert_eq!(house.run_due().await, 0);
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    let opened = house.ask("Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
    assert_eq!(opened["Plaintext"], PLAINTEXT);
}

#[tokio::test]
async fn a_due_row_that_fits_no_key_is_taken_away_and_destroys_nothing() {
    let house = House::new().await;
    let (key, other) = (world::symmetric(&house).await, world::symmetric(&house).await);
    schedule(&house, &key, 7).await;
    let due =
        house.rows("kms").await.into_iter().find(|row| row.path.segment_text(1).as_deref() == Some("due")).unwrap();
    // The key's state no longer says so, nor does that of a key that was never scheduled, nor is there such a key.
    house.set_state(&key.id, KeyState::Enabled).await;
    let named = |id: &str| {
        let path = KeyPath::build("kms").text("due").u64_be(5).text("delete-key");
        path.text(OWNER).text(HERE).text(id)
    };
    let planted = Batch::default()
        .put(named(&other.id), due.value.clone())
        .put(named("134f2428-cec1-4b25-a1ae-9048164dba47"), due.value.clone());
    house.commit(planted).await;
    assert_eq!(dues(&house).await, 3);
    house.clock.advance(400 * DAY);
    assert_eq!(house.run_due().await, 0);
    assert_eq!(dues(&house).await, 0);
    for key in [&key, &other] {
        assert_eq!(use_it(&house, key, None).await, "ok");
    }
}

#[tokio::test]
async fn what_was_missed_is_caught_up_in_order() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for days in [30, 7, 12] {
        let key = world::symmetric(&house).await;
        schedule(&house, &key, days).await;
        keys.push((days, key));
    }
    house.records().await;
    house.clock.advance(365 * DAY);
    assert_eq!(house.run_due().await, 3);
    keys.sort_by_key(|(days, _)| *days);
    let deleted: Vec<String> =
        house.records().await.iter().map(|record| record["resources"][0]["ARN"].as_str().unwrap().to_owned()).collect();
    assert_eq!(deleted, keys.into_iter().map(|(_, key)| key.arn).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_damaged_row_keeps_no_other_key_from_its_destruction() {
    let house = House::new().await;
    let (damaged, key) = (world::symmetric(&house).await, world::symmetric(&house).await);
    schedule(&house, &damaged, 7).await;
    schedule(&house, &key, 8).await;
    house.commit(Batch::default().put(key_path(OWNER, &damaged.id), b"{}".to_vec())).await;
    house.clock.advance(8 * DAY);
    assert_eq!(house.run_due().await, 1);
    assert!(house.row(path("tombstone", &key.id)).await.is_some());
    assert!(house.row(path("tombstone", &damaged.id)).await.is_none());
    assert_eq!(dues(&house).await, 1, "it is still due");
}

/// More pieces of older material than the room reads at once, as a key that was rotated for decades has.
#[tokio::test]
async fn a_key_with_more_than_a_thousand_older_pieces_goes_whole_or_not_at_all() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let pieces = 1_001;
    let expected = plant(&house, &key, 1_001).await;
    schedule(&house, &key, 7).await;
    house.clock.advance(7 * DAY);
    // The job is made, its owner cancels before it is done.
    let jobs = house.kms.due(sealroom_foundation::ports::Clock::service(&*house.clock)).await.unwrap();
    assert_eq!(jobs.len(), 1);
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(older(&house).await, pieces, "a key that lives has lost material");
    drop(jobs);
    schedule(&house, &key, 7).await;
    house.clock.advance(7 * DAY);
    assert_eq!(house.run_due().await, 1);
    assert_eq!(older(&house).await, 0);
    let row = house.row(path("tombstone", &key.id)).await.unwrap();
    let mut tokens = Tombstone::from_bytes(&row.value).unwrap().tokens;
    tokens.sort_unstable();
    assert_eq!(tokens, expected, "a token without its digest");
}

async fn older(house: &House) -> usize {
    house.rows("kms").await.iter().filter(|row| row.path.segment_text(3).as_deref() == Some("material")).count()
}

/// The rows of one kind of the key, in order.
async fn rows_of(house: &House, kind: &str, key: &Key) -> Vec<sealroom_store::Row> {
    let own = |row: &sealroom_store::Row| {
        row.path.segment_text(3).as_deref() == Some(kind) && row.path.segment_text(4).as_deref() == Some(&key.id)
    };
    house.rows("kms").await.into_iter().filter(own).collect()
}

/// Gives the key so many pieces that aren't current, each with a token of its own; says their digests.
async fn plant(house: &House, key: &Key, pieces: u32) -> Vec<[u8; 32]> {
    let record = KeyDocument::from_bytes(&house.row(key_path(OWNER, &key.id)).await.unwrap().value).unwrap().record;
    let current = record.material.clone().unwrap();
    let base64 = |token: &[u8]| base64_simd::STANDARD.encode_to_string(token);
    let (text, token) = (String::from_utf8(current.to_bytes()).unwrap(), token(house, key).await);
    let (mut digests, mut batch) = (Vec::new(), Batch::default());
    for number in 0..pieces {
        let (mut own, id) = (token.clone(), format!("{number:064x}"));
        let end = own.len() - 4;
        own[end..].copy_from_slice(&number.to_be_bytes());
        let piece = text.replace(current.id_text(), &id).replace(&base64(&token), &base64(&own)).into_bytes();
        digests.push(Material::from_bytes(&piece, &record).unwrap().token_digest().unwrap());
        batch = batch.put(path("material", &key.id).text(&id), piece);
        if batch.writes.len() == Batch::MAX_WRITES || number + 1 == pieces {
            house.commit(std::mem::take(&mut batch)).await;
        }
    }
    digests.push(current.token_digest().unwrap());
    digests.sort_unstable();
    digests
}

/// More pieces than one batch takes, and a runner that dies after the first: what is gone is told of, nothing brings the
/// rest of the key back to life, and the next runner ends it.
#[tokio::test]
async fn a_key_of_many_pieces_tells_of_each_whoever_is_killed_on_the_way() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let expected = plant(&house, &key, 8_100).await;
    schedule(&house, &key, 7).await;
    house.clock.advance(7 * DAY);
    drop(house.kms.due(house.clock.service()).await.unwrap());
    assert_eq!(rows_of(&house, "material", &key).await.len(), 100);
    let told = async || {
        let rows = rows_of(&house, "tombstone", &key).await;
        let mut tokens: Vec<[u8; 32]> =
            rows.iter().flat_map(|row| Tombstone::from_bytes(&row.value).unwrap().tokens).collect();
        tokens.sort_unstable();
        tokens
    };
    assert_eq!(told().await.len(), 8_000, "each of those that are gone");
    let missing = format!("NotFoundException Key '{}' does not exist", key.arn);
    assert_eq!(house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.said(), missing);
    // Another runner has read what is left by now; it comes too late, and tells of nothing twice.
    let late = house.second_room().due(house.clock.service()).await.unwrap();
    assert_eq!((house.run_due().await, told().await), (1, expected.clone()));
    for job in late {
        let released = Release::<ErrorAnswer>::release(&house.journal, job).await;
        assert!(matches!(released, Released::Conflict), "{released:?}");
    }
    assert_eq!(told().await, expected);
    assert_eq!(rows_of(&house, "material", &key).await.len(), 0);
    assert_eq!(house.run_due().await, 0);
}
