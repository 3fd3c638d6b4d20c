"""Verify. A signature that doesn't hold is an error without a message, never `SignatureValid: false`."""

from harness.table import USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import PLAINTEXT, Sample, arn_of, id_of, signed
from tables.decrypt import flipped
from tables.sign import MESSAGES, SIGNERS, digest, refusals, type_refusals

INVALID = Refused("KMSInvalidSignatureException", None)

OPERATION = Operation(
    name="Verify",
    request={
        "KeyId": "{KEY.id}",
        "Message": PLAINTEXT,
        "Signature": Sample("KEY"),
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
    key="p256",
    keys={"KeyId": "kms:Verify"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"KeyId": "{KEY.arn}", "SignatureValid": True, "SigningAlgorithm": "ECDSA_SHA_256"},
)


def rows_of(key, algorithm):
    request = {"KeyId": id_of(key), "SigningAlgorithm": algorithm}
    good = Ok({"KeyId": arn_of(key), "SignatureValid": True, "SigningAlgorithm": algorithm})
    signature = signed(key, algorithm)

    def row(name, expect, **more):
        return Row(
            f"{key} {algorithm} {name}", {**request, "Message": PLAINTEXT, "Signature": signature, **more}, expect
        )

    return [
        row("holds", good),
        row("holds for the digest", good, Message=digest(algorithm), MessageType="DIGEST"),
        row("made from a digest", good, Signature=signed(key, algorithm, digest(algorithm), "DIGEST")),
        row("another message", INVALID, Message=PLAINTEXT + b"!"),
        row("another digest", INVALID, Message=digest(algorithm, b"another"), MessageType="DIGEST"),
        row("altered", INVALID, Signature=signed(key, algorithm, change=lambda s: flipped(s, -1))),
        row("truncated", INVALID, Signature=signed(key, algorithm, change=lambda s: s[:-1])),
        row("longer", INVALID, Signature=signed(key, algorithm, change=lambda s: s + b"\0")),
        row("no signature at all", INVALID, Signature=b"signature"),
        row("a digest taken for a message", INVALID, Message=digest(algorithm)),
    ]


P256 = {"KeyId": "{p256.id}", "Message": PLAINTEXT, "SigningAlgorithm": "ECDSA_SHA_256"}
RSA = {"KeyId": "{rsa_sign.id}", "Message": PLAINTEXT}

def messages_of(key, algorithm):
    request = {"KeyId": id_of(key), "SigningAlgorithm": algorithm, "Message": PLAINTEXT}
    good = Ok({"KeyId": arn_of(key), "SignatureValid": True, "SigningAlgorithm": algorithm})

    def row(name, signature, expect, **more):
        return Row(f"{key} {algorithm} {name}", {**request, "Signature": signature, **more}, expect)

    return [
        row("holds", signed(key, algorithm), good),
        row("another message", signed(key, algorithm), INVALID, Message=PLAINTEXT + b"!"),
        row("altered", signed(key, algorithm, change=lambda s: flipped(s, -1)), INVALID),
        row("truncated", signed(key, algorithm, change=lambda s: s[:-1]), INVALID),
        row("no signature at all", b"signature", INVALID),
    ]


ROWS = [
    *(row for key, algorithm in SIGNERS for row in rows_of(key, algorithm)),
    *(row for key, (_, algorithm, _) in MESSAGES.items() for row in messages_of(key, algorithm)),
    *type_refusals({"Signature": b"signature"}),
    Row(
        "another key's signature",
        {**P256, "KeyId": "{p256_second.id}", "Signature": Sample("p256")},
        INVALID,
        everywhere=True,
    ),
    Row(
        "another RSA key's signature",
        {
            **RSA,
            "KeyId": "{rsa_sign_second.id}",
            "SigningAlgorithm": "RSASSA_PSS_SHA_256",
            "Signature": signed("rsa_sign", "RSASSA_PSS_SHA_256"),
        },
        INVALID,
    ),
    Row(
        "another padding",
        {**RSA, "SigningAlgorithm": "RSASSA_PSS_SHA_256", "Signature": signed("rsa_sign", "RSASSA_PKCS1_V1_5_SHA_256")},
        INVALID,
    ),
    Row(
        "another digest algorithm",
        {**RSA, "SigningAlgorithm": "RSASSA_PSS_SHA_512", "Signature": signed("rsa_sign", "RSASSA_PSS_SHA_256")},
        INVALID,
    ),
    Row("a dry run of a bad signature", {**P256, "Signature": b"signature", "DryRun": True}, INVALID),
    Row("the longest signature", {**P256, "Signature": b"s" * 6144}, INVALID),
    Row(
        "a longer signature",
        {**P256, "Signature": b"s" * 6145},
        Refused("ValidationException", validation("signature", at_most(6144))),
    ),
    Row(
        "an empty signature",
        {**P256, "Signature": b""},
        Refused("ValidationException", validation("signature", at_least(1))),
    ),
    *refusals("Verify", {"Signature": b"signature"}),
]
