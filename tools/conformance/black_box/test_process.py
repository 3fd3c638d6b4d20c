"""The program as the operator meets it: starting, stopping, refusing, TLS, configuration, exit codes, help."""

import json
import re
import signal
import socket
import ssl
import stat
import threading
import time

import pytest

from harness import certificates
from harness.clients import Clients
from harness.process import Failed, run
from harness.raw import JSON, Raw, read_answer
from harness.secrets import sightings
from harness.signing import Signer
from harness.site import Site

pytestmark = pytest.mark.operation

PATIENCE = 20


def until(holds, what):
    """Waits until `holds()`; bounded."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"not after {PATIENCE} s: {what}")


# Starting and stopping.

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
    headers = Signer().headers("POST", raw.authority, "/", {
        "host": raw.authority, "content-type": JSON, "x-amz-target": "TrentService.ListKeys"}, body)
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
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: TrentService.ListKeys\r\n"
                           b"content-type: application/x-amz-json-1.1\r\ncontent-length: 100\r\n\r\n{")
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
    """Whatever was answered 200 is there after the restart; nothing else than 200, 503 or a closed connection was seen."""
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
        thread.join(PATIENCE)
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


# The admin address.

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


# Production: init, an account, and nothing of dev mode.

@pytest.fixture
def production(serve):
    """A server in production on a folder that was set up: (server, the first account)."""
    server = serve(dev=False)
    code, out, err = run("init", "--data-dir", server.data, "--name", "first", "--output", "json")
    assert code == 0, err
    account = json.loads(out)
    return server.start(), account


def credentials(account):
    return Signer(account["AccessKeyId"], account["SecretAccessKey"])


def test_a_store_that_was_set_up_serves_its_account_and_nobody_else(production):
    server, account = production
    assert re.fullmatch(r"\d{12}", account["AccountId"])
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", account["AccessKeyId"])
    assert len(account["SecretAccessKey"]) == 40
    raw = Raw(server.url)
    assert raw.kms("CreateKey", {}, credentials(account)).status == 200
    told = raw.sts(signer=Signer(account["AccessKeyId"], account["SecretAccessKey"], service="sts")).body.decode()
    assert f"<Arn>arn:aws:iam::{account['AccountId']}:root</Arn>" in told
    for known in (Signer(), Signer("111122223333"), Signer(account["AccountId"])):
        answer = raw.kms("ListKeys", {}, known)
        assert answer.code() == "UnrecognizedClientException", answer
    assert raw.kms("ListKeys", {}, Signer(account["AccessKeyId"], "wrong")).code() == "InvalidSignatureException"


def test_production_has_no_dev_clock(production):
    server, _ = production
    answer = Raw(server.url).send("POST", "/_sealroom/clock", {"host": server.address}, b'{"advance_seconds": 1}')
    assert answer.status == 404, answer


def test_production_serves_the_regions_that_it_was_given(production):
    server, account = production
    there = Signer(account["AccessKeyId"], account["SecretAccessKey"], region="eu-central-1")
    answer = Raw(server.url).kms("ListKeys", {}, there)
    assert answer.code() == "InvalidSignatureException", answer
    assert answer.message() == "Credential should be scoped to a valid region. "


def test_accounts_are_made_and_listed_while_the_server_runs(production):
    server, first = production
    code, out, err = run("account", "create", "--data-dir", server.data, "--account-id", "123412341234", "--name", "second", "--output", "json")
    assert code == 0, err
    second = json.loads(out)
    assert second["AccountId"] == "123412341234"
    raw = Raw(server.url)
    made = raw.kms("CreateKey", {}, credentials(second)).json()["KeyMetadata"]
    assert made["AWSAccountId"] == "123412341234"
    assert raw.kms("DescribeKey", {"KeyId": made["Arn"]}, credentials(first)).code() == "AccessDeniedException"
    code, out, _ = run("account", "list", "--data-dir", server.data, "--output", "json")
    listed = {account["AccountId"]: account["Name"] for account in json.loads(out)["Accounts"]}
    assert listed == {first["AccountId"]: "first", "123412341234": "second"}
    assert second["SecretAccessKey"] not in out
    code, out, err = run("account", "create", "--data-dir", server.data, "--account-id", "123412341234")
    assert (code, out) == (1, "") and "already exists" in err, err


def test_an_account_needs_a_running_server(production):
    server, _ = production
    assert server.stop() == 0
    code, out, err = run("account", "list", "--data-dir", server.data)
    assert (code, out) == (1, "") and "no server is running" in err


def test_a_store_is_set_up_once(production):
    server, _ = production
    assert server.stop() == 0
    before = (server.data / "root.key").read_bytes()
    code, out, err = run("init", "--data-dir", server.data)
    assert (code, out) == (1, "") and "already" in err, err
    assert (server.data / "root.key").read_bytes() == before
    with pytest.raises(Failed) as refused:
        server.dev = True
        server.start()
    assert "was not made by `serve --dev`" in refused.value.said


def test_the_secret_of_an_account_lies_nowhere_in_clear(production):

    server, account = production
    assert Raw(server.url).kms("CreateKey", {}, credentials(account)).status == 200
    secrets = {"its secret": account["SecretAccessKey"].encode()}
    assert sightings(server.folder, secrets) == []
    assert server.stop() == 0
    assert sightings(server.folder, secrets) == []


def test_a_passphrase_opens_what_it_closed_and_another_does_not(serve, tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    config = f'[root]\nkind = "passphrase"\npassphrase_file = "{secret}"\n'
    server = serve(dev=False, config=config)
    code, out, err = run("init", "--config", server.config, "--data-dir", server.data, "--output", "json")
    assert code == 0, err
    account = json.loads(out)
    with server:
        assert Raw(server.url).kms("CreateKey", {}, credentials(account)).status == 200
    assert not (server.data / "root.key").exists()
    secret.write_text("another\n")
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1, refused.value.said
    secret.unlink()
    with pytest.raises(Failed) as refused:
        server.start()
    assert str(secret) in refused.value.said


# TLS.

def peer_name(server):
    """The common name of the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain, context.wrap_socket(plain) as secure:
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


