//! The key policy of a CreateKey: what is malformed, who must exist, and the lockout check.

use serde_json::{Value, json};

use crate::house::{House, NOBODY, OTHER, OWNER};
use crate::table::{expect, report};
use crate::world::policy;

const MALFORMED: &str = "MalformedPolicyDocumentException";
const PRINCIPALS: &str =
    "MalformedPolicyDocumentException Policy contains a statement with one or more invalid principals.";
const LOCKOUT: &str = "MalformedPolicyDocumentException The new key policy will not allow you to update the key policy in \
                       the future.";

fn with(changes: &Value) -> String {
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "kms:*", "Resource": "*"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => statement.as_object_mut().unwrap().remove(name),
            value => statement.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

async fn check(cases: Vec<(&str, String, &str)>, bypass: bool) {
    let house = House::new().await;
    let mut faults = Vec::new();
    for (name, policy, expected) in cases {
        let asked = json!({"Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass});
        expect(&mut faults, name, expected, &house.ask("CreateKey", &asked).await.said());
    }
    report(&faults);
}

#[tokio::test]
async fn a_malformed_policy_is_refused_without_a_word() {
    let cases = vec![
        ("no JSON", "{".to_owned(), MALFORMED),
        ("no object", "[]".to_owned(), MALFORMED),
        ("no statement", json!({"Version": "2012-10-17"}).to_string(), MALFORMED),
        ("a version that isn't", with(&json!({})).replace("2012-10-17", "2020-01-01"), MALFORMED),
        ("no effect", with(&json!({"Effect": null})), MALFORMED),
        ("no principal", with(&json!({"Principal": null})), MALFORMED),
        ("no action", with(&json!({"Action": null})), MALFORMED),
        ("no resource", with(&json!({"Resource": null})), MALFORMED),
        ("another resource", with(&json!({"Resource": "arn:aws:kms:us-east-1:111122223333:key/*"})), MALFORMED),
        ("an unknown member", with(&json!({"Actions": "kms:*"})), MALFORMED),
        ("an unknown operator", with(&json!({"Condition": {"StringIs": {"kms:KeySpec": "x"}}})), MALFORMED),
        ("the plainest", with(&json!({})), "ok"),
    ];
    check(cases, true).await;
}

#[tokio::test]
async fn principals_must_exist() {
    let who = |principal: Value| with(&json!({"Principal": principal}));
    let cases = vec![
        ("an account that isn't there", who(json!({"AWS": [OWNER, NOBODY]})), PRINCIPALS),
        ("its root", who(json!({"AWS": format!("arn:aws:iam::{NOBODY}:root")})), PRINCIPALS),
        ("a user", who(json!({"AWS": format!("arn:aws:iam::{OWNER}:user/ann")})), PRINCIPALS),
        ("a role", who(json!({"AWS": format!("arn:aws:iam::{OWNER}:role/app")})), PRINCIPALS),
        ("a group", who(json!({"AWS": format!("arn:aws:iam::{OWNER}:group/all")})), PRINCIPALS),
        ("no ARN at all", who(json!({"AWS": "ann"})), PRINCIPALS),
        ("the platform", who(json!({"AWS": "platform"})), PRINCIPALS),
        ("an account that is there", who(json!({"AWS": [OWNER, OTHER]})), "ok"),
        ("everybody", who(json!("*")), "ok"),
        ("everybody by name", who(json!({"AWS": "*"})), "ok"),
        ("a service", who(json!({"Service": "s3.amazonaws.com"})), "ok"),
    ];
    check(cases, true).await;
}

#[tokio::test]
async fn a_policy_that_locks_its_caller_out_is_refused_unless_it_says_so() {
    let other = policy(&[OTHER], &["kms:*"]);
    let partial = policy(&[OWNER], &["kms:Encrypt", "kms:Decrypt"]);
    let denies = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": {"AWS": OWNER}, "Action": "kms:PutKeyPolicy", "Resource": "*"},
    ]})
    .to_string();
    let never = with(&json!({"Condition": {"StringEquals": {"kms:CallerAccount": OTHER}}}));
    let named = |name: &str| with(&json!({"Condition": {"StringEquals": {"kms:PolicyName": name}}}));
    let cases = vec![
        ("a policy of the only name", named("default"), "ok"),
        ("a policy of another name", named("other"), LOCKOUT),
        ("another account", other.clone(), LOCKOUT),
        ("no PutKeyPolicy", partial.clone(), LOCKOUT),
        ("a deny", denies.clone(), LOCKOUT),
        ("a condition that fails", never.clone(), LOCKOUT),
        ("everybody", with(&json!({"Principal": "*"})), "ok"),
        ("PutKeyPolicy alone", policy(&[OWNER], &["kms:PutKeyPolicy"]), "ok"),
        ("by pattern", policy(&[OWNER], &["kms:Put*"]), "ok"),
    ];
    check(cases, false).await;
    let cases = vec![
        ("another account", other, "ok"),
        ("no PutKeyPolicy", partial, "ok"),
        ("a deny", denies, "ok"),
        ("a condition that fails", never, "ok"),
    ];
    check(cases, true).await;
}

#[tokio::test]
async fn a_policy_has_32768_bytes() {
    let padded = |length: usize| {
        let policy = with(&json!({}));
        format!("{policy}{}", " ".repeat(length - policy.len()))
    };
    let limit =
        "LimitExceededException The key policy document is larger than the 32768 bytes that a key policy may have.";
    let cases = vec![
        ("at the limit", padded(32_768), "ok"),
        ("one past it", padded(32_769), limit),
        ("at the schema's", padded(131_072), limit),
    ];
    check(cases, false).await;
    let house = House::new().await;
    let said = house.ask("CreateKey", &json!({"Policy": padded(131_073)})).await.said();
    assert!(
        said.ends_with(
            "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 131072"
        )
    );
}

#[tokio::test]
async fn a_key_made_without_a_policy_belongs_to_its_account() {
    let house = House::new().await;
    let made = house.ask("CreateKey", &json!({})).await.ok();
    let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let row = house.row(crate::house::key_path(OWNER, &id)).await.unwrap();
    let document = sealroom_kms::record::KeyDocument::from_bytes(&row.value).unwrap();
    assert!(
        document.policy.starts_with("{\n  \"Version\" : \"2012-10-17\",\n"),
        "laid out as AWS does: {}",
        document.policy
    );
    let policy: Value = serde_json::from_str(&document.policy).unwrap();
    let expected = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{OWNER}:root")},
            "Action": "kms:*",
            "Resource": "*",
        }],
    });
    assert_eq!(policy, expected);
}
