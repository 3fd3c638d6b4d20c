"""Signatures: each way to be wrong has its own code and text, in the JSON services' dialect and in STS's."""

import re

import pytest

from harness.raw import FORM
from harness.signing import Signer, stamp
from harness.table import named

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
UNKNOWN = "The security token included in the request is invalid."
TIME = r"\d{8}T\d{6}Z"
EXPIRED = re.compile(rf"Signature expired: {TIME} is now earlier than {TIME} \({TIME} - 5 min\.\)")
EARLY = re.compile(rf"Signature not yet current: {TIME} is still later than {TIME} \({TIME} \+ 5 min\.\)")
ANYTHING = re.compile(r"(?s).*")
YESTERDAY = stamp(-86_400)[:8]

# (name, what is wrong with the signature, code, text)
WRONG = [
    ("the wrong secret", {"secret": "wrong"}, "InvalidSignatureException", MISMATCH),
    ("an unknown access key", {"access_key": "AKIAIOSFODNN7EXAMPLE"}, "UnrecognizedClientException", UNKNOWN),
    ("an access key of eleven digits", {"access_key": "11111111111"}, "UnrecognizedClientException", UNKNOWN),
    ("an empty secret", {"secret": ""}, "InvalidSignatureException", MISMATCH),
    ("six minutes old", {"offset": -360}, "InvalidSignatureException", EXPIRED),
    ("six minutes early", {"offset": 360}, "InvalidSignatureException", EARLY),
    ("a year old", {"offset": -31_536_000}, "InvalidSignatureException", EXPIRED),
    (
        "another service",
        {"service": "s3"},
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'kms'. ",
    ),
    ("no Region", {"region": "nowhere"}, "InvalidSignatureException", ANYTHING),
    (
        "an unsigned host",
        {"unsigned": ["host"]},
        "InvalidSignatureException",
        re.compile(r"'Host'( or ':authority')? must be a 'SignedHeader' in the AWS Authorization\."),
    ),
    (
        "another terminator",
        {"terminator": "aws5_request"},
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ),
    (
        "yesterday's scope",
        {"scope_date": YESTERDAY},
        "InvalidSignatureException",
        re.compile(
            rf"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            rf"'{YESTERDAY}' != '\d{{8}}', from '{TIME}'\."
        ),
    ),
    (
        "another algorithm",
        {"algorithm": "AWS4-HMAC-SHA512"},
        "IncompleteSignatureException",
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). ",
    ),
    (
        "a date of another form",
        {"date": "2026-11-25T19:00:00Z"},
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got '2026-11-25T19:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    (
        "a session token",
        {"token": "FwoGZXIvYXdzEXAMPLE"},
        "UnrecognizedClientException",
        "The security token included in the request is invalid",
    ),
]
SOUND = [
    ("now", {}),
    ("four minutes old", {"offset": -240}),
    ("four minutes early", {"offset": 240}),
    ("another account", {"access_key": "210987654321"}),
    ("another Region", {"region": "ap-south-1"}),
]


def refused(answer, code, text, status=400):
    assert answer.status == status, answer
    assert answer.code() == code, answer
    if isinstance(text, str):
        assert answer.message() == text
    else:
        assert text.fullmatch(answer.message() or ""), answer.message()
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("how", named(SOUND))
def test_a_sound_signature_is_accepted(site, how):
    assert site.raw.kms("ListKeys", {}, Signer(**how)).status == 200


@pytest.mark.parametrize(("how", "code", "text"), named(WRONG))
def test_a_wrong_signature_is_refused_in_its_own_words(site, how, code, text):
    refused(site.raw.kms("ListKeys", {}, Signer(**how)), code, text)


def test_an_unsigned_request_is_refused(site):
    refused(
        site.raw.kms("ListKeys", {}, False),
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    )


def signed_then(site, change, body=b"{}", sent_body=None):
    """A good request, changed after it was signed."""
    signed = Signer().headers(
        "POST",
        site.raw.authority,
        "/",
        {
            "host": site.raw.authority,
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "TrentService.ListKeys",
        },
        body,
    )
    change(signed)
    signed = {name: value for name, value in signed.items() if value is not None}
    return site.raw.send("POST", "/", signed, body if sent_body is None else sent_body)


