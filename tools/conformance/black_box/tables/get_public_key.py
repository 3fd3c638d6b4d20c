"""GetPublicKey. That the public halves are right is test_cryptography.py's matter."""

from harness.table import PENDING, Ok, Operation, Refused, Row
from harness.world import arn_of, id_of

RSA_SIGNING = [f"{scheme}_SHA_{bits}" for scheme in ("RSASSA_PKCS1_V1_5", "RSASSA_PSS") for bits in (256, 384, 512)]
OAEP = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
ENCRYPTS, SIGNS, AGREES = "EncryptionAlgorithms", "SigningAlgorithms", "KeyAgreementAlgorithms"
# Each key: spec, usage, the list that it shows, and the bytes of its DER SubjectPublicKeyInfo.
KEYS = {
    "rsa": ("RSA_2048", "ENCRYPT_DECRYPT", ENCRYPTS, OAEP, 294),
    "rsa3072": ("RSA_3072", "ENCRYPT_DECRYPT", ENCRYPTS, OAEP, 422),
    "rsa4096": ("RSA_4096", "ENCRYPT_DECRYPT", ENCRYPTS, OAEP, 550),
    "rsa_sign": ("RSA_2048", "SIGN_VERIFY", SIGNS, RSA_SIGNING, 294),
    "p256": ("ECC_NIST_P256", "SIGN_VERIFY", SIGNS, ["ECDSA_SHA_256"], 91),
    "p384": ("ECC_NIST_P384", "SIGN_VERIFY", SIGNS, ["ECDSA_SHA_384"], 120),
    "p521": ("ECC_NIST_P521", "SIGN_VERIFY", SIGNS, ["ECDSA_SHA_512"], 158),
    "secp256k1": ("ECC_SECG_P256K1", "SIGN_VERIFY", SIGNS, ["ECDSA_SHA_256"], 88),
    "ed25519": ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", SIGNS, ["ED25519_PH_SHA_512", "ED25519_SHA_512"], 44),
    "agreement": ("ECC_NIST_P256", "KEY_AGREEMENT", AGREES, ["ECDH"], 91),
    "sm2": ("SM2", "SIGN_VERIFY", SIGNS, ["SM2DSA"], 91),
    "sm2_encrypt": ("SM2", "ENCRYPT_DECRYPT", ENCRYPTS, ["SM2PKE"], 91),
    "ml_dsa": ("ML_DSA_44", "SIGN_VERIFY", SIGNS, ["ML_DSA_SHAKE_256"], 1334),
    "ml_dsa65": ("ML_DSA_65", "SIGN_VERIFY", SIGNS, ["ML_DSA_SHAKE_256"], 1974),
    "ml_dsa87": ("ML_DSA_87", "SIGN_VERIFY", SIGNS, ["ML_DSA_SHAKE_256"], 2614),
    "ml_kem512": ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", ["ML_KEM"], 822),
    "ml_kem": ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", ["ML_KEM"], 1206),
    "ml_kem1024": ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", ["ML_KEM"], 1590),
}

OPERATION = Operation(
    name="GetPublicKey",
    request={"KeyId": "{KEY.id}"},
    key="p256",
    keys={"KeyId": "kms:GetPublicKey"},
    aliases=True,
    cross_account=True,
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    grant_tokens=True,
    answer={
        "KeyId": "{KEY.arn}",
        "PublicKey": bytes,
        "CustomerMasterKeySpec": "ECC_NIST_P256",
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    },
)


def shown(key, spec, usage, name, algorithms, length):
    members = {
        "KeyId": arn_of(key),
        "PublicKey": lambda public: public[0] == 0x30 and len(public) == length,
        "KeySpec": spec,
        "KeyUsage": usage,
        name: algorithms,
        # AWS says spec and usage in this member for every spec, the newer ones too.
        "CustomerMasterKeySpec": spec,
    }
    return Row(f"{spec} {usage}", {"KeyId": id_of(key)}, Ok(members), everywhere=key == "p256")


ROWS = [
    *(shown(key, *facts) for key, facts in KEYS.items()),
    *(
        Row(f"{key} has none", {"KeyId": id_of(key)}, Refused("UnsupportedOperationException"))
        for key in ("symmetric", "external", "hmac")
    ),
    Row(
        "state before kind",
        {"KeyId": "{symmetric@PendingDeletion.id}"},
        Refused("KMSInvalidStateException", "{symmetric@PendingDeletion.arn} is pending deletion."),
    ),
]
