//! What the journal keeps of every served operation, from `tests/golden/audit` (`UPDATE=1` rewrites the files).
//!
//! A golden holds cases by name: what the caller read, and the records that it left, in all accounts. Ids come from the
//! ports and are the same in every run; ids of material and sealed markers aren't, and stand as names.

use std::path::PathBuf;

use sealroom_api::kms::Operation;
use sealroom_foundation::ports::Clock;
use serde_json::{Map, Value, json};

use crate::house::{House, OTHER, OWNER, THERE};
use crate::world::{self, Key, PLAINTEXT, operation_of, policy};

mod attested;
mod names;

const UNKNOWN: &str = "134f2428-cec1-4b25-a1ae-9048164dba47";

/// One request whose record is kept.
struct Case {
    name: &'static str,
    account: &'static str,
    request: Value,
}

fn case(name: &'static str, account: &'static str, request: Value) -> Case {
    Case { name, account, request }
}

/// Keys to ask about.
struct Keys {
    mine: Key,
    /// Its policy denies its owner everything but the lockout check's action.
    closed: Key,
    /// Of the other account, which shares it.
    shared: Key,
    /// Of the other account, which doesn't.
    foreign: Key,
    disabled: Key,
    pending: Key,
    symmetric: Key,
}

async fn keys(house: &House, row: &str) -> Keys {
    let kind = world::kind_of(row);
    let mut shared = kind.clone();
    shared["Policy"] = json!(policy(&[OWNER, OTHER], &["kms:*"]));
    let [mine, closed, disabled, pending] = [
        world::make(house, OWNER, &kind).await,
        world::make(house, OWNER, &kind).await,
        world::make(house, OWNER, &kind).await,
        world::make(house, OWNER, &kind).await,
    ];
    let shared = world::make(house, OTHER, &shared).await;
    let foreign = world::make(house, OTHER, &kind).await;
    let (mut mine, mut closed, mut shared, mut foreign) = (mine, closed, shared, foreign);
    let (mut disabled, mut pending) = (disabled, pending);
    if matches!(row, "RetireGrant" | "RevokeGrant") {
        for key in [&mut mine, &mut closed, &mut disabled, &mut pending] {
            world::grant(house, OWNER, key).await;
        }
        for key in [&mut shared, &mut foreign] {
            world::grant(house, OTHER, key).await;
        }
    }
    let left = if row == "PutKeyPolicy" { "kms:DescribeKey" } else { "kms:PutKeyPolicy" };
    house.set_policy(&closed.id, &policy(&[OWNER], &[left])).await;
    if disabled.import.is_some() {
        let import = world::request("ImportKeyMaterial", &disabled, &disabled.id, &disabled);
        house.ask("ImportKeyMaterial", &import).await.ok();
    }
    house.ask("DisableKey", &json!({"KeyId": disabled.id})).await.ok();
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": pending.id})).await.ok();
    house.set_alias(OWNER, "alias/mine", &mine.id).await;
    house.set_alias(OTHER, "alias/foreign", &foreign.id).await;
    house.set_alias(OTHER, "alias/shared", &shared.id).await;
    let symmetric = world::symmetric(house).await;
    if row == "UpdatePrimaryRegion" {
        world::replicate(house, OWNER, &mine).await;
    }
    if row == "UpdateAlias" {
        house.set_alias(OWNER, world::MOVING, &symmetric.id).await;
    }
    Keys { mine, closed, shared, foreign, disabled, pending, symmetric }
}

/// The operations that are asked for in a dry run too.
fn takes_dry_run(operation: &str) -> bool {
    matches!(
        operation,
        "CreateGrant"
            | "Decapsulate"
            | "Decrypt"
            | "DeriveSharedSecret"
            | "Encapsulate"
            | "Encrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyPair"
            | "GenerateDataKeyPairWithoutPlaintext"
            | "GenerateDataKeyWithoutPlaintext"
            | "GenerateMac"
            | "ReEncrypt"
            | "Sign"
            | "Verify"
            | "VerifyMac"
    )
}