def replace(name, old, new):
    def change(headers):
        headers[name] = headers[name].replace(old, new)

    return change


def put(name, value):
    def change(headers):
        headers[name] = value

    return change


AUTHORIZATION_LACKS = "Authorization header requires '{}' parameter. "
CHANGED = [
    ("another target", put("x-amz-target", "TrentService.CreateKey"), "InvalidSignatureException", MISMATCH),
    (
        "another date",
        lambda headers: headers.update({"x-amz-date": stamp(-60)}),
        "InvalidSignatureException",
        MISMATCH,
    ),
    (
        "no date",
        put("x-amz-date", None),
        "IncompleteSignatureException",
        re.compile(
            r"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. .*Authorization=.*"
        ),
    ),
    (
        "a cut signature",
        lambda headers: headers.update(authorization=headers["authorization"][:-1]),
        "InvalidSignatureException",
        MISMATCH,
    ),
    (
        "a signature in capitals",
        lambda headers: headers.update(authorization=headers["authorization"].replace("Signature=", "Signature=F")),
        "InvalidSignatureException",
        MISMATCH,
    ),
    (
        "no credential",
        replace("authorization", "Credential=", "Credit="),
        "IncompleteSignatureException",
        re.compile(re.escape(AUTHORIZATION_LACKS.format("Credential")) + ".*"),
    ),
    (
        "no signature",
        replace("authorization", "Signature=", "Sign="),
        "IncompleteSignatureException",
        re.compile(re.escape(AUTHORIZATION_LACKS.format("Signature")) + ".*"),
    ),
    (
        "no list of headers",
        replace("authorization", "SignedHeaders=", "Headers="),
        "IncompleteSignatureException",
        re.compile(re.escape(AUTHORIZATION_LACKS.format("SignedHeaders")) + ".*"),
    ),
    (
        "the algorithm alone",
        put("authorization", "AWS4-HMAC-SHA256"),
        "IncompleteSignatureException",
        re.compile(
            re.escape("".join(map(AUTHORIZATION_LACKS.format, ("Credential", "Signature", "SignedHeaders"))))
            + "Authorization=.*"
        ),
    ),
    (
        "a piece without equal sign",
        put("authorization", "AWS4-HMAC-SHA256 Credential"),
        "IncompleteSignatureException",
        re.compile(r"'Credential' not a valid key=value pair \(missing equal-sign\) in Authorization header: .*"),
    ),
    (
        "a credential of four elements",
        replace("authorization", "/kms/", "/"),
        "IncompleteSignatureException",
        re.compile(
            r"Credential must have exactly 5 slash-delimited elements, e\.g\. keyid/date/region/service/term, got '.*'"
        ),
    ),
    (
        "version 2",
        put("authorization", "AWS test:c2lnbmF0dXJl"),
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    ),
    (
        "a bearer",
        put("authorization", "Bearer token"),
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    ),
    ("an empty authorization", put("authorization", ""), ("MissingAuthenticationTokenException",), ANYTHING),
    ("garbage", put("authorization", "AWS4-HMAC-SHA256 " + "=,=" * 99), "IncompleteSignatureException", ANYTHING),
    (
        "a long one",
        put("authorization", "AWS4-HMAC-SHA256 Credential=" + "a/" * 9000),
        "IncompleteSignatureException",
        ANYTHING,
    ),
]


@pytest.mark.parametrize(("change", "code", "text"), named(CHANGED))
def test_what_is_changed_after_signing_is_found(site, change, code, text):
    answer = signed_then(site, change)
    refused(answer, code if isinstance(code, str) else code[0], text)


def test_another_body_than_the_signed_one_is_found(site):
    answer = signed_then(site, lambda headers: None, b"{}", b'{"Limit":1}')
    refused(answer, "InvalidSignatureException", MISMATCH)


