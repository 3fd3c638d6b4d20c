"""GenerateDataKey."""

from harness.table import ANY, USES, Ok, Operation, Refused, Row, at_most, validation
from harness.world import arn_of, id_of, material_of

OPERATION = Operation(
    name="GenerateDataKey",
    request={"KeyId": "{KEY.id}", "KeySpec": "AES_256"},
    key="symmetric",
    keys={"KeyId": "kms:GenerateDataKey"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={
        "CiphertextBlob": bytes,
        "Plaintext": lambda key: len(key) == 32,
        "KeyId": "{KEY.arn}",
        "KeyMaterialId": "{KEY.material}",
    },
)

KEY = {"KeyId": "{symmetric.id}"}
SIZE = Refused("ValidationException", "Please specify either number of bytes or key spec.")


def opens(world, answer, context=None):
    asked = {"CiphertextBlob": answer["CiphertextBlob"], **({"EncryptionContext": context} if context else {})}
    opened, _ = world.clients.call("Decrypt", asked)
    if "Plaintext" in answer:
        assert opened["Plaintext"] == answer["Plaintext"]
    assert opened["KeyMaterialId"] == answer["KeyMaterialId"]
    return opened["Plaintext"]


def made(length, name="symmetric", then=opens):
    return Ok(
        {
            "CiphertextBlob": bytes,
            "Plaintext": lambda key: len(key) == length,
            "KeyId": arn_of(name),
            "KeyMaterialId": material_of(name),
        },
        then=then,
    )


def never_the_same(world, answer):
    again, _ = world.clients.call("GenerateDataKey", world.resolve({**KEY, "NumberOfBytes": 16}))
    assert again["Plaintext"] != answer["Plaintext"] and again["CiphertextBlob"] != answer["CiphertextBlob"]


def refusals(operation):
    """What both forms of the operation refuse alike."""

    def wrong_usage(key, usage):
        return Row(
            f"{key} makes no data keys",
            {"KeyId": id_of(key), "KeySpec": "AES_256"},
            Refused(
                "InvalidKeyUsageException",
                "{%s.arn} key usage is %s which is not valid for %s." % (key, usage, operation),
            ),
        )

    return [
        Row("neither size", KEY, SIZE),
        Row("both sizes", {**KEY, "KeySpec": "AES_256", "NumberOfBytes": 32}, SIZE),
        Row("an RSA key", {"KeyId": "{rsa.id}", "KeySpec": "AES_256"}, Refused("InvalidKeyUsageException", ANY)),
        wrong_usage("rsa_sign", "SIGN_VERIFY"),
        wrong_usage("p256", "SIGN_VERIFY"),
        wrong_usage("agreement", "KEY_AGREEMENT"),
        wrong_usage("hmac", "GENERATE_VERIFY_MAC"),
        Row(
            "1025 bytes",
            {**KEY, "NumberOfBytes": 1025},
            Refused(
                "ValidationException",
                validation("numberOfBytes", "Member must have value less than or equal to 1024", 1025),
            ),
        ),
        Row(
            "a context beyond 8192 bytes",
            {**KEY, "KeySpec": "AES_128", "EncryptionContext": {"a": "b" * 8192}},
            Refused("ValidationException", "Invalid EncryptionContext"),
        ),
        Row(
            "eleven grant tokens",
            {**KEY, "KeySpec": "AES_256", "GrantTokens": ["t"] * 11},
            Refused(
                "ValidationException",
                lambda text: text.endswith(" at 'grantTokens' failed to satisfy constraint: " + at_most(10)),
            ),
        ),
    ]


ROWS = [
    Row("AES_256", {**KEY, "KeySpec": "AES_256"}, made(32), everywhere=True),
    Row("AES_128", {**KEY, "KeySpec": "AES_128"}, made(16)),
    *(Row(f"{length} bytes", {**KEY, "NumberOfBytes": length}, made(length)) for length in (1, 16, 31, 32, 64, 1024)),
    Row("by ARN", {"KeyId": "{symmetric.arn}", "NumberOfBytes": 32}, made(32)),
    Row("a multi-Region key", {"KeyId": "{mrk.id}", "NumberOfBytes": 32}, made(32, "mrk")),
    Row("twice gives two keys", {**KEY, "NumberOfBytes": 16}, made(16, then=never_the_same)),
    Row(
        "with a context",
        {**KEY, "KeySpec": "AES_256", "EncryptionContext": {"a": "1"}},
        made(32, then=lambda world, answer: opens(world, answer, {"a": "1"})),
    ),
    Row("with an empty context", {**KEY, "KeySpec": "AES_256", "EncryptionContext": {}}, made(32)),
    *refusals("GenerateDataKey"),
    Row(
        "a recipient is refused without a root to trust",
        {
            **KEY,
            "KeySpec": "AES_256",
            "Recipient": {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"no document"},
        },
        Refused(
            "ValidationException", "Recipient is not supported: this service has no trusted attestation root."
        ),
    ),
]
