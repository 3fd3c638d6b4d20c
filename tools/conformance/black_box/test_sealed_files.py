"""`sealroom seal` and `unseal` against AWS's Encryption SDK for Python and its CLI: each opens what the other sealed."""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from aws_encryption_sdk import EncryptionSDKClient, StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy

from harness import certificates
from harness.clients import HOME, REGION, Clients
from harness.process import binary, environment, free_port
from harness.waiting import until
from harness.world import OTHER

SECONDS = 120
FRAME = 4096
SIZES = [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 5_000_001]
CONTEXT = {"project": "apollo", "grüße": "aus=Köln"}
PAIRS = [part for name, value in CONTEXT.items() for part in ("--context", f"{name}={value}")]
COMMITTING = [suite for suite in AlgorithmSuite if suite.is_committing()]
OLDER = [suite for suite in AlgorithmSuite if not suite.is_committing()]
OLD_POLICY = ["--commitment-policy", "require-encrypt-allow-decrypt"]


@dataclass
class Ran:
    code: int
    out: bytes
    err: str


def variables(url, account=HOME, **more):
    return environment(
        {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test" if account == HOME else account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **more,
        }
    )


def without(url, name):
    return {key: value for key, value in variables(url).items() if key != name}


@pytest.fixture
def sealroom(site, tmp_path):
    """Runs the program in the test's folder, with what AWS's CLI would read in its environment."""

    def run(*arguments, given=b"", env=None, **how):
        done = subprocess.run(
            [binary(), *map(str, arguments)],
            cwd=tmp_path,
            env=env or variables(site.server.url),
            input=given,
            capture_output=True,
            timeout=SECONDS,
            **how,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    return run


@pytest.fixture
def key(site):
    return site.world.key("symmetric").arn


def content(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def sdk(site, *keys, policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT):
    """AWS's client, and the provider of `keys`; it makes its clients of KMS from the environment, when it is made."""
    with patch.dict(os.environ, variables(site.server.url)):
        return EncryptionSDKClient(commitment_policy=policy), StrictAwsKmsMasterKeyProvider(key_ids=keys)


def encrypted(site, key, plaintext, **how):
    suite = how.get("algorithm", COMMITTING[-1])
    older = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    policy = {} if suite.is_committing() else {"policy": older}
    client, master = sdk(site, *([key] if isinstance(key, str) else key), **policy)
    how.setdefault("encryption_context", CONTEXT)
    return client.encrypt(source=plaintext, key_provider=master, **how)[0]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refused(ran, *texts):
    assert ran.code == 1 and ran.out == b"" and ran.err.startswith("sealroom: "), ran
    assert all(text in ran.err for text in texts), ran.err


@pytest.mark.parametrize("options", [[], ["--unsigned"], ["--frame-length", "1000"]], ids=["signed", "unsigned", "1000"])
@pytest.mark.parametrize("size", SIZES)
def test_the_sdk_opens_what_we_seal(site, sealroom, key, tmp_path, size, options):
    (tmp_path / "plain").write_bytes(content(size))
    ran = sealroom("seal", "--key", key, *PAIRS, *options, "plain")
    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    assert names(tmp_path) == ["plain", "plain.sealed"]
    client, master = sdk(site, key)
    plaintext, header = client.decrypt(source=(tmp_path / "plain.sealed").read_bytes(), key_provider=master)
    assert plaintext == content(size)
    assert header.encryption_context.items() >= CONTEXT.items()
    assert header.algorithm.algorithm_id == (0x0478 if "--unsigned" in options else 0x0578)
    assert [data_key.key_provider.key_info.decode() for data_key in header.encrypted_data_keys] == [key]


@pytest.mark.parametrize("frame_length", [0, 128, FRAME])
@pytest.mark.parametrize("size", [0, 1, 128, 129, FRAME, 100_000])
@pytest.mark.parametrize("suite", COMMITTING, ids=lambda suite: suite.name)
def test_we_open_what_the_sdk_sealed(site, sealroom, key, tmp_path, suite, size, frame_length):
    sealed = encrypted(site, key, content(size), algorithm=suite, frame_length=frame_length)
    (tmp_path / "plain.sealed").write_bytes(sealed)
    ran = sealroom("unseal", "--key", key, *PAIRS, "plain.sealed")
    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    assert (tmp_path / "plain").read_bytes() == content(size)
    assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o600


def test_we_open_several_megabytes_of_the_sdk(site, sealroom, key, tmp_path):
    (tmp_path / "plain.sealed").write_bytes(encrypted(site, key, content(5_000_001)))
    assert sealroom("unseal", "--key", key, "plain.sealed").code == 0
    assert (tmp_path / "plain").read_bytes() == content(5_000_001)


@pytest.mark.parametrize("suite", OLDER, ids=lambda suite: suite.name)
def test_a_file_without_key_commitment_is_opened_where_the_policy_allows_it(site, sealroom, key, tmp_path, suite):
    for frame_length in (0, FRAME):
        sealed = encrypted(site, key, content(10_000), algorithm=suite, frame_length=frame_length)
        (tmp_path / "plain.sealed").write_bytes(sealed)
        refused(sealroom("unseal", "--key", key, "plain.sealed"), "no key commitment", "--commitment-policy")
        assert names(tmp_path) == ["plain.sealed"]
        ran = sealroom("unseal", "--key", key, *OLD_POLICY, "--force", "plain.sealed")
        assert (ran.code, (tmp_path / "plain").read_bytes()) == (0, content(10_000)), ran
        (tmp_path / "plain").unlink()


def encryption_cli(site, *arguments):
    program = Path(sys.executable).with_name("aws-encryption-cli")
    done = subprocess.run(
        [sys.executable, program, *map(str, arguments)],
        env=variables(site.server.url, AWS_DEFAULT_REGION=REGION),
        capture_output=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_encryption_cli_opens_ours_and_we_open_its(site, sealroom, key, tmp_path):
    (tmp_path / "plain").write_bytes(content(100_000))
    assert sealroom("seal", "--key", key, "--context", "a=1", "plain").code == 0
    common = ["--wrapping-keys", f"key={key}", "--encryption-context", "a=1", "--suppress-metadata"]
    opened, sealed = tmp_path / "opened", tmp_path / "theirs.sealed"
    encryption_cli(site, "--decrypt", *common, "--input", tmp_path / "plain.sealed", "--output", opened)
    assert opened.read_bytes() == content(100_000)
    encryption_cli(site, "--encrypt", *common, "--input", tmp_path / "plain", "--output", sealed)
    assert sealroom("unseal", "--key", key, "--context", "a=1", sealed).code == 0
    assert (tmp_path / "theirs").read_bytes() == content(100_000)


@pytest.mark.parametrize("options", [[], ["--unsigned"]], ids=["signed", "unsigned"])
def test_streams_are_sealed_and_unsealed(sealroom, key, tmp_path, options):
    sealed = sealroom("seal", "--key", key, *options, "-", given=content(1_000_000))
    assert (sealed.code, sealed.err) == (0, "")
    opened = sealroom("unseal", "--account", HOME, "-", given=sealed.out)
    assert (opened.code, opened.out, opened.err) == (0, content(1_000_000), "")
    assert names(tmp_path) == []


def test_a_key_is_named_in_each_of_its_ways(site, sealroom, key):
    alias = "alias/sealed-files"
    site.clients().create_alias(AliasName=alias, TargetKeyId=key)
    for named in (key, key.rsplit("/", 1)[1], alias, f"{key.rsplit(':', 1)[0]}:{alias}"):
        sealed = sealroom("seal", "--key", named, "-", given=b"content")
        assert sealroom("unseal", "--key", key, "-", given=sealed.out).out == b"content"
    site.clients().delete_alias(AliasName=alias)
    refused(sealroom("seal", "--key", alias, "-", given=b"content"), "NotFoundException", alias)
    by_variable = sealroom("seal", "-", given=b"content", env=variables(site.server.url, SEALROOM_KEY=key))
    assert sealroom("unseal", "--key", key, "-", given=by_variable.out).out == b"content"


def test_any_key_that_is_allowed_will_do(site, sealroom, key):
    second = site.world.key("second").arn
    sealed = encrypted(site, [key, second], b"content")
    for allowed in ([key], [second], [key, second]):
        options = [part for one in allowed for part in ("--key", one)]
        assert sealroom("unseal", *options, "-", given=sealed).out == b"content"
    too_many = sealroom("unseal", "--account", HOME, "--max-encrypted-data-keys", "1", "-", given=sealed)
    refused(too_many, "2 encrypted data keys; 1 are allowed")


def test_a_key_that_refuses_is_no_end_when_another_opens(site, sealroom):
    first, second = (site.clients().create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sealed = encrypted(site, [first, second], b"content")
    site.clients().disable_key(KeyId=first)
    assert sealroom("unseal", "--account", HOME, "-", given=sealed).out == b"content"
    refused(sealroom("unseal", "--key", first, "-", given=sealed), "DisabledException")


def test_kms_is_asked_for_allowed_keys_only(site, sealroom, key):
    """Nobody listens at the endpoint: whoever asks is told so."""
    nobody = f"http://127.0.0.1:{free_port()}"
    sealed = encrypted(site, key, b"content")
    other = key[:-1] + ("0" if key[-1] != "0" else "1")
    for options in ([], ["--key", other], ["--account", OTHER], ["--account", HOME, "--partition", "aws-cn"]):
        ran = sealroom("unseal", *options, "-", given=sealed, env=variables(nobody))
        refused(ran, f"`{key}`", "--key", "--account")
    refused(sealroom("unseal", "--key", key, "-", given=sealed, env=variables(nobody)), "can not connect")
    ran = sealroom("unseal", "--key", key, "--context", "project=gemini", "-", given=sealed, env=variables(nobody))
    refused(ran, "encryption context", "`project`")
    assert "gemini" not in ran.err and "apollo" not in ran.err


def test_the_context_that_is_insisted_on_is_part_of_the_files(site, sealroom, key):
    sealed = sealroom("seal", "--key", key, *PAIRS, "-", given=b"content").out
    for pairs in ([], PAIRS[:2], PAIRS):
        assert sealroom("unseal", "--key", key, *pairs, "-", given=sealed).out == b"content"
    for pair in ("project=gemini", "project=", "absent=apollo"):
        refused(sealroom("unseal", "--key", key, "--context", pair, "-", given=sealed), pair.split("=")[0])


@pytest.mark.parametrize("where", ["header", "frame", "signature", "cut", "longer"])
@pytest.mark.parametrize("target", ["file", "stream"])
def test_a_damaged_file_leaves_nothing(sealroom, key, tmp_path, where, target):
    sealed = bytearray(sealroom("seal", "--key", key, "-", given=content(1_000_000)).out)
    if where == "cut":
        del sealed[-1:]
    elif where == "longer":
        sealed += b"\n"
    else:
        sealed[{"header": 10, "frame": 500_000, "signature": -1}[where]] ^= 1
    (tmp_path / "plain.sealed").write_bytes(sealed)
    (tmp_path / "out").write_bytes(b"was here before")
    output = {"file": ["--force", "--output", "out"], "stream": ["--output", "-"]}[target]
    refused(sealroom("unseal", "--key", key, *output, "plain.sealed"))
    assert names(tmp_path) == ["out", "plain.sealed"]
    assert (tmp_path / "out").read_bytes() == b"was here before"


def test_nothing_is_overwritten_unless_forced(sealroom, key, tmp_path):
    (tmp_path / "plain").write_bytes(b"content")
    (tmp_path / "plain.sealed").write_bytes(b"was here before")
    refused(sealroom("seal", "--key", key, "plain"), "`plain.sealed` is there already", "--force")
    assert (tmp_path / "plain.sealed").read_bytes() == b"was here before"
    assert sealroom("seal", "--key", key, "--force", "plain").code == 0
    refused(sealroom("unseal", "--key", key, "plain.sealed"), "`plain` is there already")
    assert sealroom("unseal", "--key", key, "--output", "copy", "plain.sealed").code == 0
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert names(tmp_path) == ["copy", "plain", "plain.sealed"]


def test_what_is_missing_is_said(site, sealroom, key, tmp_path):
    (tmp_path / "plain").write_bytes(b"content")
    url = site.server.url
    for lacking, text in (
        ("AWS_ENDPOINT_URL", "no endpoint"),
        ("AWS_ACCESS_KEY_ID", "no credentials: set AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "no credentials: set AWS_SECRET_ACCESS_KEY"),
    ):
        refused(sealroom("seal", "--key", key, "plain", env=without(url, lacking)), text)
    refused(sealroom("seal", "--key", key.rsplit("/", 1)[1], "plain", env=without(url, "AWS_REGION")), "no Region")
    # An ARN says its Region.
    assert sealroom("seal", "--key", key, "plain", "--output", "-", env=without(url, "AWS_REGION")).code == 0
    refused(sealroom("seal", "--key", key, "absent"), "`absent`")
    refused(sealroom("seal", "--key", key, "."), "is a folder")
    refused(sealroom("unseal", "--key", key, "plain"), "--output")
    refused(sealroom("unseal", "--key", key, "--output", "-", "plain"), "no message of the AWS Encryption SDK")
    assert names(tmp_path) == ["plain"]


def test_a_profile_of_the_shared_files_is_read_as_the_aws_cli_reads_it(site, sealroom, key, tmp_path):
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        f"[profile house]\nregion = {REGION}\nservices = here\n"
        f"[services here]\nkms =\n  endpoint_url = {site.server.url}\n"
        "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = house\n"
    )
    (folder / "credentials").write_text("[house]\naws_access_key_id = test\naws_secret_access_key = test\n")
    bare = environment({"HOME": str(tmp_path)})
    name = key.rsplit("/", 1)[1]
    told = subprocess.run(
        [sys.executable, "-m", "awscli", "kms", "describe-key", "--key-id", name, "--profile", "house"],
        env={**bare, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        timeout=SECONDS,
    )
    assert told.returncode == 0 and key in told.stdout.decode(), told
    sealed = sealroom("seal", "--key", name, "--profile", "house", "-", given=b"content", env=bare)
    assert sealed.code == 0, sealed
    opened = sealroom("unseal", "--key", key, "-", given=sealed.out, env={**bare, "AWS_PROFILE": "house"})
    assert opened.out == b"content", opened
    refused(sealroom("seal", "--key", name, "-", env=bare), "no Region")
    refused(sealroom("seal", "--key", key, "--profile", "role", "-", env=variables(site.server.url)), "no profile `role`")
    refused(sealroom("seal", "--key", key, "--profile", "role", "--endpoint", site.server.url, "-", env=bare), "`role_arn`")
    refused(sealroom("seal", "--key", key, "--profile", "absent", "-", env=bare), "no profile `absent`")
    (folder / "credentials").write_text("[house]\naws_secret_access_key test\n")
    refused(sealroom("seal", "--key", key, "--profile", "house", "-", env=bare), "credentials file", "line 2")


def test_kms_says_no(site, sealroom, key, tmp_path):
    (tmp_path / "plain").write_bytes(b"content")
    stranger = variables(site.server.url, account=OTHER)
    refused(sealroom("seal", "--key", key, "plain", env=stranger), "GenerateDataKey", "AccessDeniedException")
    sealed = sealroom("seal", "--key", key, "-", given=b"content").out
    refused(sealroom("unseal", "--key", key, "-", given=sealed, env=stranger), f"Decrypt with `{key}`", "AccessDenied")
    wrong = variables(site.server.url, AWS_SECRET_ACCESS_KEY="wrong")
    ran = sealroom("seal", "--key", key, "plain", env=wrong)
    refused(ran, "InvalidSignatureException")
    absent = sealroom("seal", "--key", key[:-12] + "000000000000", "plain")
    refused(absent, "NotFoundException")
    assert names(tmp_path) == ["plain"]


@pytest.mark.parametrize(
    "line",
    [
        ["seal", "FILE"],
        ["seal", "--key", "KEY"],
        ["seal", "--key", "KEY", "--frame-length", "0", "FILE"],
        ["seal", "--key", "KEY", "--frame-length", "67108865", "FILE"],
        ["seal", "--key", "KEY", "--region", "Frankfurt", "FILE"],
        ["unseal", "--key", "alias/files", "FILE"],
        ["unseal", "--account", "1234", "FILE"],
        ["unseal", "--key", f"arn:aws:kms:us-east-1:{HOME}:key/x", "--account", HOME, "FILE"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_ends_with_2(sealroom, line):
    ran = sealroom(*line)
    assert ran.code == 2 and ran.err.startswith("error: "), ran


@pytest.mark.parametrize(
    "pair, text",
    [("novalue", "name=value"), ("=1", "`=1` is not of the form name=value"), ("aws-crypto-x=1", "reserved")],
)
def test_a_context_that_is_none_is_refused(sealroom, key, pair, text):
    refused(sealroom("seal", "--key", key, "--context", pair, "-", given=b""), pair.removesuffix("=1"), text)
    refused(sealroom("seal", "--key", key, "--context", "a=1", "--context", "a=2", "-"), "`a` is given twice")


@pytest.mark.operation
def test_tls_with_an_authority_of_the_environment(serve, sealroom, tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    certificate, private = certificates.make(folder, "house")
    with serve(config=f'[tls]\ncertificate = "{certificate}"\nprivate_key = "{private}"\n') as server:
        clients = Clients(server.url, verify=str(certificate))
        key = clients().create_key()["KeyMetadata"]["Arn"]
        clients.close()
        trusting = variables(server.url, AWS_CA_BUNDLE=str(certificate))
        sealed = sealroom("seal", "--key", key, "-", given=b"content", env=trusting)
        assert sealed.code == 0, sealed
        assert sealroom("unseal", "--key", key, "-", given=sealed.out, env=trusting).out == b"content"
        refused(sealroom("seal", "--key", key, "-", env=variables(server.url)), "no TLS")
        refused(sealroom("seal", "--key", key, "-", env=variables(server.url.replace("https", "http"))))


@pytest.mark.operation
def test_a_file_may_be_longer_than_the_memory(sealroom, key, tmp_path):
    size, memory = 400 * 1024 * 1024, 200 * 1024 * 1024
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(size)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    ran = sealroom("seal", "--key", key, "--frame-length", "65536", "plain", preexec_fn=limit)
    assert (ran.code, ran.err) == (0, "")
    ran = sealroom("unseal", "--key", key, "--output", "opened", "plain.sealed", preexec_fn=limit)
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "opened").stat().st_size == size
    for path in tmp_path.iterdir():
        path.unlink()


def test_a_long_file_shows_on_a_terminal_how_far_it_is(site, sealroom, key, tmp_path):
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    terminal, theirs = os.openpty()
    line = [binary(), "seal", "--key", key, "--frame-length", "65536", "plain"]
    done = subprocess.run(line, cwd=tmp_path, env=variables(site.server.url), stderr=theirs, timeout=SECONDS)
    os.close(theirs)
    shown = os.read(terminal, 4096).decode()
    os.close(terminal)
    assert done.returncode == 0, shown
    assert shown.split("\r")[:3] == ["", "16 of 40 MiB", "32 of 40 MiB"] and shown.split("\r")[3].isspace()


def test_a_stream_without_a_signature_comes_piece_by_piece_and_a_cut_shows_in_the_exit_code(sealroom, key):
    plain = content(1_000_000)
    sealed = sealroom("seal", "--key", key, "--unsigned", "-", given=plain).out
    cut = sealroom("unseal", "--key", key, "-", given=sealed[:500_000])
    assert cut.code == 1 and "breaks off" in cut.err
    assert cut.out and plain.startswith(cut.out)
    broken = bytearray(sealed)
    broken[500_000] ^= 1
    bad = sealroom("unseal", "--key", key, "-", given=bytes(broken))
    assert bad.code == 1 and "damaged" in bad.err and plain.startswith(bad.out)


@pytest.mark.operation
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(site, key, tmp_path, number):
    """Standard input never ends; what came so far lies in a temporary file."""
    process = subprocess.Popen(
        [binary(), "seal", "--key", key, "--output", "out", "-"],
        cwd=tmp_path,
        env=variables(site.server.url),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(content(1_000_000))
    process.stdin.flush()
    until(lambda: any(path.stat().st_size > 500_000 for path in tmp_path.iterdir()), "it writes")
    process.send_signal(number)
    assert process.wait(SECONDS) == 1
    assert b"sealroom: " in process.stderr.read() and names(tmp_path) == []
    process.stdin.close()
    process.stderr.close()
