"""Decrypt."""

from harness.table import ANY, USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import OTHER, PLAINTEXT, STRANGER, Sample, arn_of, id_of, material_of, sealed

INCORRECT = Refused(
    "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."
)
BROKEN = Refused("InvalidCiphertextException", None)
UNKNOWN = Refused(
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access.",
)

OPERATION = Operation(
    name="Decrypt",
    request={"KeyId": "{KEY.id}", "CiphertextBlob": Sample("KEY")},
    key="symmetric",
    keys={"KeyId": "kms:Decrypt"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={
        "Plaintext": PLAINTEXT,
        "KeyId": "{KEY.arn}",
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": "{KEY.material}",
    },
    lengths={"CiphertextBlob": (1, 1_050_624)},
)


def opened(name, plaintext=PLAINTEXT):
    return Ok(
        {
            "Plaintext": plaintext,
            "KeyId": arn_of(name),
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "KeyMaterialId": material_of(name),
        }
    )


def opened_by_rsa(name, algorithm, plaintext=PLAINTEXT):
    """KeyMaterialId is for symmetric keys."""
    return Ok({"Plaintext": plaintext, "KeyId": arn_of(name), "EncryptionAlgorithm": algorithm})


def rsa(name, algorithm, other):
    key = {"KeyId": id_of(name), "EncryptionAlgorithm": algorithm}
    return [
        Row(
            f"{name} {algorithm}",
            {**key, "CiphertextBlob": sealed(name, algorithm=algorithm)},
            opened_by_rsa(name, algorithm),
        ),
        Row(f"{name} {algorithm} made with {other}", {**key, "CiphertextBlob": sealed(name, algorithm=other)}, BROKEN),
        Row(
            f"{name} {algorithm} truncated",
            {**key, "CiphertextBlob": sealed(name, algorithm=algorithm, change=lambda b: b[:-1])},
            BROKEN,
        ),
        Row(
            f"{name} {algorithm} altered",
            {**key, "CiphertextBlob": sealed(name, algorithm=algorithm, change=lambda b: flipped(b, 9))},
            BROKEN,
        ),
        Row(f"{name} {algorithm} one byte", {**key, "CiphertextBlob": b"x"}, BROKEN),
    ]


def flipped(blob, at):
    altered = bytearray(blob)
    altered[at] ^= 0x01
    return bytes(altered)


def tampered(title, change):
    """The key named or not, a changed ciphertext doesn't open, and never as another key's."""
    return Row(
        f"{title}, the key named", {"KeyId": "{symmetric.id}", "CiphertextBlob": Sample("symmetric", change)}, BROKEN
    )


def context(title, made_with, opened_with, expect=BROKEN):
    request = {"CiphertextBlob": sealed("symmetric", context=made_with)}
    if opened_with is not None:
        request["EncryptionContext"] = opened_with
    return Row(f"context: {title}", request, expect)


ROWS = [
    Row("without a key id", {"CiphertextBlob": Sample("symmetric")}, opened("symmetric"), everywhere=True),
    Row("by ARN", {"KeyId": "{symmetric.arn}", "CiphertextBlob": Sample("symmetric")}, opened("symmetric")),
    Row("a multi-Region key", {"CiphertextBlob": Sample("mrk")}, opened("mrk")),
    Row(
        "with the algorithm named",
        {"CiphertextBlob": Sample("symmetric"), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        opened("symmetric"),
    ),
    # The wrong key.
    Row("another key", {"KeyId": "{second.id}", "CiphertextBlob": Sample("symmetric")}, INCORRECT),
    Row(
        "another key than the shared one",
        {"KeyId": "{symmetric.id}", "CiphertextBlob": sealed("symmetric!shared")},
        INCORRECT,
    ),
    Row("a signing key", {"KeyId": "{p256.id}", "CiphertextBlob": Sample("symmetric")}, INCORRECT),
    Row(
        "an RSA signing key",
        {"KeyId": "{rsa_sign.id}", "CiphertextBlob": Sample("rsa"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        INCORRECT,
    ),
    Row("an HMAC key", {"KeyId": "{hmac.id}", "CiphertextBlob": Sample("symmetric")}, INCORRECT),
    Row("a key agreement key", {"KeyId": "{agreement.id}", "CiphertextBlob": Sample("symmetric")}, INCORRECT),
    Row(
        "the wrong context of another key",
        {"KeyId": "{second.id}", "CiphertextBlob": Sample("symmetric"), "EncryptionContext": {"a": "1"}},
        INCORRECT,
    ),
    # RSA. A key that isn't named can't be found from an RSA ciphertext.
    *rsa("rsa", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"),
    *rsa("rsa", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"),
    *rsa("rsa4096", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"),
    Row(
        "RSA without a key id",
        {"CiphertextBlob": Sample("rsa"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        Refused("ValidationException", "KeyId must not be null"),
    ),
    Row("RSA without an algorithm", {"KeyId": "{rsa.id}", "CiphertextBlob": Sample("rsa")}, BROKEN),
    Row("RSA without a key id and an algorithm", {"CiphertextBlob": Sample("rsa")}, BROKEN),
    Row(
        "another RSA key",
        {"KeyId": "{rsa3072.id}", "CiphertextBlob": Sample("rsa"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        BROKEN,
    ),
    Row(
        "an RSA algorithm on a symmetric key",
        {"KeyId": "{symmetric.id}", "CiphertextBlob": Sample("symmetric"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        Refused(
            "InvalidKeyUsageException", "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."
        ),
    ),
    Row(
        "a context on RSA",
        {
            "KeyId": "{rsa.id}",
            "CiphertextBlob": Sample("rsa"),
            "EncryptionContext": {"a": "1"},
            "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        },
        Refused(
            "ValidationException", "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs."
        ),
    ),
    # Contexts: exact, in any order.
    context("the same", {"a": "1", "b": "2"}, {"a": "1", "b": "2"}, opened("symmetric")),
    context("another order", {"a": "1", "b": "2"}, {"b": "2", "a": "1"}, opened("symmetric")),
    context("none is empty", {}, None, opened("symmetric")),
    context("empty is none", None, {}, opened("symmetric")),
    context("missing", {"a": "1"}, None),
    context("unasked", None, {"a": "1"}),
    context("one too few", {"a": "1", "b": "2"}, {"a": "1"}),
    context("one too many", {"a": "1"}, {"a": "1", "b": "2"}),
    context("another value", {"a": "1"}, {"a": "2"}),
    context("another case of a key", {"a": "1"}, {"A": "1"}),
    context("another case of a value", {"a": "x"}, {"a": "X"}),
    context("swapped", {"a": "b"}, {"b": "a"}),
    context("the border moved", {"ab": "c"}, {"a": "bc"}),
    context("composed and decomposed", {"a": "\u00fc"}, {"a": "u\u0308"}),
    Row(
        "a context beyond 8192 bytes",
        {"CiphertextBlob": Sample("symmetric"), "EncryptionContext": {"a": "b" * 8192}},
        Refused("ValidationException", "Invalid EncryptionContext"),
    ),
    # What isn't a ciphertext of ours.
    tampered("truncated by one", lambda blob: blob[:-1]),
    tampered("one byte longer", lambda blob: blob + b"\0"),
    tampered("another last byte", lambda blob: flipped(blob, -1)),
    tampered("another byte in the middle", lambda blob: flipped(blob, len(blob) // 2)),
    tampered("one byte left", lambda blob: blob[:1]),
    tampered("the first half", lambda blob: blob[: len(blob) // 2]),
    tampered("reversed", lambda blob: blob[::-1]),
    Row("one byte", {"CiphertextBlob": b"x"}, BROKEN),
    Row("zeros", {"CiphertextBlob": bytes(200)}, BROKEN),
    Row("a ciphertext of AWS's form", {"CiphertextBlob": bytes.fromhex("0102020078") + bytes(range(180))}, BROKEN),
    Row("nothing", {"CiphertextBlob": b""}, Refused("ValidationException", validation("ciphertextBlob", at_least(1)))),
    Row("no ciphertext", {"KeyId": "{symmetric.id}"}, Refused("ValidationException", ANY)),
    Row(
        "6145 bytes as AWS",
        {"CiphertextBlob": bytes(6145)},
        Refused("ValidationException", validation("ciphertextBlob", at_most(6144))),
        compat="aws",
    ),
    Row("6144 bytes as AWS", {"CiphertextBlob": bytes(6144)}, BROKEN, compat="aws"),
    Row("6145 bytes", {"CiphertextBlob": bytes(6145)}, BROKEN),
    # Other accounts and Regions, the key not named: they learn nothing.
    Row("another account's ciphertext", {"CiphertextBlob": Sample("symmetric")}, UNKNOWN, account=STRANGER),
    Row("a ciphertext in another Region", {"CiphertextBlob": Sample("symmetric")}, UNKNOWN, region="eu-central-1"),
    Row(
        "a shared key's ciphertext",
        {"CiphertextBlob": Sample("symmetric!shared")},
        opened("symmetric!shared"),
        account=OTHER,
    ),
    Row(
        "a shared key's ciphertext by a stranger",
        {"CiphertextBlob": Sample("symmetric!shared")},
        UNKNOWN,
        account=STRANGER,
    ),
    Row(
        "an absent key and any blob",
        {"KeyId": "134f2428-cec1-4b25-a1ae-9048164dba47", "CiphertextBlob": b"x"},
        Refused(
            "NotFoundException",
            "Key 'arn:aws:kms:us-east-1:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47' does not exist",
        ),
    ),
    # States, the key not named.
    Row(
        "disabled, not named",
        {"CiphertextBlob": Sample("symmetric@Disabled")},
        Refused("DisabledException", "{symmetric@Disabled.arn} is disabled."),
    ),
    Row(
        "pending deletion, not named",
        {"CiphertextBlob": Sample("symmetric@PendingDeletion")},
        Refused("KMSInvalidStateException", "{symmetric@PendingDeletion.arn} is pending deletion."),
    ),
    Row(
        "state before the ciphertext",
        {"KeyId": "{symmetric@Disabled.id}", "CiphertextBlob": b"x"},
        Refused("DisabledException", "{symmetric@Disabled.arn} is disabled."),
    ),
    # Dry runs do the cryptography.
    Row("a dry run of a bad blob", {"KeyId": "{symmetric.id}", "CiphertextBlob": bytes(99), "DryRun": True}, BROKEN),
    Row(
        "a dry run without ciphertext",
        {"KeyId": "{symmetric.id}", "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
        Refused("DryRunOperationException", "The request would have succeeded, but the DryRun option is set."),
    ),
    Row(
        "a dry run without ciphertext and key",
        {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
        Refused("ValidationException", ANY),
    ),
    Row(
        "ignoring the ciphertext needs a dry run",
        {"KeyId": "{symmetric.id}", "DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
        Refused("ValidationException", ANY),
    ),
    Row(
        "a dry run without ciphertext, disabled",
        {"KeyId": "{symmetric@Disabled.id}", "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
        Refused("DisabledException", "{symmetric@Disabled.arn} is disabled."),
    ),
    Row(
        "a recipient is refused without a root to trust",
        {
            "CiphertextBlob": Sample("symmetric"),
            "Recipient": {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"no document"},
        },
        Refused(
            "ValidationException", "Recipient is not supported: this service has no trusted attestation root."
        ),
    ),
]
