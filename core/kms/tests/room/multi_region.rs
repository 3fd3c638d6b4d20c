//! Keys of one id in several Regions: what they share, what each has alone, and who is the primary.

use sealroom_api::Compat;
use sealroom_identity::Service;
use serde_json::{Value, json};

use crate::house::{HERE, House, OTHER, OWNER, THERE};
use crate::table::{expect, report};
use crate::world::{self, Key, PLAINTEXT, policy};

mod ends;
mod imported;
mod rotations;
mod together;

const DAY: i64 = 86_400;
/// Where a third key is made.
const BEYOND: &str = "ap-south-1";

/// A multi-Region key of the owner's, alone in its Region.
async fn primary(house: &House) -> Key {
    world::make(house, OWNER, &json!({"MultiRegion": true})).await
}

/// The same with a replica in each of `regions`, all settled.
pub(crate) async fn family(house: &House, regions: &[&str]) -> Key {
    let key = primary(house).await;
    for region in regions {
        assert_eq!(replicate(house, HERE, &key, region).await, "ok");
    }
    catch_up(house).await;
    key
}

async fn replicate(house: &House, from: &str, key: &Key, into: &str) -> String {
    house.ask_at(from, "ReplicateKey", &json!({"KeyId": key.id, "ReplicaRegion": into})).await.said()
}

pub(crate) async fn promote(house: &House, from: &str, key: &Key, to: &str) -> String {
    house.ask_at(from, "UpdatePrimaryRegion", &json!({"KeyId": key.id, "PrimaryRegion": to})).await.said()
}

async fn metadata(house: &House, region: &str, key: &Key) -> Value {
    house.ask_at(region, "DescribeKey", &json!({"KeyId": key.id})).await.ok()["KeyMetadata"].clone()
}

async fn state(house: &House, region: &str, key: &Key) -> String {
    metadata(house, region, key).await["KeyState"].as_str().unwrap().to_owned()
}

/// Until nothing is due, as the server does it.
pub(crate) async fn catch_up(house: &House) -> usize {
    let mut done = 0;
    loop {
        match house.run_due().await {
            0 => return done,
            more => done += more,
        }
    }
}

fn in_region(key: &Key, region: &str) -> String {
    key.arn.replace(HERE, region)
}

