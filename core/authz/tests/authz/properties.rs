//! Properties: nothing that is read panics, a `Deny` never allows, an `Allow` never denies, and storing changes nothing.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sealroom_authz::{
    AttachedPolicy, Controls, Facts, GrantFact, IdentityPolicies, Layer, Policy, Principal, PrincipalName, decide,
    decide_with, lets_through,
};
use serde_json::{Map, Value, json};

use crate::documents::ODD;
use crate::support::{Keys, account, caller, key_facts, kind};

const KEYS: [&str; 8] = [
    "aws:username",
    "aws:PrincipalTag/team",
    "aws:CurrentTime",
    "aws:SourceIp",
    "aws:SecureTransport",
    "kms:ViaService",
    "kms:EncryptionContextKeys",
    "aws:SourceArn",
];

const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

/// Values that one operator or another reads, and what requests hold.
const VALUES: [&str; 24] = [
    "",
    "a",
    "alice",
    "*",
    "a*",
    "?",
    "s3.eu-central-1.amazonaws.com",
    "*.amazonaws.com",
    "7",
    "-1.5",
    "1767225600",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2025-12-31T23:59:59.999+05:30",
    "true",
    "FALSE",
    "QQ==",
    "192.0.2.0/24",
    "192.0.2.1",
    "2001:db8::/32",
    "arn:aws:s3:::x",
    "arn:aws:iam::*:role/*",
    "${aws:username}",
    "x${aws:PrincipalTag/team, 'none'}*${*}",
];

fn condition() -> impl Strategy<Value = (String, String, Value)> {
    let quantifier = select(vec!["", "", "ForAllValues:", "ForAnyValue:"]);
    let suffix = select(vec!["", "", "IfExists"]);
    let values = prop_oneof![
        select(&VALUES[..]).prop_map(|value| json!(value)),
        proptest::collection::vec(select(&VALUES[..]), 1..4).prop_map(|values| json!(values)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|truth| json!(truth)),
        "[ -~]{0,12}".prop_map(|text| json!(text)),
    ];
    let parts = (quantifier, select(&OPERATORS[..]), suffix, select(&KEYS[..]), values);
    parts.prop_map(|(quantifier, name, suffix, key, values)| {
        (format!("{quantifier}{name}{suffix}"), key.to_owned(), values)
    })
}

/// A statement of a key's policy. Conditions that aren't read are left out, so that most documents are policies.
fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let principal = select(vec![
        json!("*"),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/alice"}),
        json!({"AWS": ["arn:aws:iam::111122223333:role/deployer", "444455556666"]}),
        json!({"Service": "logs.amazonaws.com"}),
    ]);
    let action = select(vec![json!("kms:*"), json!(["kms:Encrypt", "kms:D*"]), json!("kms:?ncrypt"), json!("*")]);
    let negations = (any::<bool>(), proptest::bool::weighted(0.2));
    let conditions = proptest::collection::vec(condition(), 0..4);
    (principal, action, negations, conditions).prop_map(
        move |(principal, action, (not_principal, not_action), conditions)| {
            let not_principal = not_principal && effect == "Deny";
            let mut block = Map::new();
            for (operator, key, values) in conditions {
                if read_alone(&operator, &key, &values) {
                    block.entry(operator).or_insert_with(|| json!({}))[key] = values;
                }
            }
            json!({
                "Effect": effect,
                (if not_principal { "NotPrincipal" } else { "Principal" }): principal,
                (if not_action { "NotAction" } else { "Action" }): action,
                "Resource": "*",
                "Condition": block,
            })
        },
    )
}

fn read_alone(operator: &str, key: &str, values: &Value) -> bool {
    let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {operator: {key: values}}});
    read(&[statement]).is_some()
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn read(statements: &[Value]) -> Option<Policy> {
    Policy::parse(&document(statements), kind("key")).ok()
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(prop_oneof![2 => statement("Allow"), 1 => statement("Deny")], 1..5)
}

