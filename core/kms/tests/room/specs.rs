//! Operations × key specs, usages and algorithms: the rows of `tests/tables/specs.txt`, and every pair of
//! `tests/tables/algorithms.txt`.

use std::collections::{BTreeSet, HashMap};

use sealroom_api::Enumeration;
use sealroom_api::kms::{
    EncapsulationAlgorithmSpec, EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec, MacAlgorithmSpec,
    SigningAlgorithmSpec,
};
use serde_json::{Value, json};

use crate::house::{House, OWNER};
use crate::table::{expect, fill, report, rows};
use crate::world::{self, Key, PLAINTEXT, operation_of};

const SPECS: &str = include_str!("../tables/specs.txt");
const ALGORITHMS: &str = include_str!("../tables/algorithms.txt");

/// Every value of one of the API's enumerations.
fn all<E: Enumeration>() -> impl Iterator<Item = &'static str> {
    E::ALL.iter().map(|value| value.as_str())
}

/// One key for each spec and usage, made when it is first asked for.
struct Keys<'h> {
    house: &'h House,
    made: HashMap<String, Key>,
}

impl<'h> Keys<'h> {
    fn of(house: &'h House) -> Self {
        Self { house, made: HashMap::new() }
    }

    async fn get(&mut self, spec: &str, usage: &str) -> Key {
        let name = format!("{spec} {usage}");
        if !self.made.contains_key(&name) {
            let made = world::make(self.house, OWNER, &json!({"KeySpec": spec, "KeyUsage": usage})).await;
            self.made.insert(name.clone(), made);
        }
        self.made[&name].clone()
    }
}

#[tokio::test]
async fn every_operation_answers_each_kind_of_key_as_the_table_says() {
    let house = House::new().await;
    let mut keys = Keys::of(&house);
    let symmetric = keys.get("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let rsa = keys.get("RSA_2048", "ENCRYPT_DECRYPT").await;
    let mut faults = Vec::new();
    for cells in rows(SPECS) {
        let [asked, kind, expected] = cells[..] else { panic!("{cells:?}") };
        let ((row, algorithm), (spec, usage)) = (asked.split_once(' ').unwrap(), kind.split_once(' ').unwrap());
        let (algorithm, usage) = (algorithm.trim(), usage.trim());
        let key = keys.get(spec, usage).await;
        let sealed = match algorithm {
            "SYMMETRIC_DEFAULT" => &symmetric,
            "SM2PKE" => &key,
            _ => &rsa,
        };
        let request = request(&house, row, algorithm, &key, sealed, &symmetric).await;
        let said = house.ask(operation_of(row), &request).await.said();
        expect(&mut faults, &format!("{row} {algorithm} {kind}"), &fill(expected, &[("arn", &key.arn)]), &said);
    }
    report(&faults);
}

async fn request(house: &House, row: &str, algorithm: &str, key: &Key, sealed: &Key, symmetric: &Key) -> Value {
    match row {
        "Encrypt" => json!({"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionAlgorithm": algorithm}),
        "Decrypt" => json!({"KeyId": key.id, "CiphertextBlob": sealed.ciphertext, "EncryptionAlgorithm": algorithm}),
        "ReEncryptFrom" => json!({
            "SourceKeyId": key.id,
            "CiphertextBlob": sealed.ciphertext,
            "SourceEncryptionAlgorithm": algorithm,
            "DestinationKeyId": symmetric.id,
        }),
        "ReEncryptTo" => json!({
            "CiphertextBlob": symmetric.ciphertext,
            "DestinationKeyId": key.id,
            "DestinationEncryptionAlgorithm": algorithm,
        }),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({"KeyId": key.id, "NumberOfBytes": 1}),
        "Sign" => json!({"KeyId": key.id, "Message": PLAINTEXT, "SigningAlgorithm": algorithm}),
        "Verify" => {
            let sign = json!({"KeyId": key.id, "Message": PLAINTEXT, "SigningAlgorithm": algorithm});
            let signed = house.ask("Sign", &sign).await;
            let signature = if signed.said() == "ok" { signed.ok()["Signature"].clone() } else { json!(PLAINTEXT) };
            let mut verify = sign;
            verify["Signature"] = signature;
            verify
        }
        "GenerateMac" => json!({"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": algorithm}),
        "VerifyMac" => {
            let mac = key.product.as_deref().unwrap_or(PLAINTEXT);
            json!({"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": algorithm, "Mac": mac})
        }
        "GetPublicKey" => json!({"KeyId": key.id}),
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({"KeyId": key.id, "KeyPairSpec": algorithm})
        }
        "DeriveSharedSecret" | "Encapsulate" | "Decapsulate" => world::request(row, key, &key.id, symmetric),
        unknown => panic!("the table names `{unknown}`"),
    }
}

