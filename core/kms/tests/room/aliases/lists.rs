//! ListAliases, the services' own aliases on it, and the keys that asking for one of those makes.

use sealroom_store::Batch;
use serde_json::{Value, json};

use super::{create, own};
use crate::house::{HERE, House, OTHER, OWNER, key_path};
use crate::world::{self, Key};

/// In the order in which they are listed.
const SERVICES: [&str; 8] = ["dynamodb", "ebs", "lambda", "rds", "redshift", "s3", "secretsmanager", "sqs"];

fn names(page: &Value) -> Vec<String> {
    page["Aliases"].as_array().unwrap().iter().map(|entry| entry["AliasName"].as_str().unwrap().to_owned()).collect()
}

/// All names on all pages of a list, in order.
async fn walk(house: &House, mut asked: Value) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = house.ask("ListAliases", &asked).await.ok();
        assert_eq!(page["Truncated"] == true, page.get("NextMarker").is_some());
        assert!(names(&page).len() as u64 <= asked["Limit"].as_u64().unwrap_or(50));
        found.extend(names(&page));
        assert!(found.len() <= 200, "no end");
        let Some(next) = page.get("NextMarker") else { return found };
        asked["Marker"] = next.clone();
    }
}

/// Copies a key and its alias `alias/app` to the account that nobody can name, whose only caller has no policies.
pub(super) async fn lend_to_the_platform(house: &House, key: &Key) {
    let row = house.row(key_path(OWNER, &key.id)).await.unwrap();
    let document = String::from_utf8(row.value).unwrap().replace(OWNER, "platform");
    house.commit(Batch::default().put(key_path("platform", &key.id), document.into_bytes())).await;
    house.set_alias("platform", "alias/app", &key.id).await;
}

#[tokio::test]
async fn pages_of_every_length_hold_every_alias_once_and_in_order() {
    let house = House::new().await;
    let (one, two) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let mut expected: Vec<String> = SERVICES.map(|service| format!("alias/aws/{service}")).into();
    // One is the beginning of others, and they stand on both sides of the services' own.
    for (at, name) in
        ["alias/a", "alias/a-b", "alias/a/b", "alias/aws", "alias/b", "alias/A", "alias/z"].iter().enumerate()
    {
        assert_eq!(create(&house, name, if at % 2 == 0 { &one } else { &two }).await, "ok");
        expected.push((*name).to_owned());
    }
    expected.sort();
    world::foreign(&house).await;
    house.set_alias(OTHER, "alias/theirs", &one.id).await;
    for limit in 1..=17 {
        assert_eq!(walk(&house, json!({"Limit": limit})).await, expected, "pages of {limit}");
    }
    assert_eq!(walk(&house, json!({})).await, expected);
    let of_one = ["alias/a", "alias/a/b", "alias/b", "alias/z"];
    let of_two = ["alias/A", "alias/a-b", "alias/aws"];
    for limit in 1..=5 {
        let of = |key: &str| json!({"KeyId": key, "Limit": limit});
        assert_eq!(walk(&house, of(&one.id)).await, of_one, "pages of {limit}");
        assert_eq!(walk(&house, of(&two.arn)).await, of_two, "pages of {limit}");
    }
}

#[tokio::test]
async fn an_entry_says_what_aws_says() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.clock.advance(5);
    create(&house, "alias/app", &key).await;
    let expected = json!({
        "AliasName": "alias/app",
        "AliasArn": format!("arn:aws:kms:us-east-1:{OWNER}:alias/app"),
        "TargetKeyId": key.id,
        "CreationDate": 5,
        "LastUpdatedDate": 5,
    });
    assert_eq!(own(&house, &json!({})).await, [expected]);
    let all = house.ask("ListAliases", &json!({})).await.ok();
    let predefined =
        json!({"AliasName": "alias/aws/s3", "AliasArn": format!("arn:aws:kms:us-east-1:{OWNER}:alias/aws/s3")});
    assert!(all["Aliases"].as_array().unwrap().contains(&predefined), "{all:#}");
    assert_eq!(all["Truncated"], false);
}

