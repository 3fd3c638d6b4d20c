//! Aliases: what they may be called, what they may refer to, who decides; and that whoever uses one follows it at once.

use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, fill, report, rows};
use crate::world::{self, Key, PLAINTEXT, policy};

mod conditions;
mod kept;
mod lists;

const NAMES: &str = include_str!("../tables/alias-names.txt");
const KINDS: &str = include_str!("../tables/alias-kinds.txt");

async fn create(house: &House, name: &str, key: &Key) -> String {
    house.ask("CreateAlias", &json!({"AliasName": name, "TargetKeyId": key.id})).await.said()
}

async fn update(house: &House, name: &str, key: &Key) -> String {
    house.ask("UpdateAlias", &json!({"AliasName": name, "TargetKeyId": key.id})).await.said()
}

async fn delete(house: &House, name: &str) -> String {
    house.ask("DeleteAlias", &json!({"AliasName": name})).await.said()
}

fn not_found(name: &str) -> String {
    format!("NotFoundException Alias arn:aws:kms:us-east-1:{OWNER}:{name} is not found.")
}

/// The entries of a list, with the services' own left out.
async fn own(house: &House, request: &Value) -> Vec<Value> {
    let listed = house.ask("ListAliases", request).await.ok();
    let entries = listed["Aliases"].as_array().unwrap().iter();
    entries.filter(|entry| !entry["AliasName"].as_str().unwrap().starts_with("alias/aws/")).cloned().collect()
}

#[tokio::test]
async fn every_name_is_answered_as_the_table_says() {
    let house = House::new().await;
    let (key, other) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let longest = format!("alias/{}", "x".repeat(250));
    let mut faults = Vec::new();
    for cells in rows(NAMES) {
        let [name, created, changed] = cells[..] else { panic!("{cells:?}") };
        let changed = if changed == "=" { created } else { changed };
        let [name, created, changed] = [name, created, changed].map(|cell| fill(cell, &[("longest", &longest)]));
        house.set_alias(OWNER, "alias/taken", &key.id).await;
        expect(&mut faults, &format!("UpdateAlias {name}"), &changed, &update(&house, &name, &other).await);
        expect(&mut faults, &format!("DeleteAlias {name}"), &changed, &delete(&house, &name).await);
        if changed == "ok" {
            house.set_alias(OWNER, "alias/taken", &key.id).await;
        }
        expect(&mut faults, &format!("CreateAlias {name}"), &created, &create(&house, &name, &key).await);
    }
    report(&faults);
}

#[tokio::test]
async fn whoever_uses_an_alias_follows_it_at_once() {
    let house = House::new().await;
    let room = house.second_room();
    let (one, two) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let encrypt = json!({"KeyId": "alias/app", "Plaintext": PLAINTEXT});
    let missing = not_found("alias/app");
    assert_eq!(house.ask_room(&room, "Encrypt", &encrypt).await.said(), missing);
    assert_eq!(create(&house, "alias/app", &one).await, "ok");
    for (key, other) in [(&one, &two), (&two, &one), (&one, &two)] {
        assert_eq!(update(&house, "alias/app", key).await, "ok");
        assert_eq!(house.ask("Encrypt", &encrypt).await.ok()["KeyId"], key.arn.as_str());
        assert_eq!(house.ask_room(&room, "Encrypt", &encrypt).await.ok()["KeyId"], key.arn.as_str());
        let decrypt = |of: &Key| json!({"KeyId": "alias/app", "CiphertextBlob": of.ciphertext});
        assert_eq!(house.ask("Decrypt", &decrypt(key)).await.ok()["KeyId"], key.arn.as_str());
        assert!(house.ask("Decrypt", &decrypt(other)).await.said().starts_with("IncorrectKeyException"));
    }
    assert_eq!(delete(&house, "alias/app").await, "ok");
    assert_eq!(house.ask("Encrypt", &encrypt).await.said(), missing);
    assert_eq!(house.ask_room(&room, "Encrypt", &encrypt).await.said(), missing);
    // What was encrypted under its name opens without it.
    let decrypt = json!({"CiphertextBlob": one.ciphertext});
    assert_eq!(house.ask("Decrypt", &decrypt).await.said(), "ok");
}

#[tokio::test]
async fn an_alias_goes_from_key_to_key_of_one_kind() {
    let house = House::new().await;
    let mut faults = Vec::new();
    let refused = "ValidationException The KMS key of an alias can only be replaced by one of the same type and with the \
                   same key usage.";
    for cells in rows(KINDS) {
        let [first, second, answer] = cells[..] else { panic!("{cells:?}") };
        let kind = |text: &str| {
            let (spec, usage) = text.split_once(' ').unwrap();
            json!({"KeySpec": spec, "KeyUsage": usage})
        };
        let (from, to) =
            (world::make(&house, OWNER, &kind(first)).await, world::make(&house, OWNER, &kind(second)).await);
        house.set_alias(OWNER, "alias/moves", &from.id).await;
        let expected = if answer == "ok" { "ok" } else { refused };
        expect(&mut faults, &format!("{first} to {second}"), expected, &update(&house, "alias/moves", &to).await);
        let target = if answer == "ok" { &to.id } else { &from.id };
        let listed = own(&house, &json!({})).await;
        expect(&mut faults, "the key that it refers to", target, listed[0]["TargetKeyId"].as_str().unwrap());
    }
    report(&faults);
}

