//! Quotas: calls are charged once, to the right quota, and refused beyond it; keys, aliases and grants are as many as may be.

use std::num::NonZeroU32;

use sealroom_kms::{Limits, RequestQuotas, Settings};
use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER, THERE};
use crate::references::subject;
use crate::states;
use crate::table::{expect, report};
use crate::world::{self, operation_of, policy, request};

const THROTTLED: &str =
    "ThrottlingException You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
/// So many nodes that most quotas are one call at a time.
const NODES: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
/// Longer than any bucket takes to fill.
const A_WHILE: i64 = 20_000;

fn throttling() -> Settings {
    Settings { requests: RequestQuotas::Aws { nodes: NODES }, ..Settings::default() }
}

/// How many calls come at once, of the quota that the row's operation counts against, and whether that is the shared one.
fn burst(row: &str) -> usize {
    match operation_of(row) {
        "Decrypt"
        | "Encrypt"
        | "ReEncrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateMac"
        | "GenerateRandom"
        | "VerifyMac" => 100,
        "DescribeKey" | "GetPublicKey" | "ListResourceTags" => 2,
        _ => 1,
    }
}

#[tokio::test]
async fn every_operation_is_charged_once_a_call_and_refused_beyond_its_quota() {
    let house = House::new().await;
    let room = house.room_with(throttling());
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    let mut faults = Vec::new();
    for (row, _) in states::rows() {
        let (operation, key) = (operation_of(row), subject(&house, row).await);
        house.clock.advance(A_WHILE);
        let asked = request(row, &key, &key.arn, &good);
        let mut given = 0;
        while given <= 200 && house.ask_room(&room, operation, &asked).await.said() != THROTTLED {
            given += 1;
        }
        expect(&mut faults, &format!("{row}: calls at once"), &burst(row).to_string(), &given.to_string());
    }
    report(&faults);
}

#[tokio::test]
async fn symmetric_cryptography_shares_a_quota_and_other_calls_have_theirs() {
    let house = House::new().await;
    let room = house.room_with(throttling());
    let key = world::make(&house, OWNER, &json!({})).await;
    let pair = world::make(&house, OWNER, &json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await;
    house.clock.advance(A_WHILE);
    let random = json!({"NumberOfBytes": 8});
    for _ in 0..100 {
        house.ask_room(&room, "GenerateRandom", &random).await.ok();
    }
    let data_key = json!({"KeyId": key.id, "KeySpec": "AES_256"});
    let sign = json!({"KeyId": pair.id, "Message": "AAAA", "SigningAlgorithm": "ECDSA_SHA_256"});
    let dry = json!({"KeyId": key.id, "KeySpec": "AES_256", "DryRun": true});
    for (operation, asked, throttled) in [
        ("GenerateRandom", &random, true),
        ("GenerateDataKey", &data_key, true),
        ("GenerateDataKey", &dry, true),
        ("Sign", &sign, false),
        ("Sign", &sign, true),
        ("DescribeKey", &json!({"KeyId": key.id}), false),
    ] {
        let said = house.ask_room(&room, operation, asked).await.said();
        assert_eq!(said == THROTTLED, throttled, "{operation}: {said}");
    }
    // Another account has quotas of its own, also for the keys of this one.
    let call = house.call(OTHER).await;
    let said = house.ask_call_in(&room, &call, "GenerateRandom", &random).await.said();
    assert_eq!(said, "ok");
}

#[tokio::test]
async fn a_throttled_call_is_recorded_and_has_done_nothing() {
    let house = House::new().await;
    let room = house.room_with(throttling());
    house.ask_room(&room, "CreateKey", &json!({})).await.ok();
    house.records().await;
    let before = house.rows("kms").await.len();
    assert_eq!(house.ask_room(&room, "CreateKey", &json!({"Description": "two"})).await.said(), THROTTLED);
    assert_eq!(house.rows("kms").await.len(), before);
    let records = house.records().await;
    let told: Vec<_> = records.iter().map(|record| (&record["eventName"], &record["errorCode"])).collect();
    assert_eq!(told, [(&json!("CreateKey"), &json!("ThrottlingException"))]);
    assert_eq!(records.first().map(|record| &record["requestParameters"]["description"]), Some(&json!("two")));
}

fn limited(keys: u32, aliases_per_key: u32, grants_per_key: u32) -> Settings {
    Settings { limits: Limits { keys, aliases_per_key, grants_per_key }, ..Settings::default() }
}

#[tokio::test]
async fn an_account_has_so_many_keys_in_a_region_whatever_their_state() {
    let house = House::new().await;
    let room = house.room_with(limited(3, 50, 50));
    // AWS managed keys don't count.
    house.ask_room(&room, "DescribeKey", &json!({"KeyId": "alias/aws/s3"})).await.ok();
    let mut made = Vec::new();
    for _ in 0..3 {
        let answer = house.ask_room(&room, "CreateKey", &json!({})).await.ok();
        made.push(answer["KeyMetadata"]["KeyId"].clone());
    }
    let full = "LimitExceededException KMS keys quota for this account in this region is 3, current usage is 3.";
    assert_eq!(house.ask_room(&room, "CreateKey", &json!({})).await.said(), full);
    let gone = json!({"KeyId": made.first(), "PendingWindowInDays": 7});
    house.ask_room(&room, "ScheduleKeyDeletion", &gone).await.ok();
    assert_eq!(house.ask_room(&room, "CreateKey", &json!({})).await.said(), full);
    house.clock.advance(7 * 86_400 + 1);
    assert_eq!(house.run_due().await, 1);
    house.ask_room(&room, "CreateKey", &json!({})).await.ok();
    assert_eq!(house.ask_room(&room, "CreateKey", &json!({})).await.said(), full);
    let elsewhere = house.call_of(house.caller(OWNER).await, "us-west-2");
    house.ask_call_in(&room, &elsewhere, "CreateKey", &json!({})).await.ok();
    let other = house.call(OTHER).await;
    house.ask_call_in(&room, &other, "CreateKey", &json!({})).await.ok();
}

#[tokio::test]
async fn keys_that_are_made_at_once_do_not_pass_the_quota() {
    let house = House::new().await;
    // Room for some that nobody counts, and then for the last ones, one by one.
    let room = house.room_with(limited(300, 50, 50));
    let key = json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
    let mut made = 0;
    for _ in 0..40 {
        let answers = futures_of(&house, &room, &key).await;
        made += answers.iter().filter(|said| *said == "ok").count();
        assert!(answers.iter().all(|said| said == "ok" || said.starts_with("LimitExceeded")), "{answers:?}");
    }
    assert_eq!(made, 300);
}

/// What eight calls at once are told.
async fn futures_of(house: &House, room: &sealroom_kms::Kms, asked: &Value) -> Vec<String> {
    let ask = || async { house.ask_room(room, "CreateKey", asked).await.said() };
    let (a, b, c, d, e, f, g, h) = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask());
    vec![a, b, c, d, e, f, g, h]
}

