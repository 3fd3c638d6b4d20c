//! Every way in which a signature is refused: AWS's code, status and text in both dialects, and AWS's order.

use http::header::{HeaderName, HeaderValue};

use super::*;
use crate::sigv4::Dialect;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";
const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request, \
                    SignedHeaders=host;x-amz-date, Signature=00";

/// Code and status of JSON services, code of query services, text.
struct Told {
    json: &'static str,
    query: &'static str,
    text: String,
}

fn missing() -> Told {
    told("MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token")
}

fn incomplete(text: &str) -> Told {
    told("IncompleteSignatureException", "IncompleteSignature", text)
}

fn invalid(text: &str) -> Told {
    told("InvalidSignatureException", "SignatureDoesNotMatch", text)
}

fn told(json: &'static str, query: &'static str, text: &str) -> Told {
    Told { json, query, text: text.to_owned() }
}

fn assert_told(name: &str, refusal: &Refusal, expected: &Told) {
    let (json, query) = (refusal.answer(Dialect::Json), refusal.answer(Dialect::Query));
    assert_eq!((json.code.as_ref(), json.status), (expected.json, 400), "{name}");
    assert_eq!((query.code.as_ref(), query.status), (expected.query, 403), "{name}");
    assert_eq!(json.message.as_deref(), Some(expected.text.as_str()), "{name}");
    assert_eq!(query.message, json.message, "{name}");
}