def test_a_stated_payload_hash_does_not_stand_for_the_body(site):
    """UNSIGNED-PAYLOAD is for S3 alone, and a stated hash must be the body's."""
    for stated in ("UNSIGNED-PAYLOAD", "0" * 64, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        answer = site.raw.kms("ListKeys", {}, headers={"x-amz-content-sha256": stated})
        assert answer.status == 400 and answer.code() == "InvalidSignatureException", (stated, answer)


def test_a_header_may_not_come_twice(site):
    answer = signed_then(site, lambda headers: headers.update(authorization=[headers["authorization"]] * 2))
    assert answer.status == 400, answer
    assert answer.code() in ("IncompleteSignatureException", "InvalidSignatureException"), answer


def presigned(site, method="POST", change=None, **how):
    signer = Signer(**how)
    headers = {
        "host": site.raw.authority,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "TrentService.ListKeys",
    }
    query = signer.query(method, site.raw.authority, "/", headers, b"{}")
    return site.raw.send(method, "/", headers, b"{}", change(query) if change else query)


def test_a_signature_in_the_query_is_accepted(site):
    assert presigned(site).status == 200


QUERY_WRONG = [
    ("the wrong secret", {"secret": "wrong"}, None, "InvalidSignatureException", MISMATCH),
    ("six minutes old", {"offset": -360}, None, "InvalidSignatureException", EXPIRED),
    (
        "no signature",
        {},
        lambda query: [pair for pair in query if pair[0] != "X-Amz-Signature"],
        "IncompleteSignatureException",
        re.compile(
            r"AWS query-string parameters must include 'X-Amz-Signature'\.  ?Re-examine the query-string parameters\."
        ),
    ),
    ("an added parameter", {}, lambda query: [*query, ("Limit", "1")], "InvalidSignatureException", MISMATCH),
]


@pytest.mark.parametrize(("how", "change", "code", "text"), named(QUERY_WRONG))
def test_a_wrong_signature_in_the_query_is_refused(site, how, change, code, text):
    refused(presigned(site, change=change, **how), code, text)


# STS: XML, 403, codes of its own.
STS_WRONG = [
    ("the wrong secret", {"secret": "wrong"}, "SignatureDoesNotMatch", MISMATCH),
    ("an unknown access key", {"access_key": "AKIAIOSFODNN7EXAMPLE"}, "InvalidClientTokenId", UNKNOWN),
]


def xml(answer, tag):
    found = re.search(rf"<{tag}>(.*?)</{tag}>", answer.body.decode(), re.DOTALL)
    return found and found[1].replace("&apos;", "'").replace("&#39;", "'")


@pytest.mark.parametrize(("how", "code", "text"), named(STS_WRONG))
def test_sts_refuses_in_its_own_dialect(site, how, code, text):
    answer = site.raw.sts(signer=Signer(**{"service": "sts", **how}))
    assert answer.status == 403, answer
    assert answer.headers["content-type"].startswith("text/xml")
    assert (xml(answer, "Code"), xml(answer, "Message"), xml(answer, "Type")) == (code, text, "Sender")
    assert xml(answer, "RequestId") == answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("service", ["kms", "s3", "autoscaling"])
def test_a_form_signed_for_another_service_is_not_for_sts(site, service):
    """One address serves all services, and the scope says which is meant. AWS's STS would find fault with the scope."""
    answer = site.raw.sts(signer=Signer(service=service))
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n"), answer


def test_a_form_signed_for_iam_is_for_iam(site):
    answer = site.raw.sts(signer=Signer(service="iam"))
    assert (answer.status, xml(answer, "Code")) == (400, "InvalidAction"), answer
    assert xml(answer, "Message") == "Could not find operation GetCallerIdentity for version 2011-06-15"
    assert b'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"' in answer.body


def test_sts_wants_a_signature(site):
    answer = site.raw.call(None, b"Action=GetCallerIdentity&Version=2011-06-15", False, headers={"content-type": FORM})
    assert (answer.status, xml(answer, "Code")) == (403, "MissingAuthenticationToken"), answer
    assert xml(answer, "Message") == "Request is missing Authentication Token"


def test_sts_answers_in_its_order_and_name_space(site):
    answer = site.raw.sts()
    text = answer.body.decode()
    assert answer.status == 200
    assert 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"' in text
    order = [
        text.index(f"<{tag}>")
        for tag in ("GetCallerIdentityResult", "Arn", "UserId", "Account", "ResponseMetadata", "RequestId")
    ]
    assert order == sorted(order)


def test_the_service_clock_leaves_signatures_alone(own_site):
    own_site.server.advance(400 * 86_400)
    assert own_site.raw.kms("ListKeys", {}).status == 200
    refused(own_site.raw.kms("ListKeys", {}, Signer(offset=360)), "InvalidSignatureException", EARLY)