fn who() -> impl Strategy<Value = Principal> {
    select(vec![
        "root:111122223333",
        "user:111122223333:alice",
        "role:111122223333:deployer:ci",
        "federated:111122223333:guest:alice",
        "user:444455556666:carol",
        "service:logs.amazonaws.com",
        "nobody",
    ])
    .prop_map(caller)
}

fn keys() -> impl Strategy<Value = Keys> {
    let values = prop_oneof![
        6 => select(&VALUES[..]).prop_map(|value| Some(vec![value.to_owned()])),
        1 => proptest::collection::vec(select(&VALUES[..]).prop_map(str::to_owned), 0..4).prop_map(Some),
        1 => Just(None),
    ];
    let keys = select(&KEYS[..]).prop_map(str::to_ascii_lowercase);
    proptest::collection::btree_map(keys, values, 0..6).prop_map(Keys)
}

fn allowed(policy: &Policy, principal: &Principal, keys: &Keys) -> bool {
    decide(&key_facts(principal, "kms:Encrypt", policy, keys)).is_ok()
}

/// A key's policy that leaves everything to its account.
const OPEN: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}}"#;

/// The same statements as an identity policy, which names nobody.
fn identity(statements: &[Value]) -> Option<AttachedPolicy> {
    let own = statements.iter().map(|statement| {
        let mut own = statement.clone();
        let members = own.as_object_mut()?;
        members.remove("Principal");
        members.remove("NotPrincipal");
        Some(own)
    });
    let text = document(&own.collect::<Option<Vec<_>>>()?);
    Some(AttachedPolicy { name: "p".into(), policy: Policy::parse(&text, kind("identity")).ok()?.into() })
}

/// Asks a policy in every layer at once; what counts is that it ends and that a refusal can be worded.
fn ask_everywhere(policy: Policy, keys: &Keys) {
    let principal = caller("role:111122223333:deployer:ci");
    let policy = Arc::new(policy);
    let attached = [AttachedPolicy { name: "p".into(), policy: Arc::clone(&policy) }];
    let levels = [Arc::from(attached.clone())];
    let facts = Facts {
        identity: IdentityPolicies { attached: &attached, boundary: Some(&attached[0]), session: Some(&attached) },
        controls: Controls { service_control: &levels, resource_control: &levels, endpoint: Some(&attached[0]) },
        ..key_facts(&principal, "kms:Encrypt", &policy, keys)
    };
    if let Err(denied) = decide(&facts) {
        let message = denied.message(principal.arn(), facts.action, facts.resource.arn);
        assert!(message.starts_with("User: arn:aws:sts::111122223333:assumed-role/deployer/ci is not authorized"));
        denied.findings().iter().for_each(|finding| assert!(finding.to_string().contains("policy")));
    }
}

/// A string that must be somewhere in the text, replaced by others that reach for its neighbours.
fn mutated(text: &str, edits: &[(Index, String)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (at, with)| {
        let mut characters: Vec<_> = text.chars().collect();
        let begin = at.index(characters.len().max(1)).min(characters.len());
        let end = (begin + with.chars().count() % 3).min(characters.len());
        characters.splice(begin..end, with.chars());
        characters.into_iter().collect()
    })
}

/// As [`allowed`], with grants to these.
fn granted(policy: &Policy, principal: &Principal, keys: &Keys, grantees: &[(PrincipalName, &str)]) -> bool {
    let fact = |(grantee, issuer): &'_ (PrincipalName, &str)| (grantee.clone(), account(issuer));
    let grantees: Vec<_> = grantees.iter().map(fact).collect();
    let grants: Vec<_> =
        grantees.iter().map(|(grantee, issuer)| GrantFact { id: "g", grantee, issued_by: *issuer }).collect();
    decide_with(&key_facts(principal, "kms:Encrypt", policy, keys), &grants).is_ok()
}

