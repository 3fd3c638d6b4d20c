"""Requests that no SDK sends: bodies, targets, methods, ciphertexts that make no sense. Each is the sender's fault."""

import random

import pytest

from harness.raw import FORM, Raw
from harness.table import named

MIB = 1 << 20


@pytest.fixture(autouse=True)
def alive_afterwards(site):
    yield
    assert site.raw.kms("ListKeys", {"Limit": 1}).status == 200, "the server no longer serves"


# Bodies that are no request. (name, body, codes)
SERIALIZATION, VALIDATION = ("SerializationException",), ("ValidationException",)
BODIES = [
    ("nothing", b"", SERIALIZATION + VALIDATION),
    ("a word", b"hello", SERIALIZATION),
    ("half an object", b'{"KeyId": "', SERIALIZATION),
    ("an array", b"[]", SERIALIZATION),
    ("a string", b'"KeyId"', SERIALIZATION),
    ("null", b"null", SERIALIZATION + VALIDATION),
    ("a number", b"1", SERIALIZATION),
    ("two objects", b"{}{}", SERIALIZATION),
    ("an object and a word", b"{} x", SERIALIZATION),
    ("no UTF-8", b'{"KeyId": "\xff\xfe"}', SERIALIZATION),
    ("a lone surrogate", b'{"KeyId": "\\ud800"}', SERIALIZATION + ("NotFoundException",)),
    ("NaN", b'{"KeyId": NaN}', SERIALIZATION),
    ("single quotes", b"{'KeyId': 'x'}", SERIALIZATION),
    ("a trailing comma", b'{"KeyId": "x",}', SERIALIZATION),
    ("a zero byte", b'{"KeyId": "x\0"}', SERIALIZATION),
    ("an escaped zero byte", b'{"KeyId": "x\\u0000"}', ("NotFoundException", "ValidationException")),
    ("deep arrays", b"[" * 100_000, SERIALIZATION),
    ("deep objects", b'{"a":' * 100_000, SERIALIZATION),
    (
        "deep in an unknown member",
        b'{"KeyId": "x", "Y": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        SERIALIZATION + ("NotFoundException",),
    ),
    ("XML", b"<DescribeKey/>", SERIALIZATION),
    ("a form", b"Action=DescribeKey&KeyId=x", SERIALIZATION),
    ("random bytes", random.Random(7).randbytes(5000), SERIALIZATION),
    ("the same member twice", b'{"KeyId": "x", "KeyId": "y"}', SERIALIZATION + ("NotFoundException",)),
    ("another case of a member", b'{"keyid": "x"}', VALIDATION),
    ("a huge number", b'{"KeyId": "x", "GrantTokens": 1' + b"0" * 1000 + b"}", SERIALIZATION),
]


@pytest.mark.parametrize(("body", "codes"), named(BODIES))
def test_a_body_that_is_no_request_is_the_senders_fault(site, body, codes):
    answer = site.raw.kms("DescribeKey", body)
    assert answer.status == 400 and answer.code() in codes, answer
    assert set(answer.json()) <= {"__type", "message"}


NUMBERS = [
    ("a fraction", "1.5"),
    ("an exponent", "1e1"),
    ("beyond 64 bits", "1" + "0" * 30),
    ("negative", "-1"),
    ("minus zero", "-0"),
]


@pytest.mark.parametrize("number", named(NUMBERS))
def test_an_odd_number_is_read_or_refused(site, number):
    answer = site.raw.kms("ListKeys", b'{"Limit": ' + number.encode() + b"}")
    assert answer.status in (200, 400), answer
    if answer.status == 400:
        assert answer.code() in SERIALIZATION + VALIDATION, answer


TARGETS = [
    ("none", None),
    ("empty", ""),
    ("no operation", "TrentService."),
    ("no service", "ListKeys"),
    ("unknown", "TrentService.OpenSesame"),
    ("in small letters", "trentservice.listkeys"),
    ("an operation in small letters", "TrentService.listkeys"),
    ("another service", "SecretsManager.GetSecretValue"),
    ("too many dots", "TrentService.ListKeys.Now"),
    ("blanks", " TrentService . ListKeys "),
    ("long", "TrentService." + "A" * 8000),
]


