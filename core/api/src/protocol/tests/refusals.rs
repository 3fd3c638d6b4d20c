//! Bodies that are refused, by code and exact text.

use super::wire;
use crate::error::ErrorAnswer;
use crate::serve::Compat;
use crate::{iam, kms, operator, sts};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// What the row shows.
    about: String,
    service: String,
    operation: String,
    /// The body as text; `${N}` stands for N letters `a`.
    body: String,
    /// Not given: the body is fine.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    extended: bool,
}

fn probe(row: &Row) -> Result<Vec<u8>, ErrorAnswer> {
    let wire = wire(if row.extended { Compat::Extended } else { Compat::Aws });
    let body = letters(&row.body);
    let body = body.as_bytes();
    match row.service.as_str() {
        "kms" => kms::operations::probe(kms::Operation::from_name(&row.operation)?, body, wire),
        "iam" => iam::operations::probe(iam::Operation::from_name(&row.operation)?, body, wire),
        "sts" => sts::operations::probe(sts::Operation::from_name(&row.operation)?, body, wire),
        "sealroom" => operator::operations::probe(operator::Operation::from_name(&row.operation)?, body, wire),
        other => panic!("no service `{other}`"),
    }
}

fn letters(text: &str) -> String {
    let mut pieces = text.split("${");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (count, rest) = piece.split_once('}').unwrap();
        out.push_str(&"a".repeat(count.parse().unwrap()));
        out.push_str(rest);
    }
    out
}

#[test]
fn each_row_is_refused_in_its_words() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("../../../tests/wire/refusals.json")).unwrap();
    assert!(rows.len() > 60, "{}", rows.len());
    for row in rows {
        let about = &row.about;
        match (probe(&row), &row.code) {
            (Ok(_), None) => {}
            (Err(error), Some(code)) => {
                assert_eq!(error.code, *code, "{about}: {:?}", error.message);
                assert_eq!(error.message, row.message.as_deref().map(letters), "{about}");
                assert_eq!(error.status, 400, "{about}");
            }
            (Ok(_), Some(code)) => panic!("{about}: not refused with {code}"),
            (Err(error), None) => panic!("{about}: {error:?}"),
        }
    }
}

#[test]
fn bodies_that_are_no_text_are_refused() {
    for body in
        [&b"\xff"[..], b"{\"KeyId\":\"\xff\"}", b"{\"KeyId\":\"\xed\xa0\x80\"}", b"\xef\xbb\xbf{}", b"\0", b"{}\0"]
    {
        let answer = kms::operations::probe(kms::Operation::DescribeKey, body, wire(Compat::Aws));
        assert_eq!(answer, Err(ErrorAnswer::serialization()), "{body:?}");
    }
    for body in [&b"Action=%ff"[..], b"Action=%4", b"Action=%zz", b"\xff=a"] {
        let answer = sts::operations::probe(sts::Operation::GetCallerIdentity, body, wire(Compat::Aws));
        assert_eq!(answer.unwrap_err().code, "MalformedInput", "{body:?}");
    }
}

#[test]
fn deep_nesting_ends_in_an_answer() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"KeyId\":", "}"), ("{\"Tags\":[", "]}")] {
        for depth in [10, 100, 1_000, 200_000] {
            let body = format!("{{\"KeyId\":\"a\",\"Deep\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let unknown = kms::operations::probe(kms::Operation::DescribeKey, body.as_bytes(), wire(Compat::Aws));
            assert!(unknown.is_ok(), "an unknown member is skipped at any depth: {open} {depth}: {unknown:?}");
            let body = format!("{{\"Tags\":[{}1{}]}}", open.repeat(depth), close.repeat(depth));
            let known = kms::operations::probe(kms::Operation::CreateKey, body.as_bytes(), wire(Compat::Aws));
            let wanted = if open == "[" { "SerializationException" } else { "ValidationException" };
            assert_eq!(known.unwrap_err().code, wanted, "{open} {depth}");
        }
    }
}

#[test]
fn lists_have_a_limit() {
    let body = |entries: usize| format!("{{\"Tags\":[{}{{}}]}}", "{},".repeat(entries - 1));
    let code = |entries| {
        let answer = kms::operations::probe(kms::Operation::CreateKey, body(entries).as_bytes(), wire(Compat::Aws));
        answer.unwrap_err().code
    };
    assert_eq!(code(10_000), "ValidationException");
    assert_eq!(code(10_001), "SerializationException");
}

#[test]
fn a_message_has_a_limit() {
    let tags = vec![serde_json::json!({"TagKey": "k".repeat(5_000), "TagValue": "v"}); 21];
    let body = serde_json::json!({"Tags": tags}).to_string();
    let answer = kms::operations::probe(kms::Operation::CreateKey, body.as_bytes(), wire(Compat::Aws));
    let message = answer.unwrap_err().message.unwrap();
    assert!(message.starts_with("20 validation errors detected: Value 'kkk"), "{message}");
    assert_eq!(message.matches("...' at 'tags.").count(), 20);
    assert!(message.len() < 20 * 4_300);
}