/// A request to `/` with these headers besides a host; the clock shows [`STAMP`].
fn refusal(target: &str, headers: &[(&'static str, &str)], rules: &Rules<'_>) -> Refusal {
    let mut parts = parts(Builder::new().method("POST").uri(target).header("host", "localhost"));
    for (name, value) in headers {
        parts.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    check(&parts, b"{}", rules, SECRET, at(STAMP)).unwrap_err()
}

/// A request to `/`, by its `authorization` and `x-amz-date`.
struct Row {
    name: &'static str,
    authorization: Option<String>,
    stamp: Option<&'static str>,
    told: Told,
}

fn row(name: &'static str, authorization: impl Into<String>, told: Told) -> Row {
    Row { name, authorization: Some(authorization.into()), stamp: Some(STAMP), told }
}

fn assert_refused(rows: Vec<Row>) {
    for Row { name, authorization, stamp, told } in rows {
        let mut headers = Vec::new();
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        headers.extend(stamp.map(|value| ("x-amz-date", value)));
        assert_told(name, &refusal("/", &headers, &Rules::KMS), &told);
    }
}

fn needs(name: &str) -> String {
    format!("Authorization header requires '{name}' parameter. ")
}

#[test]
fn requests_without_a_signature_of_version_4_are_refused_in_the_words_of_aws() {
    let version_3 = "AWS3-HTTPS AWSAccessKeyId=AKIDEXAMPLE,Algorithm=HmacSHA256,Signature=x";
    assert_refused(vec![
        Row { authorization: None, ..row("no header", "", missing()) },
        row("an empty header", "", missing()),
        row("basic authentication", "Basic dGVzdDp0ZXN0", missing()),
        row("version 2", "AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", missing()),
        row("version 3", version_3, missing()),
    ]);
}

#[test]
fn incomplete_header_signatures_are_refused_in_the_words_of_aws() {
    let no_date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    let all = format!("{}{}{}{no_date}", needs("Credential"), needs("Signature"), needs("SignedHeaders"));
    let no_credential = "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b";
    let no_signature = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=";
    let no_pair = "AWS4-HMAC-SHA256 Signature=b, Credential, SignedHeaders";
    assert_refused(vec![
        Row {
            stamp: None,
            ..row("only an algorithm", "AWS4-HMAC-SHA256", incomplete(&format!("{all}Authorization=AWS4-HMAC-SHA256")))
        },
        row(
            "no credential",
            no_credential,
            incomplete(&format!("{}Authorization={no_credential}", needs("Credential"))),
        ),
        row("no signature", no_signature, incomplete(&format!("{}Authorization={no_signature}", needs("Signature")))),
        Row { stamp: None, ..row("no date", GOOD, incomplete(&format!("{no_date}Authorization={GOOD}"))) },
        row(
            "a piece without an equal sign",
            no_pair,
            incomplete(&format!(
                "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: '{no_pair}'"
            )),
        ),
        row("a parameter twice", format!("{GOOD}, Signature=00"), incomplete("'Signature' must not be repeated.")),
    ]);
}

#[test]
fn unfit_header_signatures_are_refused_in_the_words_of_aws() {
    let host = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
    let five = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got";
    let date = "Date must be in ISO-8601 'basic format'. Got 'Sun, 30 Aug 2015 12:36:00 GMT'. See \
                http://en.wikipedia.org/wiki/ISO_8601";
    assert_refused(vec![
        Row { stamp: Some("Sun, 30 Aug 2015 12:36:00 GMT"), ..row("a date in another form", GOOD, incomplete(date)) },
        row("host not signed", GOOD.replace("host;", ""), invalid(host)),
        row("nothing signed", GOOD.replace("host;x-amz-date", ""), invalid(host)),
        row(
            "version 4A",
            GOOD.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            incomplete("Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "),
        ),
        row(
            "four elements",
            GOOD.replace("AKIDEXAMPLE/", ""),
            incomplete(&format!("{five} '20150830/us-east-1/kms/aws4_request'")),
        ),
        row(
            "six elements",
            GOOD.replace("AKIDEXAMPLE/", "a/b/"),
            incomplete(&format!("{five} 'a/b/20150830/us-east-1/kms/aws4_request'")),
        ),
        row("a wrong signature", GOOD, invalid(MISMATCH)),
    ]);
}

#[test]
fn header_signatures_of_another_scope_are_refused_in_the_words_of_aws() {
    let region = "Credential should be scoped to a valid region. ";
    let service = "Credential should be scoped to correct service: 'kms'. ";
    let terminator = "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. ";
    let date = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                '20150829' != '20150830', from '20150830T123600Z'.";
    let other = GOOD.replace("20150830/us-east-1/kms/aws4_request", "20150829/c/s3/e");
    assert_refused(vec![
        row("no Region", GOOD.replace("us-east-1", "mars"), invalid(region)),
        row("another service", GOOD.replace("kms", "s3"), invalid(service)),
        row("another terminator", GOOD.replace("aws4_request", "e"), invalid(terminator)),
        row("another day", GOOD.replace("20150830", "20150829"), invalid(date)),
        row("all of the scope", other, invalid(&format!("{region}{service}{terminator}{date}"))),
    ]);
}

#[test]
fn query_signatures_are_refused_in_the_words_of_aws() {
    let good = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request\
                &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let needs = |name: &str| format!("AWS query-string parameters must include '{name}'. ");
    let end = "Re-examine the query-string parameters.";
    let rows: Vec<(&str, String, Told)> = vec![
        ("no parameter of ours", "/?Action=GetCallerIdentity".to_owned(), missing()),
        (
            "version 2",
            "/?AWSAccessKeyId=AKIDEXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x".to_owned(),
            missing(),
        ),
        (
            "an algorithm without a value",
            "/?X-Amz-Algorithm".to_owned(),
            incomplete(&format!(
                "{}{}{}{}{}{end}",
                needs("X-Amz-Algorithm"),
                needs("X-Amz-Credential"),
                needs("X-Amz-Signature"),
                needs("X-Amz-SignedHeaders"),
                needs("X-Amz-Date")
            )),
        ),
        (
            "no algorithm",
            good.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", ""),
            incomplete(&format!("{}{end}", needs("X-Amz-Algorithm"))),
        ),
        (
            "no date",
            good.replace("&X-Amz-Date=20150830T123600Z", ""),
            incomplete(&format!("{}{end}", needs("X-Amz-Date"))),
        ),
        ("the date twice", format!("{good}&X-Amz-Date=1"), incomplete("'X-Amz-Date' must not be repeated.")),
        (
            "a date in another form",
            good.replace("20150830T123600Z", "2015-08-30"),
            incomplete(
                "Date must be in ISO-8601 'basic format'. Got '2015-08-30'. See http://en.wikipedia.org/wiki/ISO_8601",
            ),
        ),
        (
            "host not signed",
            good.replace("SignedHeaders=host", "SignedHeaders=x-a"),
            invalid("'Host' must be a 'SignedHeader' in the AWS Authorization."),
        ),
        (
            "version 4A",
            good.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            incomplete("Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "),
        ),
        (
            "another service",
            good.replace("sts", "kms"),
            invalid("Credential should be scoped to correct service: 'sts'. "),
        ),
        ("a wrong signature", good.to_owned(), invalid(MISMATCH)),
    ];
    for (name, target, expected) in rows {
        assert_told(name, &refusal(&target, &[], &Rules::STS), &expected);
    }
    let both = refusal(good, &[("authorization", GOOD), ("x-amz-date", STAMP)], &Rules::STS);
    let text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    assert_told("both", &both, &invalid(text));
}

#[test]
fn refusals_after_the_signature_are_told_in_the_words_of_aws() {
    let unrecognized = |text| told("UnrecognizedClientException", "InvalidClientTokenId", text);
    let rows = [
        (Refusal::UnknownKey, unrecognized("The security token included in the request is invalid.")),
        (Refusal::BadSessionToken, unrecognized("The security token included in the request is invalid")),
        (
            Refusal::ExpiredToken,
            told("ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired"),
        ),
    ];
    for (refusal, expected) in rows {
        assert_told("later", &refusal, &expected);
    }
}

#[test]
fn our_own_trouble_is_no_refusal_of_the_caller() {
    for dialect in [Dialect::Json, Dialect::Query] {
        assert_eq!(Refusal::Unreachable.answer(dialect).status, 503);
    }
}

#[test]
fn the_first_fault_in_the_order_of_aws_is_told() {
    let late = "20150830T133600Z";
    // Each row mends the fault of the row before, and keeps all that follow.
    let rows = [
        ("AWS4-X Credential=a/b, SignedHeaders=x", "x", "IncompleteSignatureException"),
        ("AWS4-X Credential=a/b, SignedHeaders=x, Signature=0", "x", "Date must be"),
        ("AWS4-X Credential=a/b, SignedHeaders=x, Signature=0", late, "Signature not yet current"),
        ("AWS4-X Credential=a/b, SignedHeaders=x, Signature=0", STAMP, "'Host' must be"),
        ("AWS4-X Credential=a/b, SignedHeaders=host, Signature=0", STAMP, "Unsupported AWS 'algorithm'"),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", STAMP, "Credential must have exactly 5"),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0",
            STAMP,
            "Credential should be scoped",
        ),
    ];
    for (authorization, stamp, begins) in rows {
        let refusal = refusal("/", &[("authorization", authorization), ("x-amz-date", stamp)], &Rules::KMS);
        let answer = refusal.answer(Dialect::Json);
        let text = answer.message.unwrap();
        assert!(text.starts_with(begins) || answer.code == begins, "{begins}: {text}");
    }
}

#[test]
fn the_skew_is_the_services_own_and_both_ends_count() {
    let parts = signed_encrypt(b"{}");
    let now = at(STAMP);
    let seen_after = |seconds: i64| check(&parts, b"{}", &Rules::KMS, SECRET, now.plus_seconds(seconds));
    assert_eq!(seen_after(300), Ok(()));
    assert_eq!(seen_after(-300), Ok(()));
    let expired =
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)";
    assert_told("expired", &seen_after(301).unwrap_err(), &invalid(expired));
    let early =
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)";
    assert_told("early", &seen_after(-301).unwrap_err(), &invalid(early));

    let patient = Rules { service: "kms", ..Rules::STS };
    let seen_after = |seconds: i64| check(&parts, b"{}", &patient, SECRET, now.plus_seconds(seconds));
    assert_eq!(seen_after(900), Ok(()));
    let text = seen_after(901).unwrap_err().message();
    assert!(text.ends_with("(20150830T125101Z - 15 min.)"), "{text}");
}