@pytest.mark.parametrize("target", named(TARGETS))
def test_an_unknown_target_is_an_unknown_operation(site, target):
    answer = site.raw.call(target, {})
    assert answer.status in (400, 404), answer
    if target is not None:
        assert answer.status == 400 and answer.code() == "UnknownOperationException", answer


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "SEAL"])
def test_another_method_is_answered(site, method):
    answer = site.raw.kms("ListKeys", {}, method=method)
    assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/json", "application/x-amz-json-1.0", FORM, "", "multipart/form-data; boundary=x", None],
)
def test_another_content_type_is_answered(site, kind):
    answer = site.raw.kms("ListKeys", {}, headers={"content-type": kind})
    assert answer.status in (200, 400, 404), answer


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "/x",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/?a",
        "/" + "p" * 8000,
        "/_sealroom/",
        "/_sealroom/nothing",
        "/healthz",
        "/metrics",
    ],
)
def test_another_path_is_answered(site, path):
    answer = site.raw.send("GET", path, {"host": site.raw.authority}, b"")
    assert 300 <= answer.status < 500, answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b'{"advance_seconds": -5}',
        b'{"advance_seconds": "x"}',
        b'{"advance_seconds": 1e99}',
        b'{"advance_seconds": 1, "more": 2}',
        b'{"advance_seconds": 99999999999999}',
    ],
)
def test_the_dev_clock_refuses_what_it_does_not_understand(site, body):
    answer = site.raw.send(
        "POST", "/_sealroom/clock", {"host": site.raw.authority, "content-type": "application/json"}, body
    )
    assert 400 <= answer.status < 500, answer


def test_answers_are_not_kept_by_anybody(site):
    """Answers hold plaintext; no cache between may keep one."""
    made = site.raw.kms("GenerateDataKey", {"KeyId": site.world.key("symmetric").id, "KeySpec": "AES_256"})
    assert made.status == 200
    assert "no-store" in made.headers.get("cache-control", ""), made.headers


@pytest.mark.parametrize(("operation", "key"), [("EnableKey", "symmetric"), ("DisableKey", "second@Disabled")])
def test_an_operation_without_answer_has_an_empty_body(site, operation, key):
    answer = site.raw.kms(operation, {"KeyId": site.world.key(key).id})
    assert (answer.status, answer.body) == (200, b"")


NO_MESSAGE = [
    ("InvalidCiphertextException", "Decrypt", {"CiphertextBlob": bytes(99)}),
    (
        "KMSInvalidSignatureException",
        "Verify",
        {"KeyId": "p256", "Message": b"m", "Signature": b"s", "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    ("InvalidMarkerException", "ListKeys", {"Marker": "AAAA"}),
    ("UnknownOperationException", "OpenSesame", {}),
]


@pytest.mark.parametrize(("code", "operation", "body"), [pytest.param(*case, id=case[0]) for case in NO_MESSAGE])
def test_some_errors_have_no_message_member_at_all(site, code, operation, body):
    if body.get("KeyId") == "p256":
        body = {**body, "KeyId": site.world.key("p256").id}
    answer = site.raw.kms(operation, body)
    assert answer.status == 400
    assert answer.json() == {"__type": code}


@pytest.mark.parametrize("seed", range(3))
def test_damaged_ciphertexts_never_open(site, seed):
    """Bytes of the head and of the rest changed, other lengths: one answer for all, and never a plaintext."""
    chance = random.Random(seed)
    key = site.world.key("symmetric")
    blob = bytearray(key.sample)
    raw = Raw(site.server.url, keep=True)
    places = sorted({*range(seed, min(96, len(blob)), 3), *(chance.randrange(len(blob)) for _ in range(40))})
    damaged = []
    for place in places:
        changed = bytearray(blob)
        changed[place] ^= 1 << chance.randrange(8)
        damaged.append(bytes(changed))
    damaged += [bytes(blob[: chance.randrange(1, len(blob))]) for _ in range(30)]
    damaged += [bytes(blob) + chance.randbytes(chance.randrange(1, 40)) for _ in range(10)]
    damaged += [chance.randbytes(chance.randrange(1, 600)) for _ in range(30)]
    try:
        for one in damaged:
            answer = raw.kms("Decrypt", {"CiphertextBlob": one})
            assert answer.status == 400, answer
            assert answer.code() in ("InvalidCiphertextException", "AccessDeniedException"), answer
            named = raw.kms("Decrypt", {"KeyId": key.id, "CiphertextBlob": one})
            assert named.status == 400, named
            assert named.code() in ("InvalidCiphertextException", "IncorrectKeyException"), named
    finally:
        raw.close()


STS = [
    ("no action", b"Version=2011-06-15", 400),
    ("an unknown action", b"Action=OpenSesame&Version=2011-06-15", 400),
    ("another version", b"Action=GetCallerIdentity&Version=1999-01-01", 400),
    ("nothing", b"", 400),
    ("garbage", b"%%%&&&===", 400),
    ("JSON", b"{}", 400),
]


@pytest.mark.parametrize(("body", "status"), named(STS))
def test_sts_answers_what_it_does_not_understand_in_xml(site, body, status):
    answer = site.raw.sts(body)
    assert answer.status == status, answer
    assert b"<Error>" in answer.body and b"<Code>" in answer.body, answer


def test_an_action_that_aws_has_and_we_do_not_says_so(site):
    for action in ("AssumeRoot", "GetDelegatedAccessToken"):
        answer = site.raw.sts(f"Action={action}&Version=2011-06-15".encode())
        text = f"The operation {action} is not served by this version of Sealroom."
        assert answer.status == 400 and text.encode() in answer.body, answer
