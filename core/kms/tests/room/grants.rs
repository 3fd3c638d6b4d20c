//! What grants give, to whom, until when: `tests/tables/grants.txt`, and what no table says.

use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, report, rows};
use crate::world::{self, Key, PLAINTEXT, operation_of, request, root};

const TABLE: &str = include_str!("../tables/grants.txt");

/// Gives OTHER's root a grant on a key of the owner's.
async fn grant(house: &House, key: &Key, operations: &[&str], members: Value) -> Value {
    let mut asked = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Operations": operations});
    asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    house.ask("CreateGrant", &asked).await.ok()
}

/// What OTHER reads when it encrypts under the key.
async fn encrypts(house: &House, key: &Key) -> String {
    house.ask_as(OTHER, "Encrypt", &json!({"KeyId": key.arn, "Plaintext": PLAINTEXT})).await.said()
}

fn hidden() -> String {
    world::hidden(OTHER, "kms:Encrypt")
}

#[tokio::test]
async fn a_grant_gives_what_the_table_says_and_nothing_else() {
    let house = House::new().await;
    let good = world::make(&house, OTHER, &json!({})).await;
    let mut faults = Vec::new();
    for cells in rows(TABLE) {
        let [spec, operations, constraints, row, members, allowed] = cells[..] else { panic!("{cells:?}") };
        let key = if spec == "ECC_NIST_P256" { world::signing(&house).await } else { world::symmetric(&house).await };
        let operations: Vec<&str> = operations.split(',').collect();
        let constraints: Value = serde_json::from_str(constraints).unwrap();
        let mut asked = request(row, &key, &key.arn, &good);
        let members: Value = serde_json::from_str(members).unwrap();
        asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let before = house.ask_as(OTHER, operation_of(row), &asked).await.said();
        assert!(before.starts_with("AccessDenied"), "{row} without a grant: {before}");
        grant(&house, &key, &operations, json!({"Constraints": constraints})).await;
        let said = house.ask_as(OTHER, operation_of(row), &asked).await.said();
        let expected = if allowed == "yes" { "ok" } else { "AccessDeniedException" };
        let code = said.split(' ').next().unwrap();
        expect(&mut faults, &format!("{operations:?} {constraints} {row} {members}: {said}"), expected, code);
    }
    report(&faults);
}

#[tokio::test]
async fn a_grant_ends_at_once_by_whom_it_may_and_by_nobody_else() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let by_id = |made: &Value| json!({"KeyId": key.arn, "GrantId": made["GrantId"]});
    let by_token = |made: &Value| json!({"GrantToken": made["GrantToken"]});
    let retiring = json!({"RetiringPrincipal": root(OTHER)});
    for (who, operation, operations, members, by, ends) in [
        (OWNER, "RevokeGrant", &["Encrypt"][..], json!({}), "id", true),
        (OTHER, "RevokeGrant", &["Encrypt", "RetireGrant"], retiring.clone(), "id", false),
        (OWNER, "RetireGrant", &["Encrypt"], json!({}), "id", true),
        (OWNER, "RetireGrant", &["Encrypt"], json!({}), "token", true),
        (OTHER, "RetireGrant", &["Encrypt"], json!({}), "id", false),
        (OTHER, "RetireGrant", &["Encrypt"], json!({}), "token", false),
        (OTHER, "RetireGrant", &["Encrypt", "RetireGrant"], json!({}), "id", true),
        (OTHER, "RetireGrant", &["Encrypt"], retiring.clone(), "id", true),
        (OTHER, "RetireGrant", &["Encrypt"], retiring, "token", true),
    ] {
        assert_eq!(encrypts(&house, &key).await, hidden());
        let made = grant(&house, &key, operations, members).await;
        assert_eq!(encrypts(&house, &key).await, "ok");
        let asked = if by == "id" { by_id(&made) } else { by_token(&made) };
        let said = house.ask_as(who, operation, &asked).await.said();
        assert_eq!(said == "ok", ends, "{who} {operation} {operations:?} by {by}: {said}");
        assert_eq!(encrypts(&house, &key).await == "ok", !ends, "{who} {operation} {operations:?} by {by}");
        let again = house.ask("RevokeGrant", &by_id(&made)).await.said();
        let id = made["GrantId"].as_str().unwrap();
        assert_eq!(again, if ends { format!("NotFoundException Grant ID {id} not found") } else { "ok".to_owned() });
    }
}

#[tokio::test]
async fn a_deny_in_the_key_policy_wins_over_any_grant() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    grant(&house, &key, &["Encrypt", "DescribeKey"], json!({})).await;
    assert_eq!(encrypts(&house, &key).await, "ok");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": root(OWNER)}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": {"AWS": root(OTHER)}, "Action": "kms:Encrypt", "Resource": "*"},
    ]});
    house.set_policy(&key.id, &policy.to_string()).await;
    assert_eq!(encrypts(&house, &key).await, hidden());
    assert_eq!(house.ask_as(OTHER, "DescribeKey", &json!({"KeyId": key.arn})).await.said(), "ok");
}