/// Which one is the primary and which are replicas, as the key in `region` shows it, in the order of names.
async fn relatives(house: &House, region: &str, key: &Key) -> (String, String, Vec<String>) {
    let shown = metadata(house, region, key).await["MultiRegionConfiguration"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checked = |related: &Value| {
        let region = text(&related["Region"]);
        assert_eq!(related["Arn"], in_region(key, &region));
        region
    };
    let mut replicas: Vec<String> = shown["ReplicaKeys"].as_array().unwrap().iter().map(checked).collect();
    replicas.sort();
    (text(&shown["MultiRegionKeyType"]), checked(&shown["PrimaryKey"]), replicas)
}

#[tokio::test]
async fn a_replica_is_creating_and_then_enabled_and_shows_its_material_then() {
    let house = House::new().await;
    let key = primary(&house).await;
    house.clock.advance(60);
    let made = house.ask("ReplicateKey", &json!({"KeyId": key.arn, "ReplicaRegion": THERE})).await.ok();
    let mut shown = made["ReplicaKeyMetadata"].clone();
    shown["CreationDate"] = json!(shown["CreationDate"].as_f64().unwrap());
    let [mine, its] = [HERE, THERE].map(|region| json!({"Arn": in_region(&key, region), "Region": region}));
    let expected = json!({
        "AWSAccountId": OWNER, "KeyId": key.id, "Arn": in_region(&key, THERE), "CreationDate": 60.0, "Enabled": false,
        "Description": "", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Creating", "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": true,
        "MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA", "PrimaryKey": mine, "ReplicaKeys": [its]},
    });
    assert_eq!(shown, expected);
    assert_eq!(made.get("ReplicaTags"), None);
    let policy: Value = serde_json::from_str(made["ReplicaPolicy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Id"], "key-default-1");
    let said = house.ask_at(THERE, "Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.said();
    assert_eq!(said, format!("KMSInvalidStateException {} is creating.", in_region(&key, THERE)));
    assert_eq!(catch_up(&house).await, 1);
    let (here, there) = (metadata(&house, HERE, &key).await, metadata(&house, THERE, &key).await);
    assert_eq!((&there["KeyState"], &there["Enabled"]), (&json!("Enabled"), &json!(true)));
    assert_eq!(there["CurrentKeyMaterialId"], here["CurrentKeyMaterialId"]);
    assert_eq!(relatives(&house, HERE, &key).await, ("PRIMARY".into(), HERE.into(), vec![THERE.into()]));
    assert_eq!(relatives(&house, THERE, &key).await, ("REPLICA".into(), HERE.into(), vec![THERE.into()]));
    let said = house.ask_at(BEYOND, "DescribeKey", &json!({"KeyId": key.id})).await.said();
    assert_eq!(said, format!("NotFoundException Key '{}' does not exist", in_region(&key, BEYOND)));
}

/// AWS takes some seconds, and whoever asks for its ways gets them.
#[tokio::test]
async fn with_awss_limits_a_key_is_creating_and_updating_for_seconds() {
    let house = House::with(Compat::Aws).await;
    let key = primary(&house).await;
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
    assert_eq!(catch_up(&house).await, 0);
    house.clock.advance(4);
    assert_eq!((catch_up(&house).await, state(&house, THERE, &key).await.as_str()), (0, "Creating"));
    house.clock.advance(1);
    assert_eq!((catch_up(&house).await, state(&house, THERE, &key).await.as_str()), (1, "Enabled"));
    assert_eq!(promote(&house, HERE, &key, THERE).await, "ok");
    house.clock.advance(4);
    assert_eq!((catch_up(&house).await, state(&house, THERE, &key).await.as_str()), (0, "Updating"));
    house.clock.advance(1);
    assert_eq!((catch_up(&house).await, state(&house, HERE, &key).await.as_str()), (2, "Enabled"));
}

#[tokio::test]
async fn what_one_key_makes_its_relatives_open_and_verify() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    let decrypt = |blob: &Value| json!({"CiphertextBlob": blob});
    let opened = house.ask_at(THERE, "Decrypt", &decrypt(&json!(key.ciphertext))).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(PLAINTEXT), &json!(in_region(&key, THERE))));
    let sealed = house.ask_at(THERE, "Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
    let mut named = decrypt(&sealed["CiphertextBlob"]);
    named["KeyId"] = json!(key.arn);
    assert_eq!(house.ask("Decrypt", &named).await.ok()["Plaintext"], PLAINTEXT);
    // Named by the ARN that it has elsewhere, a related key isn't the right one.
    let wrong =
        "IncorrectKeyException The key ID in the request does not identify a CMK that can perform this operation.";
    assert_eq!(house.ask_at(THERE, "Decrypt", &named).await.said(), wrong);
    let again = json!({"CiphertextBlob": key.ciphertext, "DestinationKeyId": key.id});
    let again = house.ask_at(THERE, "ReEncrypt", &again).await.ok();
    assert_eq!(house.ask("Decrypt", &decrypt(&again["CiphertextBlob"])).await.ok()["Plaintext"], PLAINTEXT);

    for (kind, make, check) in [
        (json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}), "Sign", "Verify"),
        (json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}), "Sign", "Verify"),
        (json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}), "GenerateMac", "VerifyMac"),
    ] {
        let mut kind = kind;
        kind["MultiRegion"] = json!(true);
        let mut key = world::make(&house, OWNER, &kind).await;
        world::replicate(&house, OWNER, &key).await;
        let made = house.ask_at(THERE, make, &world::request(make, &key, &key.id, &key)).await.ok();
        key.signature = made["Signature"].as_str().map(str::to_owned);
        key.product = made["Mac"].as_str().map(str::to_owned);
        assert_eq!(house.ask(check, &world::request(check, &key, &key.id, &key)).await.said(), "ok", "{kind}");
        if check == "Verify" {
            let public = json!({"KeyId": key.id});
            let [mine, its] = [
                house.ask("GetPublicKey", &public).await.ok()["PublicKey"].clone(),
                house.ask_at(THERE, "GetPublicKey", &public).await.ok()["PublicKey"].clone(),
            ];
            assert_eq!(mine, its);
        }
    }
}

