//! Recipients: what they get in place of a plaintext, who is none (`tests/tables/recipients.txt`), and what policies and
//! the order of checks make of both. What conditions see is in `conditions.txt`.

use std::num::NonZeroU32;

use sealroom_kms::{RequestQuotas, Settings};
use serde_json::{Value, json};

use crate::enclave::{Pki, message_of, named};
use crate::house::{House, OTHER, OWNER};
use crate::secrets::{Haystack, forms};
use crate::table::{expect, report, rows};
use crate::world::{self, hidden, kind_of, policy, request};

const TABLE: &str = include_str!("../tables/recipients.txt");
const UNTRUSTED: &str = "ValidationException The attestation document is not signed under a trusted attestation root.";
const DRY_RUN: &str = "DryRunOperationException The request would have succeeded, but the DryRun option is set.";

/// The operations that take a recipient, and the member that it replaces.
const OPERATIONS: [(&str, &str); 5] = [
    ("Decrypt", "Plaintext"),
    ("DeriveSharedSecret", "SharedSecret"),
    ("GenerateDataKey", "Plaintext"),
    ("GenerateDataKeyPair", "PrivateKeyPlaintext"),
    ("GenerateRandom", "Plaintext"),
];

async fn asked(house: &House, operation: &str, recipient: &str) -> Value {
    let key = world::make(house, OWNER, &kind_of(operation)).await;
    let mut asked = request(operation, &key, &key.id, &key);
    asked["Recipient"] = named(recipient);
    asked
}

#[tokio::test]
async fn a_recipient_gets_the_plaintext_for_itself_alone() {
    let house = House::new().await;
    for (operation, member) in OPERATIONS {
        for recipient in ["an enclave", "a TPM"] {
            let mut asked = asked(&house, operation, recipient).await;
            let attested = house.ask(operation, &asked).await.ok();
            asked.as_object_mut().unwrap().remove("Recipient");
            let plain = house.ask(operation, &asked).await.ok();
            assert!(plain.get(member).is_some() && plain.get("CiphertextForRecipient").is_none(), "{operation}");
            assert!(attested.get(member).is_none(), "{operation}");
            assert_eq!(Pki::trusted().opens(&message_of(&attested)), Some(32), "{operation}");
            // AWS: no material is named, but for a pair.
            let mut members: Vec<&str> = plain.as_object().unwrap().keys().map(String::as_str).collect();
            members.retain(|name| *name != member && (*name != "KeyMaterialId" || operation == "GenerateDataKeyPair"));
            members.push("CiphertextForRecipient");
            members.sort_unstable();
            let mut found: Vec<&str> = attested.as_object().unwrap().keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, members, "{operation}");
        }
    }
}

#[tokio::test]
async fn who_is_a_recipient_is_as_the_table_says() {
    let house = House::new().await;
    house.clock.advance(1);
    let mut faults = Vec::new();
    for cells in rows(TABLE) {
        let [recipient, expected] = cells[..] else { panic!("{cells:?}") };
        for (operation, _) in OPERATIONS {
            let asked = asked(&house, operation, recipient).await;
            let said = house.ask(operation, &asked).await.said();
            expect(&mut faults, &format!("{recipient}: {operation}"), expected, &said);
        }
    }
    report(&faults);
}

#[tokio::test]
async fn a_document_grows_old_and_its_leaf_expires() {
    let house = House::new().await;
    let asked = asked(&house, "Decrypt", "an enclave").await;
    let stale = "ValidationException The attestation document is more than 5 minutes old, or its time lies ahead.";
    // The document is of the first second.
    for (seconds, expected) in [(0, "ok"), (301, "ok"), (1, stale)] {
        house.clock.advance(seconds);
        assert_eq!(house.ask("Decrypt", &asked).await.said(), expected);
    }
    house.clock.advance(31 * 365 * 86_400);
    assert_eq!(house.ask("Decrypt", &asked).await.said(), UNTRUSTED);
}

