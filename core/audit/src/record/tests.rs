//! Golden records, and what must hold for any event.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use proptest::prelude::*;
use sealroom_foundation::{KeyId, MaterialId, RequestId, Timestamp};
use serde_json::Value;

use super::*;
use crate::event::EventContext;
use crate::packed::Packed;

const KMS: &str = "kms.amazonaws.com";

fn context() -> EventContext {
    EventContext {
        identity: Packed::of_json(
            r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}"#,
        ),
        identity_elsewhere: Packed::of_json(
            r#"{"type":"AWSAccount","principalId":"111122223333","accountId":"111122223333"}"#,
        ),
        origin: Origin::Address(Ipv4Addr::new(192, 0, 2, 10).into()),
        user_agent: Arc::from("Boto3/1.40.0 md/Botocore#1.40.0"),
        region: "eu-central-1".parse().unwrap(),
        request: Some(RequestId::from_random([7; 16])),
        tls: Some(Arc::new(TlsDetails {
            version: "TLSv1.3".into(),
            cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
            key_exchange: Some("X25519MLKEM768".into()),
            host: Arc::from("kms.eu-central-1.amazonaws.com"),
        })),
        time: Timestamp::parse_iso_basic("20260912T062124Z").unwrap(),
        recipient: account("111122223333"),
    }
}

fn account(digits: &str) -> AccountId {
    digits.parse().unwrap()
}

fn key_of(owner: &str) -> KeyArn {
    KeyArn {
        region: "eu-central-1".parse().unwrap(),
        account: account(owner),
        key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
    }
}