/// As long as a digest of SHA-512.
fn digest(byte: u8) -> String {
    base64_simd::STANDARD.encode_to_string([byte; 64])
}

#[test]
fn every_kind_of_key_and_every_algorithm_is_in_the_table() {
    let cells = rows(ALGORITHMS);
    let kinds: BTreeSet<String> = cells.iter().map(|cells| format!("{} {}", cells[0], cells[1])).collect();
    assert_eq!(kinds, crate::kinds::all().into_iter().map(str::to_owned).collect());
    let named: BTreeSet<&str> = cells.iter().flat_map(|cells| cells[2].split_whitespace()).collect();
    let known = all::<EncryptionAlgorithmSpec>()
        .chain(all::<SigningAlgorithmSpec>())
        .chain(all::<MacAlgorithmSpec>())
        .chain(all::<KeyAgreementAlgorithmSpec>())
        .chain(all::<EncapsulationAlgorithmSpec>());
    assert_eq!(named, known.collect());
}

#[tokio::test]
async fn every_algorithm_works_with_its_specs_and_with_no_other() {
    let house = House::new().await;
    let mut keys = Keys::of(&house);
    let mut faults = Vec::new();
    for cells in rows(ALGORITHMS) {
        let [spec, usage, good] = cells[..] else { panic!("{cells:?}") };
        let good: Vec<&str> = good.split_whitespace().collect();
        let key = keys.get(spec, usage).await;
        let wrong_usage = |operation: &str| {
            format!("InvalidKeyUsageException {} key usage is {usage} which is not valid for {operation}.", key.arn)
        };
        let expected = |algorithm: &str, for_usage: &str, operation: &str| match () {
            () if usage != for_usage => wrong_usage(operation),
            () if good.contains(&algorithm) => "ok".to_owned(),
            () => format!("InvalidKeyUsageException Algorithm {algorithm} is incompatible with key spec {spec}."),
        };
        for algorithm in all::<EncryptionAlgorithmSpec>() {
            let asked = json!({"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionAlgorithm": algorithm});
            let answer = house.ask("Encrypt", &asked).await;
            let wanted = expected(algorithm, "ENCRYPT_DECRYPT", "Encrypt");
            expect(&mut faults, &format!("Encrypt {algorithm} {spec}"), &wanted, &answer.said());
            if wanted == "ok" {
                let sealed = answer.ok()["CiphertextBlob"].clone();
                let asked = json!({"KeyId": key.id, "CiphertextBlob": sealed, "EncryptionAlgorithm": algorithm});
                let opened = house.ask("Decrypt", &asked).await.ok();
                assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(PLAINTEXT), &json!(key.arn)));
                assert_eq!(opened["EncryptionAlgorithm"], algorithm);
                assert_eq!(opened.get("KeyMaterialId").is_some(), spec == "SYMMETRIC_DEFAULT", "{spec}");
            }
        }
        for algorithm in all::<SigningAlgorithmSpec>() {
            // This one alone signs nothing but digests.
            let (kind, message, other) = match algorithm {
                "ED25519_PH_SHA_512" => ("DIGEST", digest(b'd'), digest(b'e')),
                _ => ("RAW", PLAINTEXT.to_owned(), "b3RoZXI=".to_owned()),
            };
            let mut asked = json!({"KeyId": key.id, "Message": message, "SigningAlgorithm": algorithm});
            asked["MessageType"] = json!(kind);
            let answer = house.ask("Sign", &asked).await;
            let wanted = expected(algorithm, "SIGN_VERIFY", "Sign");
            expect(&mut faults, &format!("Sign {algorithm} {spec}"), &wanted, &answer.said());
            asked["Signature"] = if wanted == "ok" { answer.ok()["Signature"].clone() } else { json!(PLAINTEXT) };
            let said = house.ask("Verify", &asked).await.said();
            let wanted = expected(algorithm, "SIGN_VERIFY", "Verify");
            expect(&mut faults, &format!("Verify {algorithm} {spec}"), &wanted, &said);
            asked["Message"] = json!(other);
            if wanted == "ok" {
                let said = house.ask("Verify", &asked).await.said();
                expect(&mut faults, &format!("Verify other {algorithm} {spec}"), "KMSInvalidSignatureException", &said);
            }
        }
        for algorithm in all::<MacAlgorithmSpec>() {
            let mut asked = json!({"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": algorithm});
            let answer = house.ask("GenerateMac", &asked).await;
            let wanted = expected(algorithm, "GENERATE_VERIFY_MAC", "GenerateMac");
            expect(&mut faults, &format!("GenerateMac {algorithm} {spec}"), &wanted, &answer.said());
            asked["Mac"] = if wanted == "ok" { answer.ok()["Mac"].clone() } else { json!(PLAINTEXT) };
            let said = house.ask("VerifyMac", &asked).await.said();
            let wanted = expected(algorithm, "GENERATE_VERIFY_MAC", "VerifyMac");
            expect(&mut faults, &format!("VerifyMac {algorithm} {spec}"), &wanted, &said);
            asked["Message"] = json!("b3RoZXI=");
            if wanted == "ok" {
                let said = house.ask("VerifyMac", &asked).await.said();
                expect(&mut faults, &format!("VerifyMac other {algorithm} {spec}"), "KMSInvalidMacException", &said);
            }
        }
    }
    report(&faults);
}

