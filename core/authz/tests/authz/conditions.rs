//! A table of conditions, each tried in an `Allow` and in a `Deny`: what can't be told counts against the caller.

use sealroom_authz::Policy;
use serde_json::{Value, json};

use crate::support::{Keys, kind, root_may_encrypt, rows};

/// Whether an `Allow` and a `Deny` with this condition block match.
fn matches(block: &Value, keys: &Keys) -> (bool, bool) {
    let statement = |effect: &str| json!({"Effect": effect, "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": block});
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let read = |statements: Value| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Policy::parse(&text, kind("key")).unwrap_or_else(|error| panic!("{block}: {error}"))
    };
    let allows = root_may_encrypt(&read(json!([statement("Allow")])), keys).is_ok();
    let denies = root_may_encrypt(&read(json!([all, statement("Deny")])), keys).is_err();
    (allows, denies)
}

fn context(request: &str) -> Keys {
    let mut rows = json!({
        "aws:username": "alice",
        "aws:PrincipalTag/star": "*",
        "aws:PrincipalTag/two": ["one", "two"],
        "aws:PrincipalTag/untold": null,
        "aws:PrincipalTag/empty": "",
    });
    match request {
        "absent" => {}
        "untold" => rows["test:Key"] = Value::Null,
        values => rows["test:Key"] = serde_json::from_str(values).unwrap(),
    }
    Keys::of(&rows)
}

#[test]
fn each_operator_reads_its_values_as_documented() {
    let mut wrong = Vec::new();
    for row in rows::<4>(include_str!("conditions.txt")) {
        let [operator, values, request, outcome] = row;
        let values: Value = serde_json::from_str(values).unwrap();
        let matched = matches(&json!({operator: {"test:KEY": values}}), &context(request));
        let wanted = match outcome {
            "holds" => (true, true),
            "fails" => (false, false),
            "errs" => (false, true),
            other => panic!("no outcome: {other}"),
        };
        if matched != wanted {
            wrong.push(format!("{row:?}: Allow matches {}, Deny matches {}", matched.0, matched.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_conditions_must_hold() {
    let keys = Keys::of(&json!({"a:x": "1", "a:y": "2"}));
    for (block, wanted) in [
        (json!({}), (true, true)),
        (json!({"StringEquals": {"a:x": "1", "a:y": "2"}}), (true, true)),
        (json!({"StringEquals": {"a:x": "1", "a:y": "3"}}), (false, false)),
        (json!({"StringEquals": {"a:x": "1"}, "NumericEquals": {"a:y": 2}}), (true, true)),
        (json!({"StringEquals": {"a:x": "1"}, "NumericEquals": {"a:y": 3}}), (false, false)),
    ] {
        assert_eq!(matches(&block, &keys), wanted, "{block}");
    }
}

#[test]
fn a_condition_that_does_not_hold_settles_what_another_cannot_tell() {
    let keys = Keys::of(&json!({"a:x": "1", "a:untold": null, "z:untold": null}));
    for (block, wanted) in [
        (json!({"StringEquals": {"a:untold": "1", "a:x": "1"}}), (false, true)),
        (json!({"StringEquals": {"a:untold": "1", "a:x": "2"}}), (false, false)),
        (json!({"StringEquals": {"z:untold": "1", "a:x": "2"}}), (false, false)),
    ] {
        assert_eq!(matches(&block, &keys), wanted, "{block}");
    }
}

#[test]
fn names_of_condition_keys_are_compared_in_any_case() {
    let keys = Keys::of(&json!({"kms:EncryptionContext:AppName": "Ledger"}));
    for name in ["kms:EncryptionContext:AppName", "KMS:encryptioncontext:APPNAME"] {
        assert_eq!(matches(&json!({"StringEquals": {name: "Ledger"}}), &keys), (true, true), "{name}");
        assert_eq!(matches(&json!({"StringEquals": {name: "ledger"}}), &keys), (false, false), "{name}");
    }
}

/// A key policy as large as they may be, whose patterns all go astray over a long value.
#[test]
fn hostile_patterns_end_in_a_refusal() {
    let keys = Keys::of(&json!({"test:key": "a".repeat(8_000)}));
    let pattern = format!("{}b", "*a".repeat(100));
    for patterns in [vec![pattern; 140], vec!["*?a?a?a?ab".repeat(100); 28], vec![format!("*{}b", "a".repeat(4_000))]] {
        let first = patterns.first().cloned();
        assert_eq!(matches(&json!({"StringLike": {"test:key": patterns}}), &keys), (false, true), "{first:?}");
    }
    let values: Vec<_> = (0..2_000).map(|n| n.to_string()).collect();
    let keys = Keys::of(&json!({"test:key": vec!["x"; 2_000]}));
    assert_eq!(matches(&json!({"ForAllValues:StringNotEquals": {"test:key": values}}), &keys), (false, true));
}

/// Asking counts, however it is answered: each question may cost a search through the whole request.
#[test]
fn questions_without_end_end_in_a_refusal() {
    let deny = |number: usize| {
        // All of these hold, and the last one doesn't.
        let mut keys: serde_json::Map<_, _> = (1..number).map(|n| (format!("a:{n}"), json!(true))).collect();
        keys.insert("z:z".to_owned(), json!(false));
        json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Null": keys}})
    };
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let allowed = |questions: &[usize]| {
        let statements: Vec<_> = questions.iter().map(|number| deny(*number)).chain([allow.clone()]).collect();
        let policy = Policy::parse(&json!({"Statement": statements}).to_string(), kind("resource")).unwrap();
        root_may_encrypt(&policy, &Keys::default()).is_ok()
    };
    assert!(allowed(&[256; 16]), "4,096 questions are answered");
    assert!(!allowed(&[&[256; 16][..], &[1]].concat()), "one more is not");
}

/// What is filled in counts as well: two bytes of policy could ask for kilobytes of a request.
#[test]
fn hostile_variables_end_in_a_refusal() {
    let keys = Keys::of(&json!({"test:key": "x", "a:b": "y".repeat(8_000)}));
    let texts = vec!["${a:b}".repeat(100); 40];
    assert_eq!(matches(&json!({"StringLike": {"test:key": texts}}), &keys), (false, true));
}
