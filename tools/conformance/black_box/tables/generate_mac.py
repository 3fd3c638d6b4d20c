"""GenerateMac, and what VerifyMac shares with it."""

import hashlib
import hmac

from harness.table import USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import MATERIAL, PLAINTEXT, arn_of, id_of

BITS = {"hmac224": 224, "hmac": 256, "hmac384": 384, "hmac512": 512}

OPERATION = Operation(
    name="GenerateMac",
    request={"KeyId": "{KEY.id}", "Message": PLAINTEXT, "MacAlgorithm": "HMAC_SHA_256"},
    key="hmac",
    keys={"KeyId": "kms:GenerateMac"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"KeyId": "{KEY.arn}", "Mac": lambda mac: len(mac) == 32, "MacAlgorithm": "HMAC_SHA_256"},
)

HMAC = {"KeyId": "{hmac.id}", "MacAlgorithm": "HMAC_SHA_256"}


def algorithm_of(key):
    kind = key.partition("_")[0]
    return f"HMAC_SHA_{BITS[kind]}"


def verifies(message):
    def look(world, answer):
        asked = {name: answer[name] for name in ("KeyId", "Mac", "MacAlgorithm")}
        judged, _ = world.clients.call("VerifyMac", {**asked, "Message": message})
        assert judged == {"KeyId": answer["KeyId"], "MacValid": True, "MacAlgorithm": answer["MacAlgorithm"]}

    return look


def makes(key, message):
    length = BITS[key] // 8
    members = {"KeyId": arn_of(key), "Mac": lambda mac: len(mac) == length, "MacAlgorithm": algorithm_of(key)}
    request = {"KeyId": id_of(key), "Message": message, "MacAlgorithm": algorithm_of(key)}
    return Row(f"{key}, {len(message)} bytes", request, Ok(members, then=verifies(message)))


def refusals(operation, more):
    """What GenerateMac and VerifyMac refuse alike; `more` are the members that the latter needs besides."""

    def row(name, request, expect):
        return Row(name, {"Message": PLAINTEXT, **request, **more}, expect)

    return [
        *(
            row(
                f"{key} has no {algorithm}",
                {"KeyId": id_of(key), "MacAlgorithm": algorithm},
                Refused(
                    "InvalidKeyUsageException",
                    f"Algorithm {algorithm} is incompatible with key spec HMAC_{BITS[key]}.",
                ),
            )
            for key in BITS
            for algorithm in map(algorithm_of, BITS)
            if algorithm != algorithm_of(key)
        ),
        *(
            row(
                f"{key} is for {usage}",
                {"KeyId": id_of(key), "MacAlgorithm": "HMAC_SHA_256"},
                Refused(
                    "InvalidKeyUsageException",
                    "{%s.arn} key usage is %s which is not valid for %s." % (key, usage, operation),
                ),
            )
            for key, usage in (
                ("symmetric", "ENCRYPT_DECRYPT"),
                ("rsa", "ENCRYPT_DECRYPT"),
                ("p256", "SIGN_VERIFY"),
                ("ml_dsa", "SIGN_VERIFY"),
                ("agreement", "KEY_AGREEMENT"),
                ("ml_kem", "ENCAPSULATE_DECAPSULATE"),
            )
        ),
        row(
            "4097 bytes",
            {**HMAC, "Message": b"m" * 4097},
            Refused("ValidationException", validation("message", at_most(4096))),
        ),
        row("no bytes", {**HMAC, "Message": b""}, Refused("ValidationException", validation("message", at_least(1)))),
        row(
            "state before algorithm",
            {"KeyId": "{hmac@Disabled.id}", "MacAlgorithm": "HMAC_SHA_512"},
            Refused("DisabledException", "{hmac@Disabled.arn} is disabled."),
        ),
    ]


ROWS = [
    *(makes(key, message) for key in BITS for message in (PLAINTEXT, b"m", b"m" * 4096)),
    Row(
        "the HMAC that the material's owner computes",
        {"KeyId": "{external_hmac.id}", "Message": PLAINTEXT, "MacAlgorithm": "HMAC_SHA_256"},
        Ok({"Mac": hmac.new(MATERIAL, PLAINTEXT, hashlib.sha256).digest()}, more=True),
        everywhere=True,
    ),
    *refusals("GenerateMac", {}),
]