#[tokio::test]
async fn the_metadata_lists_the_algorithms_of_the_keys_usage_and_no_others() {
    let house = House::new().await;
    let lists = [
        ("ENCRYPT_DECRYPT", "EncryptionAlgorithms"),
        ("SIGN_VERIFY", "SigningAlgorithms"),
        ("GENERATE_VERIFY_MAC", "MacAlgorithms"),
        ("KEY_AGREEMENT", "KeyAgreementAlgorithms"),
        ("ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms"),
    ];
    for cells in rows(ALGORITHMS).into_iter().filter(|cells| !matches!(cells[0], "RSA_3072" | "RSA_4096")) {
        let [spec, usage, good] = cells[..] else { panic!("{cells:?}") };
        let made = house.ask("CreateKey", &json!({"KeySpec": spec, "KeyUsage": usage})).await.ok();
        let metadata = &made["KeyMetadata"];
        for (for_usage, list) in lists {
            let good: Vec<&str> = good.split_whitespace().collect();
            let expected = (usage == for_usage).then(|| json!(good));
            assert_eq!(metadata.get(list), expected.as_ref(), "{spec} {usage} {list}");
        }
        assert_eq!(metadata["CustomerMasterKeySpec"], spec);
        assert_eq!(metadata.get("CurrentKeyMaterialId").is_some(), spec == "SYMMETRIC_DEFAULT", "{spec}");
    }
}

