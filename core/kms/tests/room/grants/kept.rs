//! How grants are kept: names, tokens, the limit, caches, races, and their end with the key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealroom_api::kms::{CreateGrantInput, GrantOperation, KeyService, RevokeGrantInput};
use sealroom_api::{Compat, ErrorAnswer};
use sealroom_audit::Effect;
use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{KeyEpochs, Release, Released};
use sealroom_kms::grants::record::{GrantId, GrantRecord};
use sealroom_store::{Barrier, Batch, Cipher, KeyPath};
use serde_json::{Value, json};

use super::{encrypt, grant, use_as, with};
use crate::house::{HERE, House, OTHER, OWNER};
use crate::secrets::Haystack;
use crate::world::{self, Key, root};

async fn release<T: Send>(house: &House, effect: Effect<T, ErrorAnswer>) -> Released<T, ErrorAnswer> {
    Release::<ErrorAnswer>::release(&house.journal, effect).await
}

fn path(kind: &str, key: &Key) -> KeyPath {
    KeyPath::build("kms").text(OWNER).text(HERE).text(kind).text(&key.id)
}

async fn rows_of(house: &House, kind: &str) -> usize {
    house.rows("kms").await.iter().filter(|row| row.path.segment_text(3).as_deref() == Some(kind)).count()
}

#[tokio::test]
async fn the_same_request_of_one_name_makes_one_grant() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let named = json!({"Name": "n", "Operations": ["Encrypt", "Decrypt"]});
    let first = grant(&house, &key, named.clone()).await;
    let again = grant(&house, &key, json!({"Name": "n", "Operations": ["Decrypt", "Encrypt", "Encrypt"]})).await;
    assert_eq!(first["GrantId"], again["GrantId"]);
    assert_ne!(first["GrantToken"], again["GrantToken"]);
    let by_id = grant(&house, &key, with(named.clone(), &json!({"GranteePrincipal": OTHER}))).await;
    assert_eq!(first["GrantId"], by_id["GrantId"], "an account by its id or its ARN");
    assert_eq!(rows_of(&house, "grant").await, 1);
    for other in [
        json!({"Name": "m"}),
        json!({"Operations": ["Encrypt"]}),
        json!({"GranteePrincipal": root(OWNER)}),
        json!({"RetiringPrincipal": root(OWNER)}),
        json!({"Constraints": {"EncryptionContextEquals": {"a": "1"}}}),
        json!({"Constraints": {"EncryptionContextSubset": {"a": "1"}}}),
    ] {
        let made = grant(&house, &key, with(named.clone(), &other)).await;
        assert_ne!(first["GrantId"], made["GrantId"], "{other}");
    }
    let nameless = [grant(&house, &key, json!({})).await, grant(&house, &key, json!({})).await];
    assert_ne!(nameless[0]["GrantId"], nameless[1]["GrantId"]);
    house.ask("RevokeGrant", &json!({"KeyId": key.id, "GrantId": first["GrantId"]})).await.ok();
    assert_ne!(grant(&house, &key, named).await["GrantId"], first["GrantId"], "it has ended");
}

#[tokio::test]
async fn only_our_tokens_are_good() {
    let house = House::new().await;
    let (key, another) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let made = grant(&house, &key, json!({})).await;
    let token = made["GrantToken"].as_str().unwrap().to_owned();
    let said =
        async |token: &str| house.ask("Encrypt", &with(encrypt(&key), &json!({"GrantTokens": [token]}))).await.said();
    assert_eq!(said(&token).await, "ok");
    // A token of another grant is one; it gives nothing here.
    let foreign = grant(&house, &another, json!({})).await["GrantToken"].as_str().unwrap().to_owned();
    assert_eq!(said(&foreign).await, "ok");
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(said(std::str::from_utf8(&changed).unwrap()).await, "InvalidGrantTokenException", "byte {at}");
    }
    grant(&house, &key, json!({})).await;
    let page = house.ask("ListGrants", &json!({"KeyId": key.id, "Limit": 1})).await.ok();
    assert_eq!(said(page["NextMarker"].as_str().unwrap()).await, "InvalidGrantTokenException");
    assert_eq!(said("not base64!").await, "InvalidGrantTokenException");
    let elsewhere = house.call_of(house.caller(OWNER).await, "eu-west-1");
    let retire = json!({"GrantToken": token});
    assert_eq!(house.ask_in(&elsewhere, "RetireGrant", &retire).await.said(), "InvalidGrantTokenException");
}