/// The cases that any operation on a key has, and those of its own.
async fn cases(house: &House, operation: &str) -> Vec<Case> {
    match operation {
        "CreateKey" => return creations(),
        "ListKeys" => return lists(house).await,
        "ListAliases" => return names::aliases(house).await,
        "DeleteAlias" => return names::ends_of_aliases(house).await,
        "CreateCustomKeyStore" | "UpdateCustomKeyStore" => return names::changes_of_stores(operation),
        "ConnectCustomKeyStore" | "DeleteCustomKeyStore" | "DisconnectCustomKeyStore" => {
            return vec![case("refused", OWNER, json!({"CustomKeyStoreId": "cks-1234567890abcdef0"}))];
        }
        "DescribeCustomKeyStores" => {
            return vec![
                case("done", OWNER, json!({})),
                case("by id", OWNER, json!({"CustomKeyStoreId": "cks-1"})),
                case("by name", OWNER, json!({"CustomKeyStoreName": "mine"})),
            ];
        }
        "ListRetirableGrants" => return retirables(house).await,
        "GenerateRandom" => {
            let mut cases = vec![
                case("done", OWNER, json!({"NumberOfBytes": 8})),
                case("no number", OWNER, json!({})),
                case("from a key store", OWNER, json!({"NumberOfBytes": 8, "CustomKeyStoreId": "cks-1"})),
            ];
            cases.extend(attested::random());
            return cases;
        }
        _ => {}
    }
    let keys = keys(house, operation).await;
    let about = |key: &Key, name: &str| world::request(operation, key, name, &keys.shared);
    let Keys { mine, closed, shared, foreign, disabled, pending, .. } = &keys;
    let subject = if operation == "CancelKeyDeletion" { pending } else { mine };
    let mut cases = vec![
        case("not found", OWNER, about(mine, UNKNOWN)),
        case("not a key id", OWNER, about(mine, "fake-key-id")),
        case("alias not found", OWNER, about(mine, "alias/absent")),
        case("in another Region", OWNER, about(mine, &mine.arn.replace("us-east-1", "eu-west-1"))),
        case("denied", OWNER, about(closed, &closed.arn)),
        case("another account's, shared", OWNER, about(shared, &shared.arn)),
        case(
            "another account's, by its alias",
            OWNER,
            about(shared, &format!("arn:aws:kms:us-east-1:{OTHER}:alias/shared")),
        ),
        case("another account's, not shared", OWNER, about(foreign, &foreign.arn)),
        case(
            "another account's, not shared, by its alias",
            OWNER,
            about(foreign, &format!("arn:aws:kms:us-east-1:{OTHER}:alias/foreign")),
        ),
        case("another account's, not there", OWNER, about(foreign, &foreign.arn.replace(&foreign.id, UNKNOWN))),
        case("disabled", OWNER, about(disabled, &disabled.id)),
        case("pending deletion", OWNER, about(pending, &pending.id)),
        case("done", OWNER, about(subject, &subject.id)),
        case("done, by key ARN", OWNER, about(mine, &mine.arn)),
    ];
    if takes_dry_run(operation) {
        cases.push(case("done, by alias", OWNER, about(mine, "alias/mine")));
        let mut dry = about(mine, &mine.id);
        dry["DryRun"] = json!(true);
        cases.push(case("dry run", OWNER, dry));
        let mut token = about(mine, &mine.id);
        token["GrantTokens"] = json!(["c2VjcmV0IHRva2Vu"]);
        cases.push(case("grant token", OWNER, token));
    }
    cases.extend(own(operation, &keys));
    cases.extend(attested::of_key(operation, &keys));
    cases
}

