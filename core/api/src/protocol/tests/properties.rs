//! Whatever a body holds, decoding ends in an input or in one of AWS's errors; and of every served operation every
//! member, however deep, is really read and checked.
//!
//! Bodies are made from the interface tables themselves, so that operations that are served later are in here too.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::wire;
use crate::error::ErrorAnswer;
use crate::kms::Operation;
use crate::kms::operations::probe;
use crate::serve::Compat;

fn table() -> Value {
    serde_json::from_str(include_str!("../../../../../models/kms.json")).unwrap()
}

/// A text that holds the constraints of a shape. Shapes whose pattern no row of `a` matches are named.
fn text(name: &str, shape: &Value) -> String {
    let known = match name {
        "AccountIdType" => "111122223333",
        "CloudHsmClusterIdType" => "cluster-aaaaaaaaaaa",
        "GrantConstraintSourceArnType" => "arn:aws:sns:us-east-1:111122223333:a",
        "RegionType" => "us-east-1",
        "ServicePrincipalType" => "sns.amazonaws.com",
        "XksProxyAuthenticationAccessKeyIdType" => "AAAAAAAAAAAAAAAAAAAA",
        "XksProxyUriEndpointType" => "https://a.example",
        "XksProxyUriPathType" => "/kms/xks/v1",
        "XksProxyVpcEndpointServiceNameType" => "com.amazonaws.vpce.us-east-1.vpce-svc-0a",
        _ => "",
    };
    let min = usize::try_from(shape["min"].as_u64().unwrap_or(1)).unwrap();
    if known.is_empty() { "a".repeat(min.max(1)) } else { known.to_owned() }
}

/// A value with every member there.
fn full(table: &Value, name: &str) -> Value {
    let shape = &table["shapes"][name];
    match shape["type"].as_str().unwrap() {
        "string" => match shape["enum"].as_array() {
            Some(values) => values[0].clone(),
            None => text(name, shape).into(),
        },
        "blob" => json!("YWFh"),
        "boolean" => json!(true),
        "integer" | "long" => shape["min"].as_i64().unwrap_or(1).into(),
        "timestamp" => json!(1_800_000_000.5),
        "list" => json!([full(table, shape["member"]["shape"].as_str().unwrap())]),
        "map" => json!({"a": full(table, shape["value"]["shape"].as_str().unwrap())}),
        "structure" => {
            let members = shape["members"].as_object().unwrap().iter();
            members.map(|(name, member)| (name.clone(), full(table, member["shape"].as_str().unwrap()))).collect()
        }
        other => panic!("{other}"),
    }
}

fn body(table: &Value, operation: Operation) -> Value {
    match table["operations"][operation.name()]["input"].as_str() {
        Some(input) => full(table, input),
        None => Value::Object(Map::new()),
    }
}

/// Pointers to every value below a value, itself not counted.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let at = format!("{at}/{name}");
        places(child, &at, out);
        out.push(at);
    }
}

fn decode(operation: Operation, body: &Value) -> Result<Vec<u8>, ErrorAnswer> {
    probe(operation, body.to_string().as_bytes(), wire(Compat::Aws))
}

fn is_of_aws(answer: &Result<Vec<u8>, ErrorAnswer>) -> bool {
    match answer {
        Ok(record) => serde_json::from_slice::<Value>(record).is_ok_and(|value| value.is_object() || value.is_null()),
        Err(error) => error.status == 400 && ["ValidationException", "SerializationException"].contains(&&*error.code),
    }
}

#[test]
fn a_full_body_of_every_operation_is_read() {
    let table = table();
    for operation in Operation::ALL {
        let answer = decode(*operation, &body(&table, *operation));
        assert!(answer.is_ok(), "{}: {answer:?}", operation.name());
    }
}