#[tokio::test]
async fn everything_else_is_each_keys_own() {
    let house = House::new().await;
    let tags = json!([{"TagKey": "team", "TagValue": "blue"}]);
    let made = json!({"MultiRegion": true, "Description": "first", "Tags": tags});
    let key = world::make(&house, OWNER, &made).await;
    let its_tags = json!([{"TagKey": "team", "TagValue": "red"}]);
    let mine = policy(&[OWNER, OTHER], &["kms:*"]);
    let replica = json!({
        "KeyId": key.id, "ReplicaRegion": THERE, "Description": "second", "Tags": its_tags, "Policy": mine,
    });
    let made = house.ask("ReplicateKey", &replica).await.ok();
    assert_eq!((&made["ReplicaTags"], &made["ReplicaPolicy"]), (&its_tags, &json!(mine)));
    assert_eq!(replicate(&house, HERE, &key, BEYOND).await, "ok");
    catch_up(&house).await;
    for (region, description, tags) in
        [(HERE, "first", tags.clone()), (THERE, "second", its_tags), (BEYOND, "", json!([]))]
    {
        assert_eq!(metadata(&house, region, &key).await["Description"], description);
        let shown = house.ask_at(region, "ListResourceTags", &json!({"KeyId": key.id})).await.ok();
        assert_eq!(shown["Tags"], tags, "{region}");
    }
    let alias = json!({"AliasName": "alias/app", "TargetKeyId": key.id});
    house.ask_at(THERE, "CreateAlias", &alias).await.ok();
    let request = json!({"KeyId": key.id, "GranteePrincipal": world::root(OTHER), "Operations": ["DescribeKey"]});
    house.ask_at(THERE, "CreateGrant", &request).await.ok();
    house.ask_at(THERE, "DisableKey", &json!({"KeyId": key.id})).await.ok();
    house.ask_at(THERE, "UpdateKeyDescription", &json!({"KeyId": key.id, "Description": "third"})).await.ok();
    for region in [HERE, BEYOND] {
        assert_eq!(state(&house, region, &key).await, "Enabled");
        let aliases = house.ask_at(region, "ListAliases", &json!({"KeyId": key.id})).await.ok();
        assert_eq!(aliases["Aliases"], json!([]));
        let grants = house.ask_at(region, "ListGrants", &json!({"KeyId": key.id})).await.ok();
        assert_eq!(grants["Grants"], json!([]));
        let opened = house.ask_at(region, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
        assert_eq!(opened["Plaintext"], PLAINTEXT);
    }
    let said = house.ask_at(THERE, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.said();
    assert!(said.starts_with("AccessDenied") || said.starts_with("Disabled"), "{said}");
    assert_eq!(metadata(&house, HERE, &key).await["Description"], "first");
}

#[tokio::test]
async fn where_a_replica_cannot_be_is_said_as_aws_says_it() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    let arn = |region: &str| in_region(&key, region);
    let exists = "AlreadyExistsException You can create only one replica of each primary key in each AWS Region.";
    let mut faults = Vec::new();
    for (from, into, expected) in [
        (HERE, HERE, "ValidationException us-east-1 cannot have a replica because it contains the primary.".to_owned()),
        (
            HERE,
            "cn-north-1",
            "ValidationException The replica key Region must be in the same AWS partition as the primary key Region."
                .to_owned(),
        ),
        (
            HERE,
            "us-gov-west-1",
            "ValidationException The replica key Region must be in the same AWS partition as the primary key Region."
                .to_owned(),
        ),
        (HERE, THERE, exists.to_owned()),
        (THERE, BEYOND, format!("UnsupportedOperationException {} is not a multi-region primary key.", arn(THERE))),
        (BEYOND, THERE, format!("NotFoundException Key '{}' does not exist", arn(BEYOND))),
    ] {
        expect(&mut faults, &format!("{from} to {into}"), &expected, &replicate(&house, from, &key, into).await);
    }
    house.ask_at(THERE, "ScheduleKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    expect(&mut faults, "pending deletion", exists, &replicate(&house, HERE, &key, THERE).await);
    let single = world::symmetric(&house).await;
    let expected = format!("UnsupportedOperationException {} is not a multi-region primary key.", single.arn);
    expect(&mut faults, "a single-Region key", &expected, &replicate(&house, HERE, &single, THERE).await);
    let said = replicate(&house, HERE, &key, "Mars").await;
    assert!(
        said.starts_with("ValidationException 1 validation error detected: Value 'Mars' at 'replicaRegion'"),
        "{said}"
    );
    report(&faults);
}

#[tokio::test]
async fn a_region_that_is_not_served_has_no_replicas() {
    let house = House::serving(&[HERE, THERE]).await;
    let key = primary(&house).await;
    let said = replicate(&house, HERE, &key, BEYOND).await;
    let expected = "ValidationException Region ap-south-1 is not a valid Region or multi-Region keys are not supported in \
                    Region ap-south-1.";
    assert_eq!(said, expected);
    assert_eq!(replicate(&house, HERE, &key, THERE).await, "ok");
}

#[tokio::test]
async fn a_primary_has_a_hundred_replicas_and_not_one_more() {
    let house = House::new().await;
    let key = primary(&house).await;
    for number in 1..=100 {
        assert_eq!(replicate(&house, HERE, &key, &format!("us-test-{number}")).await, "ok", "{number}");
    }
    let said = replicate(&house, HERE, &key, "us-test-101").await;
    let expected = "LimitExceededException Replica keys per primary key quota for this account in this region is 100, current \
                    usage is 100.";
    assert_eq!(said, expected);
    assert_eq!(relatives(&house, "us-test-77", &key).await.2.len(), 100);
}

#[tokio::test]
async fn primary_and_replica_change_places_and_all_relatives_know_it() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    assert_eq!(promote(&house, HERE, &key, HERE).await, "ok");
    assert_eq!(catch_up(&house).await, 0, "nothing changed");
    assert_eq!(promote(&house, HERE, &key, THERE).await, "ok");
    for (region, shown) in [(HERE, "Updating"), (THERE, "Updating"), (BEYOND, "Enabled")] {
        let metadata = metadata(&house, region, &key).await;
        assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!(shown), &json!(shown == "Enabled")));
        let opened = house.ask_at(region, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
        assert_eq!(opened["Plaintext"], PLAINTEXT, "{region}: a key that is updating can be used");
    }
    let updating = format!("KMSInvalidStateException {} is updating.", in_region(&key, THERE));
    assert_eq!(replicate(&house, THERE, &key, "us-west-2").await, updating);
    assert_eq!(catch_up(&house).await, 2);
    let replicas = vec![BEYOND.to_owned(), HERE.to_owned()];
    for (region, role) in [(HERE, "REPLICA"), (THERE, "PRIMARY"), (BEYOND, "REPLICA")] {
        assert_eq!(state(&house, region, &key).await, "Enabled");
        assert_eq!(relatives(&house, region, &key).await, (role.into(), THERE.into(), replicas.clone()));
    }
    assert_eq!(replicate(&house, THERE, &key, "us-west-2").await, "ok");
    let said = promote(&house, HERE, &key, BEYOND).await;
    assert_eq!(said, format!("KMSInvalidStateException {} is not a multi-Region primary key.", key.arn));
}