/// What only this operation can be asked.
fn own(operation: &str, keys: &Keys) -> Vec<Case> {
    let Keys { mine, foreign, shared, symmetric, .. } = keys;
    let with = |members: Value| {
        let mut request = world::request(operation, mine, &mine.id, shared);
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        request
    };
    let context = json!({"EncryptionContext": {"team": "blue", "app": "1"}});
    match operation {
        "Encrypt" | "GenerateDataKeyWithoutPlaintext" => vec![case("with a context", OWNER, with(context))],
        "GenerateDataKey" => vec![
            case("with a context", OWNER, with(context)),
            case("by length", OWNER, json!({"KeyId": mine.id, "NumberOfBytes": 24})),
        ],
        "Decrypt" => vec![
            case("without a key", OWNER, json!({"CiphertextBlob": mine.ciphertext})),
            case("without a key, another account's, shared", OWNER, json!({"CiphertextBlob": shared.ciphertext})),
            case("without a key, another account's", OWNER, json!({"CiphertextBlob": foreign.ciphertext})),
            case("another context", OWNER, with(context)),
            case("no ciphertext of ours", OWNER, with(json!({"CiphertextBlob": PLAINTEXT}))),
        ],
        "ReEncrypt" => vec![
            case("without a source", OWNER, json!({"CiphertextBlob": mine.ciphertext, "DestinationKeyId": mine.id})),
            case(
                "to another account",
                OWNER,
                json!({"CiphertextBlob": mine.ciphertext, "DestinationKeyId": shared.arn, "SourceKeyId": mine.id}),
            ),
            case("no destination", OWNER, with(json!({"DestinationKeyId": UNKNOWN}))),
            case(
                "with contexts",
                OWNER,
                with(json!({"SourceEncryptionContext": {"a": "1"}, "DestinationEncryptionContext": {"b": "2"}})),
            ),
        ],
        "Sign" => vec![case("a digest of a wrong length", OWNER, with(json!({"MessageType": "DIGEST"})))],
        "CreateGrant" => vec![
            case(
                "done, with everything",
                OWNER,
                json!({
                    "KeyId": mine.arn,
                    "GranteePrincipal": world::root(OTHER),
                    "RetiringPrincipal": world::root(OWNER),
                    "Operations": ["Encrypt", "Decrypt"],
                    "Constraints": {"EncryptionContextSubset": {"team": "blue"}},
                    "Name": "a-name",
                }),
            ),
            case("nobody is named", OWNER, json!({"KeyId": mine.arn, "Operations": ["Decrypt"]})),
            case("an operation of other keys", OWNER, with(json!({"Operations": ["Sign"]}))),
            case(
                "who doesn't exist",
                OWNER,
                with(json!({"GranteePrincipal": "arn:aws:iam::111122223333:user/nobody"})),
            ),
        ],
        "GetPublicKey" => vec![case("of a key without one", OWNER, json!({"KeyId": symmetric.id}))],
        "GenerateDataKeyPair" => vec![case("with a context", OWNER, with(context))],
        "DeriveSharedSecret" => vec![case("no public key", OWNER, with(json!({"PublicKey": PLAINTEXT})))],
        "Decapsulate" => {
            vec![case("of a wrong length", OWNER, with(json!({"SharedSecretCiphertextBlob": PLAINTEXT})))]
        }
        "VerifyMac" => vec![case("another MAC", OWNER, with(json!({"Mac": PLAINTEXT})))],
        "ListGrants" => vec![case("no grant id", OWNER, with(json!({"GrantId": "x"})))],
        "RetireGrant" => vec![
            case("again", OWNER, with(json!({}))),
            case("no grant is named", OWNER, json!({"KeyId": mine.arn})),
            case("no token of ours", OWNER, json!({"GrantToken": "c2VjcmV0IHRva2Vu"})),
        ],
        "RevokeGrant" => {
            vec![case("again", OWNER, with(json!({}))), case("no grant id", OWNER, with(json!({"GrantId": "x"})))]
        }
        "Verify" => vec![case("another signature", OWNER, with(json!({"Signature": PLAINTEXT})))],
        "ScheduleKeyDeletion" => vec![
            case("without a window", OWNER, json!({"KeyId": shared.id})),
            case("a window that is too short", OWNER, with(json!({"PendingWindowInDays": 6}))),
        ],
        _ => of_upkeep(operation, keys),
    }
}

