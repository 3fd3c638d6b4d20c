//! What must hold for any input: nothing panics, what we sign verifies, and nothing signed can be changed.

use http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

/// Texts that are nearly a signature: its own words in any order, and anything else between them.
fn nearly(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => prop::sample::select(words).prop_map(str::to_owned), 1 => "[ -~]{0,6}"];
    prop::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

fn nearly_a_header() -> impl Strategy<Value = String> {
    nearly(&[
        "AWS4-HMAC-SHA256",
        " ",
        "AWS4-",
        "Credential=",
        "AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request",
        ", ",
        ",",
        "=",
        "/",
        "SignedHeaders=",
        "host",
        ";",
        "x-amz-date",
        "Signature=",
        "5fa00fa31553b73ebf1942676e86291e",
    ])
}

fn nearly_a_query() -> impl Strategy<Value = String> {
    nearly(&[
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "&",
        "X-Amz-Credential=",
        "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fkms%2Faws4_request",
        "X-Amz-Date=20150830T123600Z",
        "X-Amz-SignedHeaders=host",
        "%3B",
        "X-Amz-Signature=",
        "00",
        "%",
        "%4",
        "+",
        "=",
        "%FF",
        "X-Amz-Security-Token=",
        "Action=GetCallerIdentity",
    ])
}

#[derive(Debug)]
struct Drawn {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

/// A request whose every part is drawn.
fn any_request() -> impl Strategy<Value = Drawn> {
    let segment =
        prop_oneof!["[a-zA-Z0-9._~!$&'()*+,;=:@-]{0,6}", Just("%2f%20%C3%a4".to_owned()), Just("..".to_owned())];
    let path = prop::collection::vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")));
    let pair = "[a-zA-Z0-9._~/?:@!$'()*+,;=-]{0,6}(%2[0-9A-Fa-f])?(=[a-zA-Z0-9%+]{0,4})?";
    let query = prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&"));
    let name = prop::sample::select(vec!["x-a", "x-amz-meta", "content-type", "accept", "z"]);
    let value = prop::collection::vec(prop_oneof![Just(b' '), Just(b'\t'), 0x21u8..0x7f, 0x80u8..=0xff], 0..12);
    let headers = prop::collection::vec((name, value), 0..6);
    let target =
        (path, query).prop_map(|(path, query)| if query.is_empty() { path } else { format!("{path}?{query}") });
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]);
    (method, target, headers, any::<Vec<u8>>()).prop_map(|(method, target, headers, body)| Drawn {
        method,
        target,
        headers,
        body,
    })
}

proptest! {
    #[test]
    fn any_authorization_header_is_read_or_refused(
        header in nearly_a_header(),
        stamp in prop_oneof![Just(STAMP.to_owned()), "[ -~]{0,20}"],
    ) {
        let mut parts = parts(Builder::new().method("POST").uri("/").header("host", "h").header("x-amz-date", stamp));
        parts.headers.insert("authorization", HeaderValue::from_str(&header).unwrap());
        prop_assert!(check(&parts, b"", &Rules::KMS, SECRET, at(STAMP)).is_err());
    }

    #[test]
    fn any_query_is_read_or_refused(query in nearly_a_query()) {
        let mut parts = parts(Builder::new().method("GET").uri("/").header("host", "h"));
        let Ok(uri) = format!("/?{query}").parse() else { return Ok(()) };
        parts.uri = uri;
        prop_assert!(check(&parts, b"", &Rules::KMS, SECRET, at(STAMP)).is_err());
    }

    #[test]
    fn raw_bytes_in_every_place_are_read_or_refused(
        header in prop::collection::vec(any::<u8>(), 0..80),
        path in "\\PC{0,20}",
        query in "\\PC{0,40}",
    ) {
        let mut headers = http::HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            headers.insert("authorization", value);
        }
        let request = Request { method: "POST", path: &path, query: &query, authority: None, headers: &headers };
        prop_assert!(Presented::read(&request, &Rules::KMS, at(STAMP)).is_err());
    }

    #[test]
    fn what_we_sign_verifies(drawn in any_request(), token in prop::option::of("[!-~]{1,40}")) {
        let Drawn { method, target, headers, body } = drawn;
        let Ok(uri) = target.parse::<http::Uri>() else { return Ok(()) };
        let mut parts = parts(Builder::new().method(method).uri(uri).header("host", "localhost:4566"));
        for (name, value) in headers {
            parts.headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(&value).unwrap());
        }
        let credentials = Credentials {
            access_key_id: KEY_ID,
            secret_access_key: SECRET.as_bytes(),
            session_token: token.as_deref(),
        };
        sign(&mut parts, &body, &credentials, "us-east-1".parse().unwrap(), "kms", at(STAMP)).unwrap();
        prop_assert_eq!(check(&parts, &body, &Rules::KMS, SECRET, at(STAMP)), Ok(()));

        let mut longer = body;
        longer.push(0);
        prop_assert_eq!(check(&parts, &longer, &Rules::KMS, SECRET, at(STAMP)), Err(Refusal::Mismatch));
    }
}

