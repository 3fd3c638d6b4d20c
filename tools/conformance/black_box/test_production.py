"""Production: set up with `init`, accounts made by the operator, and nothing of dev mode."""

import json
import re

import pytest

from harness.process import Failed, run
from harness.raw import Raw
from harness.secrets import sightings
from harness.signing import Signer

pytestmark = pytest.mark.operation


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
    code, out, err = run(
        "account",
        "create",
        "--data-dir",
        server.data,
        "--account-id",
        "123412341234",
        "--name",
        "second",
        "--output",
        "json",
    )
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
