//! Who may end a grant, and how often.

use serde_json::{Value, json};

use super::{grant, use_as, with};
use crate::house::{House, OTHER, OWNER};
use crate::world::{self, Key, NO_GRANT, hidden, policy, root};

/// A key of the owner's on which the other account may make grants.
async fn shared(house: &House) -> Key {
    let mut document: Value = serde_json::from_str(&policy(&[OWNER], &["kms:*"])).unwrap();
    let more: Value = serde_json::from_str(&policy(&[OTHER], &["kms:CreateGrant"])).unwrap();
    document["Statement"].as_array_mut().unwrap().push(more["Statement"][0].clone());
    world::make(house, OWNER, &json!({"Policy": document.to_string()})).await
}

#[tokio::test]
async fn a_grant_is_retired_by_whom_it_names_and_by_its_issuers_account() {
    let house = House::new().await;
    let denied = |action: &str, arn: &str| {
        format!(
            "AccessDeniedException User: {} is not authorized to perform: {action} on resource: {arn} because no \
             resource-based policy allows the {action} action",
            root(OWNER)
        )
    };
    // issuer, retiring principal, grantee, operations, who retires, whether that is allowed
    let (owner, other) = (root(OWNER), root(OTHER));
    for (name, issuer, retiring, grantee, operations, who, allowed) in [
        ("its issuer", OWNER, None, &other, json!(["Encrypt"]), OWNER, true),
        ("its grantee without the operation", OWNER, None, &other, json!(["Encrypt"]), OTHER, false),
        ("its grantee with it", OWNER, None, &other, json!(["Encrypt", "RetireGrant"]), OTHER, true),
        ("its retiring principal", OWNER, Some(&other), &owner, json!(["Encrypt"]), OTHER, true),
        ("another's retiring principal", OWNER, Some(&owner), &owner, json!(["Encrypt"]), OTHER, false),
        ("the other account that issued it", OTHER, None, &other, json!(["Encrypt"]), OTHER, true),
        ("the key's owner, which didn't", OTHER, None, &other, json!(["Encrypt"]), OWNER, false),
        ("the key's owner as grantee", OTHER, None, &owner, json!(["RetireGrant"]), OWNER, true),
    ] {
        for by_token in [true, false] {
            let key = shared(&house).await;
            let mut asked = json!({"KeyId": key.arn, "GranteePrincipal": grantee, "Operations": operations});
            if let Some(retiring) = retiring {
                asked["RetiringPrincipal"] = json!(retiring);
            }
            let made = house.ask_as(issuer, "CreateGrant", &asked).await.ok();
            let retire = if by_token {
                json!({"GrantToken": made["GrantToken"]})
            } else {
                json!({"KeyId": key.arn, "GrantId": made["GrantId"]})
            };
            let dry = house.ask_as(who, "RetireGrant", &with(retire.clone(), &json!({"DryRun": true}))).await.said();
            let said = house.ask_as(who, "RetireGrant", &retire).await.said();
            let expected = match (allowed, who) {
                (true, _) => "ok".to_owned(),
                (false, OWNER) => denied("kms:RetireGrant", &key.arn),
                (false, _) => hidden(who, "kms:RetireGrant"),
            };
            assert_eq!(said, expected, "{name}");
            assert_eq!(dry.starts_with("DryRun"), allowed, "{name}: {dry}");
            let left = house.ask("ListGrants", &json!({"KeyId": key.id})).await.ok();
            assert_eq!(left["Grants"].as_array().unwrap().is_empty(), allowed, "{name}");
        }
    }
}