#[tokio::test]
async fn a_named_request_makes_one_grant_and_an_unnamed_one_another_each_time() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let name = json!({"Name": "once"});
    let first = grant(&house, &key, &["Encrypt", "Decrypt"], name.clone()).await;
    let again = grant(&house, &key, &["Decrypt", "Encrypt"], name.clone()).await;
    assert_eq!(first["GrantId"], again["GrantId"]);
    assert_ne!(first["GrantToken"], again["GrantToken"]);
    let other = grant(&house, &key, &["Decrypt"], name).await;
    assert_ne!(first["GrantId"], other["GrantId"]);
    let unnamed =
        [grant(&house, &key, &["Decrypt"], json!({})).await, grant(&house, &key, &["Decrypt"], json!({})).await];
    assert_ne!(unnamed[0]["GrantId"], unnamed[1]["GrantId"]);
    let listed = house.ask("ListGrants", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 4);
    // Once it has ended, the same request makes a new one.
    house.ask("RevokeGrant", &json!({"KeyId": key.id, "GrantId": first["GrantId"]})).await.ok();
    let anew = grant(&house, &key, &["Encrypt", "Decrypt"], json!({"Name": "once"})).await;
    assert_ne!(first["GrantId"], anew["GrantId"]);
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_filtered() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut made = Vec::new();
    for number in 0..5 {
        let retiring = json!({"RetiringPrincipal": root(OTHER), "Name": format!("n{number}")});
        made.push(grant(&house, &key, &["Encrypt"], retiring).await["GrantId"].as_str().unwrap().to_owned());
    }
    let own = json!({"KeyId": key.id, "GranteePrincipal": root(OWNER), "Operations": ["Encrypt"]});
    let own = house.ask("CreateGrant", &own).await.ok();
    made.sort();
    let theirs = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Limit": 2});
    assert_eq!(pages(&house, OWNER, "ListGrants", theirs).await, made);
    let retirable = json!({"RetiringPrincipal": root(OTHER), "Limit": 2});
    assert_eq!(pages(&house, OTHER, "ListRetirableGrants", retirable).await, made);
    let all = pages(&house, OWNER, "ListGrants", json!({"KeyId": key.id, "Limit": 4})).await;
    assert_eq!(all.len(), 6);
    let one = house.ask("ListGrants", &json!({"KeyId": key.id, "GrantId": own["GrantId"]})).await.ok();
    let grants = one["Grants"].as_array().unwrap();
    assert_eq!(grants.len(), 1);
    let mut entry = grants[0].clone();
    entry["CreationDate"] = json!(entry["CreationDate"].as_f64());
    assert_eq!(
        entry,
        json!({
            "KeyId": key.arn, "GrantId": own["GrantId"], "Name": "", "CreationDate": 0.0,
            "GranteePrincipal": root(OWNER), "IssuingAccount": root(OWNER), "Operations": ["Encrypt"],
        })
    );
}

/// The ids in all pages of a list.
async fn pages(house: &House, who: &str, operation: &str, mut asked: Value) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let page = house.ask_as(who, operation, &asked).await.ok();
        let grants = page["Grants"].as_array().unwrap();
        ids.extend(grants.iter().map(|grant| grant["GrantId"].as_str().unwrap().to_owned()));
        assert_eq!(page["Truncated"], page.get("NextMarker").is_some());
        let Some(marker) = page.get("NextMarker") else { return ids };
        asked["Marker"] = marker.clone();
    }
}

#[tokio::test]
async fn grants_go_with_their_key_however_many_there_are() {
    let house = House::new().await;
    let (key, spared) = (world::symmetric(&house).await, world::symmetric(&house).await);
    for number in 0..12 {
        let members = json!({"Name": format!("n{number}"), "RetiringPrincipal": root(OTHER)});
        grant(&house, &key, &["Encrypt"], members).await;
    }
    grant(&house, &spared, &["Encrypt"], json!({})).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    while house.run_due().await > 0 {}
    for row in house.rows("kms").await {
        let names_it = row.path.to_string().contains(&key.id);
        assert!(!names_it || row.path.to_string().contains("tombstone"), "{}", row.path);
    }
    let left = json!({"RetiringPrincipal": root(OTHER)});
    assert_eq!(house.ask_as(OTHER, "ListRetirableGrants", &left).await.ok()["Grants"], json!([]));
    assert_eq!(encrypts(&house, &spared).await, "ok");
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_refused_and_a_good_one_is_taken_by_every_operation() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let made = grant(&house, &key, &["Encrypt"], json!({})).await;
    for (tokens, said) in [
        (json!([made["GrantToken"]]), "ok"),
        (json!([made["GrantToken"], "eA=="]), "InvalidGrantTokenException"),
        (json!(["eA=="]), "InvalidGrantTokenException"),
    ] {
        let asked = json!({"KeyId": key.arn, "Plaintext": PLAINTEXT, "GrantTokens": tokens});
        assert_eq!(house.ask_as(OTHER, "Encrypt", &asked).await.said(), said);
        assert_eq!(house.ask("Encrypt", &asked).await.said(), said);
    }
}

#[tokio::test]
async fn another_room_hears_of_grants_and_of_their_ends() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let far = house.second_room();
    let asked = json!({"KeyId": key.arn, "Plaintext": PLAINTEXT});
    let policy = world::policy(&[OTHER], &["kms:*"]);
    house.set_policy(&key.id, &policy).await;
    let said = house.ask_room(&far, "Encrypt", &asked).await.said();
    assert!(said.starts_with("AccessDenied"), "{said}");
    // The key's policy no longer admits its owner, so another account makes the grant.
    let make = json!({"KeyId": key.arn, "GranteePrincipal": root(OWNER), "Operations": ["Encrypt"]});
    let made = house.ask_as(OTHER, "CreateGrant", &make).await.ok();
    assert_eq!(house.ask_room(&far, "Encrypt", &asked).await.said(), "ok");
    house.ask_as(OTHER, "RevokeGrant", &json!({"KeyId": key.arn, "GrantId": made["GrantId"]})).await.ok();
    let said = house.ask_room(&far, "Encrypt", &asked).await.said();
    assert!(said.starts_with("AccessDenied"), "{said}");
}
