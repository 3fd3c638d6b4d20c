"""Sign, and what Verify shares with it."""

import hashlib

from harness.table import ANY, USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import PLAINTEXT, arn_of, id_of

RSA_ALGORITHMS = [f"{scheme}_SHA_{bits}" for scheme in ("RSASSA_PKCS1_V1_5", "RSASSA_PSS") for bits in (256, 384, 512)]
# Each key with the algorithms of its spec.
SPECS = {
    "rsa_sign": ("RSA_2048", RSA_ALGORITHMS),
    "p256": ("ECC_NIST_P256", ["ECDSA_SHA_256"]),
    "p384": ("ECC_NIST_P384", ["ECDSA_SHA_384"]),
    "p521": ("ECC_NIST_P521", ["ECDSA_SHA_512"]),
    "secp256k1": ("ECC_SECG_P256K1", ["ECDSA_SHA_256"]),
}
# Those whose algorithm takes messages alone, or (SM2) digests of its own kind.
MESSAGES = {
    "ed25519": ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", 64),
    "sm2": ("SM2", "SM2DSA", None),
    "ml_dsa": ("ML_DSA_44", "ML_DSA_SHAKE_256", 2420),
    "ml_dsa65": ("ML_DSA_65", "ML_DSA_SHAKE_256", 3309),
    "ml_dsa87": ("ML_DSA_87", "ML_DSA_SHAKE_256", 4627),
}
SIGNERS = [(key, algorithm) for key, (_, algorithms) in SPECS.items() for algorithm in algorithms]
STRANGERS = [
    ("rsa_sign", "ECDSA_SHA_256"),
    ("rsa_sign", "ED25519_SHA_512"),
    ("p256", "ECDSA_SHA_384"),
    ("p256", "ECDSA_SHA_512"),
    ("p256", "RSASSA_PSS_SHA_256"),
    ("p384", "ECDSA_SHA_256"),
    ("p521", "ECDSA_SHA_384"),
    ("secp256k1", "ECDSA_SHA_384"),
    ("p256", "ML_DSA_SHAKE_256"),
    ("p256", "SM2DSA"),
]
WRONG_USAGE = [
    ("symmetric", "ENCRYPT_DECRYPT", "RSASSA_PSS_SHA_256"),
    ("rsa", "ENCRYPT_DECRYPT", "RSASSA_PSS_SHA_256"),
    ("agreement", "KEY_AGREEMENT", "ECDSA_SHA_256"),
    ("hmac", "GENERATE_VERIFY_MAC", "ECDSA_SHA_256"),
]

OPERATION = Operation(
    name="Sign",
    request={"KeyId": "{KEY.id}", "Message": PLAINTEXT, "SigningAlgorithm": "ECDSA_SHA_256"},
    key="p256",
    keys={"KeyId": "kms:Sign"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"KeyId": "{KEY.arn}", "Signature": bytes, "SigningAlgorithm": "ECDSA_SHA_256"},
)


def digest(algorithm, message=PLAINTEXT):
    return hashlib.new("sha" + algorithm[-3:], message).digest()


def is_signature(key, algorithm):
    """Its outer form: as long as the modulus, or an ASN.1 SEQUENCE."""
    if key.startswith("rsa"):
        return lambda signature: len(signature) == 256
    return lambda signature: signature[0] == 0x30 and len(signature) <= 139


def verifies(message=PLAINTEXT, kind="RAW"):
    def look(world, answer):
        asked = {
            "KeyId": answer["KeyId"],
            "Message": message,
            "MessageType": kind,
            "Signature": answer["Signature"],
            "SigningAlgorithm": answer["SigningAlgorithm"],
        }
        judged, _ = world.clients.call("Verify", asked)
        assert judged == {
            "KeyId": answer["KeyId"],
            "SignatureValid": True,
            "SigningAlgorithm": answer["SigningAlgorithm"],
        }

    return look


def signs(key, algorithm):
    request = {"KeyId": id_of(key), "SigningAlgorithm": algorithm}
    members = {"KeyId": arn_of(key), "Signature": is_signature(key, algorithm), "SigningAlgorithm": algorithm}
    return [
        Row(
            f"{key} {algorithm} RAW",
            {**request, "Message": PLAINTEXT, "MessageType": "RAW"},
            Ok(members, then=verifies()),
        ),
        Row(
            f"{key} {algorithm} RAW is the default",
            {**request, "Message": PLAINTEXT},
            Ok(members, then=verifies(digest(algorithm), "DIGEST")),
        ),
        Row(
            f"{key} {algorithm} DIGEST",
            {**request, "Message": digest(algorithm), "MessageType": "DIGEST"},
            Ok(members, then=verifies()),
        ),
    ]


def bad_digest(key, algorithm, length):
    """For Sign and Verify alike."""
    return Row(
        f"{key} {algorithm} DIGEST of {length} bytes",
        {"KeyId": id_of(key), "SigningAlgorithm": algorithm, "Message": b"d" * length, "MessageType": "DIGEST"},
        Refused("ValidationException", f"Digest is invalid length for algorithm {algorithm}."),
    )