#[tokio::test]
async fn a_list_is_narrower_than_the_model_and_its_markers_are_its_own() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    for name in ["alias/a", "alias/b", "alias/c"] {
        create(&house, name, &key).await;
    }
    let said = async |request: Value| house.ask("ListAliases", &request).await.said();
    let too_long = "ValidationException 1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: \
                    Member must have value less than or equal to 100";
    assert_eq!(said(json!({"Limit": 100})).await, "ok");
    assert_eq!(said(json!({"Limit": 101})).await, too_long);
    let marker = async |request: Value| house.ask("ListAliases", &request).await.ok()["NextMarker"].clone();
    let of_all = marker(json!({"Limit": 1})).await;
    let of_key = marker(json!({"Limit": 1, "KeyId": key.id})).await;
    let bad = "InvalidMarkerException";
    assert_eq!(said(json!({"Marker": of_all})).await, "ok");
    assert_eq!(said(json!({"Marker": of_key, "KeyId": key.arn})).await, "ok");
    assert_eq!(said(json!({"Marker": of_key})).await, bad);
    assert_eq!(said(json!({"Marker": of_all, "KeyId": key.id})).await, bad);
    assert_eq!(house.ask("ListKeys", &json!({"Marker": of_all})).await.said(), bad);
    assert_eq!(house.ask_as(OTHER, "ListAliases", &json!({"Marker": of_all})).await.said(), bad);
}

#[tokio::test]
async fn a_list_of_a_key_is_of_an_own_key_named_by_its_id_or_arn() {
    let house = House::new().await;
    let (key, theirs) = (world::symmetric(&house).await, world::foreign(&house).await);
    create(&house, "alias/app", &key).await;
    let said = async |name: &str| house.ask("ListAliases", &json!({"KeyId": name})).await.said();
    assert_eq!(said("alias/app").await, "InvalidArnException Key Aliases are not supported for this operation.");
    let unknown = "134f2428-cec1-4b25-a1ae-9048164dba47";
    let arn = format!("arn:aws:kms:{HERE}:{OWNER}:key/{unknown}");
    assert_eq!(said(unknown).await, format!("NotFoundException Key '{arn}' does not exist"));
    assert_eq!(said(&theirs.arn).await, world::hidden(OWNER, "kms:ListAliases"));
    let without = world::symmetric(&house).await;
    let listed = house.ask("ListAliases", &json!({"KeyId": without.id})).await.ok();
    assert_eq!(listed, json!({"Aliases": [], "Truncated": false}));
}

#[tokio::test]
async fn who_asks_for_a_services_key_makes_it_once() {
    let house = House::new().await;
    house.records().await;
    let arn = format!("arn:aws:kms:us-east-1:{OWNER}:alias/aws/sqs");
    let made = house.ask("DescribeKey", &json!({"KeyId": "alias/aws/sqs"})).await.ok();
    let key = &made["KeyMetadata"];
    assert_eq!((&key["KeyManager"], &key["KeyState"]), (&json!("AWS"), &json!("Enabled")));
    let events: Vec<String> =
        house.records().await.iter().map(|record| record["eventName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["DescribeKey", "CreateKey"]);
    for name in ["alias/aws/sqs", &arn, key["KeyId"].as_str().unwrap()] {
        assert_eq!(house.ask("DescribeKey", &json!({"KeyId": name})).await.ok(), made, "{name}");
    }
    let listed = house.ask("ListAliases", &json!({"KeyId": key["KeyId"]})).await.ok();
    let entry = &listed["Aliases"][0];
    assert_eq!((&entry["AliasName"], &entry["TargetKeyId"]), (&json!("alias/aws/sqs"), &key["KeyId"]));
    assert_eq!(names(&house.ask("ListAliases", &json!({})).await.ok()).len(), SERVICES.len(), "none is listed twice");
    let theirs = house.ask_as(OTHER, "DescribeKey", &json!({"KeyId": arn})).await.said();
    assert_eq!(theirs, world::hidden(OTHER, "kms:DescribeKey"));
}

#[tokio::test]
async fn nothing_else_makes_a_services_key_and_nobody_changes_its_alias() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let missing = super::not_found("alias/aws/s3");
    let encrypt = json!({"KeyId": "alias/aws/s3", "Plaintext": world::PLAINTEXT});
    assert_eq!(house.ask("Encrypt", &encrypt).await.said(), missing);
    let unknown = super::not_found("alias/aws/nothing");
    assert_eq!(house.ask("DescribeKey", &json!({"KeyId": "alias/aws/nothing"})).await.said(), unknown);
    let bad = json!({"KeyId": "alias/aws/s3", "GrantTokens": ["x"]});
    assert_eq!(house.ask("DescribeKey", &bad).await.said(), "InvalidGrantTokenException");
    assert_eq!(
        house.ask("DescribeKey", &json!({"KeyId": "alias/absent"})).await.said(),
        super::not_found("alias/absent")
    );
    let rows = house.rows("kms").await.len();
    assert_eq!(rows, 1, "a refusal made a key");
    house.ask("DescribeKey", &json!({"KeyId": "alias/aws/s3"})).await.ok();
    for said in [super::update(&house, "alias/aws/s3", &key).await, super::delete(&house, "alias/aws/s3").await] {
        assert!(said.starts_with("AccessDeniedException"), "{said}");
        assert!(said.contains("because no resource-based policy allows"), "{said}");
    }
}
