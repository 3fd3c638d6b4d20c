//! ListKeys page by page, and every marker that isn't good.

use sealroom_api::operator::ListAccountsInput;
use sealroom_foundation::ports::{Release as _, Released};
use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::world;

async fn keys(house: &House, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(world::symmetric(house).await.id);
    }
    ids.sort();
    ids
}

fn ids(page: &Value) -> Vec<String> {
    page["Keys"].as_array().unwrap().iter().map(|key| key["KeyId"].as_str().unwrap().to_owned()).collect()
}

async fn marker(house: &House) -> String {
    let page = house.ask("ListKeys", &json!({"Limit": 1})).await.ok();
    page["NextMarker"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn pages_hold_every_key_of_the_account_and_region_once() {
    let house = House::new().await;
    let expected = keys(&house, 5).await;
    world::foreign(&house).await;
    for limit in 1..=6 {
        let (mut found, mut asked) = (Vec::new(), json!({"Limit": limit}));
        for _ in 0..6 {
            let page = house.ask("ListKeys", &asked).await.ok();
            assert!(ids(&page).len() <= limit);
            found.extend(ids(&page));
            assert_eq!(page["Truncated"] == true, page.get("NextMarker").is_some());
            let Some(next) = page.get("NextMarker") else { break };
            asked["Marker"] = next.clone();
        }
        assert_eq!(found, expected, "pages of {limit}");
    }
    let elsewhere = house.call_of(house.caller(OWNER).await, "eu-west-1");
    let page = house.ask_in(&elsewhere, "ListKeys", &json!({})).await.ok();
    assert_eq!(page, json!({"Keys": [], "Truncated": false}));
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_although_that_key_is_gone() {
    let house = House::new().await;
    let ids_before = keys(&house, 3).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": ids_before[0], "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    let marker = marker(&house).await;
    assert_eq!(house.run_due().await, 1);
    let page = house.ask("ListKeys", &json!({"Marker": marker})).await.ok();
    assert_eq!(ids(&page), ids_before[1..]);
}

#[tokio::test]
async fn only_own_fresh_markers_are_good() {
    let house = House::new().await;
    keys(&house, 3).await;
    for _ in 0..2 {
        world::foreign(&house).await;
    }
    let good = marker(&house).await;
    let list = |marker: &str| json!({"Marker": marker});
    let said = |answer: crate::house::Answer| answer.said();
    assert_eq!(said(house.ask("ListKeys", &list(&good)).await), "ok");
    for at in 0..good.len() {
        let mut tampered = good.clone().into_bytes();
        tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        assert_eq!(said(house.ask("ListKeys", &list(&tampered)).await), "InvalidMarkerException", "byte {at}");
    }
    let last = good.get(good.len() - 4..).unwrap();
    for (name, bad) in [
        ("cut", good.strip_suffix(last).unwrap()),
        ("longer", &*format!("{good}AAAA")),
        ("no base64", "not a marker!"),
        ("a key's id", "134f2428-cec1-4b25-a1ae-9048164dba47"),
        ("another operation's", &*another_operations(&house).await),
    ] {
        assert_eq!(said(house.ask("ListKeys", &list(bad)).await), "InvalidMarkerException", "{name}");
    }
    assert_eq!(said(house.ask_as(OTHER, "ListKeys", &list(&good)).await), "InvalidMarkerException");
    let elsewhere = house.call_of(house.caller(OWNER).await, "eu-west-1");
    assert_eq!(said(house.ask_in(&elsewhere, "ListKeys", &list(&good)).await), "InvalidMarkerException");
    house.clock.advance(86_400);
    assert_eq!(said(house.ask("ListKeys", &list(&good)).await), "ok");
    house.clock.advance(1);
    assert_eq!(said(house.ask("ListKeys", &list(&good)).await), "InvalidMarkerException");
}

/// A marker of the operator's list of accounts: of the same purpose, for another list.
async fn another_operations(house: &House) -> String {
    let input = ListAccountsInput { limit: Some(1), marker: None };
    let page = house.identity().list_accounts(&house.operator_call(), &input).await;
    let Released::Answer(page) = house.journal.release(page).await else { panic!("refused") };
    page.next_marker.unwrap()
}

#[tokio::test]
async fn keys_shared_by_others_are_none() {
    let house = House::new().await;
    let expected = keys(&house, 2).await;
    for (owners, found) in [
        (json!(["SELF"]), expected.clone()),
        (json!(["OTHER_ACCOUNTS_VIA_RAM"]), Vec::new()),
        (json!(["SELF", "OTHER_ACCOUNTS_VIA_RAM"]), expected.clone()),
        (Value::Null, expected),
    ] {
        let page = house.ask("ListKeys", &json!({"ResourceOwners": owners})).await.ok();
        assert_eq!((ids(&page), &page["Truncated"]), (found, &json!(false)), "{owners}");
    }
}