#[tokio::test]
async fn what_keeps_a_replica_from_being_the_primary_is_said_as_aws_says_it() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    let nowhere = format!("ValidationException {} does not have a replica key in the specified Region.", key.id);
    for region in ["us-west-2", "cn-north-1"] {
        assert_eq!(promote(&house, HERE, &key, region).await, nowhere);
    }
    house.ask_at(THERE, "ScheduleKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    let pending = format!("KMSInvalidStateException {} is pending deletion.", in_region(&key, THERE));
    assert_eq!(promote(&house, HERE, &key, THERE).await, pending);
    house.ask_at(BEYOND, "DisableKey", &json!({"KeyId": key.id})).await.ok();
    let disabled = format!("DisabledException {} is disabled.", in_region(&key, BEYOND));
    assert_eq!(promote(&house, HERE, &key, BEYOND).await, disabled);
    assert_eq!(replicate(&house, HERE, &key, "us-west-2").await, "ok");
    let creating = format!("KMSInvalidStateException {} is creating.", in_region(&key, "us-west-2"));
    assert_eq!(promote(&house, HERE, &key, "us-west-2").await, creating);
    assert_eq!(relatives(&house, HERE, &key).await.1, HERE);
    let single = world::symmetric(&house).await;
    let expected = format!("UnsupportedOperationException {} is not a multi-Region key.", single.arn);
    assert_eq!(promote(&house, HERE, &single, HERE).await, expected);
}