def test_http2_is_offered(serve, tmp_path):
    server, certificate = secure_server(serve, tmp_path)
    with server:
        context = ssl.create_default_context(cafile=certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                assert secure.selected_alpn_protocol() == "h2"


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


# Configuration, exit codes, help.

CONFIGS = [
    ("nothing", "", 0, ""),
    ("good", '[server]\nlisten = "127.0.0.1:0"\n[log]\nformat = "json"\n', 0, ""),
    ("no TOML", "[server", 1, "configuration is not valid"),
    ("an unknown section", "[sever]\n", 1, "sever"),
    ("an unknown key", '[server]\nlissen = "127.0.0.1:1"\n', 1, "lissen"),
    ("a wrong type", "[limits]\nrequests = \"many\"\n", 1, "requests"),
    ("a limit of nothing", "[limits]\nrequests = 0\n", 1, "limits.requests"),
    ("a public address without TLS", '[server]\nlisten = "0.0.0.0:4566"\n', 1, "server.listen"),
    ("an unknown store", '[store]\nurl = "oracle://x"\n', 1, "store.url"),
    ("a passphrase for a key file", '[root]\npassphrase_env = "X"\n', 1, "root.kind"),
    ("a Region that is none", '[server]\nregions = ["nowhere"]\n', 1, "server.regions"),
    ("one address for both", '[server]\nlisten = "127.0.0.1:5"\nadmin_listen = "127.0.0.1:5"\n', 1, "server.admin_listen"),
]


@pytest.mark.parametrize(("text", "code", "told"), [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in CONFIGS])
def test_check_config_says_whether_a_file_can_be_used(tmp_path, text, code, told):
    file = tmp_path / "sealroom.toml"
    file.write_text(text)
    got, out, err = run("check-config", "--config", file)
    assert got == code, err
    assert told in err
    assert (out == "") == (code == 1)


def test_a_config_file_that_is_not_there_is_told(tmp_path):
    for command in ("check-config", "serve", "init"):
        code, _, err = run(command, "--config", tmp_path / "absent.toml")
        assert code == 1 and "absent.toml" in err, err


def test_the_environment_overlays_the_file_and_the_command_line_both(serve):
    config = '[server]\ncompat = "aws"\n[log]\nformat = "text"\n'
    server = serve(config=config, variables={"SEALROOM_LOG__FORMAT": "json"})
    with server:
        first = next(line for line in server.log().splitlines() if line.startswith("{"))
        assert json.loads(first)
        key = Raw(server.url).kms("CreateKey", {}).json()["KeyMetadata"]["KeyId"]
        assert Raw(server.url).kms("Encrypt", {"KeyId": key, "Plaintext": bytes(4097)}).status == 400
    server.options = ["--compat", "extended"]
    with server:
        assert Raw(server.url).kms("Encrypt", {"KeyId": key, "Plaintext": bytes(4097)}).status == 200


def test_an_unknown_variable_is_refused():
    code, _, err = run("check-config", variables={"SEALROOM_SERVER__LISSEN": "127.0.0.1:1"})
    assert code == 1 and "lissen" in err.lower(), err


@pytest.mark.parametrize("arguments", [(), ("open-sesame",), ("serve", "--sesame"), ("serve", "--listen", "nowhere"),
                                       ("init", "--account-id", "123"), ("account",)])
def test_a_command_line_that_makes_no_sense_ends_with_two(arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and err


HELPS = [
    ((), ["serve", "init", "account", "check-config"]),
    (("serve",), ["--dev", "--data-dir", "--listen", "--admin-listen", "--compat", "--config", "SIGTERM"]),
    (("init",), ["--data-dir", "--account-id", "--name", "--output"]),
    (("account",), ["create", "list"]),
    (("check-config",), ["--config"]),
]


@pytest.mark.parametrize(("command", "words"), HELPS)
def test_help_names_what_there_is(command, words):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert [word for word in words if word not in out] == []
    assert max(map(len, out.splitlines())) <= 120


def test_the_version_is_told():
    code, out, _ = run("--version")
    assert code == 0 and re.fullmatch(r"sealroom \d+\.\d+\.\d+.*\n", out), out


def test_the_log_repeats_nothing_that_is_secret(serve):
    with serve(variables={"SEALROOM_LOG__LEVEL": "debug"}) as server:
        site = Site.of(server)
        key = site.clients().create_key()["KeyMetadata"]["KeyId"]
        site.clients().encrypt(KeyId=key, Plaintext=b"a plaintext in no log")
        site.raw.kms("Encrypt", {"KeyId": key}, Signer(secret="a secret in no log"))
        site.clients.close()
        log = server.log()
    assert "a plaintext in no log" not in log and "a secret in no log" not in log


def test_restarts_keep_everything(serve):
    """What was encrypted, signed and set before opens, verifies and holds after: an end by SIGTERM, and by kill -9."""
    server = serve().start()
    site = Site.of(server)
    kms = site.clients()
    before = {}
    for name in ("symmetric", "rsa", "rsa_sign", "p256", "p384", "mrk", "symmetric@Disabled", "symmetric@PendingDeletion"):
        key = site.world.key(name)
        before[name] = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    contexts = [{}, {"a": "1"}, {"schlüssel": "🔑", "b": "2"}]
    sealed = [kms.encrypt(KeyId=site.world.key("symmetric").id, Plaintext=b"kept", EncryptionContext=context)["CiphertextBlob"]
              for context in contexts]
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
        assert kms.decrypt(KeyId=rsa.id, CiphertextBlob=rsa.sample, EncryptionAlgorithm="RSAES_OAEP_SHA_256")["Plaintext"]
        for name, algorithm in (("rsa_sign", "RSASSA_PKCS1_V1_5_SHA_256"), ("p256", "ECDSA_SHA_256"), ("p384", "ECDSA_SHA_384")):
            key = site.world.key(name)
            assert kms.verify(KeyId=key.id, Message=b"what a sample holds", Signature=key.sample, SigningAlgorithm=algorithm)["SignatureValid"]
        again.close()
    site.clients.close()
