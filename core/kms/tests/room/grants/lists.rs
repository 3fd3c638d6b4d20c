//! ListGrants and ListRetirableGrants: entries, pages, filters, markers.

use serde_json::{Value, json};

use super::grant;
use crate::house::{House, OTHER, OWNER};
use crate::world::{self, NO_GRANT, root};

fn ids(page: &Value) -> Vec<String> {
    page["Grants"].as_array().unwrap().iter().map(|grant| grant["GrantId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_entry_shows_what_was_asked_and_no_token() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let constraints = json!({"EncryptionContextSubset": {"team": "a"}});
    let members = json!({
        "Name": "backup", "RetiringPrincipal": OTHER, "Operations": ["Decrypt", "Encrypt", "Decrypt"],
        "Constraints": constraints,
    });
    let made = grant(&house, &key, members).await;
    let page = house.ask("ListGrants", &json!({"KeyId": key.id})).await.ok();
    let expected = json!({
        "KeyId": key.arn,
        "GrantId": made["GrantId"],
        "Name": "backup",
        "CreationDate": page["Grants"][0]["CreationDate"],
        "GranteePrincipal": root(OTHER),
        "RetiringPrincipal": root(OTHER),
        "IssuingAccount": root(OWNER),
        "Operations": ["Decrypt", "Encrypt"],
        "Constraints": constraints,
    });
    assert_eq!(page, json!({"Grants": [expected.clone()], "Truncated": false}));
    assert_eq!(page["Grants"][0]["CreationDate"].as_f64(), Some(0.0));
    let retirable = json!({"RetiringPrincipal": root(OTHER)});
    let page = house.ask_as(OTHER, "ListRetirableGrants", &retirable).await.ok();
    assert_eq!(page, json!({"Grants": [expected], "Truncated": false}));
    let plain = world::symmetric(&house).await;
    grant(&house, &plain, json!({})).await;
    let page = house.ask("ListGrants", &json!({"KeyId": plain.id})).await.ok();
    assert_eq!(page["Grants"][0]["Name"], "");
    for absent in ["RetiringPrincipal", "Constraints"] {
        assert!(page["Grants"][0].get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn pages_hold_every_grant_once_and_filters_those_that_fit() {
    let house = House::new().await;
    let (key, another) = (world::symmetric(&house).await, world::symmetric(&house).await);
    grant(&house, &another, json!({"RetiringPrincipal": root(OTHER)})).await;
    let mut all = Vec::new();
    for grantee in [OWNER, OTHER, OTHER, OWNER, OTHER] {
        let made =
            grant(&house, &key, json!({"GranteePrincipal": root(grantee), "RetiringPrincipal": root(OWNER)})).await;
        all.push((grantee, made["GrantId"].as_str().unwrap().to_owned()));
    }
    let fitting = |grantee: Option<&str>| {
        let fits = all.iter().filter(|(of, _)| grantee.is_none_or(|grantee| grantee == *of));
        let mut ids: Vec<String> = fits.map(|(_, id)| id.clone()).collect();
        ids.sort();
        ids
    };
    let lists = [
        ("ListGrants", json!({"KeyId": key.id}), fitting(None)),
        ("ListGrants", json!({"KeyId": key.id, "GranteePrincipal": root(OTHER)}), fitting(Some(OTHER))),
        ("ListGrants", json!({"KeyId": key.id, "GranteePrincipal": OWNER}), fitting(Some(OWNER))),
        ("ListRetirableGrants", json!({"RetiringPrincipal": root(OWNER)}), fitting(None)),
    ];
    for (operation, list, expected) in &lists {
        for limit in 1..=6 {
            let (mut found, mut asked) = (Vec::new(), list.clone());
            asked["Limit"] = json!(limit);
            for _ in 0..6 {
                let page = house.ask(operation, &asked).await.ok();
                assert!(ids(&page).len() <= limit);
                found.extend(ids(&page));
                assert_eq!(page["Truncated"] == true, page.get("NextMarker").is_some());
                let Some(next) = page.get("NextMarker") else { break };
                asked["Marker"] = next.clone();
            }
            assert_eq!(found, *expected, "{operation} {list} in pages of {limit}");
        }
    }
    let one = |members: Value| super::with(json!({"KeyId": key.id, "GrantId": all[0].1}), &members);
    for (asked, count) in [
        (one(json!({})), 1),
        (one(json!({"GranteePrincipal": root(OWNER)})), 1),
        (one(json!({"GranteePrincipal": root(OTHER)})), 0),
        (one(json!({"GrantId": NO_GRANT})), 0),
        (one(json!({"KeyId": another.id})), 0),
        (json!({"KeyId": key.id, "GranteeServicePrincipal": "s3.amazonaws.com"}), 0),
    ] {
        assert_eq!(ids(&house.ask("ListGrants", &asked).await.ok()).len(), count, "{asked}");
    }
}

#[tokio::test]
async fn a_marker_is_good_for_its_list_alone() {
    let house = House::new().await;
    let (key, another) = (world::symmetric(&house).await, world::symmetric(&house).await);
    for key in [&key, &another] {
        for _ in 0..2 {
            grant(&house, key, json!({"RetiringPrincipal": root(OWNER)})).await;
        }
    }
    let mine = house.ask("ListGrants", &json!({"KeyId": key.id, "Limit": 1})).await.ok()["NextMarker"].clone();
    let list = json!({"RetiringPrincipal": root(OWNER), "Limit": 1});
    let retirable = house.ask("ListRetirableGrants", &list).await.ok()["NextMarker"].clone();
    let keys = house.ask("ListKeys", &json!({"Limit": 1})).await.ok()["NextMarker"].clone();
    let of_key = |id: &str, marker: &Value| json!({"KeyId": id, "Marker": marker});
    let of_retirer = |marker: &Value| json!({"RetiringPrincipal": root(OWNER), "Marker": marker});
    for (name, operation, asked, good) in [
        ("its own", "ListGrants", of_key(&key.id, &mine), true),
        ("its own, by ARN", "ListGrants", of_key(&key.arn, &mine), true),
        ("another key's", "ListGrants", of_key(&another.id, &mine), false),
        (
            "with a filter",
            "ListGrants",
            super::with(of_key(&key.id, &mine), &json!({"GranteePrincipal": OTHER})),
            false,
        ),
        ("of retirables", "ListGrants", of_key(&key.id, &retirable), false),
        ("of keys", "ListGrants", of_key(&key.id, &keys), false),
        ("of nobody", "ListGrants", of_key(&key.id, &json!("AAAA")), false),
        ("its own", "ListRetirableGrants", of_retirer(&retirable), true),
        ("of grants", "ListRetirableGrants", of_retirer(&mine), false),
    ] {
        let said = house.ask(operation, &asked).await.said();
        assert_eq!(said, if good { "ok" } else { "InvalidMarkerException" }, "{operation}: {name}");
    }
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let of_key = |members: Value| super::with(json!({"KeyId": key.id}), &members);
    let range = "ValidationException 1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: \
                 Member must have value less than or equal to 100";
    let nobody = format!("arn:aws:iam::{OWNER}:user/nobody");
    let unknown = format!("NotFoundException Retiring principal {nobody} could not be found");
    let elsewhere = format!("NotFoundException Retiring principal {} could not be found", root(OTHER));
    let bad_arn = format!("InvalidArnException ARN does not refer to a valid principal: {nobody}");
    for (operation, asked, expected) in [
        ("ListGrants", of_key(json!({"Limit": 100})), "ok"),
        ("ListGrants", of_key(json!({"Limit": 101})), range),
        ("ListGrants", of_key(json!({"GrantId": "x"})), "InvalidGrantIdException"),
        (
            "ListGrants",
            of_key(json!({"GranteePrincipal": "AROA00000000000000000"})),
            "InvalidArnException Input does not refer to a valid principal",
        ),
        ("ListGrants", of_key(json!({"GranteePrincipal": nobody})), &*bad_arn),
        ("ListGrants", of_key(json!({"GranteePrincipal": "arn:x"})), "InvalidArnException ARN is not valid: arn:x"),
        (
            "ListGrants",
            of_key(json!({"GranteePrincipal": OTHER, "GranteeServicePrincipal": "s3.amazonaws.com"})),
            "ValidationException Specify either GranteePrincipal or GranteeServicePrincipal, not both.",
        ),
        ("ListRetirableGrants", json!({"RetiringPrincipal": root(OWNER), "Limit": 100}), "ok"),
        ("ListRetirableGrants", json!({"RetiringPrincipal": root(OWNER), "Limit": 101}), range),
        (
            "ListRetirableGrants",
            json!({}),
            "ValidationException 1 validation error detected: Value null at 'retiringPrincipal' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ListRetirableGrants",
            json!({"RetiringPrincipal": OWNER, "RetiringServicePrincipal": "s3.amazonaws.com"}),
            "ValidationException Specify either RetiringPrincipal or RetiringServicePrincipal, not both.",
        ),
        ("ListRetirableGrants", json!({"RetiringPrincipal": root(OTHER)}), &*elsewhere),
        ("ListRetirableGrants", json!({"RetiringPrincipal": nobody}), &*unknown),
        (
            "ListRetirableGrants",
            json!({"RetiringPrincipal": "AIDA00000000000000000"}),
            "NotFoundException Retiring principal AIDA00000000000000000 could not be found",
        ),
        ("ListRetirableGrants", json!({"RetiringPrincipal": "arn:x"}), "InvalidArnException ARN is not valid: arn:x"),
    ] {
        assert_eq!(house.ask(operation, &asked).await.said(), expected, "{operation} {asked}");
    }
}

#[tokio::test]
async fn retirable_grants_are_those_of_the_region_on_keys_of_all_accounts() {
    let house = House::new().await;
    let (mine, theirs) = (world::symmetric(&house).await, world::foreign(&house).await);
    let asked = |key: &str| json!({"KeyId": key, "GranteePrincipal": root(OWNER), "Operations": ["Encrypt"], "RetiringPrincipal": root(OWNER)});
    house.ask("CreateGrant", &asked(&mine.id)).await.ok();
    house.ask_as(OTHER, "CreateGrant", &asked(&theirs.id)).await.ok();
    let list = json!({"RetiringPrincipal": root(OWNER)});
    let page = house.ask("ListRetirableGrants", &list).await.ok();
    let mut keys: Vec<&str> =
        page["Grants"].as_array().unwrap().iter().map(|grant| grant["KeyId"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, [&*mine.arn, &*theirs.arn]);
    let elsewhere = house.call_of(house.caller(OWNER).await, "eu-west-1");
    let page = house.ask_in(&elsewhere, "ListRetirableGrants", &list).await.ok();
    assert_eq!(page, json!({"Grants": [], "Truncated": false}));
}