#[test]
fn every_member_at_every_depth_is_read_and_refused_when_it_is_of_another_kind() {
    let table = table();
    let mut deepest = 0;
    for operation in Operation::ALL {
        let fine = body(&table, *operation);
        let mut all = Vec::new();
        places(&fine, "", &mut all);
        assert_eq!(all.is_empty(), fine == json!({}), "{}", operation.name());
        for place in all {
            deepest = deepest.max(place.matches('/').count());
            let mut wrong = fine.clone();
            let value = wrong.pointer_mut(&place).unwrap();
            *value = if value.is_object() { json!([]) } else { json!({"nothing": "of this kind"}) };
            let error = decode(*operation, &wrong).expect_err(&place);
            assert_eq!(error.code, "SerializationException", "{} {place}", operation.name());
            assert!(error.message.is_some(), "{} {place}", operation.name());
        }
    }
    assert!(deepest >= 3, "`/Tags/0/TagKey` is among them");
}

#[test]
fn every_required_member_is_missed() {
    let table = table();
    let mut missed = 0;
    for operation in Operation::ALL {
        let Some(input) = table["operations"][operation.name()]["input"].as_str() else { continue };
        for name in table["shapes"][input]["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            for absent in [None, Some(Value::Null)] {
                let mut body = body(&table, *operation);
                let members = body.as_object_mut().unwrap();
                members.remove(name);
                members.extend(absent.map(|null| (name.to_owned(), null)));
                let (first, rest) = name.split_at(1);
                let path = first.to_ascii_lowercase() + rest;
                let message = decode(*operation, &body).unwrap_err().message.unwrap();
                let wanted = format!(
                    "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
                );
                assert_eq!(message, wanted, "{}", operation.name());
                missed += 1;
            }
        }
    }
    assert!(missed >= 20, "{missed}");
}

/// Values that stand where others should.
fn odd() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[A-Za-z0-9+/]{0,60}={0,2}".prop_map(Value::from),
        (0usize..9_000).prop_map(|length| Value::from("a".repeat(length))),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[A-Za-z]{0,12}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), index in any::<prop::sample::Index>()) {
        let operation = *index.get(Operation::ALL);
        prop_assert!(is_of_aws(&probe(operation, &bytes, wire(Compat::Extended))));
    }

    #[test]
    fn any_json_ends_in_an_answer(value in odd(), index in any::<prop::sample::Index>()) {
        let operation = *index.get(Operation::ALL);
        prop_assert!(is_of_aws(&decode(operation, &value)));
    }

    #[test]
    fn a_body_with_an_odd_value_somewhere_ends_in_an_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), odd()), 1..4),
        index in any::<prop::sample::Index>(),
    ) {
        let operation = *index.get(Operation::ALL);
        let mut body = body(&table(), operation);
        for (place, value) in changes {
            let mut all = Vec::new();
            places(&body, "", &mut all);
            if let Some(place) = (!all.is_empty()).then(|| place.get(&all)).and_then(|at| body.pointer_mut(at)) {
                *place = value;
            }
        }
        prop_assert!(is_of_aws(&decode(operation, &body)));
    }

    #[test]
    fn a_damaged_body_ends_in_an_answer(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
        index in any::<prop::sample::Index>(),
    ) {
        let operation = *index.get(Operation::ALL);
        let mut bytes = body(&table(), operation).to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert!(is_of_aws(&probe(operation, &bytes, wire(Compat::Aws))));
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(is_of_aws(&probe(operation, &bytes, wire(Compat::Aws))));
    }

    #[test]
    fn any_form_ends_in_an_answer(
        form in "([A-Za-z.0-9%+]{0,20}[=&.]?){0,20}",
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        index in any::<prop::sample::Index>(),
    ) {
        for body in [form.as_bytes(), &bytes] {
            let answer = crate::sts::operations::probe(crate::sts::Operation::GetCallerIdentity, body, wire(Compat::Aws));
            prop_assert!(answer.is_ok() || answer.is_err_and(|error| error.code == "MalformedInput"));
            let _ = crate::protocol::query::action(body);
            let operation = *index.get(crate::iam::Operation::ALL);
            if let Err(error) = crate::iam::operations::probe(operation, body, wire(Compat::Aws)) {
                prop_assert!(["MalformedInput", "ValidationError"].contains(&&*error.code), "{}", error.code);
            }
        }
    }
}
