"""The program as the operator meets it: starting, stopping, refusing to start, starting again, telling how it is."""

import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from harness.clients import Clients
from harness.process import Failed, environment, free_port
from harness.raw import JSON, Raw, read_answer
from harness.signing import Signer
from harness.site import Site
from harness.waiting import until

pytestmark = pytest.mark.operation


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_leaves_nothing(serve, number):
    server = serve().start()
    Site.of(server).clients().create_key()
    server.signal(number)
    assert server.wait() == 0, server.log()
    assert server.leftovers() == []
    assert server.refuses_connections()
    sockets = [path for path in server.data.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
    assert sockets == []


def test_a_request_that_is_being_served_is_answered_before_the_end(serve):
    """Its body arrives after SIGTERM; nobody else is let in meanwhile."""
    server = serve().start()
    raw = Raw(server.url)
    body = b'{"Limit": 1}'
    headers = Signer().headers(
        "POST",
        raw.authority,
        "/",
        {"host": raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"},
        body,
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with raw.socket() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body[:4])
        until(lambda: "sealroom_requests_in_flight 1" in server.admin("/metrics")[1], "the request is being served")
        server.signal(signal.SIGTERM)
        until(server.refuses_connections, "the port is closed")
        connection.sendall(body[4:])
        answer = read_answer(connection)
    assert answer is not None and answer.status == 200, answer
    assert server.wait() == 0


def test_the_drain_has_an_end(serve):
    """A client that never finishes its request delays the end for as long as was set, and no longer."""
    server = serve(variables={"SEALROOM_SERVER__DRAIN_SECONDS": "1"}).start()
    raw = Raw(server.url)
    with raw.socket() as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: TrentService.ListKeys\r\n"
            b"content-type: application/x-amz-json-1.1\r\ncontent-length: 100\r\n\r\n{"
        )
        until(lambda: "sealroom_requests_in_flight 1" in server.admin("/metrics")[1], "the request is being served")
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert 0.9 < time.monotonic() - begun < 10


def test_idle_connections_do_not_delay_the_end(serve):
    server = serve().start()
    kept = [Raw(server.url, keep=True) for _ in range(5)]
    for raw in kept:
        assert raw.kms("ListKeys", {}).status == 200
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 10
    for raw in kept:
        raw.close()


def test_stopping_under_load_loses_no_answer(serve):
    """Whatever was answered 200 is there after the restart; else only 503 and closed connections were seen."""
    server = serve().start()
    made, odd, lock = [], [], threading.Lock()

    def client():
        raw = Raw(server.url, keep=True)
        try:
            while True:
                answer = raw.kms("CreateKey", {})
                with lock:
                    if answer.status == 200:
                        made.append(answer.json()["KeyMetadata"]["KeyId"])
                    elif answer.status != 503:
                        odd.append(answer)
        except Exception:  # noqa: BLE001 -- the server has gone, as it was told to
            raw.close()

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(made) > 100, "some keys are made")
    assert server.stop() == 0
    for thread in threads:
        thread.join(20)
    assert odd == []
    with server:
        site = Site.of(server)
        pages = site.clients().get_paginator("list_keys").paginate()
        listed = {key["KeyId"] for page in pages for key in page["Keys"]}
        site.clients.close()
    assert set(made) <= listed


def test_a_second_server_on_the_same_folder_is_refused(serve):
    with serve("first") as first:
        second = serve("second")
        second.data = first.data
        with pytest.raises(Failed) as refused:
            second.start()
        assert refused.value.code == 1
        assert re.search(r"sealroom: .*(another|already|locked|in use)", refused.value.said), refused.value.said
        assert Raw(first.url).kms("ListKeys", {}).status == 200


def test_a_port_that_is_taken_is_told(serve):
    with serve("first") as first:
        with pytest.raises(Failed) as refused:
            serve("second", listen=first.address).start()
        assert refused.value.code == 1 and first.address in refused.value.said, refused.value.said


def test_a_dev_folder_is_not_served_without_dev(serve):
    server = serve().start()
    assert server.stop() == 0
    server.dev = False
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1 and "--dev" in refused.value.said, refused.value.said