#[tokio::test]
async fn both_keys_must_permit_the_change_of_places() {
    let house = House::new().await;
    let key = primary(&house).await;
    let closed = policy(&[OWNER], &["kms:PutKeyPolicy"]);
    let replica = json!({"KeyId": key.id, "ReplicaRegion": THERE, "Policy": closed});
    house.ask("ReplicateKey", &replica).await.ok();
    catch_up(&house).await;
    let said = promote(&house, HERE, &key, THERE).await;
    let expected = format!(
        "AccessDeniedException User: {} is not authorized to perform: kms:UpdatePrimaryRegion on resource: {} because no \
         resource-based policy allows the kms:UpdatePrimaryRegion action",
        world::root(OWNER),
        in_region(&key, THERE)
    );
    assert_eq!(said, expected);
    // The replica's policy sees the call in its own Region, and what it asks for.
    for (condition, value, allowed) in [
        ("kms:PrimaryRegion", THERE, true),
        ("kms:PrimaryRegion", HERE, false),
        ("kms:MultiRegionKeyType", "REPLICA", true),
        ("aws:RequestedRegion", THERE, true),
        ("aws:RequestedRegion", HERE, false),
    ] {
        let mut open = serde_json::from_str::<Value>(&policy(&[OWNER], &["kms:UpdatePrimaryRegion"])).unwrap();
        open["Statement"][0]["Condition"]["StringEquals"][condition] = json!(value);
        let mut statements = open["Statement"].as_array().unwrap().clone();
        statements.push(serde_json::from_str::<Value>(&closed).unwrap()["Statement"][0].clone());
        open["Statement"] = Value::Array(statements);
        let put = json!({"KeyId": key.id, "Policy": open.to_string()});
        house.ask_at(THERE, "PutKeyPolicy", &put).await.ok();
        let said = promote(&house, HERE, &key, THERE).await;
        assert_eq!(said == "ok", allowed, "{condition} {value}: {said}");
        if allowed {
            catch_up(&house).await;
            let back = json!({"KeyId": key.id, "Policy": policy(&[OWNER], &["kms:*"])});
            house.ask_at(THERE, "PutKeyPolicy", &back).await.ok();
            assert_eq!(promote(&house, THERE, &key, HERE).await, "ok");
            catch_up(&house).await;
        }
    }
}

/// To make a key takes a right of the account. A service has none there, so what the key's policy gives isn't enough.
#[tokio::test]
async fn to_replicate_takes_the_right_to_make_keys_too() {
    let house = House::new().await;
    let key = primary(&house).await;
    let mut services = serde_json::from_str::<Value>(&policy(&[OWNER], &["kms:*"])).unwrap();
    services["Statement"][0]["Principal"] = json!({"Service": "s3.amazonaws.com"});
    house.set_policy(&key.id, &services.to_string()).await;
    let caller = house.identity().service(Service::S3).caller_for(&format!("arn:aws:s3::{OWNER}:bucket")).unwrap();
    let request = json!({"KeyId": key.arn, "ReplicaRegion": THERE});
    let said = house.ask_in(&house.call_of(caller, HERE), "ReplicateKey", &request).await.said();
    let expected = "AccessDeniedException User: s3.amazonaws.com is not authorized to perform: kms:CreateKey on resource: * \
                    because no identity-based policy allows the kms:CreateKey action";
    assert_eq!(said, expected);
}