/// A stranger who sends a token, good or bad, reads what any stranger reads.
#[tokio::test]
async fn a_token_gives_its_grantee_alone() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let made = grant(&house, &key, json!({"GranteePrincipal": root(OWNER)})).await;
    let asked = with(encrypt(&key), &json!({"GrantTokens": [made["GrantToken"]]}));
    let expected = world::hidden(OTHER, "kms:Encrypt");
    assert_eq!(house.ask_as(OTHER, "Encrypt", &asked).await.said(), expected);
    let asked = with(encrypt(&key), &json!({"GrantTokens": ["x"]}));
    assert_eq!(house.ask_as(OTHER, "Encrypt", &asked).await.said(), expected);
}

/// Who has the token is told it once, in the answer.
#[tokio::test]
async fn a_token_stands_in_no_row_and_no_record() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let made = grant(&house, &key, json!({"RetiringPrincipal": root(OTHER)})).await;
    let token = made["GrantToken"].as_str().unwrap();
    let asked = with(encrypt(&key), &json!({"GrantTokens": [token]}));
    for (account, operation, asked) in [
        (OTHER, "Encrypt", asked.clone()),
        (OWNER, "CreateGrant", with(asked, &json!({"GranteePrincipal": root(OTHER), "Operations": ["Encrypt"]}))),
        (OTHER, "RetireGrant", json!({"GrantToken": token})),
        (OTHER, "RetireGrant", json!({"GrantToken": token})),
    ] {
        house.ask_as(account, operation, &asked).await;
    }
    let mut haystack = Haystack::default();
    for row in house.rows("kms").await.into_iter().chain(house.rows("audit").await) {
        haystack.add(row.path.to_string(), &row.value);
    }
    for record in house.raw_records().await {
        haystack.add(String::from_utf8_lossy(&record).into_owned(), &record);
    }
    let (begin, end) = (token.as_bytes()[..24].to_vec(), token.as_bytes()[token.len() - 24..].to_vec());
    haystack.holds_none_of(&[begin, end]);
}

/// Counts the rows that are opened.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Cipher for Counting {
    fn seal(&self, _aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(plaintext);
    }

    fn open(&self, _aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(sealed.to_vec())
    }
}

#[tokio::test]
async fn a_second_use_of_a_grant_reads_no_row() {
    let counting = Arc::new(Counting::default());
    let house = House::behind(Barrier::new(1, counting.clone()), Compat::Extended).await;
    let key = world::symmetric(&house).await;
    grant(&house, &key, json!({})).await;
    // The journal of both accounts reads nothing either; what is counted is the room's.
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
    let before = counting.0.load(Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(use_as(&house, OTHER, &key).await, "ok");
    }
    assert_eq!(counting.0.load(Ordering::Relaxed), before);
    grant(&house, &key, json!({"GranteePrincipal": root(OWNER)})).await;
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
    let reloaded = counting.0.load(Ordering::Relaxed);
    assert!(reloaded > before, "the count counts");
}

