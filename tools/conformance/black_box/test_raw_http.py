"""Connections that no SDK makes. Each gets an answer where HTTP allows one; none is a hang or the server's end."""

import json
import random
import re
import socket
import threading

import pytest

from harness.raw import JSON, Raw, read_answer
from harness.signing import Signer
from harness.table import named
from harness.world import PLAINTEXT

MIB = 1 << 20


@pytest.fixture(autouse=True)
def alive_afterwards(site):
    yield
    assert site.raw.kms("ListKeys", {"Limit": 1}).status == 200, "the server no longer serves"


def test_a_body_at_the_limit_is_read_and_one_beyond_it_is_not(site):
    """Two MiB: an Encrypt of a MiB in base64 fits."""
    fits = b'{"Limit": 1' + b" " * (2 * MIB - 12) + b"}"
    assert len(fits) == 2 * MIB
    assert site.raw.kms("ListKeys", fits).status == 200
    answer = site.raw.kms("ListKeys", fits + b" ")
    assert 400 <= answer.status < 500, answer


def test_a_much_longer_body_is_refused_before_it_arrives(serve):
    """Only the head is sent: the answer doesn't wait for the rest longer than for any body."""
    with serve(variables={"SEALROOM_LIMITS__BODY_TIMEOUT_MS": "700"}) as server:
        raw = Raw(server.url)
        for size in (3 * MIB, 64 * MIB, 1 << 62):
            with raw.socket() as connection:
                headers = {"host": raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}
                signed = Signer().headers("POST", raw.authority, "/", headers, b"")
                lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
                connection.sendall(f"POST / HTTP/1.1\r\n{lines}content-length: {size}\r\n\r\n".encode())
                answer = read_answer(connection)
            assert answer is not None and answer.status == 413, answer


def test_a_client_that_sends_too_much_sees_the_answer(site):
    """The answer comes while the body is still on its way, and isn't lost to a reset."""
    for size in (2 * MIB + 1, 3 * MIB, 8 * MIB):
        answer = site.raw.kms("ListKeys", b" " * size)
        assert answer.status == 413, (size, answer)


def test_a_chunked_body_is_read(site):
    body = b'{"Limit": 1}'
    headers = Signer().headers(
        "POST",
        site.raw.authority,
        "/",
        {"host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"},
        body,
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:5], body[5:])) + b"0\r\n\r\n"
    with site.raw.socket() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{lines}transfer-encoding: chunked\r\n\r\n".encode() + chunks)
        answer = read_answer(connection)
    assert answer is not None and answer.status == 200, answer


def test_a_client_that_waits_to_be_told_to_go_on_is_told(site):
    body = b'{"Limit": 1}'
    headers = {"host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}
    signed = Signer().headers("POST", site.raw.authority, "/", headers, body)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    with site.raw.socket() as connection:
        head = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
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
    (
        "length and chunks",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("a bad chunk", b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    ("no host", b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
    ("an absolute target", b"POST http://elsewhere/ HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"),
    ("a CONNECT", b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("HTTP/1.0", b"POST / HTTP/1.0\r\ncontent-length: 0\r\n\r\n"),
    ("half of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50)),
    (
        "an upgrade",
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\n"
        b"upgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n",
    ),
]


@pytest.mark.parametrize("sent", named(GARBAGE))
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
    with site.raw.socket() as connection:
        connection.sendall(b"".join(listing(site, limit, close=limit == 2) for limit in (1, 0, 2)))
        everything = b""
        while piece := connection.recv(65_536):
            everything += piece
    assert re.findall(rb"HTTP/1.1 (\d+) ", everything) == [b"200", b"400", b"200"], everything


def listing(site, limit, close=False):
    """The bytes of a signed ListKeys."""
    body = json.dumps({"Limit": limit}).encode()
    headers = {"host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}
    signed = Signer().headers("POST", site.raw.authority, "/", headers, body)
    signed |= {"content-length": str(len(body)), "connection": "close" if close else "keep-alive"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


@pytest.mark.parametrize("limit, status", [(1, b"200"), (0, b"400")])
def test_headers_are_spelt_as_aws_spells_them(site, limit, status):
    """HTTP doesn't care; libmongocrypt finds the length of a body under this spelling only."""
    with site.raw.socket() as connection:
        connection.sendall(listing(site, limit, close=True))
        everything = b""
        while piece := connection.recv(65_536):
            everything += piece
    head, _, body = everything.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    lines = head.split(b"\r\n")
    assert b"Content-Length: %d" % len(body) in lines and b"Content-Type: application/x-amz-json-1.1" in lines, lines


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
