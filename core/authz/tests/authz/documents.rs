//! Which documents are policies: a table of refused ones with the cause, a folder of odd ones that are read, limits.

use std::fmt::Write;

use sealroom_authz::{Malformed, Policy, PrincipalName};
use serde_json::{Value, json};

use crate::support::{OWNER, account, kind};

/// Documents that are policies, oddly written; the file's name begins with the kind.
pub(crate) const ODD: [(&str, &str); 14] = [
    ("key", include_str!("corpus/key-old-version-and-one-statement.json")),
    ("key", include_str!("corpus/key-no-version.json")),
    ("key", include_str!("corpus/key-escaped-names.json")),
    ("key", include_str!("corpus/key-every-operator.json")),
    ("key", include_str!("corpus/key-every-principal.json")),
    ("key", include_str!("corpus/key-console.json")),
    ("key", include_str!("corpus/key-same-sid-twice.json")),
    ("key", include_str!("corpus/key-variables.json")),
    ("key", include_str!("corpus/key-white-space.json")),
    ("key", include_str!("corpus/key-other-services.json")),
    ("identity", include_str!("corpus/identity-short-arns.json")),
    ("identity", include_str!("corpus/identity-empty-sids.json")),
    ("resource", include_str!("corpus/resource-control.json")),
    ("trust", include_str!("corpus/trust-web-identity.json")),
];

#[test]
fn odd_documents_are_read_and_read_alike_when_stored() {
    for (of, text) in ODD {
        let policy = Policy::parse(text, kind(of)).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(policy.kind(), kind(of));
        let stored = Policy::parse_stored(text, kind(of)).unwrap();
        assert_eq!(format!("{policy:?}"), format!("{stored:?}"));
    }
}

#[test]
fn the_corpus_folder_holds_no_other_documents() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authz/corpus")).unwrap();
    assert_eq!(folder.count(), ODD.len());
}

#[test]
fn what_aws_refuses_is_refused_with_its_cause() {
    let mut lines = include_str!("documents.txt").lines().filter(|line| !line.starts_with('#'));
    let (mut rows, mut wrong) = (0, String::new());
    while let (Some(head), Some(text)) = (lines.next(), lines.next()) {
        let (of, cause) = head.split_once(" | ").unwrap();
        rows += 1;
        let got = Policy::parse(text, kind(of)).map(drop).map_err(|error| error.kind.to_string());
        if got != Err(cause.to_owned()) {
            writeln!(wrong, "{text}\n  wanted {cause}\n     got {got:?}").unwrap();
        }
    }
    assert!(rows > 100 && wrong.is_empty(), "{rows} rows:\n{wrong}");
}

fn statement(more: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"});
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => statement.as_object_mut().unwrap().remove(name),
            value => statement.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    statement
}

fn key_policy(statements: &Value) -> Result<Policy, Malformed> {
    Policy::parse(&json!({"Statement": statements}).to_string(), kind("key")).map_err(|error| error.kind)
}

#[test]
fn the_statement_at_fault_is_told() {
    let bad = statement(&json!({"Effect": "Permit"}));
    let good = statement(&json!({}));
    for (statements, at) in [(json!([bad]), 0), (json!([good, bad]), 1), (json!([good, good, bad, bad]), 2)] {
        let error = Policy::parse(&json!({"Statement": statements}).to_string(), kind("key")).unwrap_err();
        assert_eq!(error.statement, Some(at));
        assert_eq!(error.to_string(), "malformed policy: `Permit` is not an effect");
    }
    assert_eq!(Policy::parse("{}", kind("key")).unwrap_err().statement, None);
}

#[test]
fn a_document_has_a_greatest_length() {
    let text = json!({"Statement": statement(&json!({}))}).to_string();
    for (of, limit) in [("key", 32_768), ("resource", 131_072)] {
        let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
        assert!(Policy::parse(&padded(limit), kind(of)).is_ok(), "{of}");
        let error = Policy::parse(&padded(limit + 1), kind(of)).unwrap_err();
        assert_eq!(error.kind, Malformed::TooLarge { bytes: limit + 1, limit }, "{of}");
    }
}

