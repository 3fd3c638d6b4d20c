"""The unmodified AWS CLI against the server: each operation, its file arguments, outputs, pages and errors.

A row is a command line and what it must print. `{...}` is filled in as in the tables; `FOLDER` holds the row's files.
"""

import base64
import json
from dataclasses import dataclass, field

import pytest

from harness.awscli import aws
from harness.clients import HOME
from harness.derive import ABSENT, hidden
from harness.world import MATERIAL, OTHER, PLAINTEXT
from harness.wrapping import wrap_by_command

BASE64 = base64.b64encode(PLAINTEXT).decode()


@dataclass(frozen=True)
class Command:
    """One command line of `aws kms`, the members that it must print (others may be there), or its error."""

    name: str
    line: list
    prints: dict | str | None = None
    error: tuple | None = None
    # Files that the line names by file:// or fileb://.
    files: dict = field(default_factory=dict)
    service: str = "kms"
    account: str = HOME


def resolved(site, value, folder):
    if isinstance(value, str):
        return site.world.text(value).replace("FOLDER", str(folder))
    return site.world.resolve(value)


def b64(blob):
    return base64.b64encode(blob).decode()


class Sampled:
    """A file's bytes: the sample of a key."""

    def __init__(self, key):
        self.key = key


P256 = ["--key-id", "{p256.id}", "--signing-algorithm", "ECDSA_SHA_256"]
RSA = ["--key-id", "{rsa.id}", "--encryption-algorithm", "RSAES_OAEP_SHA_256"]

