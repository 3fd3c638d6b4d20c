"""Requests that no SDK sends. Each gets an answer where HTTP allows one; none is a 500, a hang or the server's end."""

import json
import random
import socket
import threading

import pytest

from harness.raw import FORM, JSON, Raw, read_answer
from harness.signing import Signer
from harness.world import PLAINTEXT

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
    ("deep in an unknown member", b'{"KeyId": "x", "Y": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", SERIALIZATION + ("NotFoundException",)),
    ("XML", b"<DescribeKey/>", SERIALIZATION),
    ("a form", b"Action=DescribeKey&KeyId=x", SERIALIZATION),
    ("random bytes", random.Random(7).randbytes(5000), SERIALIZATION),
    ("the same member twice", b'{"KeyId": "x", "KeyId": "y"}', SERIALIZATION + ("NotFoundException",)),
    ("another case of a member", b'{"keyid": "x"}', VALIDATION),
    ("a huge number", b'{"KeyId": "x", "GrantTokens": 1' + b"0" * 1000 + b"}", SERIALIZATION),
]


def cases(rows):
    return [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in rows]


@pytest.mark.parametrize(("body", "codes"), cases(BODIES))
def test_a_body_that_is_no_request_is_the_senders_fault(site, body, codes):
    answer = site.raw.kms("DescribeKey", body)
    assert answer.status == 400 and answer.code() in codes, answer
    assert set(answer.json()) <= {"__type", "message"}


NUMBERS = [("a fraction", "1.5"), ("an exponent", "1e1"), ("beyond 64 bits", "1" + "0" * 30), ("negative", "-1"), ("minus zero", "-0")]


@pytest.mark.parametrize("number", cases(NUMBERS))
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


@pytest.mark.parametrize("target", cases(TARGETS))
def test_an_unknown_target_is_an_unknown_operation(site, target):
    answer = site.raw.call(target, {})
    assert answer.status in (400, 404), answer
    if target is not None:
        assert answer.status == 400 and answer.code() == "UnknownOperationException", answer


UNSERVED = ["CreateAlias", "CreateGrant", "GetKeyPolicy", "GenerateMac", "RotateKeyOnDemand", "ImportKeyMaterial"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "SEAL"])
def test_another_method_is_answered(site, method):
    answer = site.raw.kms("ListKeys", {}, method=method)
    assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-amz-json-1.0", FORM, "", "multipart/form-data; boundary=x", None])
def test_another_content_type_is_answered(site, kind):
    answer = site.raw.kms("ListKeys", {}, headers={"content-type": kind})
    assert answer.status in (200, 400, 404), answer


@pytest.mark.parametrize("path", ["//", "/x", "/%2e%2e/%2e%2e/etc/passwd", "/?a", "/" + "p" * 8000, "/_sealroom/", "/_sealroom/nothing", "/healthz", "/metrics"])
def test_another_path_is_answered(site, path):
    answer = site.raw.send("GET", path, {"host": site.raw.authority}, b"")
    assert 300 <= answer.status < 500, answer


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"advance_seconds": -5}', b'{"advance_seconds": "x"}', b'{"advance_seconds": 1e99}',
                                  b'{"advance_seconds": 1, "more": 2}', b'{"advance_seconds": 99999999999999}'])
def test_the_dev_clock_refuses_what_it_does_not_understand(site, body):
    answer = site.raw.send("POST", "/_sealroom/clock", {"host": site.raw.authority, "content-type": "application/json"}, body)
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
    ("KMSInvalidSignatureException", "Verify", {"KeyId": "p256", "Message": b"m", "Signature": b"s", "SigningAlgorithm": "ECDSA_SHA_256"}),
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


def test_a_body_at_the_limit_is_read_and_one_beyond_it_is_not(site):
    """Two MiB: an Encrypt of a MiB in base64 fits."""
    fits = b'{"Limit": 1' + b" " * (2 * MIB - 12) + b"}"
    assert len(fits) == 2 * MIB
    assert site.raw.kms("ListKeys", fits).status == 200
    answer = site.raw.kms("ListKeys", fits + b" ")
    assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize("size", [3 * MIB, 64 * MIB])
