//! What is written: outputs and errors, read back by another reader.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sealroom_foundation::{Secret, Timestamp};
use serde_json::{Value, json};

use super::id;
use crate::encode::{Encode, Sink, room};
use crate::error::ErrorAnswer;
use crate::kms;
use crate::operator;
use crate::protocol::json::{self, Form, Json};
use crate::protocol::query::{self, Frame, action};
use crate::sts::{GetCallerIdentityOutput, PROTOCOL};

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn outputs_become_json() {
    let output = kms::DecryptOutput {
        key_id: Some("arn:\"\\\u{1}é/".to_owned()),
        plaintext: Some(Secret::copy_of(&[0, 255, 1])),
        encryption_algorithm: Some(kms::EncryptionAlgorithmSpec::SymmetricDefault),
        ..Default::default()
    };
    let body = json::encode(&output);
    assert_eq!(
        read(&body),
        json!({"KeyId": "arn:\"\\\u{1}é/", "Plaintext": "AP8B", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
    );
    let key = |id: &str| kms::KeyListEntry { key_id: Some(id.to_owned()), key_arn: None };
    let output =
        kms::ListKeysOutput { keys: Some(vec![key("a"), key("b")]), next_marker: None, truncated: Some(false) };
    assert_eq!(
        String::from_utf8(json::encode(&output)).unwrap(),
        r#"{"Keys":[{"KeyId":"a"},{"KeyId":"b"}],"Truncated":false}"#
    );
    let empty = kms::ListKeysOutput { keys: Some(Vec::new()), ..Default::default() };
    assert_eq!(json::encode(&empty), br#"{"Keys":[]}"#);
    assert_eq!(json::encode(&kms::ListKeysOutput::default()), b"{}");
}

#[test]
fn a_secret_text_is_written_as_a_text() {
    let account = operator::Account { account_id: "1".to_owned(), name: None, creation_date: Timestamp::EPOCH };
    let secret_access_key = Secret::copy_of(b"s/\"+");
    let output = operator::CreateAccountOutput { account, access_key_id: "A".to_owned(), secret_access_key };
    assert_eq!(
        read(&json::encode(&output)),
        json!({"Account": {"AccountId": "1", "CreationDate": 0}, "AccessKeyId": "A", "SecretAccessKey": "s/\"+"})
    );
}

#[test]
fn moments_are_seconds_with_millis() {
    for (micros, wanted) in [
        (0, "0"),
        (1_593_622_000_191_000, "1593622000.191"),
        (1_593_622_000_000_999, "1593622000"),
        (1_593_622_000_007_000, "1593622000.007"),
        (-1_500_000, "-1.500"),
        (-1, "-0.001"),
    ] {
        let mut json = Json { out: Vec::new(), form: Form::Wire };
        Timestamp::from_micros(micros).encode(&mut json);
        assert_eq!(String::from_utf8(json.out).unwrap(), wanted);
    }
}

#[test]
fn errors_become_json() {
    let protocol = kms::PROTOCOL;
    assert_eq!(protocol.content_type(), "application/x-amz-json-1.1");
    for (error, wanted) in [
        (ErrorAnswer::serialization(), json!({"__type": "SerializationException"})),
        (ErrorAnswer::validation("a \"b\"\n"), json!({"__type": "ValidationException", "message": "a \"b\"\n"})),
        (kms::ErrorCode::NotFoundException.with("é"), json!({"__type": "NotFoundException", "message": "é"})),
        (kms::ErrorCode::KMSInvalidMacException.bare(), json!({"__type": "KMSInvalidMacException"})),
    ] {
        assert_eq!(read(&protocol.error_body(&error, id())), wanted);
        assert_eq!(protocol.status(&error), 400);
    }
}

#[test]
fn a_query_answer_is_framed() {
    let output = GetCallerIdentityOutput {
        arn: Some("arn:aws:iam::111122223333:user/a&<b>".to_owned()),
        user_id: Some("AIDA\u{1}".to_owned()),
        account: Some("111122223333".to_owned()),
    };
    let frame = Frame {
        response: "GetCallerIdentityResponse",
        result: Some("GetCallerIdentityResult"),
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    };
    let wanted = "\
<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::111122223333:user/a&amp;&lt;b&gt;</Arn>
    <UserId>AIDA\u{fffd}</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-4cde-8f01-23456789abcd</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
";
    assert_eq!(String::from_utf8(query::encode(&output, &frame, id())).unwrap(), wanted);
}

#[test]
fn a_query_error_has_its_own_codes() {
    assert_eq!(PROTOCOL.content_type(), "text/xml");
    for (error, kind, code, status) in [
        (ErrorAnswer::validation("m"), "Sender", "ValidationError", 400),
        (ErrorAnswer::access_denied("m"), "Sender", "AccessDenied", 403),
        (
            ErrorAnswer { message: Some("m".to_owned()), ..ErrorAnswer::unknown_operation() },
            "Sender",
            "InvalidAction",
            400,
        ),
        (ErrorAnswer { message: Some("m".to_owned()), ..ErrorAnswer::throttling() }, "Sender", "Throttling", 400),
        (
            ErrorAnswer { message: Some("m".to_owned()), ..ErrorAnswer::internal_failure() },
            "Receiver",
            "InternalFailure",
            500,
        ),
        (ErrorAnswer::sender("ExpiredToken", 403, Some("m".to_owned())), "Sender", "ExpiredToken", 403),
    ] {
        let wanted = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>{kind}</Type>\n    \
             <Code>{code}</Code>\n    <Message>m</Message>\n  </Error>\n  \
             <RequestId>01234567-89ab-4cde-8f01-23456789abcd</RequestId>\n</ErrorResponse>\n"
        );
        assert_eq!(String::from_utf8(PROTOCOL.error_body(&error, id())).unwrap(), wanted);
        assert_eq!(PROTOCOL.status(&error), status);
    }
}

#[test]
fn an_action_is_read_from_a_form() {
    for (form, wanted) in [
        ("Action=GetCallerIdentity&Version=2011-06-15", Some(("GetCallerIdentity", Some("2011-06-15")))),
        ("Version=2011-06-15&A=b&Action=Get%43aller+Identity", Some(("GetCaller Identity", Some("2011-06-15")))),
        ("&Action=X&&", Some(("X", None))),
        ("Action=", Some(("", None))),
        ("Action.x=1", None),
        ("action=X", None),
        ("", None),
        ("Action=%f", None),
    ] {
        let wanted = wanted.map(|(action, version)| (action.to_owned(), version.map(str::to_owned)));
        assert_eq!(action(form.as_bytes()), wanted, "{form}");
    }
    let parameters = |count: usize| format!("Action=X{}", "&a=b".repeat(count - 1));
    assert!(action(parameters(10_000).as_bytes()).is_some());
    assert!(action(parameters(10_001).as_bytes()).is_none());
    assert!(action(format!("Action=X&a{}=b", ".a".repeat(15)).as_bytes()).is_some());
    assert!(action(format!("Action=X&a{}=b", ".a".repeat(16)).as_bytes()).is_none());
}

/// A structure with everything that a sink can be asked to write.
struct Everything {
    text: String,
    list: Vec<String>,
    map: BTreeMap<String, Vec<u8>>,
    number: i64,
    fraction: f64,
    moment: Timestamp,
}

impl Encode for Everything {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.structure(|sink| {
            sink.member("Text", &self.text);
            sink.member("List", &self.list);
            sink.list_member("Named", "Item", &self.list);
            sink.flat_member("Flat", &self.list);
            sink.member("Map", &self.map);
            sink.member("Number", &self.number);
            sink.member("Fraction", &self.fraction);
            sink.member("Moment", &self.moment);
            sink.member("Yes", &true);
        });
    }
}

#[test]
fn xml_frames_lists_and_maps() {
    let value = Everything {
        text: String::new(),
        list: vec!["a".to_owned(), "b".to_owned()],
        map: BTreeMap::from([("k".to_owned(), b"abc".to_vec())]),
        number: -7,
        fraction: 0.5,
        moment: Timestamp::from_micros(1_789_194_084_191_000),
    };
    let frame = Frame { response: "R", result: Some("S"), namespace: "n" };
    let wanted = "<R xmlns=\"n\">
  <S>
    <Text></Text>
    <List>
      <member>a</member>
      <member>b</member>
    </List>
    <Named>
      <Item>a</Item>
      <Item>b</Item>
    </Named>
    <Flat>a</Flat>
    <Flat>b</Flat>
    <Map>
      <entry>
        <key>k</key>
        <value>YWJj</value>
      </entry>
    </Map>
    <Number>-7</Number>
    <Fraction>0.5</Fraction>
    <Moment>2026-09-12T06:21:24Z</Moment>
    <Yes>true</Yes>
  </S>
  <ResponseMetadata>
    <RequestId>01234567-89ab-4cde-8f01-23456789abcd</RequestId>
  </ResponseMetadata>
</R>
";
    assert_eq!(String::from_utf8(query::encode(&value, &frame, id())).unwrap(), wanted);
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_never_outgrows_its_room(
        text in any::<String>(),
        list in prop::collection::vec(any::<String>(), 0..5),
        map in prop::collection::btree_map(any::<String>(), prop::collection::vec(any::<u8>(), 0..70), 0..5),
        number in any::<i64>(),
        fraction in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        micros in any::<i64>(),
    ) {
        let value = Everything { text, list, map, number, fraction, moment: Timestamp::from_micros(micros) };
        let body = json::encode(&value);
        prop_assert!(body.len() <= room(&value));
        let back = read(&body);
        prop_assert_eq!(back["Text"].as_str(), Some(value.text.as_str()));
        prop_assert_eq!(&back["List"], &json!(value.list));
        prop_assert_eq!(&back["Named"], &json!(value.list));
        prop_assert_eq!(back["Number"].as_i64(), Some(value.number));
        // serde_json reads a fraction only to within a bit.
        let (_, fraction) = std::str::from_utf8(&body).unwrap().rsplit_once("\"Fraction\":").unwrap();
        prop_assert_eq!(fraction.split_once(',').unwrap().0.parse(), Ok(value.fraction));
        for (key, bytes) in &value.map {
            let text = back["Map"][key].as_str().unwrap();
            prop_assert_eq!(&base64_simd::STANDARD.decode_to_vec(text).unwrap(), bytes);
        }
        let frame = Frame { response: "R", result: Some("S"), namespace: "n" };
        prop_assert!(query::encode(&value, &frame, id()).len() <= room(&value) + 512);
    }
}
