"""DeriveSharedSecret. That both sides agree is test_cryptography.py's matter."""

from harness.table import ANY, USES, Ok, Operation, Refused, Row
from harness.world import By, arn_of, id_of

PEERS = {"agreement": 32, "agreement384": 48, "agreement521": 66, "sm2_agreement": 32}


def peer(key):
    """The public half of another key of the same kind."""
    return By("GetPublicKey", "PublicKey", {"KeyId": id_of(f"{key}_peer")})


OPERATION = Operation(
    name="DeriveSharedSecret",
    request={"KeyId": "{KEY.id}", "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer("agreement")},
    key="agreement",
    keys={"KeyId": "kms:DeriveSharedSecret"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={
        "KeyId": "{KEY.arn}",
        "SharedSecret": lambda secret: len(secret) == 32,
        "KeyAgreementAlgorithm": "ECDH",
        "KeyOrigin": "AWS_KMS",
    },
)


def agrees(key):
    def look(world, answer):
        own, _ = world.clients.call("GetPublicKey", {"KeyId": answer["KeyId"]})
        asked = {"KeyId": world.key(f"{key}_peer").id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": own["PublicKey"]}
        theirs, _ = world.clients.call("DeriveSharedSecret", asked)
        assert theirs["SharedSecret"] == answer["SharedSecret"]

    return look


ROWS = [
    *(
        Row(
            f"{key} agrees with its peer",
            {"KeyId": id_of(key), "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer(key)},
            Ok(
                {
                    "KeyId": arn_of(key),
                    "SharedSecret": lambda secret, length=length: len(secret) == length,
                    "KeyAgreementAlgorithm": "ECDH",
                    "KeyOrigin": "AWS_KMS",
                },
                then=agrees(key),
            ),
            everywhere=key == "agreement",
        )
        for key, length in PEERS.items()
    ),
    *(
        Row(
            f"{key} is for {usage}",
            {"KeyId": id_of(key), "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer("agreement")},
            Refused(
                "InvalidKeyUsageException",
                "{%s.arn} key usage is %s which is not valid for DeriveSharedSecret." % (key, usage),
            ),
        )
        for key, usage in (
            ("p256", "SIGN_VERIFY"),
            ("symmetric", "ENCRYPT_DECRYPT"),
            ("rsa", "ENCRYPT_DECRYPT"),
            ("hmac", "GENERATE_VERIFY_MAC"),
            ("ml_kem", "ENCAPSULATE_DECAPSULATE"),
        )
    ),
    *(
        Row(
            f"a public key that is {what}",
            {"KeyId": "{agreement.id}", "KeyAgreementAlgorithm": "ECDH", "PublicKey": public},
            Refused("ValidationException", ANY),
        )
        for what, public in (
            ("of another curve", peer("agreement384")),
            ("none", b"none"),
            ("cut off", By("GetPublicKey", "PublicKey", {"KeyId": "{agreement_peer.id}"}, lambda der: der[:-1])),
            ("off the curve", By("GetPublicKey", "PublicKey", {"KeyId": "{agreement_peer.id}"}, lambda d: d[:-1] + b"\1")),
        )
    ),
]
