"""Encapsulate, and what Decapsulate shares with it."""

from harness.table import USES, Ok, Operation, Refused, Row
from harness.world import arn_of, id_of

# The bytes of an encapsulated secret.
LENGTHS = {"ml_kem512": 768, "ml_kem": 1088, "ml_kem1024": 1568}
WRONG_USAGE = [
    ("symmetric", "ENCRYPT_DECRYPT"),
    ("rsa", "ENCRYPT_DECRYPT"),
    ("p256", "SIGN_VERIFY"),
    ("ml_dsa", "SIGN_VERIFY"),
    ("agreement", "KEY_AGREEMENT"),
    ("hmac", "GENERATE_VERIFY_MAC"),
]

OPERATION = Operation(
    name="Encapsulate",
    request={"KeyId": "{KEY.id}", "EncapsulationAlgorithm": "ML_KEM"},
    key="ml_kem",
    keys={"KeyId": "kms:Encapsulate"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={
        "KeyId": "{KEY.arn}",
        "SharedSecret": lambda secret: len(secret) == 32,
        "SharedSecretCiphertextBlob": lambda blob: len(blob) == 1088,
        "EncapsulationAlgorithm": "ML_KEM",
    },
)


def opens(world, answer):
    asked = {name: answer[name] for name in ("KeyId", "SharedSecretCiphertextBlob", "EncapsulationAlgorithm")}
    opened, _ = world.clients.call("Decapsulate", asked)
    assert opened["SharedSecret"] == answer["SharedSecret"]


def never_the_same(world, answer):
    again, _ = world.clients.call("Encapsulate", {"KeyId": answer["KeyId"], "EncapsulationAlgorithm": "ML_KEM"})
    assert again["SharedSecret"] != answer["SharedSecret"]


def wrong_usage(operation, more):
    return [
        Row(
            f"{key} is for {usage}",
            {"KeyId": id_of(key), "EncapsulationAlgorithm": "ML_KEM", **more},
            Refused(
                "InvalidKeyUsageException",
                "{%s.arn} key usage is %s which is not valid for %s." % (key, usage, operation),
            ),
        )
        for key, usage in WRONG_USAGE
    ]


ROWS = [
    *(
        Row(
            key,
            {"KeyId": id_of(key), "EncapsulationAlgorithm": "ML_KEM"},
            Ok(
                {
                    "KeyId": arn_of(key),
                    "SharedSecret": lambda secret: len(secret) == 32,
                    "SharedSecretCiphertextBlob": lambda blob, length=length: len(blob) == length,
                    "EncapsulationAlgorithm": "ML_KEM",
                },
                then=opens,
            ),
            everywhere=key == "ml_kem",
        )
        for key, length in LENGTHS.items()
    ),
    Row("twice", {"KeyId": "{ml_kem.id}", "EncapsulationAlgorithm": "ML_KEM"}, Ok(then=never_the_same)),
    *wrong_usage("Encapsulate", {}),
]