def test_an_empty_folder_is_not_served_without_dev(serve):
    with pytest.raises(Failed) as refused:
        serve(dev=False).start()
    assert refused.value.code == 1 and "sealroom init" in refused.value.said, refused.value.said


def test_the_admin_address_tells_health_readiness_and_counts(site):
    assert site.server.admin("/healthz") == (200, "alive\n")
    assert site.server.admin("/readyz") == (200, "ready\n")
    status, text = site.server.admin("/metrics")
    assert status == 200 and text.endswith("# EOF\n")
    assert site.server.admin("/nothing")[0] == 404


def test_metrics_name_no_key_and_no_account(site):
    key = site.world.key("symmetric")
    _, text = site.server.admin("/metrics")
    assert key.id not in text and "000000000000" not in text


def test_the_log_repeats_nothing_that_is_secret(serve):
    with serve(variables={"SEALROOM_LOG__LEVEL": "debug"}) as server:
        site = Site.of(server)
        key = site.clients().create_key()["KeyMetadata"]["KeyId"]
        site.clients().encrypt(KeyId=key, Plaintext=b"a plaintext in no log")
        site.raw.kms("Encrypt", {"KeyId": key}, Signer(secret="a secret in no log"))
        site.clients.close()
        log = server.log()
    assert "a plaintext in no log" not in log and "a secret in no log" not in log


def test_a_log_that_cannot_be_written_stops_nothing(serve):
    """Its file lies on a full disk, say. Calls that would be logged are answered all the same."""
    with open("/dev/full", "wb") as full:
        server = serve(stderr=full, variables={"SEALROOM_LOG__LEVEL": "debug"})
        with server:
            raw = Raw(server.url)
            assert raw.kms("ListKeys", {}, Signer(secret="wrong")).status == 400
            assert raw.kms("CreateKey", {}).status == 200
            assert server.stop() == 0


def test_an_output_that_cannot_be_written_stops_nothing(serve):
    """Where it says that it listens has gone; it listens all the same."""
    port = free_port()
    server = serve(listen=f"127.0.0.1:{port}")
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(
            server.command(), stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.DEVNULL, env=environment()
        )
    try:
        until(lambda: accepts(port) or process.poll() is not None, "it listens, or has ended")
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert Raw(f"http://127.0.0.1:{port}").kms("ListKeys", {}).status == 200
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_restarts_keep_everything(serve):
    """What was encrypted, signed and set before opens, verifies and holds after: an end by SIGTERM, and by kill -9."""
    server = serve().start()
    site = Site.of(server)
    kms = site.clients()
    before = {}
    for name in (
        "symmetric",
        "rsa",
        "rsa_sign",
        "p256",
        "p384",
        "mrk",
        "symmetric@Disabled",
        "symmetric@PendingDeletion",
    ):
        key = site.world.key(name)
        before[name] = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    contexts = [{}, {"a": "1"}, {"schlüssel": "🔑", "b": "2"}]
    sealed = [
        kms.encrypt(KeyId=site.world.key("symmetric").id, Plaintext=b"kept", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        for context in contexts
    ]
    data_key = kms.generate_data_key(KeyId=site.world.key("symmetric").id, KeySpec="AES_256")
    for end in (server.stop, server.kill, server.stop):
        end()
        server.start()
        again = Clients(server.url)
        kms = again()
        for name, metadata in before.items():
            assert kms.describe_key(KeyId=metadata["KeyId"])["KeyMetadata"] == metadata, name
        for context, blob in zip(contexts, sealed, strict=True):
            assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"kept"
        assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
        rsa = site.world.key("rsa")
        assert kms.decrypt(KeyId=rsa.id, CiphertextBlob=rsa.sample, EncryptionAlgorithm="RSAES_OAEP_SHA_256")[
            "Plaintext"
        ]
        for name, algorithm in (
            ("rsa_sign", "RSASSA_PKCS1_V1_5_SHA_256"),
            ("p256", "ECDSA_SHA_256"),
            ("p384", "ECDSA_SHA_384"),
        ):
            key = site.world.key(name)
            assert kms.verify(
                KeyId=key.id, Message=b"what a sample holds", Signature=key.sample, SigningAlgorithm=algorithm
            )["SignatureValid"]
        again.close()
    site.clients.close()
