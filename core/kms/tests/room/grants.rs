//! Grants: what they give and what not, from `tests/tables/grants.txt`; what CreateGrant refuses, from
//! `grant-requests.txt`; who ends them, how they are listed, and that many of them cost nobody anything.

mod kept;
mod lists;
mod retiring;

use sealroom_identity::Service;
use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, fill, report, rows};
use crate::world::{self, Key, PLAINTEXT, hidden, operation_of, policy, request, root};

const GIVEN: &str = include_str!("../tables/grants.txt");
const REQUESTS: &str = include_str!("../tables/grant-requests.txt");

/// `request` with these members instead; `null` takes one away.
fn with(mut request: Value, members: &Value) -> Value {
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    request
}

/// What the owner answers when it makes a grant for the other account's root user.
async fn grant(house: &House, key: &Key, members: Value) -> Value {
    let asked = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Operations": ["Encrypt"]});
    house.ask("CreateGrant", &with(asked, &members)).await.ok()
}

fn encrypt(key: &Key) -> Value {
    json!({"KeyId": key.arn, "Plaintext": PLAINTEXT})
}

async fn use_as(house: &House, account: &str, key: &Key) -> String {
    house.ask_as(account, "Encrypt", &encrypt(key)).await.said()
}

#[tokio::test]
async fn a_grant_gives_its_operations_under_its_constraints_and_nothing_else() {
    let house = House::new().await;
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    let (mut faults, mut checked) = (Vec::new(), 0);
    for cells in rows(GIVEN) {
        let [operations, constraints, row, members, allowed] = cells[..] else { panic!("{cells:?}") };
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (key, members) = (world::make(&house, OWNER, &world::kind_of(row)).await, parsed(members));
        let asked = with(request(row, &key, &key.arn, &good), &members);
        let before = house.ask_as(OTHER, operation_of(row), &asked).await.said();
        grant(&house, &key, json!({"Operations": parsed(operations), "Constraints": parsed(constraints)})).await;
        let said = house.ask_as(OTHER, operation_of(row), &asked).await.said();
        // What is wrong with a ciphertext is told to whoever may ask.
        let got = if said.starts_with("AccessDenied") { "no" } else { "yes" };
        let name = format!("{operations} {constraints} {row} {members}: {said}");
        expect(&mut faults, &name, allowed, got);
        assert!(before.starts_with("AccessDenied"), "{name}: allowed without the grant");
        if got == "no" {
            assert_eq!(said, before, "{name}: a grant that doesn't fit is seen");
        }
        checked += 1;
    }
    report(&faults);
    assert!(checked > 60);
}

#[tokio::test]
async fn create_grant_answers_as_the_table_says() {
    let house = House::new().await;
    let longest = "v".repeat(384);
    let mut faults = Vec::new();
    for cells in rows(REQUESTS) {
        let [kind, members, expected] = cells[..] else { panic!("{cells:?}") };
        let (spec, operation) = match kind {
            "symmetric" => (json!({}), "Encrypt"),
            "hmac" => (json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}), "GenerateMac"),
            "signing" => (json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}), "Sign"),
            "rsa" => (json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}), "Encrypt"),
            "agreement" => (json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}), "DeriveSharedSecret"),
            unknown => panic!("no key `{unknown}`"),
        };
        let key = world::make(&house, OWNER, &spec).await;
        let values = [("owner", OWNER), ("other", OTHER), ("key", &*key.arn), ("longest", &*longest)];
        let members: Value = serde_json::from_str(&fill(members, &values)).unwrap();
        let plain = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Operations": [operation]});
        let answer = house.ask("CreateGrant", &with(plain, &members)).await;
        expect(&mut faults, &format!("{kind} {members:.200}"), &fill(expected, &values), &answer.said());
        let made =
            house.rows("kms").await.iter().any(|row| row.path.to_string().contains(&format!("grant/{}", key.id)));
        assert_eq!(made, answer.said() == "ok", "{members:.200}: a refusal leaves nothing");
    }
    report(&faults);
}

/// Of things that are wrong: the alias's form, the key, the decision, the token, the state, the principal, the operations.
#[tokio::test]
async fn create_grant_looks_in_awss_order() {
    let house = House::new().await;
    let disabled = world::symmetric(&house).await;
    house.ask("DisableKey", &json!({"KeyId": disabled.id})).await.ok();
    let closed = world::symmetric(&house).await;
    house.set_policy(&closed.id, &policy(&[OWNER], &["kms:PutKeyPolicy"])).await;
    let open = world::symmetric(&house).await;
    let nobody = format!("arn:aws:iam::{OWNER}:user/nobody");
    let wrong = json!({"GrantTokens": ["x"], "GranteePrincipal": nobody, "Operations": ["Sign"]});
    let no_token = json!({"GrantTokens": [], "GranteePrincipal": nobody, "Operations": ["Sign"]});
    for (key_id, members, begin) in [
        ("alias/x", &wrong, "InvalidArnException Key Aliases"),
        ("134f2428-cec1-4b25-a1ae-9048164dba47", &wrong, "NotFoundException"),
        (&*closed.id, &wrong, "AccessDeniedException"),
        (&*disabled.id, &wrong, "InvalidGrantTokenException"),
        (&*disabled.id, &no_token, "DisabledException"),
        (&*open.id, &no_token, "InvalidArnException ARN does not refer"),
    ] {
        let said = house.ask("CreateGrant", &with(json!({"KeyId": key_id}), members)).await.said();
        assert!(said.starts_with(begin), "{key_id}: {said}");
    }
}

