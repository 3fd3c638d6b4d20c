//! The cases of grants for the goldens of the journal.

use serde_json::{Value, json};

use crate::audit::{Case, Keys, case};
use crate::house::{House, OTHER, OWNER};
use crate::world::{self, NO_GRANT, granted, request, root};

/// The keys with a grant each, made by their owners, where the operation ends one.
pub(crate) async fn with_grants(house: &House, keys: Keys) -> Keys {
    let retired = json!({"RetiringPrincipal": root(OWNER)});
    let Keys { mine, closed, shared, foreign, disabled, pending } = keys;
    Keys {
        mine: granted(house, OWNER, mine, &json!({})).await,
        closed: granted(house, OWNER, closed, &json!({})).await,
        shared: granted(house, OTHER, shared, &retired).await,
        foreign: granted(house, OTHER, foreign, &json!({})).await,
        disabled: granted(house, OWNER, disabled, &json!({})).await,
        pending: granted(house, OWNER, pending, &json!({})).await,
    }
}

/// The same for the operations that need it.
pub(crate) async fn with(house: &House, row: &str, keys: Keys) -> Keys {
    if matches!(row, "RetireGrant" | "RevokeGrant") { with_grants(house, keys).await } else { keys }
}

/// What only these operations can be asked.
pub(crate) async fn own(house: &House, operation: &str, keys: &Keys) -> Vec<Case> {
    let Keys { mine, .. } = keys;
    let plain = request(operation, mine, &mine.id, &keys.shared);
    let asked = |members: Value| super::with(plain.clone(), &members);
    match operation {
        "CreateGrant" => creations(&plain),
        "ListGrants" => {
            for _ in 0..2 {
                granted(house, OWNER, mine.clone(), &json!({})).await;
            }
            let page = house.ask("ListGrants", &json!({"KeyId": mine.id, "Limit": 1})).await.ok();
            vec![
                case("a page", OWNER, asked(json!({"Limit": 1, "Marker": page["NextMarker"]}))),
                case("of one grantee", OWNER, asked(json!({"GranteePrincipal": root(OTHER)}))),
                case("one grant", OWNER, asked(json!({"GrantId": NO_GRANT}))),
                case("no grant id", OWNER, asked(json!({"GrantId": "x"}))),
                case("too many", OWNER, asked(json!({"Limit": 101}))),
            ]
        }
        "RevokeGrant" | "RetireGrant" => {
            let again = granted(house, OWNER, mine.clone(), &json!({})).await;
            let kept = super::with(plain.clone(), &json!({"GrantId": again.grant}));
            let mut cases = vec![
                case("dry run", OWNER, super::with(kept.clone(), &json!({"DryRun": true}))),
                case("done, another", OWNER, kept),
                case("no such grant", OWNER, asked(json!({"GrantId": NO_GRANT}))),
                case("no grant id", OWNER, asked(json!({"GrantId": "x"}))),
            ];
            if operation == "RetireGrant" {
                let token = super::grant(house, mine, json!({})).await["GrantToken"].clone();
                cases.push(case("done, by its token", OWNER, json!({"GrantToken": token})));
                cases.push(case("ended before, by its token", OWNER, json!({"GrantToken": token})));
                cases.push(case("no token of ours", OWNER, json!({"GrantToken": "c2VjcmV0IHRva2Vu"})));
                cases.push(case("nothing that names one", OWNER, json!({})));
            }
            cases
        }
        _ => vec![],
    }
}

fn creations(plain: &Value) -> Vec<Case> {
    let asked = |members: Value| super::with(plain.clone(), &members);
    let everything = json!({
        "Name": "backup",
        "RetiringPrincipal": root(OWNER),
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"team": "blue", "app": "1"}},
    });
    let service = json!({
        "GranteePrincipal": null,
        "GranteeServicePrincipal": "s3.amazonaws.com",
        "RetiringServicePrincipal": "s3.amazonaws.com",
        "Constraints": {"SourceArn": "arn:aws:s3:us-east-1:111122223333:bucket/b"},
    });
    vec![
        case("done, with everything", OWNER, asked(everything.clone())),
        case("the same again", OWNER, asked(everything)),
        case("done, for a service", OWNER, asked(service)),
        case("dry run", OWNER, asked(json!({"DryRun": true}))),
        case("grant token", OWNER, asked(json!({"GrantTokens": ["c2VjcmV0IHRva2Vu"]}))),
        case("nobody", OWNER, asked(json!({"GranteePrincipal": "arn:aws:iam::111122223333:user/nobody"}))),
        case("no grantee", OWNER, asked(json!({"GranteePrincipal": null}))),
        case("another key's operation", OWNER, asked(json!({"Operations": ["Sign"]}))),
    ]
}

/// The cases of ListRetirableGrants.
pub(crate) async fn retirables(house: &House) -> Vec<Case> {
    let key = world::symmetric(house).await;
    for _ in 0..2 {
        super::grant(house, &key, json!({"RetiringPrincipal": root(OWNER)})).await;
    }
    let asked = |members: Value| super::with(json!({"RetiringPrincipal": root(OWNER)}), &members);
    let page = house.ask("ListRetirableGrants", &asked(json!({"Limit": 1}))).await.ok();
    vec![
        case("done", OWNER, asked(json!({}))),
        case("a page", OWNER, asked(json!({"Limit": 1, "Marker": page["NextMarker"]}))),
        case("no marker of ours", OWNER, asked(json!({"Marker": "bm9uZQ=="}))),
        case("another account's principal", OTHER, asked(json!({}))),
        case("nobody", OWNER, json!({})),
    ]
}