#[tokio::test]
async fn an_ended_grant_gives_nothing_and_ends_once() {
    let house = House::new().await;
    let elsewhere = house.second_room();
    for how in ["RevokeGrant", "RetireGrant"] {
        let key = world::symmetric(&house).await;
        let made = grant(&house, &key, json!({"GranteePrincipal": root(OWNER)})).await;
        house.set_policy(&key.id, &policy(&[OWNER], &["kms:RevokeGrant", "kms:PutKeyPolicy"])).await;
        let encrypt = super::encrypt(&key);
        assert_eq!(house.ask("Encrypt", &encrypt).await.said(), "ok");
        assert_eq!(house.ask_room(&elsewhere, "Encrypt", &encrypt).await.said(), "ok");
        let end = json!({"KeyId": key.id, "GrantId": made["GrantId"]});
        assert_eq!(house.ask(how, &end).await.said(), "ok");
        for room in [&house.kms, &elsewhere] {
            let said = house.ask_room(room, "Encrypt", &encrypt).await.said();
            assert!(said.starts_with("AccessDenied"), "{how}: {said}");
        }
        // Its token opens no door any more, though it is one.
        let with_token = with(encrypt, &json!({"GrantTokens": [made["GrantToken"]]}));
        assert!(house.ask("Encrypt", &with_token).await.said().starts_with("AccessDenied"));
        let missing = format!("NotFoundException Grant ID {} not found", made["GrantId"].as_str().unwrap());
        assert_eq!(house.ask(how, &end).await.said(), missing);
        assert_eq!(house.ask("RetireGrant", &json!({"GrantToken": made["GrantToken"]})).await.said(), missing);
        let left: Vec<String> = house.rows("kms").await.iter().map(|row| row.path.to_string()).collect();
        assert!(left.iter().all(|path| !path.contains(made["GrantId"].as_str().unwrap())), "{left:?}");
    }
}

#[tokio::test]
async fn revoke_grant_is_the_key_policys_to_give() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let operations = json!(["Encrypt", "RetireGrant", "CreateGrant"]);
    let made = grant(&house, &key, json!({"Operations": operations, "RetiringPrincipal": root(OTHER)})).await;
    let revoke = json!({"KeyId": key.arn, "GrantId": made["GrantId"]});
    assert_eq!(house.ask_as(OTHER, "RevokeGrant", &revoke).await.said(), hidden(OTHER, "kms:RevokeGrant"));
    house.set_policy(&key.id, &policy(&[OTHER], &["kms:RevokeGrant"])).await;
    assert_eq!(house.ask_as(OTHER, "RevokeGrant", &revoke).await.said(), "ok");
    assert!(use_as(&house, OTHER, &key).await.starts_with("AccessDenied"));
}

#[tokio::test]
async fn what_names_no_grant_is_told_to_the_keys_account_alone() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let missing = format!("NotFoundException Grant ID {NO_GRANT} not found");
    let form = "ValidationException Specify either GrantToken alone, or both KeyId and GrantId.";
    let own = |members: Value| with(json!({"KeyId": key.arn}), &members);
    let hide = hidden(OTHER, "kms:RetireGrant");
    for (operation, who, asked, expected) in [
        ("RetireGrant", OWNER, own(json!({"GrantId": NO_GRANT})), &*missing),
        ("RetireGrant", OWNER, own(json!({"GrantId": "x"})), "InvalidGrantIdException"),
        ("RetireGrant", OWNER, own(json!({"GrantId": "A".repeat(64)})), "InvalidGrantIdException"),
        ("RetireGrant", OTHER, own(json!({"GrantId": NO_GRANT})), &*hide),
        ("RetireGrant", OTHER, own(json!({"GrantId": "x"})), &*hide),
        (
            "RetireGrant",
            OWNER,
            json!({"KeyId": "alias/a", "GrantId": NO_GRANT}),
            "InvalidArnException Key Aliases are not supported for this operation.",
        ),
        ("RetireGrant", OWNER, json!({}), form),
        ("RetireGrant", OWNER, own(json!({})), form),
        ("RetireGrant", OWNER, json!({"GrantId": NO_GRANT}), form),
        ("RetireGrant", OWNER, own(json!({"GrantId": NO_GRANT, "GrantToken": "x"})), form),
        ("RetireGrant", OWNER, json!({"GrantToken": "x"}), "InvalidGrantTokenException"),
        ("RevokeGrant", OWNER, own(json!({"GrantId": NO_GRANT})), &*missing),
        ("RevokeGrant", OWNER, own(json!({"GrantId": "x"})), "InvalidGrantIdException"),
        ("RevokeGrant", OTHER, own(json!({"GrantId": NO_GRANT})), &*hidden(OTHER, "kms:RevokeGrant")),
    ] {
        assert_eq!(house.ask_as(who, operation, &asked).await.said(), expected, "{operation} {who} {asked}");
    }
}

#[tokio::test]
async fn a_dry_run_ends_nothing() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let made = grant(&house, &key, json!({})).await;
    for operation in ["RevokeGrant", "RetireGrant"] {
        let dry = json!({"KeyId": key.arn, "GrantId": made["GrantId"], "DryRun": true});
        assert!(house.ask(operation, &dry).await.said().starts_with("DryRunOperationException"));
    }
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
}
