//! Everything that can grow, at its limit and one past it, with AWS's limits and with ours.

use sealroom_api::Compat;
use serde_json::{Value, json};

use crate::house::{House, OWNER};
use crate::table::{expect, report};
use crate::world::{self, PLAINTEXT};

fn bytes(count: usize) -> String {
    base64_simd::STANDARD.encode_to_string(vec![b'p'; count])
}

fn too_long(member: &str, most: usize) -> String {
    format!(
        "ValidationException 1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
         have length less than or equal to {most}"
    )
}

/// What is echoed of the value is the wire's affair; here counts that it is refused, and why.
fn without_value(said: &str) -> String {
    match said.split_once("Value '") {
        None => said.to_owned(),
        Some((before, rest)) => {
            let (_, after) = rest.rsplit_once("' at '").unwrap();
            format!("{before}Value at '{after}")
        }
    }
}

#[tokio::test]
async fn a_plaintext_is_as_long_as_the_switch_says() {
    for (compat, most) in [(Compat::Aws, 4096), (Compat::Extended, 1_048_576)] {
        let house = House::with(compat).await;
        let key = world::symmetric(&house).await;
        let encrypt = |count: usize| json!({"KeyId": key.id, "Plaintext": bytes(count)});
        let sealed = house.ask("Encrypt", &encrypt(most)).await.ok();
        let opened = house.ask("Decrypt", &json!({"CiphertextBlob": sealed["CiphertextBlob"]})).await.ok();
        assert_eq!(opened["Plaintext"], bytes(most).as_str());
        let again = json!({"CiphertextBlob": sealed["CiphertextBlob"], "DestinationKeyId": key.id});
        assert_eq!(house.ask("ReEncrypt", &again).await.said(), "ok");
        assert_eq!(house.ask("Encrypt", &encrypt(most + 1)).await.said(), too_long("plaintext", most));
    }
}

#[tokio::test]
async fn a_ciphertext_is_as_long_as_the_switch_says() {
    for (compat, most) in [(Compat::Aws, 6144), (Compat::Extended, 1_050_624)] {
        let house = House::with(compat).await;
        let decrypt = |count: usize| json!({"CiphertextBlob": bytes(count)});
        assert_eq!(house.ask("Decrypt", &decrypt(most)).await.said(), "InvalidCiphertextException");
        assert_eq!(house.ask("Decrypt", &decrypt(most + 1)).await.said(), too_long("ciphertextBlob", most));
    }
}

#[tokio::test]
async fn rsa_encrypts_up_to_what_its_padding_leaves() {
    let house = House::new().await;
    let mut faults = Vec::new();
    for (spec, algorithm, most) in [
        ("RSA_2048", "RSAES_OAEP_SHA_1", 214),
        ("RSA_2048", "RSAES_OAEP_SHA_256", 190),
        ("RSA_3072", "RSAES_OAEP_SHA_1", 342),
        ("RSA_3072", "RSAES_OAEP_SHA_256", 318),
        ("RSA_4096", "RSAES_OAEP_SHA_1", 470),
        ("RSA_4096", "RSAES_OAEP_SHA_256", 446),
    ] {
        let key = world::make(&house, OWNER, &json!({"KeySpec": spec, "KeyUsage": "ENCRYPT_DECRYPT"})).await;
        let symmetric = world::symmetric(&house).await;
        let told = format!(
            "ValidationException Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes."
        );
        for (count, expected) in [(most, "ok"), (most + 1, &*told)] {
            let encrypt = json!({"KeyId": key.id, "Plaintext": bytes(count), "EncryptionAlgorithm": algorithm});
            expect(
                &mut faults,
                &format!("{spec} {algorithm} {count}"),
                expected,
                &house.ask("Encrypt", &encrypt).await.said(),
            );
            let sealed = json!({"KeyId": symmetric.id, "Plaintext": bytes(count)});
            let sealed = house.ask("Encrypt", &sealed).await.ok();
            let re_encrypt = json!({
                "CiphertextBlob": sealed["CiphertextBlob"],
                "DestinationKeyId": key.id,
                "DestinationEncryptionAlgorithm": algorithm,
            });
            let said = house.ask("ReEncrypt", &re_encrypt).await.said();
            expect(&mut faults, &format!("ReEncrypt {spec} {algorithm} {count}"), expected, &said);
        }
    }
    report(&faults);
}