COMMANDS = [
    Command("create-key", ["create-key"], {"KeyMetadata": {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}}),
    Command(
        "create-key RSA",
        ["create-key", "--key-spec", "RSA_2048", "--key-usage", "SIGN_VERIFY", "--description", "from the CLI"],
        {"KeyMetadata": {"KeySpec": "RSA_2048", "Description": "from the CLI"}},
    ),
    Command(
        "create-key P-256 with tags and a policy from a file",
        [
            "create-key",
            "--key-spec",
            "ECC_NIST_P256",
            "--key-usage",
            "SIGN_VERIFY",
            "--tags",
            "TagKey=a,TagValue=1",
            "TagKey=b,TagValue=2",
            "--policy",
            "file://FOLDER/policy.json",
        ],
        {"KeyMetadata": {"SigningAlgorithms": ["ECDSA_SHA_256"]}},
        files={
            "policy.json": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"},
                            "Action": "kms:*",
                            "Resource": "*",
                        }
                    ],
                }
            ).encode()
        },
    ),
    Command("create-key multi-Region", ["create-key", "--multi-region"], {"KeyMetadata": {"MultiRegion": True}}),
    Command(
        "create-key from JSON",
        ["create-key", "--cli-input-json", "file://FOLDER/in.json"],
        {"KeyMetadata": {"Description": "in a file"}},
        files={"in.json": b'{"Description": "in a file"}'},
    ),
    Command(
        "create-key refused",
        ["create-key", "--key-spec", "RSA_2048"],
        error=(
            "ValidationException",
            "CreateKey",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
    ),
    Command(
        "create-key with an empty policy",
        ["create-key", "--policy", "{}"],
        error=("MalformedPolicyDocumentException", "CreateKey", None),
    ),
    Command(
        "describe-key", ["describe-key", "--key-id", "{symmetric.arn}"], {"KeyMetadata": {"Arn": "{symmetric.arn}"}}
    ),
    Command(
        "describe-key as text",
        ["describe-key", "--key-id", "{symmetric.id}", "--output", "text", "--query", "KeyMetadata.Arn"],
        "{symmetric.arn}\n",
    ),
    Command(
        "describe-key of another account",
        ["describe-key", "--key-id", "{symmetric!shared.arn}"],
        {"KeyMetadata": {"AWSAccountId": HOME}},
        account=OTHER,
    ),
    Command(
        "create-grant",
        ["create-grant", "--key-id", "{second.id}", "--grantee-principal", f"arn:aws:iam::{OTHER}:root"]
        + ["--operations", "Encrypt", "Decrypt", "--name", "from-the-cli"]
        + ["--constraints", "EncryptionContextSubset={team=blue}", "--query", "length(GrantId)", "--output", "text"],
        "64\n",
    ),
    Command(
        "create-grant for nobody",
        ["create-grant", "--key-id", "{second.id}", "--grantee-principal", f"arn:aws:iam::{HOME}:user/nobody"]
        + ["--operations", "Encrypt"],
        error=(
            "InvalidArnException",
            "CreateGrant",
            f"ARN does not refer to a valid principal: arn:aws:iam::{HOME}:user/nobody",
        ),
    ),
    Command("list-grants", ["list-grants", "--key-id", "{second.id}"], {}),
    Command(
        "list-retirable-grants",
        ["list-retirable-grants", "--retiring-principal", f"arn:aws:iam::{OTHER}:root"],
        {},
        account=OTHER,
    ),
    Command(
        "revoke-grant absent",
        ["revoke-grant", "--key-id", "{second.id}", "--grant-id", "0" * 64],
        error=("NotFoundException", "RevokeGrant", f"Grant ID {'0' * 64} not found"),
    ),
    Command(
        "retire-grant without a grant",
        ["retire-grant", "--key-id", "{second.arn}"],
        error=("ValidationException", "RetireGrant", "Specify either GrantToken alone, or both KeyId and GrantId."),
    ),
    Command(
        "describe-key absent",
        ["describe-key", "--key-id", ABSENT],
        error=("NotFoundException", "DescribeKey", f"Key 'arn:aws:kms:us-east-1:{HOME}:key/{ABSENT}' does not exist"),
    ),
    Command(
        "describe-key by alias",
        ["describe-key", "--key-id", "alias/absent"],
        error=("NotFoundException", "DescribeKey", f"Alias arn:aws:kms:us-east-1:{HOME}:alias/absent is not found."),
    ),
    Command(
        "encrypt a file",
        ["encrypt", "--key-id", "{symmetric.id}", "--plaintext", "fileb://FOLDER/in.bin"],
        {"KeyId": "{symmetric.arn}", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        files={"in.bin": bytes(range(256))},
    ),
    Command(
        "encrypt words",
        ["encrypt", "--key-id", "{symmetric.id}", "--plaintext", "words", "--encryption-context", "a=1,b=2"],
        {"KeyId": "{symmetric.arn}"},
    ),
    Command(
        "encrypt with RSA", ["encrypt", *RSA, "--plaintext", "words"], {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    ),
    Command(
        "encrypt disabled",
        ["encrypt", "--key-id", "{symmetric@Disabled.id}", "--plaintext", "words"],
        error=("DisabledException", "Encrypt", "{symmetric@Disabled.arn} is disabled."),
    ),
    Command(
        "encrypt with a signing key",
        ["encrypt", "--key-id", "{p256.id}", "--plaintext", "words"],
        error=(
            "InvalidKeyUsageException",
            "Encrypt",
            "{p256.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.",
        ),
    ),
    Command(
        "decrypt a file",
        ["decrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin"],
        {"Plaintext": BASE64, "KeyId": "{symmetric.arn}"},
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "decrypt as text",
        ["decrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin", "--output", "text", "--query", "Plaintext"],
        BASE64 + "\n",
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "decrypt with RSA",
        ["decrypt", *RSA, "--ciphertext-blob", "fileb://FOLDER/in.bin"],
        {"Plaintext": BASE64},
        files={"in.bin": Sampled("rsa")},
    ),
    Command(
        "decrypt garbage",
        ["decrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin"],
        error=("InvalidCiphertextException", "Decrypt", None),
        files={"in.bin": bytes(99)},
    ),
    Command(
        "decrypt with another key",
        ["decrypt", "--key-id", "{second.id}", "--ciphertext-blob", "fileb://FOLDER/in.bin"],
        error=(
            "IncorrectKeyException",
            "Decrypt",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ),
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "decrypt with the wrong context",
        ["decrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin", "--encryption-context", "a=1"],
        error=("InvalidCiphertextException", "Decrypt", None),
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "re-encrypt",
        ["re-encrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin", "--destination-key-id", "{second.id}"],
        {"SourceKeyId": "{symmetric.arn}", "KeyId": "{second.arn}"},
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "re-encrypt to a disabled key",
        ["re-encrypt", "--ciphertext-blob", "fileb://FOLDER/in.bin", "--destination-key-id", "{symmetric@Disabled.id}"],
        error=("DisabledException", "ReEncrypt", "{symmetric@Disabled.arn} is disabled."),
        files={"in.bin": Sampled("symmetric")},
    ),
    Command(
        "generate-data-key",
        ["generate-data-key", "--key-id", "{symmetric.id}", "--key-spec", "AES_256"],
        {"KeyId": "{symmetric.arn}", "KeyMaterialId": "{symmetric.material}"},
    ),
    Command(
        "generate-data-key of bytes",
        ["generate-data-key", "--key-id", "{symmetric.id}", "--number-of-bytes", "64"],
        {"KeyId": "{symmetric.arn}"},
    ),
    Command(
        "generate-data-key without size",
        ["generate-data-key", "--key-id", "{symmetric.id}"],
        error=("ValidationException", "GenerateDataKey", "Please specify either number of bytes or key spec."),
    ),
    Command(
        "generate-data-key-without-plaintext",
        ["generate-data-key-without-plaintext", "--key-id", "{symmetric.id}", "--key-spec", "AES_128"],
        {"KeyId": "{symmetric.arn}"},
    ),
    Command(
        "generate-data-key-without-plaintext of a stranger",
        ["generate-data-key-without-plaintext", "--key-id", "{symmetric.arn}", "--key-spec", "AES_128"],
        account=OTHER,
        error=(
            "AccessDeniedException",
            "GenerateDataKeyWithoutPlaintext",
            hidden(OTHER, "kms:GenerateDataKeyWithoutPlaintext").message,
        ),
    ),
    Command(
        "sign a file",
        ["sign", *P256, "--message", "fileb://FOLDER/in.bin"],
        {"KeyId": "{p256.arn}", "SigningAlgorithm": "ECDSA_SHA_256"},
        files={"in.bin": PLAINTEXT},
    ),
    Command(
        "sign a digest of the wrong length",
        ["sign", *P256, "--message-type", "DIGEST", "--message", "short"],
        error=("ValidationException", "Sign", "Digest is invalid length for algorithm ECDSA_SHA_256."),
    ),
    Command(
        "verify a file",
        ["verify", *P256, "--message", "fileb://FOLDER/in.bin", "--signature", "fileb://FOLDER/in.sig"],
        {"KeyId": "{p256.arn}", "SignatureValid": True},
        files={"in.bin": PLAINTEXT, "in.sig": Sampled("p256")},
    ),
    Command(
        "verify another message",
        ["verify", *P256, "--message", "another", "--signature", "fileb://FOLDER/in.sig"],
        error=("KMSInvalidSignatureException", "Verify", None),
        files={"in.sig": Sampled("p256")},
    ),
    Command(
        "verify with RSA",
        [
            "verify",
            "--key-id",
            "{rsa_sign.id}",
            "--signing-algorithm",
            "RSASSA_PKCS1_V1_5_SHA_256",
            "--message",
            "fileb://FOLDER/in.bin",
            "--signature",
            "fileb://FOLDER/in.sig",
        ],
        {"SignatureValid": True},
        files={"in.bin": PLAINTEXT, "in.sig": Sampled("rsa_sign")},
    ),
    Command("list-keys of an empty account", ["list-keys"], {"Keys": []}, account="800000000001"),
    Command(
        "list-keys with a bad marker",
        ["list-keys", "--no-paginate", "--marker", "AAAA"],
        error=("InvalidMarkerException", "ListKeys", None),
    ),
    Command(
        "get-caller-identity",
        ["get-caller-identity"],
        {"Account": HOME, "UserId": HOME, "Arn": f"arn:aws:iam::{HOME}:root"},
        service="sts",
    ),
    Command(
        "get-caller-identity as text",
        ["get-caller-identity", "--output", "text", "--query", "Account"],
        f"{OTHER}\n",
        service="sts",
        account=OTHER,
    ),
]


def includes(expected, got, path="answer"):
    for name, value in expected.items():
        assert name in got, f"{path} has no {name}: {sorted(got)}"
        if isinstance(value, dict):
            includes(value, got[name], f"{path}.{name}")
        else:
            assert got[name] == value, f"{path}.{name}"


@pytest.mark.parametrize("command", [pytest.param(command, id=command.name.replace(" ", "_")) for command in COMMANDS])
def test_a_command_prints_what_it_should(site, tmp_path, command):
    for name, content in command.files.items():
        content = site.world.key(content.key).sample if isinstance(content, Sampled) else content
        (tmp_path / name).write_bytes(content)
    line = [resolved(site, part, tmp_path) for part in command.line]
    printed = aws(site.server.url, command.service, *line, account=command.account)
    if command.error:
        code, operation, text = command.error
        wanted = f"An error occurred ({code}) when calling the {operation} operation:"
        told = " ".join(printed.err.split())
        assert wanted in told, printed
        if text is not None:
            assert told.partition(wanted)[2].strip() == resolved(site, text, tmp_path)
        assert printed.code in (254, 255) and printed.out == "", printed
        return
    assert (printed.code, printed.err) == (0, ""), printed
    if isinstance(command.prints, str):
        assert printed.out == resolved(site, command.prints, tmp_path)
    else:
        includes(site.world.resolve(command.prints), printed.json())


def run(site, *line, **more):
    printed = aws(site.server.url, "kms", *line, **more)
    assert (printed.code, printed.err) == (0, ""), printed
    return printed.json()


def test_a_key_lives_its_life_on_the_command_line(site):
    key = run(site, "create-key")["KeyMetadata"]["KeyId"]

    def state():
        return run(site, "describe-key", "--key-id", key)["KeyMetadata"]["KeyState"]

    assert run(site, "disable-key", "--key-id", key) == {}
    assert state() == "Disabled"
    assert run(site, "enable-key", "--key-id", key) == {}
    assert state() == "Enabled"
    scheduled = run(site, "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
    assert (scheduled["KeyState"], scheduled["PendingWindowInDays"]) == ("PendingDeletion", 7)
    assert run(site, "cancel-key-deletion", "--key-id", key)["KeyId"].endswith(key)
    assert state() == "Disabled"


def test_the_shell_round_trip_of_every_tutorial(site, tmp_path):
    """encrypt | base64 -d > file; decrypt fileb://file | base64 -d, with a context on the way."""
    key = site.world.key("symmetric").id
    (tmp_path / "plain").write_bytes(bytes(range(256)))
    sealed = aws(
        site.server.url,
        "kms",
        "encrypt",
        "--key-id",
        key,
        "--plaintext",
        f"fileb://{tmp_path}/plain",
        "--encryption-context",
        "stage=test",
        "--output",
        "text",
        "--query",
        "CiphertextBlob",
    )
    (tmp_path / "sealed").write_bytes(base64.b64decode(sealed.out))
    opened = aws(
        site.server.url,
        "kms",
        "decrypt",
        "--ciphertext-blob",
        f"fileb://{tmp_path}/sealed",
        "--encryption-context",
        "stage=test",
        "--output",
        "text",
        "--query",
        "Plaintext",
    )
    assert base64.b64decode(opened.out) == bytes(range(256))


def test_the_command_line_imports_what_openssl_wrapped(site, tmp_path):
    """The steps of AWS's guide, each with the command that it names."""
    key = run(site, "create-key", "--origin", "EXTERNAL")["KeyMetadata"]["KeyId"]
    wrapping = ["--wrapping-algorithm", "RSAES_OAEP_SHA_256", "--wrapping-key-spec", "RSA_3072"]
    prepared = run(site, "get-parameters-for-import", "--key-id", key, *wrapping)
    assert set(prepared) == {"KeyId", "ImportToken", "PublicKey", "ParametersValidTo"}
    (tmp_path / "token").write_bytes(base64.b64decode(prepared["ImportToken"]))
    public = base64.b64decode(prepared["PublicKey"])
    (tmp_path / "material").write_bytes(wrap_by_command(public, "RSAES_OAEP_SHA_256", MATERIAL))
    files = ["--import-token", f"fileb://{tmp_path}/token", "--encrypted-key-material", f"fileb://{tmp_path}/material"]
    model = ["--expiration-model", "KEY_MATERIAL_DOES_NOT_EXPIRE"]
    imported = run(site, "import-key-material", "--key-id", key, *files, *model)
    shown = run(site, "describe-key", "--key-id", key)["KeyMetadata"]
    assert (shown["KeyState"], shown["CurrentKeyMaterialId"]) == ("Enabled", imported["KeyMaterialId"])
    assert run(site, "delete-imported-key-material", "--key-id", key)["KeyMaterialId"] == imported["KeyMaterialId"]
    assert run(site, "describe-key", "--key-id", key)["KeyMetadata"]["KeyState"] == "PendingImport"


def test_the_command_line_walks_pages(site):
    account = "800000000002"
    made = [site.clients.call("CreateKey", {}, account=account)[0]["KeyMetadata"]["KeyId"] for _ in range(5)]
    every = run(site, "list-keys", "--page-size", "2", account=account)
    assert sorted(key["KeyId"] for key in every["Keys"]) == sorted(made)
    some = run(site, "list-keys", "--max-items", "3", "--page-size", "2", account=account)
    assert len(some["Keys"]) == 3
    rest = run(site, "list-keys", "--starting-token", some["NextToken"], account=account)
    assert sorted(key["KeyId"] for key in some["Keys"] + rest["Keys"]) == sorted(made)
    one = run(site, "list-keys", "--no-paginate", "--limit", "1", account=account)
    assert len(one["Keys"]) == 1 and one["Truncated"] is True and one["NextMarker"]


def test_the_endpoint_can_come_from_the_environment(site):
    printed = aws(
        site.server.url, "sts", "get-caller-identity", endpoint=False, variables={"AWS_ENDPOINT_URL": site.server.url}
    )
    assert printed.code == 0 and printed.json()["Account"] == HOME, printed


def test_a_wrong_secret_is_told(site):
    printed = aws(site.server.url, "kms", "list-keys", variables={"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert printed.code in (254, 255) and "(InvalidSignatureException)" in printed.err, printed
