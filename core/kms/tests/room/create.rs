//! CreateKey: specs × usages from `tests/tables/create.txt`, parameters that clash, tags, ids.

use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, lines, report};
use crate::world;

const TABLE: &str = include_str!("../tables/create.txt");
const USAGES: [(&str, Option<&str>); 6] = [
    ("-", None),
    ("EA", Some("ENCRYPT_DECRYPT")),
    ("SV", Some("SIGN_VERIFY")),
    ("MAC", Some("GENERATE_VERIFY_MAC")),
    ("KA", Some("KEY_AGREEMENT")),
    ("KEM", Some("ENCAPSULATE_DECAPSULATE")),
];

#[tokio::test]
async fn every_spec_and_usage_is_made_or_refused_as_the_table_says() {
    let house = House::new().await;
    let mut faults = Vec::new();
    for line in lines(TABLE) {
        let mut cells = line.split_whitespace();
        let spec = cells.next().unwrap();
        for ((_, usage), expected) in USAGES.into_iter().zip(cells) {
            let mut asked = json!({"KeyUsage": usage});
            if spec != "-" {
                asked["KeySpec"] = json!(spec);
            }
            let named = if spec == "-" { "SYMMETRIC_DEFAULT" } else { spec };
            let expected = match (expected, usage) {
                ("made", _) => "ok".to_owned(),
                ("missing", _) => "ValidationException You must specify a KeyUsage value for all KMS keys except for \
                                   symmetric encryption keys."
                    .to_owned(),
                ("clash", Some(usage)) => {
                    format!("ValidationException KeyUsage {usage} is not compatible with KeySpec {named}")
                }
                unknown => panic!("{unknown:?}"),
            };
            let said = house.ask("CreateKey", &asked).await.said();
            expect(&mut faults, &format!("{spec} {usage:?}"), &expected, &said);
        }
    }
    report(&faults);
}