#[tokio::test]
async fn an_encryption_context_has_8192_bytes_and_no_empty_parts() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let invalid = "ValidationException Invalid EncryptionContext";
    let largest = 8_192 - 8 - 1;
    let many: serde_json::Map<String, Value> = (0..682).map(|n| (format!("{n:03}"), json!("v"))).collect();
    let mut faults = Vec::new();
    for (context, expected) in [
        (json!({"k": "v".repeat(largest)}), "ok"),
        (json!({"k": "v".repeat(largest + 1)}), invalid),
        (json!({"kk": "v".repeat(largest)}), invalid),
        (json!({"k": "ä".repeat(largest / 2)}), "ok"),
        (json!({"k": "ä".repeat(largest / 2 + 1)}), invalid),
        (Value::Object(many.clone()), "ok"),
        (json!({"": "v"}), invalid),
        (json!({"k": ""}), invalid),
        (json!({}), "ok"),
    ] {
        for row in ["Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
            let mut request = world::request(row, &key, &key.id, &key);
            request["EncryptionContext"] = context.clone();
            expect(&mut faults, row, expected, &house.ask(row, &request).await.said());
        }
        let mut request = world::request("ReEncryptFrom", &key, &key.id, &key);
        request["DestinationEncryptionContext"] = context.clone();
        expect(&mut faults, "ReEncrypt", expected, &house.ask("ReEncrypt", &request).await.said());
        let decrypt = json!({"CiphertextBlob": key.ciphertext, "EncryptionContext": context});
        let expected = match expected {
            "ok" if context != json!({}) => "InvalidCiphertextException",
            told => told,
        };
        expect(&mut faults, "Decrypt", expected, &house.ask("Decrypt", &decrypt).await.said());
    }
    report(&faults);
}

#[tokio::test]
async fn members_are_taken_up_to_their_limits() {
    let house = House::new().await;
    let (key, signing) = (world::symmetric(&house).await, world::signing(&house).await);
    let range = |member: &str, bound: &str| {
        format!(
            "ValidationException 1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
             have {bound}"
        )
    };
    let size = "ValidationException Please specify either number of bytes or key spec.".to_owned();
    let sign =
        |count: usize| json!({"KeyId": signing.id, "Message": bytes(count), "SigningAlgorithm": "ECDSA_SHA_256"});
    let verify = |count: usize| json!({"KeyId": signing.id, "Message": PLAINTEXT, "Signature": bytes(count), "SigningAlgorithm": "ECDSA_SHA_256"});
    let data_key = |members: Value| {
        let mut request = json!({"KeyId": key.id});
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        request
    };
    let window = "ValidationException PendingWindowInDays must be between 7 and 30".to_owned();
    let schedule = |days: i32| json!({"KeyId": key.id, "PendingWindowInDays": days});
    let mut faults = Vec::new();
    for (operation, request, expected) in [
        ("Sign", sign(4096), "ok".to_owned()),
        ("Sign", sign(4097), too_long("message", 4096)),
        ("Sign", sign(0), range("message", "length greater than or equal to 1")),
        ("Verify", verify(6144), "KMSInvalidSignatureException".to_owned()),
        ("Verify", verify(6145), too_long("signature", 6144)),
        ("GenerateDataKey", data_key(json!({"NumberOfBytes": 1})), "ok".to_owned()),
        ("GenerateDataKey", data_key(json!({"NumberOfBytes": 1024})), "ok".to_owned()),
        (
            "GenerateDataKey",
            data_key(json!({"NumberOfBytes": 0})),
            range("numberOfBytes", "value greater than or equal to 1"),
        ),
        (
            "GenerateDataKey",
            data_key(json!({"NumberOfBytes": 1025})),
            range("numberOfBytes", "value less than or equal to 1024"),
        ),
        ("GenerateDataKey", data_key(json!({})), size.clone()),
        ("GenerateDataKey", data_key(json!({"NumberOfBytes": 32, "KeySpec": "AES_256"})), size.clone()),
        ("GenerateDataKeyWithoutPlaintext", data_key(json!({})), size.clone()),
        ("GenerateDataKeyWithoutPlaintext", data_key(json!({"NumberOfBytes": 32, "KeySpec": "AES_128"})), size),
        (
            "DescribeKey",
            json!({"KeyId": "x".repeat(2048)}),
            format!("NotFoundException Invalid keyId '{}'", "x".repeat(2048)),
        ),
        ("DescribeKey", json!({"KeyId": "x".repeat(2049)}), range("keyId", "length less than or equal to 2048")),
        ("DescribeKey", json!({"KeyId": ""}), range("keyId", "length greater than or equal to 1")),
        (
            "DescribeKey",
            json!({"KeyId": format!("alias/{}", "x".repeat(2042))}),
            format!("NotFoundException Alias arn:aws:kms:us-east-1:{OWNER}:alias/{} is not found.", "x".repeat(2042)),
        ),
        ("CreateKey", json!({"Description": "d".repeat(8192)}), "ok".to_owned()),
        (
            "CreateKey",
            json!({"Description": "d".repeat(8193)}),
            range("description", "length less than or equal to 8192"),
        ),
        ("ListKeys", json!({"Limit": 1}), "ok".to_owned()),
        ("ListKeys", json!({"Limit": 1000}), "ok".to_owned()),
        ("ListKeys", json!({"Limit": 0}), range("limit", "value greater than or equal to 1")),
        ("ListKeys", json!({"Limit": 1001}), range("limit", "value less than or equal to 1000")),
        ("ListKeys", json!({"Marker": "m".repeat(1024)}), "InvalidMarkerException".to_owned()),
        ("ListKeys", json!({"Marker": "m".repeat(1025)}), range("marker", "length less than or equal to 1024")),
        ("ScheduleKeyDeletion", schedule(0), range("pendingWindowInDays", "value greater than or equal to 1")),
        ("ScheduleKeyDeletion", schedule(1), window.clone()),
        ("ScheduleKeyDeletion", schedule(6), window.clone()),
        ("ScheduleKeyDeletion", schedule(31), window.clone()),
        ("ScheduleKeyDeletion", schedule(365), window),
        ("ScheduleKeyDeletion", schedule(366), range("pendingWindowInDays", "value less than or equal to 365")),
    ] {
        let said = house.ask(operation, &request).await.said();
        expect(&mut faults, &format!("{operation} {:.90}", request.to_string()), &expected, &without_value(&said));
    }
    report(&faults);
}