#[tokio::test]
async fn without_a_root_there_is_no_recipient() {
    let house = House::new().await;
    let room = house.room_with(Settings::default());
    for (operation, _) in OPERATIONS {
        for recipient in ["an enclave", "a list for a document", "no document"] {
            let asked = asked(&house, operation, recipient).await;
            let said = house.ask_room(&room, operation, &asked).await.said();
            let expected =
                "ValidationException Recipient is not supported: this service has no trusted attestation root.";
            assert_eq!(said, expected, "{operation} {recipient}");
        }
    }
}

/// Other operations know no recipient: the schema has none, and what it doesn't know is left aside.
#[tokio::test]
async fn other_operations_take_no_recipient() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    for operation in ["Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncrypt"] {
        let mut asked = request(operation, &key, &key.id, &key);
        asked["Recipient"] = named("of another root");
        let answer = house.ask(operation, &asked).await.ok();
        assert!(answer.get("CiphertextForRecipient").is_none(), "{operation}");
    }
}

#[tokio::test]
async fn a_document_is_told_of_after_the_decision_and_the_state_and_before_a_dry_run() {
    let house = House::new().await;
    let foreign = world::foreign(&house).await;
    let mine = world::symmetric(&house).await;
    let bad = named("of another root");
    let mut faults = Vec::new();
    let mut check = |name: &str, expected: &str, said: &str| expect(&mut faults, name, expected, said);
    // A stranger learns nothing from a bad document.
    let unknown = foreign.arn.replace(&foreign.id, "134f2428-cec1-4b25-a1ae-9048164dba47");
    for key in [&foreign.arn, &unknown] {
        let asked = json!({"KeyId": key, "KeySpec": "AES_256", "Recipient": bad});
        let said = house.ask("GenerateDataKey", &asked).await.said();
        check("a stranger", &hidden(OWNER, "kms:GenerateDataKey"), &said);
    }
    let asked = |recipient: &Value, dry_run: bool| json!({"KeyId": mine.id, "CiphertextBlob": mine.ciphertext, "Recipient": recipient, "DryRun": dry_run});
    let good = named("an enclave");
    check("a dry run with a bad document", UNTRUSTED, &house.ask("Decrypt", &asked(&bad, true)).await.said());
    check("a dry run with a good document", DRY_RUN, &house.ask("Decrypt", &asked(&good, true)).await.said());
    let no_ciphertext = json!({
        "KeyId": mine.id, "Recipient": bad, "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"],
    });
    check("a dry run without ciphertext", UNTRUSTED, &house.ask("Decrypt", &no_ciphertext).await.said());
    let mut broken = asked(&bad, false);
    broken["CiphertextBlob"] = json!(world::PLAINTEXT);
    check("a bad ciphertext and document", UNTRUSTED, &house.ask("Decrypt", &broken).await.said());
    broken["Recipient"] = good;
    check("a bad ciphertext", "InvalidCiphertextException", &house.ask("Decrypt", &broken).await.said());
    house.ask("DisableKey", &json!({"KeyId": mine.id})).await.ok();
    let disabled = format!("DisabledException {} is disabled.", mine.arn);
    check("disabled", &disabled, &house.ask("Decrypt", &asked(&bad, false)).await.said());
    report(&faults);
}

/// A grant gives without regard to conditions, which only a key policy's deny puts before it.
#[tokio::test]
async fn a_deny_on_measurements_stands_before_a_grant() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let members = json!({"KeyId": key.id, "GranteePrincipal": world::root(OTHER), "Operations": ["Decrypt"]});
    house.ask("CreateGrant", &members).await.ok();
    let ask = async |recipient: Option<&str>| {
        let mut asked = json!({"KeyId": key.arn, "CiphertextBlob": key.ciphertext});
        if let Some(recipient) = recipient {
            asked["Recipient"] = named(recipient);
        }
        house.ask_as(OTHER, "Decrypt", &asked).await.said()
    };
    for recipient in [None, Some("an enclave"), Some("a TPM")] {
        assert_eq!(ask(recipient).await, "ok", "{recipient:?}");
    }
    let mut denying: Value = serde_json::from_str(&policy(&[OWNER], &["kms:*"])).unwrap();
    denying["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
        "Condition": {"StringNotEqualsIgnoreCase": {"kms:RecipientAttestation:PCR10": "0A".repeat(48)}},
    }));
    house.set_policy(&key.id, &denying.to_string()).await;
    let refused = hidden(OTHER, "kms:Decrypt");
    for (recipient, expected) in [
        (None, &*refused),
        (Some("a TPM"), &refused),
        (Some("of another root"), &refused),
        (Some("a changed register"), &refused),
        (Some("an enclave"), "ok"),
    ] {
        assert_eq!(ask(recipient).await, expected, "{recipient:?}");
    }
}