#[tokio::test]
async fn a_key_has_so_many_aliases_and_grants() {
    let house = House::new().await;
    let room = house.room_with(limited(9, 2, 2));
    let key = world::make(&house, OWNER, &json!({})).await;
    for (number, expected) in [
        (1, "ok"),
        (2, "ok"),
        (3, "LimitExceededException Aliases per key quota for this account in this region is 2, current usage is 2."),
    ] {
        let alias = json!({"AliasName": format!("alias/{number}"), "TargetKeyId": key.id});
        assert_eq!(house.ask_room(&room, "CreateAlias", &alias).await.said(), expected);
    }
    for expected in [
        "ok",
        "ok",
        "LimitExceededException Grants per key quota for this account in this region is 2, current usage is 2.",
    ] {
        let grantee = format!("arn:aws:iam::{OTHER}:root");
        let grant = json!({"KeyId": key.id, "GranteePrincipal": grantee, "Operations": ["Decrypt"]});
        assert_eq!(house.ask_room(&room, "CreateGrant", &grant).await.said(), expected);
    }
}

#[tokio::test]
async fn a_replica_counts_as_a_key_where_it_is_made() {
    let house = House::new().await;
    let limits = Limits { keys: 1, ..Limits::default() };
    let room = house.room_with(Settings { limits, ..Settings::default() });
    let key = world::make(&house, OWNER, &json!({"MultiRegion": true})).await;
    let into = |region: &str| json!({"KeyId": key.id, "ReplicaRegion": region});
    house.ask_at(THERE, "CreateKey", &json!({})).await.ok();
    let said = house.ask_room(&room, "ReplicateKey", &into(THERE)).await.said();
    assert!(said.starts_with("LimitExceededException "), "{said}");
    assert_eq!(house.ask_room(&room, "ReplicateKey", &into("us-west-2")).await.said(), "ok");
}

/// AWS: ReplicateKey counts as one call in the primary's Region, and as two that make keys in the replica's.
#[tokio::test]
async fn a_replication_is_charged_in_both_regions() {
    let house = House::new().await;
    let requests = RequestQuotas::Aws { nodes: NonZeroU32::new(1).unwrap() };
    let room = house.room_with(Settings { requests, ..Settings::default() });
    let (one, two) = (
        world::make(&house, OWNER, &json!({"MultiRegion": true})).await,
        world::make(&house, OWNER, &json!({"MultiRegion": true})).await,
    );
    for key in [&one, &two] {
        let into = json!({"KeyId": key.id, "ReplicaRegion": THERE});
        assert_eq!(house.ask_room(&room, "ReplicateKey", &into).await.said(), "ok");
    }
    let there = house.call_of(house.caller(OWNER).await, THERE);
    let mut made = 0;
    while made <= 5 && house.ask_call_in(&room, &there, "CreateKey", &json!({})).await.said() != THROTTLED {
        made += 1;
    }
    assert_eq!(made, 1, "of five, four were taken");
}