fn encrypt(context: EventContext, owner: &str) -> Event {
    Event::call(&Arc::new(context), KMS, "Encrypt", true)
        .request(br#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"alias/example"}"#.to_vec())
        .resource(Resource::Key(key_of(owner)))
}

fn rendered(event: &Event, owner: Option<AccountId>) -> String {
    let shared = event.shared_with.map(|_| EventId::from_random([9; 16]));
    let mut out = Vec::new();
    write(&mut out, &Copied { event, id: EventId::from_random([8; 16]), shared, owner }).unwrap();
    String::from_utf8(packed::unpack(&out).unwrap()).unwrap()
}

/// Compares with `tests/golden/<name>.json`, in the record's own order of members; `UPDATE=1` rewrites the file.
fn golden(name: &str, records: &[String]) {
    let text = format!("[\n{}\n]\n", records.join(",\n"));
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str::<Value>(&text).unwrap();
    #[expect(clippy::disallowed_methods, reason = "who runs the tests says whether goldens are rewritten")]
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    #[expect(clippy::disallowed_methods, reason = "the golden file is the test's own")]
    let expected = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(text, expected, "{path} differs; UPDATE=1 rewrites it");
}

#[test]
fn a_successful_call_is_recorded_as_aws_does() {
    let event = encrypt(context(), "111122223333").key_material(MaterialId::from_bytes([0xab; 32]));
    golden("success", &[rendered(&event, None)]);
}

#[test]
fn a_refusal_has_its_code_and_a_message_only_if_there_is_one() {
    let denied = encrypt(context(), "111122223333").error("AccessDenied", Some("not \"authorized\"\n"));
    let invalid = Event::call(&Arc::new(context()), KMS, "Decrypt", true).error("InvalidCiphertextException", None);
    golden("refusal", &[rendered(&denied, None), rendered(&invalid, None)]);
}

#[test]
fn what_the_service_does_itself_is_a_service_event() {
    let recipient = account("111122223333");
    let internal = EventContext::internal(recipient, "eu-central-1".parse().unwrap(), context().time);
    let deleted = Event::service(&internal, KMS, "DeleteKey")
        .details(br#"{"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}"#.to_vec())
        .resource(Resource::Key(key_of("111122223333")));
    golden("service-event", &[rendered(&deleted, None)]);
}

#[test]
fn a_cross_account_call_is_a_pair_with_one_shared_id() {
    let owner = account("444455556666");
    let event = encrypt(context(), "444455556666").shared_with(owner);
    golden("cross-account", &[rendered(&event, None), rendered(&event, Some(owner))]);
    assert_eq!(encrypt(context(), "111122223333").shared_with(account("111122223333")).shared_with, None);
}

#[test]
fn members_that_few_calls_have() {
    let no_tls = EventContext { tls: None, origin: Origin::Address(Ipv6Addr::LOCALHOST.into()), ..context() };
    let materials = [MaterialId::from_bytes([1; 32]), MaterialId::from_bytes([2; 32])];
    let reencrypt = Event::call(&Arc::new(no_tls), KMS, "ReEncrypt", true)
        .key_materials(Some(materials[0]), Some(materials[1]))
        .resource(Resource::Key(key_of("111122223333")))
        .resource(Resource::Key(KeyArn { key: KeyId::from_bytes(true, [0x5a; 16]), ..key_of("111122223333") }));
    let role = Resource::Other {
        account: Some(account("111122223333")),
        kind: "AWS::IAM::Role",
        arn: "arn:aws:iam::111122223333:role/example".into(),
    };
    let object = Resource::Other { account: None, kind: "AWS::S3::Object", arn: "arn:aws:s3:::bucket/key".into() };
    let assume = Event::call(&Arc::new(context()), "sts.amazonaws.com", "AssumeRole", true)
        .response(br#"{"assumedRoleUser":{}}"#.to_vec())
        .additional(br#"{"grantId":"abc"}"#.to_vec())
        .resource(role)
        .resource(object);
    let from_service = EventContext { origin: Origin::Service("s3.amazonaws.com"), ..context() };
    let one_sided =
        Event::call(&Arc::new(from_service), KMS, "ReEncrypt", true).key_materials(None, Some(materials[1]));
    golden("rare-members", &[reencrypt, assume, one_sided].map(|event| rendered(&event, None)));
}

fn object_of(len: usize) -> Vec<u8> {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8)).into_bytes()
}

#[test]
fn a_record_at_the_limit_is_whole_and_one_byte_more_loses_its_parameters() {
    let base = rendered(&encrypt(context(), "111122223333").request(object_of(100)), None).len() - 100;
    let with = |len| rendered(&encrypt(context(), "111122223333").request(object_of(len)), None);
    let whole = with(RECORD_MAX - base);
    assert_eq!(whole.len(), RECORD_MAX);
    assert!(!whole.contains("omitted"));
    let cut = with(RECORD_MAX - base + 1);
    let cut: Value = serde_json::from_str(&cut).unwrap();
    assert_eq!(cut["requestParameters"]["omitted"], true);
    assert_eq!(cut["requestParameters"]["originalSize"], RECORD_MAX - base + 1);
    assert_eq!(cut["responseElements"], Value::Null);
}

#[test]
fn fragments_that_are_too_long_together_are_all_left_out() {
    let event = encrypt(context(), "111122223333")
        .request(object_of(RECORD_MAX))
        .response(object_of(RECORD_MAX))
        .additional(object_of(RECORD_MAX))
        .details(object_of(RECORD_MAX));
    let record: Value = serde_json::from_str(&rendered(&event, None)).unwrap();
    for member in ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"] {
        assert_eq!(record[member]["omitted"], true, "{member}");
    }
}

#[test]
fn an_event_that_does_not_fit_even_bare_leaves_the_buffer_alone() {
    let identity = Packed::of_json(&String::from_utf8(object_of(RECORD_MAX)).unwrap());
    let event = encrypt(EventContext { identity, ..context() }, "111122223333");
    let mut out = b"before".to_vec();
    let copied = Copied { event: &event, id: EventId::from_random([8; 16]), shared: None, owner: None };
    assert_eq!(write(&mut out, &copied), Err(TooLong));
    assert_eq!(out, b"before");
}

#[test]
fn long_texts_are_cut_between_characters() {
    let text = format!("{}é", "x".repeat(TEXT_MAX - 1));
    let agent = EventContext { user_agent: Arc::from(text.as_str()), ..context() };
    let record = rendered(&encrypt(agent, "111122223333").error("E", Some(&text)), None);
    let record: Value = serde_json::from_str(&record).unwrap();
    for member in ["userAgent", "errorMessage"] {
        assert_eq!(record[member].as_str().unwrap().len(), TEXT_MAX - 1, "{member}");
    }
    assert_eq!(json::head("é", 2), "é");
}

#[test]
fn numbers_are_padded_and_never_cut() {
    for (number, width, text) in [(0, 1, "0"), (7, 2, "07"), (2026, 4, "2026"), (u64::MAX, 1, "18446744073709551615")] {
        let mut out = Vec::new();
        json::decimal(&mut out, number, width);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

proptest! {
    #[test]
    fn any_event_becomes_valid_json_that_says_what_it_was_given(
        agent in any::<String>(),
        code in any::<String>(),
        message in any::<Option<String>>(),
        host in any::<String>(),
        arn in any::<String>(),
        parameter in any::<String>(),
        address in any::<IpAddr>(),
        seconds in -62_135_596_800i64..253_402_300_799,
    ) {
        let tls = TlsDetails { version: "TLSv1.2".into(), cipher_suite: "C".into(), key_exchange: None, host: Arc::from(host.as_str()) };
        let context = EventContext {
            user_agent: Arc::from(agent.as_str()),
            origin: Origin::Address(address),
            time: Timestamp::from_seconds(seconds),
            tls: Some(Arc::new(tls)),
            ..context()
        };
        let event = encrypt(context, "111122223333")
            .request(serde_json::to_vec(&serde_json::json!({"p": parameter})).unwrap())
            .error(code.clone(), message.as_deref())
            .resource(Resource::Other { account: None, kind: "AWS::IAM::Role", arn: arn.clone().into() });
        let record: Value = serde_json::from_str(&rendered(&event, None)).unwrap();
        prop_assert_eq!(record["userAgent"].as_str(), Some(json::head(&agent, TEXT_MAX)));
        prop_assert_eq!(record["errorCode"].as_str(), Some(code.as_str()));
        prop_assert_eq!(record["errorMessage"].as_str(), message.as_deref().map(|m| json::head(m, TEXT_MAX)));
        prop_assert_eq!(record["tlsDetails"]["clientProvidedHostHeader"].as_str(), Some(json::head(&host, TEXT_MAX)));
        prop_assert_eq!(record["resources"][1]["ARN"].as_str(), Some(arn.as_str()));
        prop_assert_eq!(record["requestParameters"]["p"].as_str(), Some(parameter.as_str()));
        let address = address.to_string();
        prop_assert_eq!(record["sourceIPAddress"].as_str(), Some(address.as_str()));
        let time = Timestamp::from_seconds(seconds).iso_seconds().to_string();
        prop_assert_eq!(record["eventTime"].as_str(), Some(time.as_str()));
    }
}