/// What is enveloped for a recipient stands as itself in no answer, record or row. The same plaintext is learnt afterwards,
/// from the ciphertext that came with it.
#[tokio::test]
async fn what_is_enveloped_is_told_to_nobody_else() {
    let house = House::new().await;
    let mut haystack = Haystack::default();
    let mut opened = Vec::new();
    for (operation, blob) in [
        ("Decrypt", None),
        ("GenerateDataKey", Some("CiphertextBlob")),
        ("GenerateDataKeyPair", Some("PrivateKeyCiphertextBlob")),
        ("DeriveSharedSecret", None),
        ("GenerateRandom", None),
    ] {
        let mut asked = asked(&house, operation, "an enclave").await;
        let answer = house.ask(operation, &asked).await.ok();
        haystack.add(format!("the answer to {operation}"), answer.to_string().as_bytes());
        assert!(Pki::trusted().opens(&message_of(&answer)).is_some(), "{operation}");
        match (operation, blob) {
            (_, Some(blob)) => opened.push(json!({"CiphertextBlob": answer[blob]})),
            // Nobody else can ever learn it.
            ("GenerateRandom", None) => {}
            (_, None) => {
                asked.as_object_mut().unwrap().remove("Recipient");
                let member = if operation == "Decrypt" { "Plaintext" } else { "SharedSecret" };
                opened.push(json!({"operation": operation, "asked": asked, "member": member}));
            }
        }
    }
    for row in house.rows("kms").await {
        haystack.add(row.path.to_string(), &row.value);
    }
    for record in house.raw_records().await {
        haystack.add("a record".to_owned(), &record);
    }
    for record in house.records().await {
        haystack.add("a record, unpacked".to_owned(), record.to_string().as_bytes());
    }
    for again in opened {
        let (operation, asked, member) = match again.get("operation") {
            Some(operation) => (operation.as_str().unwrap(), &again["asked"], again["member"].as_str().unwrap()),
            None => ("Decrypt", &again, "Plaintext"),
        };
        let plain = house.ask(operation, asked).await.ok()[member].as_str().unwrap().to_owned();
        let plain = base64_simd::STANDARD.decode_to_vec(plain).unwrap();
        assert!(plain.len() >= 16, "{operation}: {} bytes", plain.len());
        // Of a private key that is what makes it one; how it is wrapped in PKCS #8 everybody knows.
        let secret = if plain.len() > 100 { &plain[36..68] } else { &plain[..] };
        haystack.holds_none_of(&forms(secret));
    }
}

/// To verify a document takes signatures to be checked, so it comes after the charge: the record of who is throttled says
/// nothing of what was in it.
#[tokio::test]
async fn who_is_throttled_has_no_document_verified() {
    let house = House::new().await;
    let requests = RequestQuotas::Aws { nodes: NonZeroU32::new(1_000).unwrap() };
    let room = house.room_with(Settings { requests, attestation_roots: Pki::trusted().roots(), ..Settings::default() });
    for (operation, _) in OPERATIONS {
        let asked = asked(&house, operation, "an enclave").await;
        house.clock.advance(1);
        let (mut verified, mut throttled) = (0, 0);
        for _ in 0..150 {
            let said = house.ask_room(&room, operation, &asked).await.said();
            let record = house.records().await.pop().unwrap();
            let told = record.to_string().contains("attestationDocumentModuleId");
            match said.as_str() {
                "ok" => verified += usize::from(told),
                said => {
                    assert!(said.starts_with("ThrottlingException"), "{operation}: {said}");
                    assert!(!told, "{operation}: {record}");
                    throttled += 1;
                    break;
                }
            }
        }
        assert!(verified > 0 && throttled == 1, "{operation}: {verified} {throttled}");
    }
}
