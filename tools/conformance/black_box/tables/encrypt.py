"""Encrypt."""

from harness.table import ANY, USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import HOME, PLAINTEXT

OPERATION = Operation(
    name="Encrypt",
    request={"KeyId": "{KEY.id}", "Plaintext": PLAINTEXT},
    key="symmetric",
    keys={"KeyId": "kms:Encrypt"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"CiphertextBlob": bytes, "KeyId": "{KEY.arn}", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    lengths={"Plaintext": (1, 1 << 20)},
)

SYMMETRIC = {"KeyId": "{symmetric.id}", "Plaintext": PLAINTEXT}
OPENED = {"CiphertextBlob": bytes, "KeyId": "{symmetric.arn}", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


def opens_to(plaintext, **parameters):
    """Whether the ciphertext of the answer decrypts to `plaintext`."""
    def look(world, answer):
        opened, _ = world.clients.call("Decrypt", {"CiphertextBlob": answer["CiphertextBlob"], **world.resolve(parameters)})
        assert opened["Plaintext"] == plaintext
    return look


def never_the_same(world, answer):
    again, _ = world.clients.call("Encrypt", world.resolve(SYMMETRIC))
    assert again["CiphertextBlob"] != answer["CiphertextBlob"]


def long_context(bytes_wanted):
    """A context whose keys and values have this many bytes together."""
    return {"k": "v" * (bytes_wanted - 1)}


def rsa_limit(key, spec, algorithm, longest):
    request = {"KeyId": "{%s.id}" % key, "EncryptionAlgorithm": algorithm}
    members = {"CiphertextBlob": lambda blob: len(blob) == int(spec[4:]) // 8, "KeyId": "{%s.arn}" % key,
               "EncryptionAlgorithm": algorithm}
    text = f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes."
    return [
        Row(f"{spec} {algorithm} takes {longest} bytes", {**request, "Plaintext": b"x" * longest},
            Ok(members, then=opens_to(b"x" * longest, KeyId="{%s.id}" % key, EncryptionAlgorithm=algorithm))),
        Row(f"{spec} {algorithm} refuses {longest + 1} bytes", {**request, "Plaintext": b"x" * (longest + 1)},
            Refused("ValidationException", text)),
        Row(f"{spec} {algorithm} takes one byte", {**request, "Plaintext": b"x"}, Ok(members)),
    ]


def incompatible(key, algorithm, spec):
    return Row(f"{key} has no {algorithm}", {"KeyId": "{%s.id}" % key, "Plaintext": b"x", "EncryptionAlgorithm": algorithm},
               Refused("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {spec}."))


def wrong_usage(key, usage):
    return Row(f"{key} does not encrypt", {"KeyId": "{%s.id}" % key, "Plaintext": b"x"}, Refused(
        "InvalidKeyUsageException", "{%s.arn} key usage is %s which is not valid for Encrypt." % (key, usage)))


ROWS = [
    Row("by ARN", {**SYMMETRIC, "KeyId": "{symmetric.arn}"}, Ok(OPENED, then=opens_to(PLAINTEXT)), everywhere=True),
    Row("with the algorithm named", {**SYMMETRIC, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, Ok(OPENED)),
    Row("twice gives two ciphertexts", SYMMETRIC, Ok(OPENED, then=never_the_same)),
    Row("a multi-Region key", {**SYMMETRIC, "KeyId": "{mrk.id}"}, Ok({**OPENED, "KeyId": "{mrk.arn}"})),
    Row("every byte value", {**SYMMETRIC, "Plaintext": bytes(range(256))}, Ok(OPENED, then=opens_to(bytes(range(256))))),

    # Sizes. AWS takes 4096 bytes; we take a MiB unless told to be like AWS.
    Row("4096 bytes", {**SYMMETRIC, "Plaintext": b"p" * 4096}, Ok(OPENED, then=opens_to(b"p" * 4096))),
    Row("4097 bytes", {**SYMMETRIC, "Plaintext": b"p" * 4097}, Ok(OPENED, then=opens_to(b"p" * 4097))),
    Row("a MiB", {**SYMMETRIC, "Plaintext": b"p" * (1 << 20)}, Ok(OPENED, then=opens_to(b"p" * (1 << 20)))),
    Row("more than a MiB", {**SYMMETRIC, "Plaintext": b"p" * ((1 << 20) + 1)},
        Refused("ValidationException", validation("plaintext", at_most(1 << 20)))),
    Row("4096 bytes as AWS", {**SYMMETRIC, "Plaintext": b"p" * 4096}, Ok(OPENED), compat="aws"),
    Row("4097 bytes as AWS", {**SYMMETRIC, "Plaintext": b"p" * 4097},
        Refused("ValidationException", validation("plaintext", at_most(4096))), compat="aws"),
    Row("nothing", {**SYMMETRIC, "Plaintext": b""}, Refused("ValidationException", validation("plaintext", at_least(1)))),

    # Contexts.
    Row("an empty context is none", {**SYMMETRIC, "EncryptionContext": {}}, Ok(OPENED, then=opens_to(PLAINTEXT))),
    Row("a context", {**SYMMETRIC, "EncryptionContext": {"a": "1", "b": "2"}},
        Ok(OPENED, then=opens_to(PLAINTEXT, EncryptionContext={"b": "2", "a": "1"}))),
    Row("a context beyond ASCII", {**SYMMETRIC, "EncryptionContext": {"schlüssel": "Größe 鍵 🔑"}},
        Ok(OPENED, then=opens_to(PLAINTEXT, EncryptionContext={"schlüssel": "Größe 鍵 🔑"}))),
    Row("a long context", {**SYMMETRIC, "EncryptionContext": long_context(8000)},
        Ok(OPENED, then=opens_to(PLAINTEXT, EncryptionContext=long_context(8000)))),
    Row("a context beyond 8192 bytes", {**SYMMETRIC, "EncryptionContext": long_context(8193)},
        Refused("ValidationException", "Invalid EncryptionContext")),
    Row("an empty value in a context", {**SYMMETRIC, "EncryptionContext": {"a": ""}},
        Refused("ValidationException", "Invalid EncryptionContext")),
    Row("an empty key in a context", {**SYMMETRIC, "EncryptionContext": {"": "a"}},
        Refused("ValidationException", "Invalid EncryptionContext")),
    Row("a context on RSA", {"KeyId": "{rsa.id}", "Plaintext": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                             "EncryptionContext": {"a": "1"}},
        Refused("ValidationException", "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")),
    Row("an empty context on RSA", {"KeyId": "{rsa.id}", "Plaintext": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                                    "EncryptionContext": {}}, Ok({"KeyId": "{rsa.arn}"}, more=True)),

    # Key specs, usages, algorithms.
    *rsa_limit("rsa", "RSA_2048", "RSAES_OAEP_SHA_1", 214),
    *rsa_limit("rsa", "RSA_2048", "RSAES_OAEP_SHA_256", 190),
    *rsa_limit("rsa3072", "RSA_3072", "RSAES_OAEP_SHA_1", 342),
    *rsa_limit("rsa3072", "RSA_3072", "RSAES_OAEP_SHA_256", 318),
    *rsa_limit("rsa4096", "RSA_4096", "RSAES_OAEP_SHA_1", 470),
    *rsa_limit("rsa4096", "RSA_4096", "RSAES_OAEP_SHA_256", 446),
    incompatible("symmetric", "RSAES_OAEP_SHA_1", "SYMMETRIC_DEFAULT"),
    incompatible("symmetric", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"),
    incompatible("symmetric", "SM2PKE", "SYMMETRIC_DEFAULT"),
    incompatible("rsa", "SM2PKE", "RSA_2048"),
    Row("RSA has no default algorithm", {"KeyId": "{rsa.id}", "Plaintext": b"x"}, Refused(
        "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")),
    wrong_usage("rsa_sign", "SIGN_VERIFY"),
    wrong_usage("p256", "SIGN_VERIFY"),
    wrong_usage("agreement", "KEY_AGREEMENT"),
    wrong_usage("hmac", "GENERATE_VERIFY_MAC"),

    # The order of checks: state before usage, usage before algorithm, algorithm before size.
    Row("state before usage", {"KeyId": "{p256@Disabled.id}", "Plaintext": b"x"},
        Refused("DisabledException", "{p256@Disabled.arn} is disabled.")),
    Row("permission before state", {"KeyId": "{symmetric@Disabled!unusable.id}", "Plaintext": b"x"},
        Refused("AccessDeniedException", f"User: arn:aws:iam::{HOME}:root is not authorized to perform: kms:Encrypt on resource: "
                "{symmetric@Disabled!unusable.arn} with an explicit deny in a resource-based policy")),
    Row("usage before algorithm", {"KeyId": "{p256.id}", "Plaintext": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
        Refused("InvalidKeyUsageException", "{p256.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.")),
    Row("algorithm before size", {"KeyId": "{rsa.id}", "Plaintext": b"x" * 300},
        Refused("InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")),
    Row("a dry run checks sizes", {"KeyId": "{rsa.id}", "Plaintext": b"x" * 191, "DryRun": True,
                                   "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, Refused("ValidationException", ANY)),
]
