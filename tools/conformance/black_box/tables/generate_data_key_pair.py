"""GenerateDataKeyPair, and what its form without plaintext shares with it. That the halves go together is
test_cryptography.py's matter."""

from harness.table import USES, Ok, Operation, Refused, Row
from harness.world import arn_of, id_of, material_of

SPECS = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "SM2",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
]


def members(key, spec):
    return {
        "PrivateKeyCiphertextBlob": bytes,
        "PublicKey": lambda public: public[0] == 0x30,
        "KeyId": arn_of(key),
        "KeyPairSpec": spec,
        "KeyMaterialId": material_of(key),
    }


def operation(name, more):
    return Operation(
        name=name,
        request={"KeyId": "{KEY.id}", "KeyPairSpec": "ECC_NIST_P256"},
        key="wrapping",
        keys={"KeyId": f"kms:{name}"},
        aliases=True,
        cross_account=True,
        states=USES,
        dry_run=True,
        grant_tokens=True,
        answer={**members("KEY", "ECC_NIST_P256"), **more},
    )


PLAIN = {"PrivateKeyPlaintext": lambda private: private[0] == 0x30}
OPERATION = operation("GenerateDataKeyPair", PLAIN)


def opens(world, answer, context=None):
    asked = {"CiphertextBlob": answer["PrivateKeyCiphertextBlob"], **({"EncryptionContext": context} if context else {})}
    opened, _ = world.clients.call("Decrypt", asked)
    assert opened["KeyMaterialId"] == answer["KeyMaterialId"]
    assert opened["Plaintext"] == answer.get("PrivateKeyPlaintext", opened["Plaintext"])


def rows(name, more):
    """The rows of both forms."""
    context = {"team": "blue"}

    def wrong_usage(key, usage):
        return Row(
            f"{key} wraps no pairs",
            {"KeyId": id_of(key), "KeyPairSpec": "ECC_NIST_P256"},
            Refused(
                "InvalidKeyUsageException",
                "{%s.arn} key usage is %s which is not valid for %s." % (key, usage, name),
            ),
        )

    return [
        *(
            Row(
                spec,
                {"KeyId": "{symmetric.id}", "KeyPairSpec": spec},
                Ok({**members("symmetric", spec), **more}, then=opens),
                everywhere=spec == "ECC_NIST_P384",
            )
            for spec in SPECS
        ),
        Row(
            "under a context",
            {"KeyId": "{symmetric.id}", "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context},
            Ok(then=lambda world, answer: opens(world, answer, context)),
        ),
        Row(
            "an RSA key",
            {"KeyId": "{rsa.id}", "KeyPairSpec": "ECC_NIST_P256"},
            Refused(
                "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
            ),
        ),
        wrong_usage("p256", "SIGN_VERIFY"),
        wrong_usage("hmac", "GENERATE_VERIFY_MAC"),
        wrong_usage("agreement", "KEY_AGREEMENT"),
        wrong_usage("ml_kem", "ENCAPSULATE_DECAPSULATE"),
    ]


ROWS = rows("GenerateDataKeyPair", PLAIN)