#[test]
fn a_fraction_of_a_second_does_not_expire_a_signature() {
    let parts = signed_encrypt(b"{}");
    let now = Timestamp::from_micros(at(STAMP).plus_seconds(300).as_micros() + 999_999);
    assert_eq!(check(&parts, b"{}", &Rules::KMS, SECRET, now), Ok(()));
}

#[test]
fn only_served_regions_are_valid() {
    let parts = signed_encrypt(b"{}");
    let here = |region: &str| {
        let served = [region.parse().unwrap()];
        let rules = Rules { regions: Regions::Only(&served), ..Rules::KMS };
        check(&parts, b"{}", &rules, SECRET, at(STAMP))
    };
    assert_eq!(here("us-east-1"), Ok(()));
    assert!(matches!(here("eu-central-1"), Err(Refusal::Scope { valid_region: false, .. })));
}

#[test]
fn the_body_is_always_hashed() {
    for stated in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""] {
        let mut parts = signed_encrypt(b"{}");
        parts.headers.insert("x-amz-content-sha256", stated.parse().unwrap());
        let credentials =
            Credentials { access_key_id: KEY_ID, secret_access_key: SECRET.as_bytes(), session_token: None };
        sign(&mut parts, b"{}", &credentials, "us-east-1".parse().unwrap(), "kms", at(STAMP)).unwrap();
        assert_eq!(check(&parts, b"{}", &Rules::KMS, SECRET, at(STAMP)), Err(Refusal::Mismatch), "{stated}");
    }
}