#[test]
fn a_statement_has_a_greatest_number_of_conditions() {
    let conditions = |number: usize| {
        let keys: serde_json::Map<_, _> = (0..number).map(|n| (format!("a:{n}"), json!("x"))).collect();
        key_policy(&statement(&json!({"Condition": {"StringEquals": keys}})))
    };
    assert!(conditions(256).is_ok());
    assert_eq!(conditions(257).unwrap_err(), Malformed::TooManyConditions { limit: 256 });
}

#[test]
fn a_document_has_a_greatest_depth() {
    let id =
        |depth: usize| Policy::parse(&format!(r#"{{"Id":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)), kind("key"));
    assert_eq!(id(8).unwrap_err().kind, Malformed::TooDeep { limit: 8 });
    // One level less is read, and then found not to be a string.
    assert_eq!(id(7).unwrap_err().kind.to_string(), "`Id` must be a string");
}

#[test]
fn a_stored_document_may_lack_actions_and_resources_and_nothing_else() {
    let stored = |more: Value| {
        Policy::parse_stored(&json!({"Statement": statement(&more)}).to_string(), kind("key"))
            .map(drop)
            .map_err(|error| error.kind)
    };
    for accepted in [
        json!({"Action": null}),
        json!({"Resource": null}),
        json!({"Action": null, "Resource": null}),
        json!({"Action": []}),
        json!({"Resource": []}),
        json!({"Resource": "arn:aws:kms:eu-central-1:111122223333:key/1"}),
        json!({"Resource": null, "NotResource": "x"}),
        json!({"Resource": null, "NotResource": []}),
    ] {
        assert_eq!(stored(accepted.clone()), Ok(()), "{accepted}");
        assert!(key_policy(&statement(&accepted)).is_err(), "not today: {accepted}");
    }
    for refused in [
        json!({"Effect": null}),
        json!({"Principal": null}),
        json!({"Principal": {"AWS": "nobody"}}),
        json!({"Action": "nothing"}),
        json!({"Condition": {"Equals": {"a:b": "c"}}}),
        json!({"More": 1}),
    ] {
        assert!(stored(refused.clone()).is_err(), "{refused}");
    }
}

#[test]
fn every_named_principal_is_listed_for_a_check() {
    let policy = key_policy(&json!([
        statement(
            &json!({"Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/alice"], "Service": "logs.amazonaws.com"}})
        ),
        statement(&json!({"Effect": "Deny", "Principal": null, "NotPrincipal": {"AWS": "111122223333"}})),
        statement(&json!({})),
    ]));
    let policy = policy.unwrap();
    let owner = PrincipalName::Account(account(OWNER));
    let names: Vec<_> = policy.principals().cloned().collect();
    let alice = PrincipalName::User("arn:aws:iam::111122223333:user/alice".into());
    let logs = PrincipalName::Service("logs.amazonaws.com".into());
    assert_eq!(names, [owner.clone(), alice, logs, owner, PrincipalName::Everyone]);
}

#[test]
fn a_policy_tells_which_keys_its_conditions_ask_for() {
    let asks = |conditions: Value, key: &str| {
        let text =
            json!({"Statement": [statement(&json!({})), statement(&json!({"Condition": conditions}))]}).to_string();
        Policy::parse(&text, kind("key")).unwrap().asks_for(key)
    };
    let asked =
        json!({"ForAnyValue:StringLike": {"KMS:ResourceAliases": "alias/a"}, "Bool": {"aws:SecureTransport": "true"}});
    assert!(asks(asked.clone(), "kms:resourcealiases") && asks(asked.clone(), "aws:securetransport"));
    assert!(!asks(asked, "kms:requestalias"));
    assert!(!asks(json!({"StringEquals": {"kms:ViaService": "kms:resourcealiases"}}), "kms:resourcealiases"));
}