/// The same, for what is said of a key.
fn of_upkeep(operation: &str, keys: &Keys) -> Vec<Case> {
    let Keys { mine, shared, symmetric, .. } = keys;
    let with = |members: Value| {
        let mut request = world::request(operation, mine, &mine.id, shared);
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        request
    };
    match operation {
        "ImportKeyMaterial" => vec![
            case("again, with a description", OWNER, with(json!({"KeyMaterialDescription": "a description"}))),
            case("again, and it expires", OWNER, with(json!({"ExpirationModel": null, "ValidTo": 86_400}))),
            case("as new", OWNER, with(json!({"ImportType": "NEW_KEY_MATERIAL"}))),
            case("without an end", OWNER, with(json!({"ExpirationModel": null}))),
            case("no token of ours", OWNER, with(json!({"ImportToken": PLAINTEXT}))),
            case("not what the token is for", OWNER, with(json!({"EncryptedKeyMaterial": PLAINTEXT}))),
        ],
        "DeleteImportedKeyMaterial" => {
            let id = "0".repeat(64);
            vec![case("never imported", OWNER, with(json!({"KeyMaterialId": id})))]
        }
        "GetParametersForImport" => vec![
            case("of a key made here", OWNER, with(json!({"KeyId": symmetric.id}))),
            case("not for this key", OWNER, with(json!({"WrappingKeySpec": "RSA_2048"}))),
        ],
        "EnableKeyRotation" => vec![case("with a period", OWNER, with(json!({"RotationPeriodInDays": 90})))],
        "ListKeyRotations" => vec![
            case("all material", OWNER, with(json!({"IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 1}))),
            case("no marker of ours", OWNER, with(json!({"Marker": "bm9uZQ=="}))),
        ],
        "GetKeyPolicy" => vec![
            case("by its name", OWNER, with(json!({"PolicyName": "default"}))),
            case("by another name", OWNER, with(json!({"PolicyName": "other"}))),
        ],
        "PutKeyPolicy" => vec![
            case("by another name", OWNER, with(json!({"PolicyName": "other"}))),
            case("of another service", OWNER, with(json!({"PolicyName": "AWS_RAM"}))),
            case("a lockout", OWNER, with(json!({"Policy": policy(&[OTHER], &["kms:*"])}))),
            case(
                "a lockout that is meant",
                OWNER,
                with(json!({"Policy": policy(&[OTHER], &["kms:*"]), "BypassPolicyLockoutSafetyCheck": true})),
            ),
            case("no policy", OTHER, json!({"KeyId": shared.id, "Policy": "{"})),
        ],
        "ListKeyPolicies" | "ListResourceTags" => {
            vec![case("no marker of ours", OWNER, with(json!({"Marker": "bm9uZQ=="})))]
        }
        "TagResource" => vec![
            case("a reserved name", OWNER, with(json!({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}))),
            case("twice", OWNER, with(json!({"Tags": vec![json!({"TagKey": "k", "TagValue": ""}); 2]}))),
        ],
        "CreateAlias" => vec![
            case("taken", OWNER, with(json!({"AliasName": "alias/mine"}))),
            case("reserved", OWNER, with(json!({"AliasName": "alias/aws/mine"}))),
            case("without the prefix", OWNER, with(json!({"AliasName": "mine"}))),
        ],
        "UpdateAlias" => vec![
            case("an alias that isn't there", OWNER, with(json!({"AliasName": "alias/absent"}))),
            case("to another key", OWNER, json!({"AliasName": world::MOVING, "TargetKeyId": keys.symmetric.id})),
        ],
        "ReplicateKey" => replications(keys),
        "UpdatePrimaryRegion" => vec![
            case("where it is", OTHER, json!({"KeyId": keys.shared.id, "PrimaryRegion": "us-east-1"})),
            case("no replica there", OTHER, json!({"KeyId": keys.shared.id, "PrimaryRegion": "ap-south-1"})),
            case("a key of one Region", OWNER, json!({"KeyId": keys.symmetric.id, "PrimaryRegion": "us-east-1"})),
        ],
        "UntagResource" => vec![case("a tag that isn't there", OWNER, with(json!({"TagKeys": ["none"]})))],
        _ => vec![],
    }
}

fn replications(keys: &Keys) -> Vec<Case> {
    let Keys { mine, symmetric, .. } = keys;
    let into = |region: &str| json!({"KeyId": mine.id, "ReplicaRegion": region});
    let everything = json!({
        "KeyId": mine.id,
        "ReplicaRegion": "ap-south-1",
        "Description": "a \"key\"",
        "BypassPolicyLockoutSafetyCheck": true,
        "Tags": [{"TagKey": "team", "TagValue": "blue"}],
        "Policy": policy(&[OTHER], &["kms:*"]),
    });
    let with = |members: Value| {
        let mut request = into("us-west-2");
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        request
    };
    vec![
        case("done, with everything", OWNER, everything),
        case("where the primary is", OWNER, into("us-east-1")),
        case("another partition", OWNER, into("cn-north-1")),
        case("a key of one Region", OWNER, json!({"KeyId": symmetric.id, "ReplicaRegion": "us-west-2"})),
        case("a lockout", OWNER, with(json!({"Policy": policy(&[OTHER], &["kms:*"])}))),
        case("a tag twice", OWNER, with(json!({"Tags": vec![json!({"TagKey": "k", "TagValue": ""}); 2]}))),
    ]
}

fn creations() -> Vec<Case> {
    let everything = json!({
        "Description": "a \"key\"",
        "KeyUsage": "SIGN_VERIFY",
        "CustomerMasterKeySpec": "ECC_NIST_P256",
        "Origin": "AWS_KMS",
        "BypassPolicyLockoutSafetyCheck": true,
        "MultiRegion": true,
        "Tags": [{"TagKey": "team", "TagValue": "blue"}],
        "Policy": policy(&[OTHER], &["kms:*"]),
    });
    let lockout = json!({"Policy": policy(&[OTHER], &["kms:*"])});
    vec![
        case("done", OWNER, json!({})),
        case("done, with everything", OWNER, everything),
        case("a clash", OWNER, json!({"KeySpec": "RSA_2048"})),
        case("a lockout", OWNER, lockout),
        case("no policy", OWNER, json!({"Policy": "{"})),
        case("too many tags", OWNER, json!({"Tags": vec![json!({"TagKey": "k", "TagValue": ""}); 2]})),
    ]
}

async fn retirables(house: &House) -> Vec<Case> {
    let key = world::symmetric(house).await;
    let request = json!({
        "KeyId": key.id, "GranteePrincipal": world::root(OTHER), "Operations": ["DescribeKey"],
        "RetiringPrincipal": world::root(OWNER),
    });
    house.ask("CreateGrant", &request).await.ok();
    vec![
        case("done", OWNER, json!({"RetiringPrincipal": world::root(OWNER)})),
        case("another account's", OWNER, json!({"RetiringPrincipal": world::root(OTHER)})),
        case("nobody is named", OWNER, json!({})),
    ]
}

async fn lists(house: &House) -> Vec<Case> {
    for _ in 0..2 {
        world::symmetric(house).await;
    }
    let page = house.ask("ListKeys", &json!({"Limit": 1})).await.ok();
    vec![
        case("done", OWNER, json!({})),
        case("a page", OWNER, json!({"Limit": 1, "Marker": page["NextMarker"], "ResourceOwners": ["SELF"]})),
        case("no marker of ours", OWNER, json!({"Marker": "bm9uZQ=="})),
        case("another account's marker", OTHER, json!({"Marker": page["NextMarker"]})),
    ]
}

#[tokio::test]
async fn every_operation_leaves_the_records_of_its_golden() {
    let mut faults = Vec::new();
    for operation in Operation::ALL {
        let name = operation.name();
        let house = House::new().await;
        let cases = cases(&house, name).await;
        house.records().await;
        let mut written = Map::new();
        for Case { name: case, account, request } in cases {
            let answer = house.ask_as(account, operation_of(name), &request).await.said();
            let mut records = Value::Array(house.records().await);
            Names::default().replace(&mut records);
            for record in records.as_array().unwrap() {
                assert_eq!(record["readOnly"], operation.read_only(), "{name}");
                // AWS: a replica is created in its Region, which is recorded there.
                let also = name == "ReplicateKey" && record["eventName"] == "CreateKey";
                assert!(also || record["eventName"] == name, "{name}: {record}");
            }
            let known = written.insert(case.to_owned(), json!({"answer": answer, "records": records}));
            assert!(known.is_none(), "{name}: two cases `{case}`");
        }
        faults.extend(compare(name, &Value::Object(written)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the service does by itself is recorded as well.
#[tokio::test]
async fn the_destruction_of_a_key_leaves_the_record_of_its_golden() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    house.records().await;
    assert_eq!(house.run_due().await, 1);
    let records = house.records().await;
    let faults = compare("DeleteKey", &json!({"due": {"answer": "ok", "records": records}}));
    assert!(faults.is_none(), "{faults:?}");
}

#[tokio::test]
async fn a_rotation_leaves_the_record_of_its_golden() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id})).await.ok();
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    let mut written = Map::new();
    for (name, seconds) in [("on demand", 0), ("automatic", 365 * 86_400)] {
        house.clock.advance(seconds);
        house.records().await;
        assert_eq!(house.run_due().await, 1);
        let mut records = Value::Array(house.records().await);
        Names::default().replace(&mut records);
        written.insert(name.to_owned(), json!({"answer": "ok", "records": records}));
    }
    let faults = compare("RotateKey", &Value::Object(written));
    assert!(faults.is_none(), "{faults:?}");
}

#[tokio::test]
async fn the_end_of_expired_material_leaves_the_record_of_its_golden() {
    let house = House::new().await;
    let mut written = Map::new();
    let hmac = json!({"Origin": "EXTERNAL", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
    for (name, kind) in [("symmetric", json!({"Origin": "EXTERNAL"})), ("of an HMAC key", hmac)] {
        let key = world::make(&house, OWNER, &kind).await;
        let mut import = world::request("ImportKeyMaterial", &key, &key.id, &key);
        import["ExpirationModel"] = json!("KEY_MATERIAL_EXPIRES");
        import["ValidTo"] = json!(Clock::service(&*house.clock).as_seconds() + 86_400);
        house.ask("ImportKeyMaterial", &import).await.ok();
        house.clock.advance(86_400);
        house.records().await;
        assert_eq!(house.run_due().await, 1);
        let mut records = Value::Array(house.records().await);
        Names::default().replace(&mut records);
        written.insert(name.to_owned(), json!({"answer": "ok", "records": records}));
    }
    let faults = compare("DeleteExpiredKeyMaterial", &Value::Object(written));
    assert!(faults.is_none(), "{faults:?}");
}

#[tokio::test]
async fn what_is_brought_to_replicas_leaves_the_records_of_its_golden() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"MultiRegion": true})).await;
    let mut written = Map::new();
    let into = json!({"KeyId": key.id, "ReplicaRegion": THERE});
    house.ask("ReplicateKey", &into).await.ok();
    let settled = async |name: &str, written: &mut Map<String, Value>| {
        let mut records = Value::Array(house.records().await);
        Names::default().replace(&mut records);
        written.insert(name.to_owned(), json!({"answer": "ok", "records": records}));
    };
    house.records().await;
    assert_eq!(house.run_due().await, 1);
    settled("a replica is complete", &mut written).await;
    house.ask("EnableKeyRotation", &json!({"KeyId": key.id})).await.ok();
    settled("the primary's owner changes what is shared", &mut written).await;
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    house.records().await;
    assert_eq!(house.run_due().await, 1);
    settled("the primary rotates", &mut written).await;
    house.ask("UpdatePrimaryRegion", &json!({"KeyId": key.id, "PrimaryRegion": THERE})).await.ok();
    house.records().await;
    assert_eq!(house.run_due().await, 2);
    settled("two keys have changed places", &mut written).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * 86_400);
    house.records().await;
    assert_eq!(house.run_due().await, 1);
    settled("a replica is destroyed", &mut written).await;
    let faults = compare("SynchronizeMultiRegionKey", &Value::Object(written));
    assert!(faults.is_none(), "{faults:?}");
}