def refusals(operation, more):
    """What Sign and Verify refuse alike; `more` are the members that the latter needs besides."""

    def row(name, request, expect):
        return Row(name, {"Message": PLAINTEXT, **request, **more}, expect)

    rows = [
        row(
            f"{key} has no {algorithm}",
            {"KeyId": id_of(key), "SigningAlgorithm": algorithm},
            Refused(
                "InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {SPECS[key][0]}."
            ),
        )
        for key, algorithm in STRANGERS
    ]
    rows += [
        row(
            f"{key} is for {usage}",
            {"KeyId": id_of(key), "SigningAlgorithm": algorithm},
            Refused(
                "InvalidKeyUsageException",
                "{%s.arn} key usage is %s which is not valid for %s." % (key, usage, operation),
            ),
        )
        for key, usage, algorithm in WRONG_USAGE
    ]
    rows += [
        row(
            f"EXTERNAL_MU on {key}",
            {
                "KeyId": id_of(key),
                "SigningAlgorithm": SPECS[key][1][0],
                "MessageType": "EXTERNAL_MU",
                "Message": b"m" * 64,
            },
            Refused("ValidationException", f"Message type EXTERNAL_MU is incompatible with key spec {SPECS[key][0]}."),
        )
        for key in ("p256", "rsa_sign")
    ]
    p256 = {"KeyId": "{p256.id}", "SigningAlgorithm": "ECDSA_SHA_256"}
    for bad in (
        bad_digest("p256", "ECDSA_SHA_256", 31),
        bad_digest("p256", "ECDSA_SHA_256", 33),
        bad_digest("rsa_sign", "RSASSA_PSS_SHA_384", 32),
        bad_digest("rsa_sign", "RSASSA_PKCS1_V1_5_SHA_512", 48),
        bad_digest("p521", "ECDSA_SHA_512", 4096),
    ):
        rows.append(Row(bad.name, {**bad.request, **more}, bad.expect))
    return rows + [
        row(
            "4097 bytes",
            {**p256, "Message": b"m" * 4097},
            Refused("ValidationException", validation("message", at_most(4096))),
        ),
        row("no bytes", {**p256, "Message": b""}, Refused("ValidationException", validation("message", at_least(1)))),
        row(
            "state before usage",
            {"KeyId": "{symmetric@Disabled.id}", "SigningAlgorithm": "ECDSA_SHA_256"},
            Refused("DisabledException", "{symmetric@Disabled.arn} is disabled."),
        ),
        row(
            "state before algorithm",
            {"KeyId": "{p256@Disabled.id}", "SigningAlgorithm": "ECDSA_SHA_512"},
            Refused("DisabledException", "{p256@Disabled.arn} is disabled."),
        ),
        row(
            "an RSA key, disabled",
            {"KeyId": "{rsa_sign@Disabled.id}", "SigningAlgorithm": "RSASSA_PSS_SHA_256"},
            Refused("DisabledException", "{rsa_sign@Disabled.arn} is disabled."),
        ),
        row(
            "an RSA key, pending deletion",
            {"KeyId": "{rsa_sign@PendingDeletion.id}", "SigningAlgorithm": "RSASSA_PSS_SHA_256"},
            Refused("KMSInvalidStateException", "{rsa_sign@PendingDeletion.arn} is pending deletion."),
        ),
        row(
            "a dry run checks the algorithm",
            {**p256, "SigningAlgorithm": "ECDSA_SHA_384", "DryRun": True},
            Refused("InvalidKeyUsageException", ANY),
        ),
    ]


def signs_messages(key, algorithm, length):
    request = {"KeyId": id_of(key), "SigningAlgorithm": algorithm}
    members = {
        "KeyId": arn_of(key),
        "Signature": lambda signature: len(signature) == (length or len(signature)),
        "SigningAlgorithm": algorithm,
    }
    return [
        Row(f"{key}, {len(message)} bytes", {**request, "Message": message}, Ok(members, then=verifies(message)))
        for message in (b"m", PLAINTEXT, b"m" * 4096)
    ]


def type_refusals(more):
    """For Sign and Verify alike: what the newer algorithms don't sign."""

    def row(key, kind, message, algorithm, text):
        request = {"KeyId": id_of(key), "SigningAlgorithm": algorithm, "MessageType": kind, "Message": message, **more}
        return Row(f"{key} {algorithm} {kind}", request, Refused("ValidationException", text))

    return [
        *(
            row(key, "DIGEST", b"d" * 64, algorithm, f"Message type DIGEST is incompatible with key spec {spec}.")
            for key, (spec, algorithm, _) in MESSAGES.items()
            if key.startswith("ml_dsa")
        ),
        row(
            "ed25519",
            "DIGEST",
            b"d" * 64,
            "ED25519_SHA_512",
            "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
        ),
        row(
            "ed25519",
            "RAW",
            PLAINTEXT,
            "ED25519_PH_SHA_512",
            "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.",
        ),
    ]


def randomised(world, answer):
    again, _ = world.clients.call("Sign", world.resolve(dict(OPERATION.request, KeyId="{p256.id}")))
    assert again["Signature"] != answer["Signature"]


ROWS = [
    *(row for key, algorithm in SIGNERS for row in signs(key, algorithm)),
    Row(
        "4096 bytes",
        {"KeyId": "{p256.id}", "Message": b"m" * 4096, "SigningAlgorithm": "ECDSA_SHA_256"},
        Ok(then=verifies(b"m" * 4096)),
        everywhere=True,
    ),
    Row(
        "one byte",
        {"KeyId": "{p256.arn}", "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"},
        Ok(then=verifies(b"m")),
    ),
    Row("twice gives two signatures", dict(OPERATION.request, KeyId="{p256.id}"), Ok(then=randomised)),
    *(row for key, (_, algorithm, length) in MESSAGES.items() for row in signs_messages(key, algorithm, length)),
    Row(
        "ed25519 of a digest",
        {
            "KeyId": "{ed25519.id}",
            "SigningAlgorithm": "ED25519_PH_SHA_512",
            "MessageType": "DIGEST",
            "Message": b"d" * 64,
        },
        Ok(then=verifies(b"d" * 64, "DIGEST")),
    ),
    *type_refusals({}),
    *refusals("Sign", {}),
]
