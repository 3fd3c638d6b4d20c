//! The last use of a key: which calls count, that what the journal gathers and what is read back from it agree, and that
//! an older use takes no newer one's place.

use sealroom_audit::Use;
use sealroom_foundation::Timestamp;
use sealroom_kms::uses_of;
use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::references::subject;
use crate::states;
use crate::world::{self, Key, operation_of, policy, request};

impl House {
    /// Notes what was used by now, as the server does once a minute.
    pub(crate) async fn note_uses(&self) {
        for gathered in self.journal.take_uses() {
            self.kms.note_uses(&gathered.uses, &[gathered.through]).await.unwrap();
        }
    }
}

async fn last_use(house: &House, key: &Key) -> Value {
    house.ask("GetKeyLastUsage", &json!({"KeyId": key.id})).await.ok()["KeyLastUsage"].take()
}

#[tokio::test]
async fn a_key_that_was_not_used_has_an_empty_usage() {
    let house = House::new().await;
    house.clock.advance(5);
    let made = house.ask("CreateKey", &json!({})).await.ok();
    let (id, arn) = (&made["KeyMetadata"]["KeyId"], &made["KeyMetadata"]["Arn"]);
    house.clock.advance(90);
    house.note_uses().await;
    let shown = house.ask("GetKeyLastUsage", &json!({"KeyId": arn})).await.ok();
    let expected = json!({"KeyId": id, "KeyLastUsage": {}, "TrackingStartDate": 5, "KeyCreationDate": 5});
    assert_eq!(shown, expected);
}

/// Typed from the API reference.
const TRACKED: [&str; 14] = [
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];

#[tokio::test]
async fn cryptography_counts_and_nothing_else_does() {
    let house = House::new().await;
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    for (row, _) in states::rows() {
        let (operation, key) = (operation_of(row), subject(&house, row).await);
        house.clock.advance(60);
        house.note_uses().await;
        let asked = request(row, &key, &key.arn, &good);
        let before = last_use(&house, &key).await;
        house.ask(operation, &asked).await;
        house.clock.advance(60);
        house.note_uses().await;
        let used = last_use(&house, &key).await;
        if TRACKED.contains(&operation) {
            assert_eq!(used["Operation"], operation, "{row}");
            let dry = house.ask(operation, &with_dry_run(asked)).await.said();
            assert!(dry.starts_with("DryRunOperationException"), "{row}: {dry}");
            house.note_uses().await;
            assert_eq!(last_use(&house, &key).await, used, "{row}: a dry run");
        } else {
            assert_eq!(used, before, "{row}");
        }
    }
}

fn with_dry_run(mut asked: Value) -> Value {
    asked["DryRun"] = json!(true);
    asked
}

#[tokio::test]
async fn a_use_is_shown_with_its_event_and_its_request() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({})).await;
    house.clock.advance(1_000);
    house.records().await;
    house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": "AAAA"})).await.ok();
    let [record] = &house.records().await[..] else { panic!("one record") };
    house.clock.advance(60);
    house.note_uses().await;
    let expected = json!({
        "Operation": "Encrypt", "Timestamp": 1_000, "CloudTrailEventId": record["eventID"],
        "KmsRequestId": record["requestID"],
    });
    assert_eq!(last_use(&house, &key).await, expected);
}

#[tokio::test]
async fn another_account_s_use_is_told_by_the_owner_s_record() {
    let house = House::new().await;
    let theirs = json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])});
    let (key, own) = (world::make(&house, OWNER, &theirs).await, world::make(&house, OTHER, &json!({})).await);
    let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": "AAAA"})).await.ok();
    house.records().await;
    let again = json!({"CiphertextBlob": sealed["CiphertextBlob"], "DestinationKeyId": own.id});
    house.ask_as(OTHER, "ReEncrypt", &again).await.ok();
    let records = house.records().await;
    let event = |account: &str| {
        let told = records.iter().find(|record| record["recipientAccountId"] == account).unwrap();
        told["eventID"].clone()
    };
    house.note_uses().await;
    assert_eq!(last_use(&house, &key).await["CloudTrailEventId"], event(OWNER));
    let shown = house.ask_as(OTHER, "GetKeyLastUsage", &json!({"KeyId": own.id})).await.ok();
    assert_eq!(shown["KeyLastUsage"]["CloudTrailEventId"], event(OTHER));
    let strange = house.ask_as(OTHER, "GetKeyLastUsage", &json!({"KeyId": key.arn})).await.said();
    assert!(strange.starts_with("AccessDeniedException"), "{strange}");
}

#[tokio::test]
async fn what_is_read_back_is_what_was_gathered() {
    let house = House::new().await;
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    for (row, _) in states::rows() {
        let key = subject(&house, row).await;
        house.clock.advance(1);
        house.ask(operation_of(row), &request(row, &key, &key.arn, &good)).await;
        house.ask_as(OTHER, operation_of(row), &request(row, &key, &key.arn, &good)).await;
    }
    house.ask_as(OTHER, "Encrypt", &json!({"KeyId": good.arn, "Plaintext": "AAAA"})).await.ok();
    let mut gathered: Vec<Use> = house.journal.take_uses().into_iter().flat_map(|lane| lane.uses).collect();
    let page = house.journal.reader().read(0, 0, 10_000).await.unwrap();
    let records = page.entries.iter().flat_map(|entry| entry.records.iter().map(|record| (record, entry.time)));
    let mut read: std::collections::HashMap<String, Use> = std::collections::HashMap::new();
    for used in records.flat_map(|(record, time)| uses_of(record, time)) {
        read.insert(used.key.to_string(), used);
    }
    let mut read: Vec<Use> = read.into_values().collect();
    for uses in [&mut gathered, &mut read] {
        uses.sort_by_key(|used| used.key.to_string());
    }
    assert_eq!(read, gathered);
    assert!(read.len() >= TRACKED.len(), "{}", read.len());
}

#[tokio::test]
async fn an_older_use_takes_no_newer_ones_place_and_a_destroyed_key_has_none() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({})).await;
    house.clock.advance(100);
    house.ask("GenerateDataKey", &json!({"KeyId": key.id, "KeySpec": "AES_256"})).await.ok();
    let [newer] = house.journal.take_uses()[0].uses[..] else { panic!("one use") };
    let older = Use { time: Timestamp::from_seconds(50), operation: "Encrypt", ..newer };
    for uses in [&[newer, older][..], &[older], &[older, newer]] {
        house.kms.note_uses(uses, &[1]).await.unwrap();
        assert_eq!(last_use(&house, &key).await["Operation"], "GenerateDataKey");
    }
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(8 * 86_400);
    assert_eq!(house.run_due().await, 1);
    house.kms.note_uses(&[newer], &[1]).await.unwrap();
    let rows = house.rows("kms").await;
    assert!(!rows.iter().any(|row| row.path.to_string().contains("used")), "{rows:?}");
}

#[tokio::test]
async fn what_came_before_a_key_was_made_was_not_its_use() {
    let house = House::new().await;
    house.clock.advance(100);
    let key = world::make(&house, OWNER, &json!({})).await;
    house.ask("GenerateDataKey", &json!({"KeyId": key.id, "KeySpec": "AES_256"})).await.ok();
    let [used] = house.journal.take_uses()[0].uses[..] else { panic!("one use") };
    house.kms.note_uses(&[Use { time: Timestamp::from_seconds(99), ..used }], &[1]).await.unwrap();
    assert_eq!(last_use(&house, &key).await, json!({}));
    house.kms.note_uses(&[used], &[1]).await.unwrap();
    assert_eq!(last_use(&house, &key).await["Operation"], "GenerateDataKey");
}