fn grantees() -> impl Strategy<Value = Vec<(PrincipalName, &'static str)>> {
    let grantee = select(vec![
        "111122223333",
        "444455556666",
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:role/deployer",
        "arn:aws:sts::111122223333:assumed-role/deployer/ci",
        "arn:aws:iam::444455556666:user/carol",
    ]);
    let grantee = grantee.prop_map(|text| PrincipalName::parse_aws(text).unwrap());
    proptest::collection::vec((grantee, select(vec!["111122223333", "444455556666"])), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_deny_never_allows(statements in statements(), deny in statement("Deny"), at: Index, who in who(), keys in keys()) {
        let before = read(&statements).unwrap();
        let mut more = statements.clone();
        more.insert(at.index(statements.len() + 1), deny);
        let after = read(&more).unwrap();
        prop_assert!(allowed(&before, &who, &keys) || !allowed(&after, &who, &keys));
    }

    /// Grants only give: with more of them nobody gets less, and a `Deny` gives nobody more.
    #[test]
    fn grants_only_give_and_a_deny_beats_them(
        statements in statements(),
        deny in statement("Deny"),
        at: Index,
        who in who(),
        keys in keys(),
        grantees in grantees(),
    ) {
        let before = read(&statements).unwrap();
        prop_assert!(!allowed(&before, &who, &keys) || granted(&before, &who, &keys, &grantees));
        let mut more = statements.clone();
        more.insert(at.index(statements.len() + 1), deny);
        let after = read(&more).unwrap();
        prop_assert!(granted(&before, &who, &keys, &grantees) || !granted(&after, &who, &keys, &grantees));
        let nobodys = grantees.iter().all(|(grantee, _)| *grantee == PrincipalName::parse_aws("444455556666").unwrap());
        if nobodys && who.account() != Some(account("444455556666")) {
            prop_assert_eq!(allowed(&before, &who, &keys), granted(&before, &who, &keys, &grantees));
        }
    }

    #[test]
    fn an_allow_never_denies(statements in statements(), allow in statement("Allow"), at: Index, who in who(), keys in keys()) {
        let before = read(&statements).unwrap();
        let mut more = statements.clone();
        more.insert(at.index(statements.len() + 1), allow);
        let after = read(&more).unwrap();
        prop_assert!(!allowed(&before, &who, &keys) || allowed(&after, &who, &keys));
    }

    /// What is added to one layer gives no more than each layer that has to allow besides allows by itself.
    #[test]
    fn an_allow_never_widens_past_another_layer(
        statements in statements(),
        allow in statement("Allow"),
        limits in statements(),
        at: Index,
        keys in keys(),
    ) {
        let Some(limit) = identity(&limits) else { return Ok(()) };
        let mut more = statements.clone();
        more.insert(at.index(statements.len() + 1), allow);
        let Some(wide) = identity(&more) else { return Ok(()) };
        let (limit, wide) = ([limit], [wide]);
        let level = [Arc::from(limit.clone())];
        let principal = caller("role:111122223333:deployer:ci");
        let key = Policy::parse(OPEN, kind("key")).unwrap();
        let bare = key_facts(&principal, "kms:Encrypt", &key, &keys);
        let within = |identity: IdentityPolicies<'_>, controls: Controls<'_>, layer| {
            let facts = Facts { identity, controls, ..bare };
            decide(&facts).is_err() || lets_through(layer, &facts)
        };
        let own = IdentityPolicies { attached: &wide, ..IdentityPolicies::NONE };
        let bounded = IdentityPolicies { boundary: Some(&limit[0]), ..own };
        let in_session = IdentityPolicies { session: Some(&limit), ..own };
        let organized = Controls { service_control: &level, ..Controls::NONE };
        for (identity, controls, layer) in [
            (bounded, Controls::NONE, Layer::Boundary),
            (in_session, Controls::NONE, Layer::Session),
            (own, organized, Layer::ServiceControl),
        ] {
            prop_assert!(within(identity, controls, layer), "{layer:?}");
        }
    }

    #[test]
    fn a_deny_of_everything_denies(statements in statements(), at: Index, who in who(), keys in keys()) {
        let mut more = statements.clone();
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        more.insert(at.index(statements.len() + 1), deny);
        prop_assert!(!allowed(&read(&more).unwrap(), &who, &keys));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(statements in statements(), who in who(), keys in keys()) {
        let reversed: Vec<_> = statements.iter().rev().cloned().collect();
        let (one, other) = (read(&statements).unwrap(), read(&reversed).unwrap());
        prop_assert_eq!(allowed(&one, &who, &keys), allowed(&other, &who, &keys));
    }

    #[test]
    fn the_same_question_gets_the_same_answer(statements in statements(), who in who(), keys in keys()) {
        let (policy, stored) = (read(&statements).unwrap(), Policy::parse_stored(&document(&statements), kind("key")).unwrap());
        let answer = allowed(&policy, &who, &keys);
        prop_assert_eq!(answer, allowed(&policy, &who, &keys));
        prop_assert_eq!(answer, allowed(&stored, &who, &keys));
    }

    /// With a key that can't be told, a caller gets no more than with any value of it.
    #[test]
    fn what_cannot_be_told_gives_nothing(statements in statements(), who in who(), keys in keys(), key in select(&KEYS[..])) {
        let policy = read(&statements).unwrap();
        let mut untold = keys.clone();
        untold.0.insert(key.to_ascii_lowercase(), None);
        prop_assert!(!allowed(&policy, &who, &untold) || allowed(&policy, &who, &keys));
    }

    #[test]
    fn generated_policies_are_asked_everywhere(statements in statements(), keys in keys()) {
        ask_everywhere(read(&statements).unwrap(), &keys);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        for of in ["key", "trust", "resource", "identity"] {
            let _ = Policy::parse(&text, kind(of));
            let _ = Policy::parse_stored(&text, kind(of));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(Policy::parse(&text, kind("key")).is_err());
    }

    #[test]
    fn odd_documents_that_are_bent_are_read_or_refused(
        which in select(&ODD[..]),
        edits in proptest::collection::vec((any::<Index>(), r#"[-"\[\]{}:,$*?'0-9a-zA-ZTZé. ]{0,4}"#), 1..4),
        keys in keys(),
    ) {
        let text = mutated(which.1, &edits);
        for policy in [Policy::parse(&text, kind(which.0)), Policy::parse_stored(&text, kind(which.0))].into_iter().flatten() {
            ask_everywhere(policy, &keys);
        }
    }

    #[test]
    fn generated_policies_that_are_bent_are_read_or_refused(
        statements in statements(),
        edits in proptest::collection::vec((any::<Index>(), r#"[-"\[\]{}:,$*?'0-9a-zA-ZTZé. ]{0,4}"#), 1..4),
        keys in keys(),
    ) {
        if let Ok(policy) = Policy::parse(&mutated(&document(&statements), &edits), kind("key")) {
            ask_everywhere(policy, &keys);
        }
    }

    /// Values of conditions by themselves: dates, numbers and addresses that are nearly right.
    #[test]
    fn nearly_right_values_are_read_or_refused(
        operator in select(&OPERATORS[..]),
        value in r"[-+]?[0-9]{0,4}(-[0-9]{1,2}){0,2}(T[0-9]{1,2}(:[0-9]{2}){0,2}(\.[0-9]{1,10})?(Z|[-+][0-9]{2}:[0-9]{2})?)?|[0-9a-f:.]{1,30}(/[0-9]{1,3})?|\$\{[a-z:,' *}]{0,12}\}?",
        keys in keys(),
    ) {
        let mut keys = keys;
        keys.0.insert("a:b".to_owned(), Some(vec![value.clone()]));
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {operator: {"a:b": value}}});
        if let Some(policy) = read(&[statement]) {
            ask_everywhere(policy, &keys);
        }
    }
}
