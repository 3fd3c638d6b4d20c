"""TLS: certificates of both kinds, versions, HTTP/2, reading the certificate again, and what is no TLS."""

import json
import re
import signal
import socket
import ssl

import pytest

from harness import certificates
from harness.clients import Clients
from harness.http2 import Http2
from harness.process import Failed
from harness.raw import JSON, Raw
from harness.signing import Signer
from harness.waiting import until

pytestmark = pytest.mark.operation


def peer_name(server):
    """The common name of the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        context.wrap_socket(plain) as secure,
    ):
        der = secure.getpeercert(binary_form=True)
    return re.search(rb"\x06\x03\x55\x04\x03.{2}([a-z-]+)", der, re.DOTALL)[1].decode()


def secure_server(serve, folder, kind=certificates.EC, **how):
    certificate, key = certificates.make(folder, "first", kind)
    config = f'[tls]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n'
    return serve(config=config, **how), certificate


@pytest.mark.parametrize("kind", [pytest.param(certificates.EC, id="P-256"), pytest.param(certificates.RSA, id="RSA")])
def test_tls_serves_boto3(serve, tmp_path, kind):
    server, certificate = secure_server(serve, tmp_path, kind)
    with server:
        assert server.url.startswith("https://")
        clients = Clients(server.url, verify=str(certificate))
        key = clients().create_key()["KeyMetadata"]["KeyId"]
        sealed = clients().encrypt(KeyId=key, Plaintext=b"over TLS")["CiphertextBlob"]
        assert clients().decrypt(CiphertextBlob=sealed)["Plaintext"] == b"over TLS"
        clients.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions_that_are_served(serve, tmp_path, version):
    server, certificate = secure_server(serve, tmp_path)
    with server:
        context = ssl.create_default_context(cafile=certificate)
        context.minimum_version = context.maximum_version = version
        assert Raw(server.url, context=context).kms("ListKeys", {}).status == 200


def test_http2_serves_signed_requests(serve, tmp_path):
    """The authority stands for the host that was signed."""
    server, certificate = secure_server(serve, tmp_path)
    with server:
        http2 = Http2(server.port, ssl.create_default_context(cafile=certificate))
        authority = f"localhost:{server.port}"
        made = []
        for operation, body, secret in (
            ("CreateKey", b"{}", "test"),
            ("ListKeys", b"{}", "test"),
            ("ListKeys", b"{}", "wrong"),
            ("ListKeys", b"{", "test"),
        ):
            headers = {"content-type": JSON, "x-amz-target": f"TrentService.{operation}"}
            signed = Signer(secret=secret).headers("POST", authority, "/", {"host": authority, **headers}, body)
            del signed["host"]
            made.append(json.loads(http2.request(authority, signed, body)))
        http2.close()
    key = made[0]["KeyMetadata"]["KeyId"]
    assert [one["KeyId"] for one in made[1]["Keys"]] == [key]
    assert made[2]["__type"] == "InvalidSignatureException"
    assert made[3]["__type"] == "SerializationException"


def test_sighup_reads_the_certificate_again(serve, tmp_path):
    server, _ = secure_server(serve, tmp_path)
    with server:
        assert peer_name(server) == "first"
        certificates.make(tmp_path, "second")
        server.signal(signal.SIGHUP)
        until(lambda: peer_name(server) == "second", "the new certificate is shown")


def test_a_certificate_that_cannot_be_used_leaves_the_old_one(serve, tmp_path):
    server, certificate = secure_server(serve, tmp_path)
    with server:
        certificate.write_text("no certificate")
        server.signal(signal.SIGHUP)
        until(lambda: "the old one stays" in server.log(), "the log says so")
        assert peer_name(server) == "first"


def test_plain_http_on_a_tls_port_and_garbage_are_no_harm(serve, tmp_path):
    server, certificate = secure_server(serve, tmp_path)
    with server:
        for sent in (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", bytes(100), b"\x16\x03\x01\xff\xff"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                try:
                    while connection.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        context = ssl.create_default_context(cafile=certificate)
        assert Raw(server.url, context=context).kms("ListKeys", {}).status == 200


def test_a_certificate_without_its_key_is_refused(serve, tmp_path):
    certificate, _ = certificates.make(tmp_path, "first")
    with pytest.raises(Failed) as refused:
        serve(config=f'[tls]\ncertificate = "{certificate}"\n').start()
    assert refused.value.code == 1 and "tls.private_key" in refused.value.said, refused.value.said