#[tokio::test]
async fn a_deletion_waits_seven_to_thirty_days_and_thirty_when_nobody_says() {
    let house = House::new().await;
    for (window, days) in [(json!(7), 7.0), (json!(30), 30.0), (Value::Null, 30.0)] {
        let key = world::symmetric(&house).await;
        let asked = json!({"KeyId": key.id, "PendingWindowInDays": window});
        let answer = house.ask("ScheduleKeyDeletion", &asked).await.ok();
        assert_eq!(answer["KeyId"], key.arn.as_str());
        assert_eq!(answer["KeyState"], "PendingDeletion");
        assert_eq!(answer["PendingWindowInDays"].as_f64(), Some(days));
        assert_eq!(answer["DeletionDate"].as_f64(), Some(days * 86_400.0));
    }
}

#[tokio::test]
async fn a_data_key_has_the_length_that_was_asked_for() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    for (member, value, length) in [
        ("KeySpec", json!("AES_128"), 16),
        ("KeySpec", json!("AES_256"), 32),
        ("NumberOfBytes", json!(1), 1),
        ("NumberOfBytes", json!(1024), 1024),
    ] {
        let mut request = json!({"KeyId": key.id});
        request[member] = value;
        let made = house.ask("GenerateDataKey", &request).await.ok();
        let plaintext = made["Plaintext"].as_str().unwrap();
        assert_eq!(base64_simd::STANDARD.decode_to_vec(plaintext).unwrap().len(), length);
        let opened = house.ask("Decrypt", &json!({"CiphertextBlob": made["CiphertextBlob"]})).await.ok();
        assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&made["Plaintext"], &made["KeyMaterialId"]));
        assert!(made["CiphertextBlob"].as_str().unwrap().starts_with("AQIDAH"));
        let hidden = house.ask("GenerateDataKeyWithoutPlaintext", &request).await.ok();
        assert!(hidden.get("Plaintext").is_none());
        let opened = house.ask("Decrypt", &json!({"CiphertextBlob": hidden["CiphertextBlob"]})).await.ok();
        let plaintext = opened["Plaintext"].as_str().unwrap();
        assert_eq!(base64_simd::STANDARD.decode_to_vec(plaintext).unwrap().len(), length);
    }
    assert!(key.ciphertext.unwrap().starts_with("AQICAH"));
}