def test_a_much_longer_body_is_refused_before_it_arrives(site, size):
    """Only the head is sent: an answer must not wait for the rest."""
    with site.raw.socket() as connection:
        head = Signer().headers("POST", site.raw.authority, "/", {
            "host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}, b"")
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        connection.sendall(f"POST / HTTP/1.1\r\n{lines}content-length: {size}\r\n\r\n".encode())
        answer = read_answer(connection)
    assert answer is not None and 400 <= answer.status < 500, answer


def test_a_chunked_body_is_read(site):
    body = b'{"Limit": 1}'
    headers = Signer().headers("POST", site.raw.authority, "/", {
        "host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}, body)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:5], body[5:])) + b"0\r\n\r\n"
    with site.raw.socket() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{lines}transfer-encoding: chunked\r\n\r\n".encode() + chunks)
        answer = read_answer(connection)
    assert answer is not None and answer.status == 200, answer


def test_headers_beyond_their_limit_are_refused(site):
    answer = site.raw.send("POST", "/", {"host": site.raw.authority, "x-long": "x" * 40_000}, b"{}")
    assert answer.status in (400, 431), answer


def test_a_thousand_headers_are_refused_or_read(site):
    headers = {"host": site.raw.authority, **{f"x-{n}": "y" for n in range(1000)}}
    answer = site.raw.send("POST", "/", headers, b"{}")
    assert 400 <= answer.status < 500, answer


GARBAGE = [
    ("empty lines", b"\r\n\r\n\r\n\r\n"),
    ("a word", b"hello\r\n\r\n"),
    ("no version", b"GET /\r\n\r\n"),
    ("a version of its own", b"GET / HTTP/9.9\r\nhost: x\r\n\r\n"),
    ("TLS on a plain port", bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    ("zeros", bytes(1000)),
    ("random bytes", random.Random(8).randbytes(4000)),
    ("a header without colon", b"POST / HTTP/1.1\r\nhost\r\n\r\n"),
    ("a header with a line break in it", b"POST / HTTP/1.1\r\nhost: x\r\n y\r\n\r\n"),
    ("a negative length", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"),
    ("a length that is no number", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n"),
    ("two lengths", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    ("length and chunks", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a bad chunk", b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    ("no host", b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
    ("an absolute target", b"POST http://elsewhere/ HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"),
    ("a CONNECT", b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("HTTP/1.0", b"POST / HTTP/1.0\r\ncontent-length: 0\r\n\r\n"),
    ("half of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50)),
    ("an upgrade", b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n"),
]


@pytest.mark.parametrize("sent", cases(GARBAGE))
def test_garbage_is_answered_or_the_connection_closed(site, sent):
    """Whatever it is, it ends, and within seconds of the client having nothing more to say."""
    with site.raw.socket(10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            got = connection.recv(4096)
        except ConnectionResetError:
            got = b""
    status = got.split(b" ", 2)[1:2] if got.startswith(b"HTTP/1") else []
    assert status != [b"500"], got


def test_a_pipeline_is_answered_in_order(site):
    requests = b""
    for limit in (1, 0, 2):
        body = json.dumps({"Limit": limit}).encode()
        headers = Signer().headers("POST", site.raw.authority, "/", {
            "host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}, body)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests += f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body
    with site.raw.socket() as connection:
        connection.sendall(requests)
        connection.shutdown(socket.SHUT_WR)
        everything = b""
        while piece := connection.recv(65_536):
            everything += piece
    statuses = [line.split()[1] for line in everything.split(b"\r\n") if line.startswith(b"HTTP/1.1 ") or b"HTTP/1.1 " in line]
    assert len(statuses) == 3 and everything.index(b"HTTP/1.1 400") > everything.index(b"HTTP/1.1 200"), everything


def test_a_kept_connection_serves_many_calls(site):
    kept = Raw(site.server.url, keep=True)
    try:
        statuses = [kept.kms("ListKeys", {"Limit": 1 + n % 2}).status for n in range(50)]
        statuses += [kept.kms("ListKeys", b"{").status, kept.kms("ListKeys", {"Limit": 1}).status]
    finally:
        kept.close()
    assert statuses == [200] * 50 + [400, 200]


def test_a_slow_client_is_cut_off(serve):
    """A head, and a body, that never end: each gets its time and no more, while others are served."""
    patience = {"SEALROOM_LIMITS__HEADER_TIMEOUT_MS": "700", "SEALROOM_LIMITS__BODY_TIMEOUT_MS": "700"}
    with serve(variables=patience) as server:
        raw = Raw(server.url)
        head = b"POST / HTTP/1.1\r\nhost: x\r\n"
        with raw.socket(15) as slow_head, raw.socket(15) as slow_body:
            slow_head.sendall(head)
            slow_body.sendall(head + b"content-length: 100\r\n\r\n{")
            assert raw.kms("ListKeys", {}).status == 200
            for slow in (slow_head, slow_body):
                answer = slow.recv(4096)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
        assert raw.kms("ListKeys", {}).status == 200


def test_many_clients_at_once_are_all_answered(site):
    """Twice as many as there are threads by far, each with its own connection."""
    key = site.world.key("symmetric").id
    statuses, lock = [], threading.Lock()

    def client():
        raw = Raw(site.server.url, keep=True)
        for _ in range(5):
            answer = raw.kms("Encrypt", {"KeyId": key, "Plaintext": PLAINTEXT})
            with lock:
                statuses.append(answer.status)
        raw.close()
    threads = [threading.Thread(target=client) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 200


def test_a_client_that_leaves_does_no_harm(site):
    for _ in range(30):
        with site.raw.socket() as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")


@pytest.mark.parametrize("seed", range(3))
def test_damaged_ciphertexts_never_open(site, seed):
    """Every byte of the head and a sample of the rest, changed; every length a sample: one answer for all, and never a plaintext."""
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
    damaged += [bytes(blob[:chance.randrange(1, len(blob))]) for _ in range(30)]
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


@pytest.mark.parametrize(("body", "status"), cases(STS))
def test_sts_answers_what_it_does_not_understand_in_xml(site, body, status):
    answer = site.raw.sts(body)
    assert answer.status == status, answer
    assert b"<Error>" in answer.body and b"<Code>" in answer.body, answer


def test_an_action_that_aws_has_and_we_do_not_says_so(site):
    for operation in UNSERVED:
        answer = site.raw.kms(operation, {})
        assert answer.status == 400 and answer.code() == "UnknownOperationException", (operation, answer)