#[test]
fn headers_of_the_signature_may_not_come_twice() {
    let once = ["authorization", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-target"];
    for name in once {
        let mut parts = signed_encrypt(b"{}");
        for _ in 0..2 {
            let value = parts.headers.get(name).cloned().unwrap_or(HeaderValue::from_static("t"));
            parts.headers.append(name, value);
        }
        let refused = check(&parts, b"{}", &Rules::KMS, SECRET, at(STAMP));
        assert!(matches!(refused, Err(Refusal::Repeated { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn an_unsigned_target_is_refused() {
    let mut parts = parts(Builder::new().method("POST").uri("/").header("host", "localhost"));
    let credentials = Credentials { access_key_id: KEY_ID, secret_access_key: SECRET.as_bytes(), session_token: None };
    sign(&mut parts, b"{}", &credentials, "us-east-1".parse().unwrap(), "kms", at(STAMP)).unwrap();
    parts.headers.insert("x-amz-target", HeaderValue::from_static("TrentService.Decrypt"));
    let refused = check(&parts, b"{}", &Rules::KMS, SECRET, at(STAMP));
    assert_eq!(refused, Err(Refusal::NotSigned { header: "X-Amz-Target" }));
}

#[test]
fn signed_headers_must_be_there_and_in_canonical_form() {
    for list in ["host;x-absent", "host;host", "x-amz-date;host", "Host;x-amz-date", "host;", ";host", "host;x amz"] {
        let authorization = GOOD.replace("host;x-amz-date", list);
        let refused = refusal("/", &[("authorization", &authorization), ("x-amz-date", STAMP)], &Rules::KMS);
        assert_eq!(refused, Refusal::Mismatch, "{list}");
    }
}

#[test]
fn no_session_token_is_overlooked() {
    let presigned = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request\
                     &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let signed =
        || Builder::new().header("authorization", GOOD.replace("kms", "sts")).header("x-amz-date", STAMP).uri("/");
    let not_text = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    let rows = [
        parts(signed().header("x-amz-security-token", "t")),
        parts(signed().header("x-amz-security-token", &not_text)),
        parts(Builder::new().uri(presigned).header("x-amz-security-token", "t")),
        parts(Builder::new().uri(format!("{presigned}&X-Amz-Security-Token=t"))),
        parts(Builder::new().uri(format!("{presigned}&X-Amz-Security-Token"))),
    ];
    for parts in rows {
        let presented = Presented::read(&Request::from(&parts), &Rules::STS, at(STAMP)).unwrap();
        assert!(presented.session_token().is_some(), "{parts:?}");
    }
}