#[tokio::test]
async fn a_change_of_grants_changes_the_keys_epoch() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let arn = KeyArn { region: HERE.parse().unwrap(), account: OWNER.parse().unwrap(), key: key.id.parse().unwrap() };
    let epoch = async || {
        use_as(&house, OWNER, &key).await;
        house.kms.epoch(&arn)
    };
    let never = epoch().await;
    assert_eq!(epoch().await, never);
    let made = grant(&house, &key, json!({})).await;
    let granted = epoch().await;
    assert_ne!(granted, never);
    world::symmetric(&house).await;
    assert_eq!(epoch().await, granted, "other keys' changes don't count");
    house.ask("RevokeGrant", &json!({"KeyId": key.id, "GrantId": made["GrantId"]})).await.ok();
    assert_ne!(epoch().await, granted);
}

/// A row of a grant that nobody asked for, as `number`.
fn planted(key: &Key, number: usize, like: &GrantRecord) -> (KeyPath, GrantRecord) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    let grant = GrantRecord { id: GrantId::from_random(bytes), ..like.clone() };
    (path("grant", key).text(grant.id.as_str()), grant)
}

async fn like(house: &House, key: &Key) -> GrantRecord {
    grant(house, key, json!({})).await;
    let rows = house.rows("kms").await;
    let row = rows.iter().find(|row| row.path.starts_with(&path("grant", key))).unwrap();
    GrantRecord::from_bytes(&row.value).unwrap()
}

/// Puts rows of grants for the other account until the key has `count`.
async fn plant(house: &House, key: &Key, count: usize) {
    let like = like(house, key).await;
    let holding = house
        .rows("kms")
        .await
        .into_iter()
        .find(|row| row.path.starts_with(&path("grantee", key)) && row.value == like.to_bytes());
    let holder = path("grantee", key).bytes(&holding.unwrap().path.segment(5).unwrap());
    let mut batch = Batch::default();
    for number in 1..count {
        let (path, grant) = planted(key, number, &like);
        batch = batch.put(holder.clone().text(grant.id.as_str()), grant.to_bytes()).put(path, grant.to_bytes());
        if batch.writes.len() >= 4_000 {
            house.commit(std::mem::take(&mut batch)).await;
        }
    }
    house.commit(batch).await;
}

#[tokio::test]
async fn a_key_has_50_000_grants_at_most_and_is_used_and_destroyed_with_them() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    plant(&house, &key, 49_999).await;
    // A node that counts now: the first one knew of room for thousands before all these were planted.
    let room = house.second_room();
    let last = grant(&house, &key, json!({"Name": "last"})).await;
    let asked = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Operations": ["Encrypt"]});
    let full = "LimitExceededException Grants per key quota for this account in this region is 50000, current usage is \
                50000.";
    assert_eq!(house.ask_room(&room, "CreateGrant", &asked).await.said(), full);
    let dry = with(asked.clone(), &json!({"DryRun": true}));
    assert_eq!(house.ask_room(&room, "CreateGrant", &dry).await.said(), full);
    assert_eq!(grant(&house, &key, json!({"Name": "last"})).await["GrantId"], last["GrantId"], "it is there already");
    let another = world::symmetric(&house).await;
    grant(&house, &another, json!({})).await;
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
    house.ask("RevokeGrant", &json!({"KeyId": key.id, "GrantId": last["GrantId"]})).await.ok();
    assert_eq!(house.ask_room(&room, "CreateGrant", &asked).await.said(), "ok");

    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    assert_eq!(house.run_due().await, 1);
    assert_eq!(use_as(&house, OTHER, &key).await, world::hidden(OTHER, "kms:Encrypt"));
    assert_eq!(house.run_due().await, 0, "what is left of grants is no event");
    let mut left: Vec<String> = Vec::new();
    for row in house.rows("kms").await {
        left.push(
            row.path.segments().skip(1).filter_map(|part| String::from_utf8(part).ok()).collect::<Vec<_>>().join("/"),
        );
    }
    let of_key: Vec<&String> = left.iter().filter(|path| path.contains(&key.id)).collect();
    assert_eq!(of_key, [&format!("{OWNER}/{HERE}/tombstone/{}", key.id)]);
    assert!(left.iter().all(|path| !path.starts_with("due/")), "{left:?}");
    assert_eq!(use_as(&house, OTHER, &another).await, "ok");
}