/// Where the golden of an operation lies.
pub(crate) fn golden(operation: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/audit/{operation}.json"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "goldens are files, and the environment says that they are to be rewritten"
)]
fn compare(operation: &str, written: &Value) -> Option<String> {
    let path = golden(operation);
    let text = format!("{written:#}\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read(&path).unwrap_or_default();
    let expected: Value = serde_json::from_slice(&expected).unwrap_or_default();
    if expected == *written {
        return None;
    }
    let cases: Vec<String> = written
        .as_object()
        .unwrap()
        .iter()
        .filter(|(case, found)| expected.get(case.as_str()) != Some(*found))
        .map(|(case, found)| format!("  {case}: {found:#}"))
        .collect();
    Some(format!("{operation} (UPDATE=1 rewrites it):\n{}", cases.join("\n")))
}

/// Stands names in for what is random although ids are not.
#[derive(Default)]
struct Names {
    materials: Vec<String>,
}

impl Names {
    fn replace(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let material =
                    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if material {
                    let known = self.materials.iter().position(|known| known == text).unwrap_or_else(|| {
                        self.materials.push(text.clone());
                        self.materials.len() - 1
                    });
                    *text = format!("<material {}>", known + 1);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace(value)),
            Value::Object(members) => {
                for (name, value) in members {
                    if name == "marker" && value.as_str().is_some_and(|text| text.len() > 20) {
                        *value = json!("<marker>");
                    }
                    self.replace(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