/// Every text that differs from `text` in one bit.
fn one_bit_off(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..text.len() * 8).map(|bit| {
        let mut changed = text.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    })
}

#[test]
fn every_single_bit_of_the_body_is_signed() {
    let body = br#"{"KeyId":"alias/a","Plaintext":"aGVsbG8="}"#;
    let parts = signed_encrypt(body);
    assert_eq!(check(&parts, body, &Rules::KMS, SECRET, at(STAMP)), Ok(()));
    for changed in one_bit_off(body) {
        assert_eq!(check(&parts, &changed, &Rules::KMS, SECRET, at(STAMP)), Err(Refusal::Mismatch));
    }
}

#[test]
fn every_single_bit_of_every_header_is_signed() {
    let parts = signed_encrypt(b"{}");
    let mut tried = 0;
    for name in parts.headers.keys() {
        for changed in one_bit_off(parts.headers[name].as_bytes()) {
            let Ok(value) = HeaderValue::from_bytes(&changed) else { continue };
            let mut other = parts.clone();
            other.headers.insert(name, value);
            let checked = check(&other, b"{}", &Rules::KMS, SECRET, at(STAMP));
            assert!(checked.is_err(), "{name}: {}", String::from_utf8_lossy(&changed));
            tried += 1;
        }
    }
    assert!(tried > 1_500, "{tried} changes of headers were tried");
}

#[test]
fn method_path_and_query_are_signed() {
    let parts = signed_encrypt(b"{}");
    for (method, target) in
        [("PUT", "/"), ("post", "/"), ("POST", "/a"), ("POST", "/?"), ("POST", "/?a"), ("POST", "/%2F")]
    {
        let mut other = parts.clone();
        other.method = method.parse().unwrap();
        other.uri = target.parse().unwrap();
        // AWS: an empty query is none.
        let expected = if target == "/?" { Ok(()) } else { Err(Refusal::Mismatch) };
        assert_eq!(check(&other, b"{}", &Rules::KMS, SECRET, at(STAMP)), expected, "{method} {target}");
    }
}

#[test]
fn every_single_bit_of_a_presigned_query_is_signed() {
    let target = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
                  AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&\
                  X-Amz-SignedHeaders=host&X-Amz-Signature=";
    let unsigned = presigned(&format!("{target}{}", "0".repeat(64)));
    let signature = signature_of(&unsigned);
    let good = format!("{target}{signature}");
    assert_eq!(check(&presigned(&good), b"", &Rules::STS, SECRET, at(STAMP)), Ok(()));
    let mut tried = 0;
    for changed in one_bit_off(good.as_bytes()) {
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let Ok(uri) = changed.parse::<http::Uri>() else { continue };
        // The case of a hex digit in an escape carries no meaning: the canonical form is the same.
        if decoded(uri.query()) == decoded(good.parse::<http::Uri>().unwrap().query()) && uri.path() == "/" {
            continue;
        }
        let mut parts = presigned(&good);
        parts.uri = uri;
        assert!(check(&parts, b"", &Rules::STS, SECRET, at(STAMP)).is_err(), "{changed}");
        tried += 1;
    }
    assert!(tried > 1_000, "{tried} changes of the query were tried");
}

fn presigned(target: &str) -> Parts {
    parts(Builder::new().method("GET").uri(target).header("host", "sts.amazonaws.com"))
}

fn signature_of(parts: &Parts) -> String {
    let request = Request::from(parts);
    let scope = crate::sigv4::canonical::Scope { date: "20150830", region: "us-east-1", service: "sts" };
    let mut text = Vec::new();
    crate::sigv4::canonical::string_to_sign(&request, "host", &sha256(b""), STAMP, scope, &mut text).unwrap();
    let key = SigningKey::derive(SECRET.as_bytes(), "20150830", "us-east-1", "sts");
    String::from_utf8(crate::sigv4::canonical::hex(&key.tag(&text)).to_vec()).unwrap()
}

fn decoded(query: Option<&str>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = crate::sigv4::canonical::parameters(query.unwrap_or_default());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