#[tokio::test]
async fn a_message_is_signed_as_its_type_says() {
    let house = House::new().await;
    let mut keys = Keys::of(&house);
    let p256 = keys.get("ECC_NIST_P256", "SIGN_VERIFY").await;
    let rsa = keys.get("RSA_2048", "SIGN_VERIFY").await;
    let bytes = |count: usize| base64_simd::STANDARD.encode_to_string(vec![b'd'; count]);
    let length = |algorithm: &str| format!("ValidationException Digest is invalid length for algorithm {algorithm}.");
    let mut faults = Vec::new();
    let sm2 = keys.get("SM2", "SIGN_VERIFY").await;
    for (key, algorithm, kind, count, expected) in [
        (&sm2, "SM2DSA", "DIGEST", 32, "ok".to_owned()),
        (&sm2, "SM2DSA", "DIGEST", 64, length("SM2DSA")),
        (&sm2, "SM2DSA", "RAW", 4096, "ok".to_owned()),
        (&p256, "ECDSA_SHA_256", "DIGEST", 32, "ok".to_owned()),
        (&p256, "ECDSA_SHA_256", "DIGEST", 31, length("ECDSA_SHA_256")),
        (&p256, "ECDSA_SHA_256", "DIGEST", 33, length("ECDSA_SHA_256")),
        (&p256, "ECDSA_SHA_256", "RAW", 31, "ok".to_owned()),
        (&p256, "ECDSA_SHA_256", "RAW", 4096, "ok".to_owned()),
        (&rsa, "RSASSA_PSS_SHA_384", "DIGEST", 48, "ok".to_owned()),
        (&rsa, "RSASSA_PSS_SHA_384", "DIGEST", 32, length("RSASSA_PSS_SHA_384")),
        (&rsa, "RSASSA_PKCS1_V1_5_SHA_512", "DIGEST", 64, "ok".to_owned()),
        (&rsa, "RSASSA_PKCS1_V1_5_SHA_512", "DIGEST", 63, length("RSASSA_PKCS1_V1_5_SHA_512")),
        (
            &p256,
            "ECDSA_SHA_256",
            "EXTERNAL_MU",
            64,
            "ValidationException Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.".to_owned(),
        ),
    ] {
        let mut asked = json!({"KeyId": key.id, "Message": bytes(count), "SigningAlgorithm": algorithm});
        asked["MessageType"] = json!(kind);
        for operation in ["Sign", "Verify"] {
            if operation == "Verify" {
                let signed = house.ask("Sign", &asked).await;
                asked["Signature"] = if expected == "ok" { signed.ok()["Signature"].clone() } else { json!(PLAINTEXT) };
            }
            let said = house.ask(operation, &asked).await.said();
            expect(&mut faults, &format!("{operation} {algorithm} {kind} {count}"), &expected, &said);
        }
    }
    report(&faults);
}

#[tokio::test]
async fn a_digest_verifies_what_was_signed_raw() {
    let house = House::new().await;
    let key = world::signing(&house).await;
    let digest = sealroom_crypto::digest::sha256(b"sealed by the tests");
    let verify = json!({
        "KeyId": key.id,
        "Message": base64_simd::STANDARD.encode_to_string(digest),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
        "Signature": key.signature,
    });
    let verified = house.ask("Verify", &verify).await.ok();
    assert_eq!(verified, json!({"KeyId": key.arn, "SignatureValid": true, "SigningAlgorithm": "ECDSA_SHA_256"}));
}

/// What was sealed in another way never opens: context, bytes, length.
#[tokio::test]
async fn a_ciphertext_opens_only_as_it_was_sealed() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let context = json!({"a": "1", "b": "2"});
    let encrypt = json!({"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionContext": context});
    let sealed = house.ask("Encrypt", &encrypt).await.ok()["CiphertextBlob"].as_str().unwrap().to_owned();
    let blob = base64_simd::STANDARD.decode_to_vec(&sealed).unwrap();
    for (context, expected) in [
        (json!({"b": "2", "a": "1"}), "ok"),
        (json!({"a": "1"}), "InvalidCiphertextException"),
        (json!({"a": "1", "b": "2", "c": "3"}), "InvalidCiphertextException"),
        (json!({"A": "1", "b": "2"}), "InvalidCiphertextException"),
        (json!({"a": "2", "b": "1"}), "InvalidCiphertextException"),
        (json!({}), "InvalidCiphertextException"),
        (json!(null), "InvalidCiphertextException"),
    ] {
        let asked = json!({"CiphertextBlob": sealed, "EncryptionContext": context});
        assert_eq!(house.ask("Decrypt", &asked).await.said(), expected, "{context}");
    }
    for at in 0..blob.len() {
        let mut damaged = blob.clone();
        damaged[at] ^= 1;
        let damaged = base64_simd::STANDARD.encode_to_string(&damaged);
        let asked = json!({"CiphertextBlob": damaged, "KeyId": key.id, "EncryptionContext": context});
        let code = house.ask("Decrypt", &asked).await.said();
        let refused = code == "InvalidCiphertextException" || code.starts_with("IncorrectKeyException ");
        assert!(refused, "byte {at}: {code}");
    }
    for length in (0..blob.len()).step_by(7).skip(1) {
        let cut = base64_simd::STANDARD.encode_to_string(&blob[..length]);
        let asked = json!({"CiphertextBlob": cut, "KeyId": key.id, "EncryptionContext": context});
        assert_eq!(house.ask("Decrypt", &asked).await.said(), "InvalidCiphertextException", "{length}");
    }
}
