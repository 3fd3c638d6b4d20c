//! What is said of a key: its policy, its description, its tags.

use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::world::{self, PLAINTEXT, policy, root};

#[tokio::test]
async fn a_policy_is_shown_as_it_was_given_and_holds_at_once() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let encrypt = json!({"KeyId": key.arn, "Plaintext": PLAINTEXT});
    assert!(house.ask_as(OTHER, "Encrypt", &encrypt).await.said().starts_with("AccessDenied"));
    let text = format!("  {}\n", policy(&[OWNER, OTHER], &["kms:*"]));
    house.ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": text})).await.ok();
    let shown = house.ask("GetKeyPolicy", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(shown, json!({"Policy": text, "PolicyName": "default"}));
    assert_eq!(house.ask_as(OTHER, "Encrypt", &encrypt).await.said(), "ok");
    house.ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": policy(&[OWNER], &["kms:*"])})).await.ok();
    assert!(house.ask_as(OTHER, "Encrypt", &encrypt).await.said().starts_with("AccessDenied"));
    let names = house.ask("ListKeyPolicies", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(names, json!({"PolicyNames": ["default"], "Truncated": false}));
}

#[tokio::test]
async fn nobody_locks_themselves_out_unless_they_mean_it() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut put = json!({"KeyId": key.id, "Policy": policy(&[OTHER], &["kms:*"])});
    let said = house.ask("PutKeyPolicy", &put).await.said();
    assert_eq!(
        said,
        "MalformedPolicyDocumentException The new key policy will not allow you to update the key policy in the future."
    );
    let before = house.ask("GetKeyPolicy", &json!({"KeyId": key.id})).await.ok();
    assert!(before["Policy"].as_str().unwrap().contains(&root(OWNER)));
    put["BypassPolicyLockoutSafetyCheck"] = json!(true);
    assert_eq!(house.ask("PutKeyPolicy", &put).await.said(), "ok");
    assert!(house.ask("GetKeyPolicy", &json!({"KeyId": key.id})).await.said().starts_with("AccessDenied"));
}

#[tokio::test]
async fn a_description_changes_and_nothing_else_does() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"Description": "one"})).await;
    let shown = || async { house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok()["KeyMetadata"].clone() };
    let before = shown().await;
    house.ask("UpdateKeyDescription", &json!({"KeyId": key.id, "Description": ""})).await.ok();
    let mut expected = before;
    expected["Description"] = json!("");
    assert_eq!(shown().await, expected);
}

async fn tags(house: &House, key: &str) -> Value {
    house.ask("ListResourceTags", &json!({"KeyId": key})).await.ok()["Tags"].clone()
}

fn tag(key: &str, value: &str) -> Value {
    json!({"TagKey": key, "TagValue": value})
}

#[tokio::test]
async fn a_tag_that_changes_keeps_its_place_and_one_that_goes_leaves_the_others() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"Tags": [tag("a", "1"), tag("b", "2")]})).await;
    house
        .ask("TagResource", &json!({"KeyId": key.id, "Tags": [tag("c", "3"), tag("a", "4"), tag("A", "5")]}))
        .await
        .ok();
    assert_eq!(tags(&house, &key.id).await, json!([tag("a", "4"), tag("b", "2"), tag("c", "3"), tag("A", "5")]));
    house.ask("UntagResource", &json!({"KeyId": key.id, "TagKeys": ["b", "none"]})).await.ok();
    assert_eq!(tags(&house, &key.id).await, json!([tag("a", "4"), tag("c", "3"), tag("A", "5")]));
}

#[tokio::test]
async fn a_key_has_fifty_tags_and_not_one_more_and_lists_them_page_by_page() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let many: Vec<Value> = (0..50).map(|n| tag(&format!("k{n:02}"), "v")).collect();
    house.ask("TagResource", &json!({"KeyId": key.id, "Tags": many})).await.ok();
    let one_more = json!({"KeyId": key.id, "Tags": [tag("more", "")]});
    assert_eq!(house.ask("TagResource", &one_more).await.said(), "TagException Too many tags");
    // One that is there already is none more.
    house.ask("TagResource", &json!({"KeyId": key.id, "Tags": [tag("k49", "w")]})).await.ok();
    let (mut asked, mut found) = (json!({"KeyId": key.id, "Limit": 20}), Vec::new());
    loop {
        let page = house.ask("ListResourceTags", &asked).await.ok();
        found.extend(page["Tags"].as_array().unwrap().clone());
        assert_eq!(page["Truncated"], page.get("NextMarker").is_some());
        let Some(marker) = page.get("NextMarker") else { break };
        asked["Marker"] = marker.clone();
    }
    assert_eq!(found.len(), 50);
    assert_eq!(found[49], tag("k49", "w"));
    let too_many = house.ask("ListResourceTags", &json!({"KeyId": key.id, "Limit": 51})).await.said();
    assert!(
        too_many.starts_with("ValidationException 1 validation error detected: Value '51' at 'limit'"),
        "{too_many}"
    );
}

#[tokio::test]
async fn a_decision_sees_the_tags_that_a_key_has_now() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut statement: Value = serde_json::from_str(&policy(&[OTHER], &["kms:Encrypt"])).unwrap();
    statement["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "blue"}});
    let own: Value = serde_json::from_str(&policy(&[OWNER], &["kms:*"])).unwrap();
    statement["Statement"].as_array_mut().unwrap().push(own["Statement"][0].clone());
    house.ask("PutKeyPolicy", &json!({"KeyId": key.id, "Policy": statement.to_string()})).await.ok();
    let encrypt = json!({"KeyId": key.arn, "Plaintext": PLAINTEXT});
    let may = || async { house.ask_as(OTHER, "Encrypt", &encrypt).await.said() == "ok" };
    assert!(!may().await);
    house.ask("TagResource", &json!({"KeyId": key.id, "Tags": [tag("team", "blue")]})).await.ok();
    assert!(may().await);
    house.ask("UntagResource", &json!({"KeyId": key.id, "TagKeys": ["team"]})).await.ok();
    assert!(!may().await);
}
