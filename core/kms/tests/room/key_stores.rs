//! Custom key stores: there are none, so none is found, and whoever may ask for one is told that there can't be any.

use std::collections::BTreeSet;

use sealroom_api::kms::Operation;
use serde_json::{Value, json};

use crate::authorization::UNSUPPORTED;
use crate::house::{House, OWNER};
use crate::world::{self, PLAINTEXT};

#[test]
fn what_is_refused_is_what_needs_a_key_store() {
    let refused: BTreeSet<&str> =
        Operation::ALL.iter().filter(|operation| operation.refused()).map(|operation| operation.name()).collect();
    let expected = [
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "DeleteCustomKeyStore",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
    ];
    assert_eq!(refused, expected.into());
}

/// A request that isn't one is told so, and leaves no record: there was no operation.
#[tokio::test]
async fn a_request_is_read_before_it_is_refused() {
    let house = House::new().await;
    for operation in
        ["ConnectCustomKeyStore", "DeleteCustomKeyStore", "DisconnectCustomKeyStore", "UpdateCustomKeyStore"]
    {
        let said = house.ask(operation, &json!({})).await.said();
        assert_eq!(
            said,
            "ValidationException 1 validation error detected: Value null at 'customKeyStoreId' failed to satisfy \
             constraint: Member must not be null",
            "{operation}"
        );
    }
    let long = json!({"CustomKeyStoreName": "x".repeat(257)});
    let said = house.ask("CreateCustomKeyStore", &long).await.said();
    assert!(said.starts_with("ValidationException 1 validation error detected: Value"), "{said}");
}

#[tokio::test]
async fn a_refusal_is_recorded_without_the_passwords_that_came_with_it() {
    let house = House::new().await;
    let request = json!({
        "CustomKeyStoreName": "store",
        "CloudHsmClusterId": "cluster-abcdefghijk",
        "KeyStorePassword": "a password",
        "XksProxyAuthenticationCredential": {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "x".repeat(43)},
        "TrustAnchorCertificate": "a certificate",
    });
    house.records().await;
    assert_eq!(house.ask("CreateCustomKeyStore", &request).await.said(), UNSUPPORTED);
    let records = house.records().await;
    let [record] = &records[..] else { panic!("{records:#?}") };
    assert_eq!((&record["eventName"], &record["readOnly"]), (&json!("CreateCustomKeyStore"), &json!(false)));
    assert_eq!(record["errorCode"], "UnsupportedOperationException");
    assert_eq!(record["requestParameters"]["customKeyStoreName"], "store");
    assert_eq!((&record["responseElements"], record.get("resources")), (&Value::Null, None));
    let text = record.to_string();
    for secret in ["a password", "ABCDEFGHIJKLMNOPQRST", &"x".repeat(43)] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn no_key_is_made_in_a_key_store_and_nothing_drawn_from_one() {
    let house = House::new().await;
    for request in [
        json!({"Origin": "AWS_CLOUDHSM"}),
        json!({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}),
        json!({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": "cks-1234567890abcdef0", "XksKeyId": "bb8562717f809024"}),
        json!({"Origin": "EXTERNAL_KEY_STORE"}),
        json!({"CustomKeyStoreId": "cks-1234567890abcdef0"}),
        json!({"XksKeyId": "bb8562717f809024"}),
    ] {
        house.records().await;
        assert_eq!(house.ask("CreateKey", &request).await.said(), UNSUPPORTED, "{request}");
        let records = house.records().await;
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["errorCode"], "UnsupportedOperationException");
    }
    assert!(house.rows("kms").await.is_empty());
    let random = json!({"NumberOfBytes": 8, "CustomKeyStoreId": "cks-1234567890abcdef0"});
    assert_eq!(house.ask("GenerateRandom", &random).await.said(), "CustomKeyStoreNotFoundException");
    let key = world::make(&house, OWNER, &json!({})).await;
    let encrypt = json!({"KeyId": key.id, "Plaintext": PLAINTEXT});
    assert_eq!(house.ask("Encrypt", &encrypt).await.said(), "ok");
}
