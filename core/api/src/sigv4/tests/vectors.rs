//! botocore as the oracle: requests of the real clients, presigned ones, and drawn ones, as botocore signed them.
//!
//! `tests/sigv4/botocore_vectors.py` writes the file and says how.

use http::header::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Recorded {
    stamp: String,
    secret: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    region: String,
    service: String,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../../../tests/sigv4/botocore_vectors.json")).unwrap()
}

fn as_sent(vector: &Vector) -> Parts {
    let mut parts = parts(Builder::new().method(vector.method.as_str()).uri(vector.target.as_str()));
    for (name, value) in &vector.headers {
        let name: HeaderName = name.parse().unwrap();
        parts.headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    parts
}

#[test]
fn what_botocore_signs_verifies() {
    let Recorded { stamp, secret, vectors } = recorded();
    assert!(vectors.len() > 150, "the file holds {} vectors", vectors.len());
    for vector in &vectors {
        let rules = Rules { service: &vector.service, ..EXAMPLES };
        let checked = check(&as_sent(vector), vector.body.as_bytes(), &rules, &secret, at(&stamp));
        assert_eq!(checked, Ok(()), "{}: {}", vector.name, vector.target);
    }
}

#[test]
fn what_botocore_signs_names_its_key_scope_and_session() {
    let Recorded { stamp, vectors, .. } = recorded();
    for vector in &vectors {
        let (parts, rules) = (as_sent(vector), Rules { service: &vector.service, ..EXAMPLES });
        let presented = Presented::read(&Request::from(&parts), &rules, at(&stamp)).unwrap();
        assert_eq!(presented.access_key_id(), "AKIAIOSFODNN7EXAMPLE", "{}", vector.name);
        assert_eq!(presented.region().as_str(), vector.region, "{}", vector.name);
        assert_eq!(presented.service(), vector.service, "{}", vector.name);
        assert_eq!(presented.date(), "20260912", "{}", vector.name);
        let token = presented.session_token();
        assert!(token.is_none_or(|token| token == "IQoJb3JpZ2luX2VjEXAMPLE//Token+/=="), "{}: {token:?}", vector.name);
        assert!(!vector.name.ends_with("token=True") || token.is_some(), "{}", vector.name);
    }
}

#[test]
fn what_botocore_signs_fails_with_another_secret() {
    let Recorded { stamp, vectors, .. } = recorded();
    for vector in &vectors {
        let rules = Rules { service: &vector.service, ..EXAMPLES };
        let checked = check(&as_sent(vector), vector.body.as_bytes(), &rules, "another", at(&stamp));
        assert_eq!(checked, Err(Refusal::Mismatch), "{}", vector.name);
    }
}