#[tokio::test]
async fn a_deny_beats_a_grant() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    grant(&house, &key, json!({})).await;
    assert_eq!(use_as(&house, OTHER, &key).await, "ok");
    let mut document: Value = serde_json::from_str(&policy(&[OWNER], &["kms:*"])).unwrap();
    let deny = json!({"Effect": "Deny", "Principal": {"AWS": root(OTHER)}, "Action": "kms:Encrypt", "Resource": "*"});
    document["Statement"].as_array_mut().unwrap().push(deny);
    house.set_policy(&key.id, &document.to_string()).await;
    assert_eq!(use_as(&house, OTHER, &key).await, hidden(OTHER, "kms:Encrypt"));
}

#[tokio::test]
async fn a_grant_admits_its_owners_too_where_the_policy_is_silent() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    grant(&house, &key, json!({"GranteePrincipal": root(OWNER), "Operations": ["Encrypt", "DescribeKey"]})).await;
    house.set_policy(&key.id, &policy(&[OTHER], &["kms:PutKeyPolicy"])).await;
    assert_eq!(use_as(&house, OWNER, &key).await, "ok");
    assert_eq!(house.ask("DescribeKey", &json!({"KeyId": key.id})).await.said(), "ok");
    let decrypt = json!({"KeyId": key.id, "CiphertextBlob": key.ciphertext});
    let said = house.ask("Decrypt", &decrypt).await.said();
    assert!(said.ends_with("because no resource-based policy allows the kms:Decrypt action"), "{said}");
}

/// A ciphertext names its key for whoever may open it, by a grant too.
#[tokio::test]
async fn decrypt_without_a_key_is_given_by_a_grant() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let decrypt = json!({"CiphertextBlob": key.ciphertext});
    let denied = house.ask_as(OTHER, "Decrypt", &decrypt).await.said();
    assert!(denied.starts_with("AccessDeniedException The ciphertext refers to"), "{denied}");
    grant(&house, &key, json!({"Operations": ["Decrypt"]})).await;
    assert_eq!(house.ask_as(OTHER, "Decrypt", &decrypt).await.ok()["Plaintext"], PLAINTEXT);
}

/// A service acts by itself for a resource, and a grant may be for that one alone.
#[tokio::test]
async fn a_service_uses_a_grant_for_the_resource_that_it_names() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let bucket = format!("arn:aws:s3:us-east-1:{OWNER}:bucket/b");
    let members = json!({
        "GranteePrincipal": null,
        "GranteeServicePrincipal": "s3.amazonaws.com",
        "RetiringServicePrincipal": "s3.amazonaws.com",
        "Constraints": {"SourceArn": bucket},
    });
    let made = grant(&house, &key, members).await;
    let call = |service, arn: &str| {
        let caller = house.identity().service(service).caller_for(arn).unwrap();
        house.call_of(caller, crate::house::HERE)
    };
    let other_bucket = format!("{bucket}2");
    for (service, arn, allowed) in
        [(Service::S3, &bucket, true), (Service::S3, &other_bucket, false), (Service::Sqs, &bucket, false)]
    {
        let said = house.ask_in(&call(service, arn), "Encrypt", &encrypt(&key)).await.said();
        assert_eq!(said == "ok", allowed, "{service:?} for {arn}: {said}");
    }
    let itself = call(Service::S3, &bucket);
    let mine = json!({"RetiringServicePrincipal": "s3.amazonaws.com"});
    let listed = house.ask_in(&itself, "ListRetirableGrants", &mine).await.ok();
    assert_eq!(listed["Grants"][0]["GrantId"], made["GrantId"]);
    assert_eq!(listed["Grants"][0]["GranteeServicePrincipal"], "s3.amazonaws.com");
    assert!(listed["Grants"][0].get("GranteePrincipal").is_none());
    let said = house.ask("ListRetirableGrants", &mine).await.said();
    assert_eq!(said, "NotFoundException Retiring principal s3.amazonaws.com could not be found");
    let retire = json!({"GrantToken": made["GrantToken"]});
    assert!(
        house.ask_in(&call(Service::Sqs, &bucket), "RetireGrant", &retire).await.said().starts_with("AccessDenied")
    );
    // The source doesn't matter to who may retire.
    assert_eq!(house.ask_in(&call(Service::S3, &other_bucket), "RetireGrant", &retire).await.said(), "ok");
    assert_ne!(house.ask_in(&itself, "Encrypt", &encrypt(&key)).await.said(), "ok");
}

#[tokio::test]
async fn what_a_service_does_for_somebody_is_for_an_aws_resource() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut document: Value = serde_json::from_str(&policy(&[OWNER], &["kms:CreateGrant"])).unwrap();
    document["Statement"][0]["Condition"] = json!({"Bool": {"kms:GrantIsForAWSResource": "true"}});
    house.set_policy(&key.id, &document.to_string()).await;
    let asked = json!({"KeyId": key.id, "GranteePrincipal": root(OTHER), "Operations": ["Encrypt"]});
    let call = house.call(OWNER).await;
    assert!(house.ask_in(&call, "CreateGrant", &asked).await.said().starts_with("AccessDenied"));
    assert_eq!(house.ask_in(&call.through(Service::Ec2), "CreateGrant", &asked).await.said(), "ok");
}
