//! Whoever another account's key doesn't admit reads the same whether or not the key is there, in the answer and in the
//! own journal, whatever else is right or wrong with the request.

use sealroom_kms::state::KeyState;
use serde_json::{Value, json};

use crate::authorization::Rights;
use crate::house::{House, OTHER, OWNER};
use crate::references::subject;
use crate::table::report;
use crate::world::{self, Key, operation_of, policy, request};

const UNKNOWN: &str = "134f2428-cec1-4b25-a1ae-9048164dba47";

/// What goes into a request besides the name of the key.
fn variations(row: &str) -> Vec<Value> {
    let context = json!({"k": "v".repeat(9_000)});
    let mut variations = vec![json!({}), json!({"GrantTokens": ["x"]}), json!({"DryRun": true})];
    let unknown_arn = format!("arn:aws:kms:us-east-1:{OTHER}:key/{UNKNOWN}");
    variations.extend(match row {
        "Encrypt" => vec![json!({"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}), json!({"EncryptionContext": context})],
        "Decrypt" => vec![
            json!({"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}),
            json!({"EncryptionContext": context}),
            json!({"CiphertextBlob": world::PLAINTEXT}),
            json!({"DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}),
        ],
        "ReEncryptFrom" => vec![
            json!({"DestinationKeyId": UNKNOWN}),
            json!({"DestinationKeyId": "alias/absent"}),
            json!({"DestinationKeyId": "fake-key-id"}),
            json!({"DestinationKeyId": unknown_arn}),
            json!({"DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}),
            json!({"DestinationKeyId": UNKNOWN, "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}),
        ],
        "ReEncryptTo" => vec![
            json!({"SourceKeyId": UNKNOWN}),
            json!({"SourceKeyId": unknown_arn}),
            json!({"CiphertextBlob": world::PLAINTEXT}),
        ],
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => vec![json!({"NumberOfBytes": 1})],
        "Sign" | "Verify" => vec![
            json!({"SigningAlgorithm": "RSASSA_PSS_SHA_256"}),
            json!({"MessageType": "DIGEST"}),
            json!({"MessageType": "EXTERNAL_MU"}),
        ],
        "CreateGrant" => vec![
            json!({"Operations": ["Sign"]}),
            json!({"GranteePrincipal": "arn:aws:iam::1:root"}),
            json!({"Constraints": {"EncryptionContextEquals": {}, "EncryptionContextSubset": {}}}),
        ],
        "ListGrants" => vec![json!({"Marker": "x"}), json!({"GrantId": "x"}), json!({"GranteePrincipal": "nobody"})],
        "RevokeGrant" => vec![json!({"GrantId": "x"}), json!({"GrantId": world::NO_GRANT})],
        "ReplicateKey" => vec![
            json!({"ReplicaRegion": "us-east-1"}),
            json!({"Policy": "{"}),
            json!({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}),
        ],
        "ScheduleKeyDeletion" => vec![json!({"PendingWindowInDays": 31})],
        "UpdatePrimaryRegion" => vec![json!({"PrimaryRegion": "us-east-1"})],
        _ => vec![],
    });
    variations
}

fn varied(mut request: Value, variation: &Value) -> Value {
    request.as_object_mut().unwrap().extend(variation.as_object().unwrap().clone());
    request
}

/// All that the caller can see: the answer, and the records in its account, with `name` and ids that differ by themselves
/// taken out.
async fn seen(house: &House, operation: &str, request: &Value, names: &[&str]) -> String {
    house.records().await;
    let said = house.ask(operation, request).await.said();
    let mut records = house.records().await;
    for record in &mut records {
        record["eventID"].take();
    }
    let mut seen = format!("{said}\n{:#}", Value::Array(records));
    for name in names {
        seen = seen.replace(name, "<name>");
    }
    seen
}

#[tokio::test]
async fn a_stranger_sees_the_same_whether_or_not_a_key_is_there() {
    let house = House::new().await;
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    let mut faults = Vec::new();
    for rights in Rights::of_keys() {
        let row = rights.row;
        let like = subject(&house, row).await;
        let spec = json!({"KeySpec": like.spec, "KeyUsage": like.usage});
        for state in ["enabled", "pending deletion"] {
            let theirs = world::make(&house, OTHER, &spec).await;
            if state == "pending deletion" {
                house.ask_as(OTHER, "ScheduleKeyDeletion", &json!({"KeyId": theirs.id})).await.ok();
            }
            house.set_alias(OTHER, "alias/theirs", &theirs.id).await;
            let key_arn = |id: &str| format!("arn:aws:kms:us-east-1:{OTHER}:key/{id}");
            let alias_arn = |name: &str| format!("arn:aws:kms:us-east-1:{OTHER}:alias/{name}");
            let pairs = [(key_arn(&theirs.id), key_arn(UNKNOWN)), (alias_arn("theirs"), alias_arn("missing"))];
            for (there, missing) in &pairs {
                for variation in variations(row) {
                    let ask = |name: &str| varied(request(row, &like, name, &good), &variation);
                    let operation = operation_of(row);
                    let names = [&**there, &**missing];
                    let one = seen(&house, operation, &ask(there), &names).await;
                    let two = seen(&house, operation, &ask(missing), &names).await;
                    if one != two || one.starts_with("ok") {
                        faults.push(format!("{row} of {there}, {state}, {variation:.80}\n{}", difference(&one, &two)));
                    }
                }
            }
        }
    }
    report(&faults);
}

#[tokio::test]
async fn a_forged_ciphertext_asks_nothing_out_of_the_room() {
    let house = House::new().await;
    let (mine, theirs) = (world::symmetric(&house).await, world::foreign(&house).await);
    let missing: Key = {
        let id: sealroom_foundation::KeyId = theirs.id.parse().unwrap();
        let unknown: sealroom_foundation::KeyId = UNKNOWN.parse().unwrap();
        let blob = base64_simd::STANDARD.decode_to_vec(theirs.ciphertext.as_deref().unwrap()).unwrap();
        let at = blob.windows(16).position(|window| window == id.to_bytes()).unwrap();
        let forged = [&blob[..at], &unknown.to_bytes(), &blob[at + 16..]].concat();
        Key { ciphertext: Some(base64_simd::STANDARD.encode_to_string(forged)), ..theirs.clone() }
    };
    let mut faults = Vec::new();
    for (operation, variation) in [
        ("Decrypt", json!({})),
        ("Decrypt", json!({"GrantTokens": ["x"]})),
        ("Decrypt", json!({"DryRun": true})),
        ("Decrypt", json!({"EncryptionContext": {"k": ""}})),
        ("ReEncrypt", json!({"DestinationKeyId": mine.id})),
        ("ReEncrypt", json!({"DestinationKeyId": mine.id, "GrantTokens": ["x"]})),
        ("ReEncrypt", json!({"DestinationKeyId": UNKNOWN})),
        ("ReEncrypt", json!({"DestinationKeyId": "alias/absent"})),
    ] {
        let ask = |key: &Key| varied(json!({"CiphertextBlob": key.ciphertext}), &variation);
        let one = seen(&house, operation, &ask(&theirs), &[&theirs.id, UNKNOWN]).await;
        let two = seen(&house, operation, &ask(&missing), &[&theirs.id, UNKNOWN]).await;
        if one != two || !one.starts_with("AccessDenied") {
            faults.push(format!("{operation} {variation}\n{}", difference(&one, &two)));
        }
    }
    report(&faults);
}

/// The lines that only one of two texts has.
fn difference(one: &str, two: &str) -> String {
    let only = |here: &str, there: &str, mark: char| {
        let lines = here.lines().filter(|line| !there.lines().any(|other| other == *line));
        lines.map(|line| format!("   {mark} {line}\n")).collect::<String>()
    };
    format!("{}{}", only(one, two, '<'), only(two, one, '>'))
}

/// The owner of a key may know its state, so this holds for strangers alone; what an own key policy refuses says why.
#[tokio::test]
async fn a_denied_caller_learns_nothing_of_the_keys_state() {
    let house = House::new().await;
    let good = world::symmetric(&house).await;
    let mut faults = Vec::new();
    for rights in Rights::of_keys() {
        let row = rights.row;
        let key = subject(&house, row).await;
        // What is left to the owner must not be what the row asks for.
        let left = if row == "PutKeyPolicy" { "kms:DescribeKey" } else { "kms:PutKeyPolicy" };
        house.set_policy(&key.id, &policy(&[OWNER], &[left])).await;
        let mut answers = Vec::new();
        let creating = KeyState::Creating { due: sealroom_foundation::Timestamp::EPOCH };
        for state in [KeyState::Enabled, KeyState::Disabled, KeyState::PendingImport, creating] {
            house.set_state(&key.id, state).await;
            answers.push(house.ask(operation_of(row), &request(row, &key, &key.arn, &good)).await.said());
        }
        if answers.iter().any(|answer| *answer != answers[0] || !answer.starts_with("AccessDenied")) {
            faults.push(format!("{row}: {answers:?}"));
        }
    }
    report(&faults);
}
