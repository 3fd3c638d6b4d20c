"""Configuration file, environment, command line, exit codes and help."""

import json
import re

import pytest

from harness.process import run
from harness.raw import Raw

pytestmark = pytest.mark.operation


CONFIGS = [
    ("nothing", "", 0, ""),
    ("good", '[server]\nlisten = "127.0.0.1:0"\n[log]\nformat = "json"\n', 0, ""),
    ("no TOML", "[server", 1, "configuration is not valid"),
    ("an unknown section", "[sever]\n", 1, "sever"),
    ("an unknown key", '[server]\nlissen = "127.0.0.1:1"\n', 1, "lissen"),
    ("a wrong type", '[limits]\nrequests = "many"\n', 1, "requests"),
    ("a limit of nothing", "[limits]\nrequests = 0\n", 1, "limits.requests"),
    ("a quota of nothing", "[quotas]\nkeys = 0\n", 1, "quotas.keys"),
    ("a quota beyond what can be", "[quotas]\naliases_per_key = 1001\n", 1, "quotas.aliases_per_key"),
    ("an unknown kind of quotas", '[quotas]\nrequests = "azure"\n', 1, "azure"),
    ("a public address without TLS", '[server]\nlisten = "0.0.0.0:4566"\n', 1, "address other than loopback"),
    ("an unknown store", '[store]\nurl = "oracle://x"\n', 1, "store.url"),
    ("a passphrase for a key file", '[root]\npassphrase_env = "X"\n', 1, "root.kind"),
    ("a Region that is none", '[server]\nregions = ["nowhere"]\n', 1, "server.regions"),
    (
        "one address for both",
        '[server]\nlisten = "127.0.0.1:5"\nadmin_listen = "127.0.0.1:5"\n',
        1,
        "server.admin_listen",
    ),
]


@pytest.mark.parametrize(
    ("text", "code", "told"), [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in CONFIGS]
)
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


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("open-sesame",),
        ("serve", "--sesame"),
        ("serve", "--listen", "nowhere"),
        ("init", "--account-id", "123"),
        ("account",),
    ],
)
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