#[tokio::test]
async fn a_cancelled_deletion_keeps_the_grants() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    grant(&house, &key, json!({})).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    let jobs = house.kms.due(sealroom_foundation::ports::Clock::service(&*house.clock)).await.unwrap();
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    for job in jobs {
        assert!(matches!(release(&house, job).await, Released::Conflict));
    }
    assert_eq!(house.run_due().await, 0);
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
}

fn create(key: &Key, name: Option<&str>) -> CreateGrantInput {
    CreateGrantInput {
        key_id: key.id.clone(),
        grantee_principal: Some(root(OTHER)),
        operations: vec![GrantOperation::Encrypt],
        name: name.map(str::to_owned),
        ..CreateGrantInput::default()
    }
}

#[tokio::test]
async fn of_two_requests_of_one_name_one_makes_the_grant_and_the_other_finds_it() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    let named = create(&key, Some("n"));
    let one = house.kms.create_grant(&call, &named).await;
    let two = house.kms.create_grant(&call, &named).await;
    let Released::Answer(made) = release(&house, one).await else { panic!("not made") };
    assert!(matches!(release(&house, two).await, Released::Conflict));
    let again = house.kms.create_grant(&call, &named).await;
    let Released::Answer(found) = release(&house, again).await else { panic!("not found") };
    assert_eq!(made.grant_id, found.grant_id);
    // Without a name nothing stands in the way of two at once.
    let one = house.kms.create_grant(&call, &create(&key, None)).await;
    let two = house.kms.create_grant(&call, &create(&key, None)).await;
    for effect in [one, two] {
        assert!(matches!(release(&house, effect).await, Released::Answer(_)));
    }
}

#[tokio::test]
async fn a_grant_that_is_made_or_ended_meets_a_change_of_its_key() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    let made = grant(&house, &key, json!({})).await;
    let late = house.kms.create_grant(&call, &create(&key, None)).await;
    let revoke = RevokeGrantInput {
        key_id: key.id.clone(),
        grant_id: made["GrantId"].as_str().unwrap().to_owned(),
        ..RevokeGrantInput::default()
    };
    let ending = house.kms.revoke_grant(&call, &revoke).await;
    let twice = house.kms.revoke_grant(&call, &revoke).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    assert!(matches!(release(&house, late).await, Released::Conflict), "made for a key that is to go");
    assert!(matches!(release(&house, ending).await, Released::Conflict));
    assert!(matches!(release(&house, twice).await, Released::Conflict));
    let [one, two] = [house.kms.revoke_grant(&call, &revoke).await, house.kms.revoke_grant(&call, &revoke).await];
    assert!(matches!(release(&house, one).await, Released::Answer(_)));
    assert!(matches!(release(&house, two).await, Released::Conflict), "it ends once");
}

#[tokio::test]
async fn a_grant_and_its_end_are_seen_by_another_rooms_caches() {
    let house = House::new().await;
    let (key, elsewhere) = (world::symmetric(&house).await, house.second_room());
    house.set_policy(&key.id, &world::policy(&[OWNER], &["kms:CreateGrant", "kms:RevokeGrant"])).await;
    let said = async |expected: bool| {
        for room in [&house.kms, &elsewhere] {
            let said = house.ask_room(room, "Encrypt", &encrypt(&key)).await.said();
            assert_eq!(said == "ok", expected, "{said}");
        }
    };
    said(false).await;
    let mut ids: Vec<Value> = Vec::new();
    for _ in 0..2 {
        ids.push(grant(&house, &key, json!({"GranteePrincipal": root(OWNER)})).await["GrantId"].clone());
        said(true).await;
    }
    for (id, expected) in ids.iter().zip([true, false]) {
        house.ask("RevokeGrant", &json!({"KeyId": key.id, "GrantId": id})).await.ok();
        said(expected).await;
    }
}
