//! `kms:ResourceAliases`: a policy that asks for a key's aliases sees those that it has now.

use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::KeyEpochs;
use serde_json::{Value, json};

use super::{create, delete, update};
use crate::house::{House, OTHER, OWNER};
use crate::world::{self, Key, PLAINTEXT, policy};

/// A policy that leaves the key to its owner, and to the other account while the key has an alias of this form.
fn open_by(operator: &str, pattern: &str) -> String {
    let statement =
        |account: &str| serde_json::from_str::<Value>(&policy(&[account], &["kms:*"])).unwrap()["Statement"][0].clone();
    let mut shared = statement(OTHER);
    shared["Condition"][operator]["kms:ResourceAliases"] = json!(pattern);
    json!({"Version": "2012-10-17", "Statement": [statement(OWNER), shared]}).to_string()
}

async fn may(house: &House, key: &Key) -> bool {
    let encrypt = json!({"KeyId": key.arn, "Plaintext": PLAINTEXT});
    house.ask_as(OTHER, "Encrypt", &encrypt).await.said() == "ok"
}

#[tokio::test]
async fn a_decision_sees_the_aliases_that_a_key_has_now() {
    let house = House::new().await;
    let (key, other) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let text = open_by("ForAnyValue:StringLike", "alias/shared/*");
    house.ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": text})).await.ok();
    assert!(!may(&house, &key).await);
    create(&house, "alias/mine", &key).await;
    assert!(!may(&house, &key).await);
    create(&house, "alias/shared/a", &key).await;
    assert!(may(&house, &key).await);
    update(&house, "alias/shared/a", &other).await;
    assert!(!may(&house, &key).await);
    update(&house, "alias/shared/a", &key).await;
    assert!(may(&house, &key).await);
    delete(&house, "alias/shared/a").await;
    assert!(!may(&house, &key).await);
}

#[tokio::test]
async fn a_deny_for_all_aliases_but_one_holds_for_any_other() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let text = open_by("ForAllValues:StringEquals", "alias/shared");
    house.ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": text})).await.ok();
    assert!(may(&house, &key).await, "of no alias everything is true");
    create(&house, "alias/shared", &key).await;
    assert!(may(&house, &key).await);
    create(&house, "alias/mine", &key).await;
    assert!(!may(&house, &key).await);
}

#[tokio::test]
async fn the_epoch_of_a_key_whose_policy_asks_changes_with_its_aliases() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let id = key.id.parse().unwrap();
    let arn = KeyArn { region: "us-east-1".parse().unwrap(), account: OWNER.parse().unwrap(), key: id };
    let epoch = async || {
        may(&house, &key).await;
        house.kms.epoch(&arn)
    };
    house
        .ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": open_by("ForAnyValue:StringLike", "alias/*")}))
        .await
        .ok();
    let mut seen = vec![epoch().await];
    create(&house, "alias/a", &key).await;
    seen.push(epoch().await);
    create(&house, "alias/b", &key).await;
    seen.push(epoch().await);
    delete(&house, "alias/a").await;
    seen.push(epoch().await);
    delete(&house, "alias/b").await;
    seen.push(epoch().await);
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
}

/// The lockout check asks the new policy, which may be the first that asks for aliases.
#[tokio::test]
async fn a_policy_that_lets_its_owner_in_by_an_alias_is_no_lockout_while_there_is_one() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut text: Value = serde_json::from_str(&policy(&[OWNER], &["kms:*"])).unwrap();
    text["Statement"][0]["Condition"] = json!({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/door"}});
    let put = json!({"KeyId": key.id, "Policy": text.to_string()});
    assert!(
        house.ask("PutKeyPolicy", &put).await.said().starts_with("MalformedPolicyDocumentException The new key policy")
    );
    create(&house, "alias/door", &key).await;
    assert_eq!(house.ask("PutKeyPolicy", &put).await.said(), "ok");
    assert_eq!(house.ask("GetKeyPolicy", &json!({"KeyId": key.id})).await.said(), "ok");
}
