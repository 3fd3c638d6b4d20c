//! What is refused, with AWS's texts where they were recorded.

use serde_json::{Value, json};

use super::{DAY, NO_MATERIAL, decrypt, encrypt, expires, external, import, imported, new_material, request, shown};
use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, report};
use crate::world::{self, Key, PLAINTEXT, wrap};

#[tokio::test]
async fn a_wrapping_that_does_not_suit_the_key_is_refused() {
    let house = House::new().await;
    let mut faults = Vec::new();
    let rows: [(&str, &str, &str, &str, bool); 14] = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5", "RSA_2048", false),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_256", "RSA_3072", false),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_1", "RSA_4096", false),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_1", "RSA_2048", true),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "RSA_2048", false),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_256", "SM2", false),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", false),
        ("RSA_2048", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_2048", false),
        ("RSA_2048", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", true),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_2048", false),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048", true),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "RSAES_OAEP_SHA_1", "RSA_2048", false),
        ("ECC_NIST_P256", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_2048", true),
        ("SM2", "KEY_AGREEMENT", "SM2PKE", "SM2", true),
    ];
    for (spec, usage, algorithm, wrapping, suits) in rows {
        let asked = json!({"Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage});
        let key = world::make(&house, OWNER, &asked).await;
        let asked = json!({"KeyId": key.id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": wrapping});
        let expected = match suits {
            true => "ok".to_owned(),
            false => format!(
                "ValidationException Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to \
                 import a {spec} key."
            ),
        };
        let said = house.ask("GetParametersForImport", &asked).await.said();
        expect(&mut faults, &format!("{spec} {algorithm} {wrapping}"), &expected, &said);
    }
    report(&faults);
}

#[tokio::test]
async fn a_key_that_was_made_here_takes_no_material_whatever_its_state() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let expected =
        format!("UnsupportedOperationException {} origin is AWS_KMS which is not valid for this operation.", key.arn);
    for prepare in [None, Some("DisableKey"), Some("ScheduleKeyDeletion")] {
        if let Some(operation) = prepare {
            house.ask(operation, &json!({"KeyId": key.id})).await.ok();
        }
        for operation in ["GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"] {
            let asked = world::request(operation, &key, &key.id, &key);
            assert_eq!(house.ask(operation, &asked).await.said(), expected, "{operation} {prepare:?}");
        }
    }
}

#[tokio::test]
async fn the_end_of_material_is_within_a_year_or_there_is_none() {
    let house = House::new().await;
    house.clock.advance(1_000 * DAY);
    let now = 1_000 * DAY;
    let key = external(&house).await;
    let model = |model: Value, valid_to: Value| json!({"ExpirationModel": model, "ValidTo": valid_to});
    let mut faults = Vec::new();
    for (members, expected) in [
        (
            model(Value::Null, Value::Null),
            "ValidationException A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        ),
        (expires(now), "ValidationException ValidTo must be in the future"),
        (expires(now - 1), "ValidationException ValidTo must be in the future"),
        (expires(now + 365 * DAY + 1), "ValidationException ValidTo must be less than 365 days in the future"),
        (
            model(json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), json!(now + DAY)),
            "ValidationException A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
        (model(Value::Null, json!(now + 1)), "ok"),
        (expires(now + 365 * DAY), "ok"),
    ] {
        let said = import(&house, &key, &[5; 32], &members).await.said();
        expect(&mut faults, &members.to_string(), expected, &said);
    }
    report(&faults);
    let [.., model, valid_to] = shown(&house, &key).await;
    assert_eq!((model, valid_to), (json!("KEY_MATERIAL_EXPIRES"), json!(now + 365 * DAY)));
}

/// A token is of one key in one Region and one account, and nothing else is one.
#[tokio::test]
async fn other_tokens_are_refused_alike() {
    let house = House::new().await;
    let (key, sibling) = (external(&house).await, external(&house).await);
    let foreign = world::make(&house, OTHER, &json!({"Origin": "EXTERNAL"})).await.import.unwrap();
    let own = wrap(&house, &key.id, &[5; 32]).await;
    let bytes = base64_simd::STANDARD.decode_to_vec(&own.token).unwrap();
    let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
    let mut tokens = vec![
        sibling.import.as_ref().unwrap().token.clone(),
        foreign.token,
        PLAINTEXT.to_owned(),
        base64(&bytes[1..]),
        base64(&bytes[..bytes.len() - 1]),
        base64(&[&bytes[..], &[0]].concat()),
    ];
    for at in (0..bytes.len()).step_by(41) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        tokens.push(base64(&damaged));
    }
    for token in tokens {
        let asked = request(&key, &own, &json!({"ImportToken": token}));
        assert_eq!(house.ask("ImportKeyMaterial", &asked).await.said(), "InvalidImportTokenException");
    }
    let other = wrap(&house, &key.id, &[5; 32]).await;
    let swapped = request(&key, &own, &json!({"EncryptedKeyMaterial": other.material}));
    assert_eq!(house.ask("ImportKeyMaterial", &swapped).await.said(), "InvalidCiphertextException");
    assert_eq!(house.ask("ImportKeyMaterial", &request(&key, &own, &json!({}))).await.said(), "ok");
}

#[tokio::test]
async fn whatever_is_wrong_with_the_material_reads_alike() {
    let house = House::new().await;
    let symmetric = external(&house).await;
    let p256 = json!({"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"});
    let p256 = world::make(&house, OWNER, &p256).await;
    let p384 = sealroom_crypto::ec::EcKeyPair::generate(sealroom_crypto::ec::Curve::P384).unwrap();
    let p384 = p384.export().unwrap();
    for (key, bytes) in [
        (&symmetric, &[5; 16][..]),
        (&symmetric, &[5; 31]),
        (&symmetric, &[5; 33]),
        (&p256, &[5; 32]),
        (&p256, p384.pkcs8.expose()),
    ] {
        assert_eq!(import(&house, key, bytes, &json!({})).await.said(), "InvalidCiphertextException");
        let own = wrap(&house, &key.id, bytes).await;
        let damaged = request(key, &own, &json!({"EncryptedKeyMaterial": PLAINTEXT}));
        assert_eq!(house.ask("ImportKeyMaterial", &damaged).await.said(), "InvalidCiphertextException");
        assert_eq!(shown(&house, key).await[0], "PendingImport");
    }
}

#[tokio::test]
async fn what_tells_pieces_apart_is_for_symmetric_keys() {
    let house = House::new().await;
    let asked = json!({"Origin": "EXTERNAL", "KeySpec": "HMAC_224", "KeyUsage": "GENERATE_VERIFY_MAC"});
    let key = world::make(&house, OWNER, &asked).await;
    let refused = |member: &str| {
        format!("ValidationException Input parameter {member} cannot be used with HMAC_224 imported keys.")
    };
    for (members, member) in [
        (new_material(), "importType"),
        (json!({"ImportType": "EXISTING_KEY_MATERIAL"}), "importType"),
        (json!({"KeyMaterialId": NO_MATERIAL}), "keyMaterialId"),
        (json!({"KeyMaterialDescription": "d"}), "keyMaterialDescription"),
    ] {
        assert_eq!(import(&house, &key, &[5; 28], &members).await.said(), refused(member));
    }
    let delete = json!({"KeyId": key.id, "KeyMaterialId": NO_MATERIAL});
    assert_eq!(house.ask("DeleteImportedKeyMaterial", &delete).await.said(), refused("keyMaterialId"));
    // One piece for ever.
    assert_eq!(import(&house, &key, &[5; 28], &json!({})).await.said(), "ok");
    let said = import(&house, &key, &[6; 28], &json!({})).await.said();
    assert!(said.starts_with("IncorrectKeyMaterialException Imported key material does not have the"), "{said}");
}

#[tokio::test]
async fn other_bytes_are_not_taken_for_those_that_were() {
    let house = House::new().await;
    let key = external(&house).await;
    let unassociated = import(&house, &key, &[5; 32], &json!({"ImportType": "EXISTING_KEY_MATERIAL"})).await.said();
    let id = imported(&house, &key, &[5; 32], &json!({})).await;
    assert_eq!(
        unassociated,
        format!(
            "IncorrectKeyMaterialException Key material (id: {id}) being imported as EXISTING_KEY_MATERIAL is not \
             associated with KMS key {}.",
            key.arn
        )
    );
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    let unexpected =
        format!("IncorrectKeyMaterialException Imported key material does not have the expected identifier ({id}).");
    let known = format!(
        "IncorrectKeyMaterialException Key material (id: {id}) being imported as NEW_KEY_MATERIAL is already associated \
         with KMS key {}.",
        key.arn
    );
    let never = format!(
        "ValidationException Key material (id: {NO_MATERIAL}) has never been imported into KMS key {}.",
        key.arn
    );
    let both =
        "ValidationException Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.".to_owned();
    for (bytes, members, expected) in [
        ([6; 32], json!({}), unexpected.clone()),
        ([6; 32], json!({"ImportType": "EXISTING_KEY_MATERIAL"}), unexpected.clone()),
        ([6; 32], json!({"KeyMaterialId": id}), unexpected),
        ([5; 32], new_material(), known),
        ([5; 32], json!({"KeyMaterialId": NO_MATERIAL}), never),
        ([6; 32], json!({"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": id}), both),
        ([5; 32], json!({"KeyMaterialId": id}), "ok".to_owned()),
        ([5; 32], json!({"ImportType": "EXISTING_KEY_MATERIAL", "KeyMaterialId": id}), "ok".to_owned()),
    ] {
        assert_eq!(import(&house, &key, &bytes, &members).await.said(), expected, "{members}");
    }
    assert_eq!(decrypt(&house, &sealed).await.ok()["Plaintext"], PLAINTEXT);
    // The same bytes are other material in another key.
    assert_ne!(imported(&house, &external(&house).await, &[5; 32], &json!({})).await, id);
}

#[tokio::test]
async fn no_material_comes_in_while_a_key_waits_for_its_deletion() {
    let house = House::new().await;
    let key: Key = external(&house).await;
    let wrapped = wrap(&house, &key.id, &[5; 32]).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    let expected = format!("KMSInvalidStateException {} is pending deletion.", key.arn);
    assert_eq!(house.ask("ImportKeyMaterial", &request(&key, &wrapped, &json!({}))).await.said(), expected);
    let asked = world::request("GetParametersForImport", &key, &key.id, &key);
    assert_eq!(house.ask("GetParametersForImport", &asked).await.said(), expected);
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(shown(&house, &key).await[0], "PendingImport");
}
