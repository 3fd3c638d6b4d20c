"""Decapsulate. A ciphertext of the right length that nobody made gives some other secret, not an error."""

from harness.table import USES, Ok, Operation, Refused, Row
from harness.world import By, arn_of, id_of
from tables.decrypt import flipped
from tables.encapsulate import LENGTHS, wrong_usage


def made(key, change=None):
    asked = {"KeyId": id_of(key), "EncapsulationAlgorithm": "ML_KEM"}
    return By("Encapsulate", "SharedSecretCiphertextBlob", asked, change)


OPERATION = Operation(
    name="Decapsulate",
    # A blob of zeros opens too: to a secret that nobody else has.
    request={"KeyId": "{KEY.id}", "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": bytes(1088)},
    key="ml_kem",
    keys={"KeyId": "kms:Decapsulate"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={
        "KeyId": "{KEY.arn}",
        "SharedSecret": lambda secret: len(secret) == 32,
        "EncapsulationAlgorithm": "ML_KEM",
    },
)

INVALID = Refused("InvalidCiphertextException")


def rows_of(key):
    request = {"KeyId": id_of(key), "EncapsulationAlgorithm": "ML_KEM"}
    good = {"KeyId": arn_of(key), "SharedSecret": lambda secret: len(secret) == 32, "EncapsulationAlgorithm": "ML_KEM"}

    def row(name, blob, expect):
        return Row(f"{key} {name}", {**request, "SharedSecretCiphertextBlob": blob}, expect)

    return [
        row("opens", made(key), Ok(good)),
        row("altered", made(key, lambda blob: flipped(blob, 5)), Ok(good)),
        row("one byte short", made(key, lambda blob: blob[:-1]), INVALID),
        row("one byte long", made(key, lambda blob: blob + b"\0"), INVALID),
        row("one byte", b"c", INVALID),
    ]


ROWS = [
    *(row for key in LENGTHS for row in rows_of(key)),
    Row(
        "a blob of another size of key",
        {"KeyId": "{ml_kem.id}", "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": made("ml_kem512")},
        INVALID,
        everywhere=True,
    ),
    *wrong_usage("Decapsulate", {"SharedSecretCiphertextBlob": bytes(1088)}),
]