#[tokio::test]
async fn the_key_that_an_alias_leaves_may_be_about_to_go() {
    let house = House::new().await;
    let (one, two) = (world::symmetric(&house).await, world::symmetric(&house).await);
    create(&house, "alias/app", &one).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": one.id})).await.ok();
    assert_eq!(update(&house, "alias/app", &two).await, "ok");
    let pending = format!("KMSInvalidStateException {} is pending deletion.", one.arn);
    assert_eq!(update(&house, "alias/app", &one).await, pending);
    assert_eq!(create(&house, "alias/other", &one).await, pending);
}

#[tokio::test]
async fn an_alias_that_stays_where_it_is_wasnt_updated() {
    let house = House::new().await;
    let (one, two) = (world::symmetric(&house).await, world::symmetric(&house).await);
    create(&house, "alias/app", &one).await;
    let dates = |entry: &Value| {
        let seconds = |name: &str| entry[name].as_f64();
        (seconds("CreationDate"), seconds("LastUpdatedDate"))
    };
    house.clock.advance(60);
    assert_eq!(update(&house, "alias/app", &one).await, "ok");
    assert_eq!(dates(&own(&house, &json!({})).await[0]), (Some(0.0), Some(0.0)));
    assert_eq!(update(&house, "alias/app", &two).await, "ok");
    assert_eq!(dates(&own(&house, &json!({})).await[0]), (Some(0.0), Some(60.0)));
}

#[tokio::test]
async fn a_name_means_another_alias_in_each_account_and_region() {
    let house = House::new().await;
    let (mine, theirs) = (world::symmetric(&house).await, world::foreign(&house).await);
    assert_eq!(create(&house, "alias/app", &mine).await, "ok");
    let request = json!({"AliasName": "alias/app", "TargetKeyId": theirs.id});
    assert_eq!(house.ask_as(OTHER, "CreateAlias", &request).await.said(), "ok");
    let elsewhere = house.call_of(house.caller(OWNER).await, "eu-west-1");
    let gone = house.ask_in(&elsewhere, "DeleteAlias", &json!({"AliasName": "alias/app"})).await.said();
    assert_eq!(gone, format!("NotFoundException Alias arn:aws:kms:eu-west-1:{OWNER}:alias/app is not found."));
    assert_eq!(delete(&house, "alias/app").await, "ok");
    let shown = house.ask_as(OTHER, "DescribeKey", &json!({"KeyId": "alias/app"})).await.ok();
    assert_eq!(shown["KeyMetadata"]["KeyId"], theirs.id.as_str());
}

/// Each of the keys that a change of an alias touches has a say.
#[tokio::test]
async fn every_key_of_an_alias_must_let_it_go() {
    let house = House::new().await;
    let silent = |action: &str| {
        let all = ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:PutKeyPolicy"];
        let actions: Vec<&str> = all.into_iter().filter(|known| *known != action).collect();
        policy(&[OWNER], &actions)
    };
    let denied = |action: &str, key: &Key| {
        format!(
            "AccessDeniedException User: arn:aws:iam::{OWNER}:root is not authorized to perform: {action} on resource: {} \
             because no resource-based policy allows the {action} action",
            key.arn
        )
    };
    let (open, shut) = (world::symmetric(&house).await, world::symmetric(&house).await);
    house.set_policy(&shut.id, &silent("kms:DeleteAlias")).await;
    create(&house, "alias/app", &shut).await;
    assert_eq!(delete(&house, "alias/app").await, denied("kms:DeleteAlias", &shut));
    house.set_policy(&shut.id, &silent("kms:UpdateAlias")).await;
    assert_eq!(update(&house, "alias/app", &open).await, denied("kms:UpdateAlias", &shut), "the old key");
    assert_eq!(delete(&house, "alias/app").await, "ok");
    create(&house, "alias/app", &open).await;
    assert_eq!(update(&house, "alias/app", &shut).await, denied("kms:UpdateAlias", &shut), "the new key");
    house.set_policy(&shut.id, &silent("kms:CreateAlias")).await;
    assert_eq!(create(&house, "alias/new", &shut).await, denied("kms:CreateAlias", &shut));
    assert_eq!(update(&house, "alias/app", &shut).await, "ok");
}

/// Who has no policies at all may do nothing to an alias, whatever the key's policy says: the alias is asked for first.
#[tokio::test]
async fn the_callers_own_policies_decide_on_the_alias() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    create(&house, "alias/app", &key).await;
    house.set_policy(&key.id, &policy(&[OWNER], &["kms:*"]).replace(&world::root(OWNER), "*")).await;
    lists::lend_to_the_platform(&house, &key).await;
    let request = |operation: &str| match operation {
        "DeleteAlias" => json!({"AliasName": "alias/app"}),
        "UpdateAlias" => json!({"AliasName": "alias/app", "TargetKeyId": key.id}),
        _ => json!({"AliasName": "alias/new", "TargetKeyId": key.id}),
    };
    for operation in ["CreateAlias", "UpdateAlias", "DeleteAlias"] {
        let said = house.ask_in(&house.operator_call(), operation, &request(operation)).await.said();
        let name = if operation == "CreateAlias" { "alias/new" } else { "alias/app" };
        let expected = format!(
            "AccessDeniedException User: * is not authorized to perform: kms:{operation} on resource: \
             arn:aws:kms:us-east-1:platform:{name} because no identity-based policy allows the kms:{operation} action"
        );
        assert_eq!(said, expected);
    }
}
