"""GetParametersForImport: which wrapping suits which key."""

import datetime

from harness.table import PENDING, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="GetParametersForImport",
    request={"KeyId": "{KEY.id}", "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
    key="external",
    keys={"KeyId": "kms:GetParametersForImport"},
    states={"Enabled": None, "Disabled": None, "PendingImport": None, "PendingDeletion": PENDING},
    answer={
        "KeyId": "{KEY.arn}",
        "ImportToken": lambda token: 1 <= len(token) <= 6144,
        "PublicKey": bytes,
        "ParametersValidTo": datetime.datetime,
    },
)

# The bytes of a DER SubjectPublicKeyInfo, by wrapping key spec.
SPKI = {"RSA_2048": 294, "RSA_3072": 422, "RSA_4096": 550, "SM2": 91}
SPECS = {
    "external": "SYMMETRIC_DEFAULT",
    "external_hmac": "HMAC_256",
    "external_rsa": "RSA_2048",
    "external_p256": "ECC_NIST_P256",
    "external_p521": "ECC_NIST_P521",
    "external_ed25519": "ECC_NIST_EDWARDS25519",
    "external_sm2": "SM2",
}
OAEP, HYBRID = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
# Typed from the guide and its recorded corrections: key, wrapping algorithms, wrapping key specs.
SUITS = [
    ("external", OAEP, ("RSA_2048", "RSA_3072", "RSA_4096")),
    ("external", ("SM2PKE",), ("SM2",)),
    ("external_hmac", OAEP, ("RSA_2048",)),
    ("external_rsa", HYBRID, ("RSA_2048", "RSA_3072")),
    ("external_p256", OAEP + HYBRID, ("RSA_2048",)),
    ("external_p521", OAEP, ("RSA_3072",)),
    ("external_p521", HYBRID, ("RSA_2048",)),
    ("external_ed25519", HYBRID, ("RSA_2048",)),
    ("external_sm2", ("SM2PKE",), ("SM2",)),
]
SUITS_NOT = [
    *((key, ("RSAES_PKCS1_V1_5",), ("RSA_2048", "RSA_4096")) for key in SPECS),
    ("external", HYBRID, ("RSA_2048", "RSA_3072", "RSA_4096")),
    ("external", OAEP, ("SM2",)),
    ("external", ("SM2PKE",), ("RSA_2048",)),
    ("external_hmac", HYBRID, ("RSA_2048",)),
    ("external_rsa", OAEP, ("RSA_2048", "RSA_4096")),
    ("external_p521", OAEP, ("RSA_2048",)),
    ("external_ed25519", OAEP, ("RSA_2048",)),
]


def row(key, algorithm, spec, expect):
    request = {"KeyId": "{%s@PendingImport.id}" % key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec}
    return Row(f"{key} {algorithm} {spec}", request, expect)


def refused(key, algorithm, spec):
    text = f"Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a {SPECS[key]} key."
    return Refused("ValidationException", text)


def prepared(key, spec):
    return Ok({**OPERATION.answer, "KeyId": "{%s@PendingImport.arn}" % key, "PublicKey": is_public(spec)})


def is_public(spec):
    return lambda public: public[0] == 0x30 and len(public) == SPKI[spec]


ROWS = [
    *(
        row(key, algorithm, spec, prepared(key, spec))
        for key, algorithms, specs in SUITS
        for algorithm in algorithms
        for spec in specs
    ),
    *(
        row(key, algorithm, spec, refused(key, algorithm, spec))
        for key, algorithms, specs in SUITS_NOT
        for algorithm in algorithms
        for spec in specs
    ),
    *(
        Row(
            f"{key} was made here",
            {**OPERATION.request, "KeyId": "{%s.id}" % key},
            Refused(
                "UnsupportedOperationException",
                "{%s.arn} origin is AWS_KMS which is not valid for this operation." % key,
            ),
            everywhere=key == "symmetric",
        )
        for key in ("symmetric", "symmetric@Disabled", "symmetric@PendingDeletion", "rsa", "hmac", "p256")
    ),
]