#[tokio::test]
async fn parameters_that_clash_are_refused() {
    let house = House::new().await;
    let stores = "UnsupportedOperationException Custom key stores are not supported by this version of the service.";
    let mut faults = Vec::new();
    for (asked, expected) in [
        (json!({"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}), "ok"),
        (json!({"CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}), "ok"),
        (
            json!({"CustomerMasterKeySpec": "RSA_2048", "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}),
            "ValidationException You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
             CustomerMasterKeySpec is deprecated.",
        ),
        (json!({"Origin": "AWS_KMS"}), "ok"),
        (
            json!({"Origin": "EXTERNAL", "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"}),
            "UnsupportedOperationException Origin EXTERNAL is not supported for KeySpec ML_DSA_44.",
        ),
        (
            json!({"Origin": "EXTERNAL", "KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}),
            "UnsupportedOperationException Origin EXTERNAL is not supported for KeySpec ML_KEM_512.",
        ),
        (json!({"Origin": "AWS_CLOUDHSM"}), stores),
        (json!({"Origin": "EXTERNAL_KEY_STORE"}), stores),
        (json!({"CustomKeyStoreId": "cks-1234567890abcdef0"}), stores),
        (json!({"XksKeyId": "id"}), stores),
        (json!({"MultiRegion": false}), "ok"),
        (json!({"Unknown": "member"}), "ok"),
    ] {
        let said = house.ask("CreateKey", &asked).await.said();
        expect(&mut faults, &asked.to_string(), expected, &said);
    }
    report(&faults);
}

fn tags(count: usize) -> Value {
    (0..count).map(|number| json!({"TagKey": format!("k{number}"), "TagValue": ""})).collect()
}

fn tag(key: &str, value: &str) -> Value {
    json!([{"TagKey": key, "TagValue": value}])
}

#[tokio::test]
async fn tags_are_taken_up_to_their_limits() {
    let house = House::new().await;
    let constraint = |member: &str, most: usize, value: &str| {
        format!(
            "ValidationException 1 validation error detected: Value '{value}' at 'tags.1.member.{member}' failed to \
             satisfy constraint: Member must have length less than or equal to {most}"
        )
    };
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    let mut faults = Vec::new();
    for (tags, expected) in [
        (tags(50), "ok".to_owned()),
        (tags(51), "TagException Too many tags".to_owned()),
        (json!([]), "ok".to_owned()),
        (tag(&"k".repeat(128), &"v".repeat(256)), "ok".to_owned()),
        (tag(&long_key, ""), constraint("tagKey", 128, &long_key)),
        (tag("k", &long_value), constraint("tagValue", 256, &long_value)),
        (tag("aws:k", ""), "TagException Tags beginning with aws: are reserved".to_owned()),
        (tag("AwS:k", ""), "TagException Tags beginning with aws: are reserved".to_owned()),
        (
            json!([{"TagKey": "k", "TagValue": "1"}, {"TagKey": "k", "TagValue": "1"}]),
            "TagException Duplicate tag keys".to_owned(),
        ),
        (json!([{"TagKey": "k", "TagValue": "1"}, {"TagKey": "K", "TagValue": "1"}]), "ok".to_owned()),
    ] {
        let said = house.ask("CreateKey", &json!({"Tags": tags})).await.said();
        expect(&mut faults, &tags.to_string(), &expected, &said);
    }
    report(&faults);
}

#[tokio::test]
async fn a_keys_tags_are_what_its_policies_conditions_see() {
    let house = House::new().await;
    let policy = |value: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "kms:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": value}},
        }]})
        .to_string()
    };
    for (value, allowed) in [("blue", true), ("Blue", false), ("red", false)] {
        let asked = json!({
            "Tags": [{"TagKey": "Team", "TagValue": "blue"}],
            "Policy": policy(value),
            "BypassPolicyLockoutSafetyCheck": true,
        });
        let made = house.ask("CreateKey", &asked).await.ok();
        let said = house.ask("DescribeKey", &json!({"KeyId": made["KeyMetadata"]["KeyId"]})).await.said();
        assert_eq!(said == "ok", allowed, "{value}: {said}");
    }
}

#[tokio::test]
async fn an_id_that_is_taken_or_was_is_never_given_again() {
    let house = House::new().await;
    let one = world::symmetric(&house).await;
    let taken: sealroom_foundation::KeyId = one.id.parse().unwrap();
    house.entropy.put_in_line(&[taken.to_bytes()]);
    let two = world::symmetric(&house).await;
    assert_ne!(one.id, two.id);
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": one.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    assert_eq!(house.run_due().await, 1);
    house.entropy.put_in_line(&[taken.to_bytes()]);
    let three = world::symmetric(&house).await;
    assert!(three.id != one.id && three.id != two.id);
    let creations = house.records().await.into_iter().filter(|record| record["eventName"] == "CreateKey");
    assert_eq!(creations.count(), 3, "an attempt that found its id taken is no event");
}

#[tokio::test]
async fn an_id_that_stays_taken_ends_in_a_failure_and_makes_nothing() {
    let house = House::new().await;
    let one = world::symmetric(&house).await;
    let taken: sealroom_foundation::KeyId = one.id.parse().unwrap();
    house.entropy.put_in_line(&[taken.to_bytes(); 5]);
    assert!(house.ask("CreateKey", &json!({})).await.said().starts_with("InternalFailure "));
    let listed = house.ask("ListKeys", &json!({})).await.ok();
    assert_eq!(listed["Keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_accounts_may_have_keys_of_one_id() {
    let house = House::new().await;
    let one = world::symmetric(&house).await;
    let id: sealroom_foundation::KeyId = one.id.parse().unwrap();
    house.entropy.put_in_line(&[id.to_bytes()]);
    let other = world::make(&house, OTHER, &json!({})).await;
    assert_eq!(one.id, other.id);
    let decrypt = json!({"CiphertextBlob": other.ciphertext, "KeyId": one.id});
    let said = house.ask("Decrypt", &decrypt).await.said();
    assert!(said.starts_with("IncorrectKeyException "), "{said}");
    assert_eq!(house.ask_as(OTHER, "Decrypt", &decrypt).await.said(), "ok");
}
