//! What the journal keeps of inputs and outputs.

use sealroom_foundation::{Secret, Timestamp};
use serde_json::{Value, json};

use super::wire;
use crate::encode::Encode as _;
use crate::kms::operations::probe;
use crate::kms::{self, Operation};
use crate::operator;
use crate::protocol::json::{Form, Json};
use crate::serve::Compat;

fn parameters(operation: Operation, body: &Value) -> Value {
    serde_json::from_slice(&probe(operation, body.to_string().as_bytes(), wire(Compat::Aws)).unwrap()).unwrap()
}

#[test]
fn parameters_are_cloudtrails() {
    for (operation, body, wanted) in [
        (
            Operation::Encrypt,
            json!({"KeyId": "alias/a", "Plaintext": "YQ==", "EncryptionContext": {"k": "v"}, "GrantTokens": ["t"]}),
            json!({"keyId": "alias/a", "encryptionContext": {"k": "v"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        ),
        (
            Operation::Decrypt,
            json!({"CiphertextBlob": "YQ==", "DryRun": true, "Recipient": {"AttestationDocument": "YQ=="}}),
            json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "dryRun": true}),
        ),
        (
            Operation::Sign,
            json!({"KeyId": "a", "Message": "YQ==", "SigningAlgorithm": "ECDSA_SHA_256"}),
            json!({"keyId": "a", "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256"}),
        ),
        (
            Operation::Verify,
            json!({"KeyId": "a", "Message": "YQ==", "Signature": "YQ==", "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "DIGEST"}),
            json!({"keyId": "a", "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256"}),
        ),
        (
            Operation::CreateKey,
            json!({}),
            json!({
                "description": "", "keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
                "keySpec": "SYMMETRIC_DEFAULT", "origin": "AWS_KMS", "bypassPolicyLockoutSafetyCheck": false
            }),
        ),
        (
            Operation::CreateKey,
            json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "MultiRegion": true, "Policy": "{\"a\":\"b\"}",
                   "Tags": [{"TagKey": "k", "TagValue": ""}], "Description": "d\n"}),
            json!({
                "description": "d\n", "keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048", "keySpec": "RSA_2048",
                "origin": "AWS_KMS", "bypassPolicyLockoutSafetyCheck": false, "multiRegion": true,
                "policy": "{\"a\":\"b\"}", "tags": [{"tagKey": "k", "tagValue": ""}]
            }),
        ),
        (
            Operation::GenerateDataKey,
            json!({"KeyId": "a", "NumberOfBytes": 7}),
            json!({"keyId": "a", "numberOfBytes": 7}),
        ),
        (Operation::ListKeys, json!({}), json!(null)),
    ] {
        assert_eq!(parameters(operation, &body), wanted, "{}", operation.name());
    }
}

#[test]
fn elements_are_cloudtrails() {
    let metadata = kms::KeyMetadata {
        aws_account_id: Some("111122223333".to_owned()),
        key_id: "a".to_owned(),
        creation_date: Some(Timestamp::from_micros(1_789_194_084_191_000)),
        enabled: Some(true),
        ..Default::default()
    };
    let record = kms::CreateKeyOutput { key_metadata: Some(metadata) }.audit_elements();
    let wanted = json!({"keyMetadata": {
        "aWSAccountId": "111122223333", "keyId": "a", "creationDate": "2026-09-12T06:21:24Z", "enabled": true
    }});
    assert_eq!(serde_json::from_slice::<Value>(&record).unwrap(), wanted);
    let key_id = Some("a".to_owned());
    assert_eq!(kms::EncryptOutput { key_id, ..Default::default() }.audit_elements(), b"null");
}

#[test]
fn secrets_stay_out_of_the_journal() {
    let account =
        operator::Account { account_id: "111122223333".to_owned(), name: None, creation_date: Timestamp::EPOCH };
    let output = operator::CreateAccountOutput {
        account,
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: Secret::copy_of(b"hush"),
    };
    let record = String::from_utf8(output.audit_elements()).unwrap();
    assert!(record.contains("\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\""), "{record}");
    assert!(!record.to_ascii_lowercase().contains("secret"), "{record}");
    // Nor does a writer of records ever write one, whatever generated code asks it to.
    for form in [Form::Parameters, Form::Elements] {
        let mut json = Json { out: Vec::new(), form };
        output.encode(&mut json);
        let record = String::from_utf8(json.out).unwrap();
        assert!(!record.contains("hush") && !record.to_ascii_lowercase().contains("secret"), "{record}");
    }
}

#[test]
fn moments_in_parameters_are_long() {
    for (seconds, wanted) in [
        (1_747_806_465, "May 21, 2025, 5:47:45 AM"),
        (0, "Jan 1, 1970, 12:00:00 AM"),
        (43_200, "Jan 1, 1970, 12:00:00 PM"),
        (1_767_222_309, "Dec 31, 2025, 11:05:09 PM"),
    ] {
        let mut json = Json { out: Vec::new(), form: Form::Parameters };
        Timestamp::from_seconds(seconds).encode(&mut json);
        assert_eq!(String::from_utf8(json.out).unwrap(), format!("\"{wanted}\""));
    }
}
