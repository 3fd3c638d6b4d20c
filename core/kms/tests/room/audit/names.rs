//! The cases of operations that are about aliases, and of those that are about custom key stores.

use serde_json::json;

use super::{Case, Keys, UNKNOWN, case, keys};
use crate::house::{House, OTHER, OWNER};
use crate::world;

/// With everything that can be sent, passwords included.
pub(super) fn changes_of_stores(operation: &str) -> Vec<Case> {
    let mut everything = json!({
        "CloudHsmClusterId": "cluster-abcdefghijk",
        "KeyStorePassword": "a password",
        "XksProxyUriEndpoint": "https://proxy.example.com",
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-example",
        "XksProxyAuthenticationCredential": {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "x".repeat(43)},
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
    });
    let mut plainest = json!({});
    for request in [&mut everything, &mut plainest] {
        if operation == "CreateCustomKeyStore" {
            request["CustomKeyStoreName"] = json!("store");
        } else {
            request["CustomKeyStoreId"] = json!("cks-1234567890abcdef0");
        }
    }
    vec![case("refused", OWNER, plainest), case("refused, with everything", OWNER, everything)]
}

pub(super) async fn aliases(house: &House) -> Vec<Case> {
    let key = world::symmetric(house).await;
    house.set_alias(OWNER, "alias/mine", &key.id).await;
    let page = house.ask("ListAliases", &json!({"Limit": 1})).await.ok();
    vec![
        case("done", OWNER, json!({})),
        case("of a key", OWNER, json!({"KeyId": key.arn})),
        case("a page", OWNER, json!({"Limit": 1, "Marker": page["NextMarker"]})),
        case("no marker of ours", OWNER, json!({"Marker": "bm9uZQ=="})),
        case("of an alias", OWNER, json!({"KeyId": "alias/mine"})),
        case("of no key", OWNER, json!({"KeyId": UNKNOWN})),
        case("of another account's key", OTHER, json!({"KeyId": key.arn})),
    ]
}

pub(super) async fn ends_of_aliases(house: &House) -> Vec<Case> {
    let Keys { closed, pending, .. } = keys(house, "DeleteAlias").await;
    house.set_alias(OWNER, "alias/closed", &closed.id).await;
    house.set_alias(OWNER, "alias/pending", &pending.id).await;
    vec![
        case("done", OWNER, json!({"AliasName": "alias/mine"})),
        case("again", OWNER, json!({"AliasName": "alias/mine"})),
        case("denied", OWNER, json!({"AliasName": "alias/closed"})),
        case("pending deletion", OWNER, json!({"AliasName": "alias/pending"})),
        case("without the prefix", OWNER, json!({"AliasName": "mine"})),
    ]
}
