"""ReEncrypt."""

from harness.table import ANY, USES, Ok, Operation, Refused, Row
from harness.world import OTHER, PLAINTEXT, STRANGER, Sample, sealed
from tables.decrypt import BROKEN, INCORRECT, UNKNOWN, flipped

OPERATION = Operation(
    name="ReEncrypt",
    request={"SourceKeyId": "{KEY.id}", "CiphertextBlob": Sample("KEY"), "DestinationKeyId": "{KEY.id}"},
    key="symmetric",
    keys={"SourceKeyId": "kms:ReEncryptFrom", "DestinationKeyId": "kms:ReEncryptTo"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"CiphertextBlob": bytes, "SourceKeyId": "{KEY.arn}", "KeyId": "{KEY.arn}",
            "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "SourceKeyMaterialId": "{KEY.material}", "DestinationKeyMaterialId": "{KEY.material}"},
    lengths={"CiphertextBlob": (1, 1_050_624)},
)


def decrypts(world, answer, context=None):
    asked = {"CiphertextBlob": answer["CiphertextBlob"], "KeyId": answer["KeyId"],
             "EncryptionAlgorithm": answer["DestinationEncryptionAlgorithm"]}
    opened, _ = world.clients.call("Decrypt", {**asked, **({"EncryptionContext": context} if context else {})})
    assert opened["Plaintext"] == PLAINTEXT


def moved(source, destination, source_algorithm="SYMMETRIC_DEFAULT", destination_algorithm="SYMMETRIC_DEFAULT"):
    """From key to key: material ids stand for the symmetric sides only."""
    members = {"CiphertextBlob": bytes, "SourceKeyId": "{%s.arn}" % source, "KeyId": "{%s.arn}" % destination,
               "SourceEncryptionAlgorithm": source_algorithm, "DestinationEncryptionAlgorithm": destination_algorithm}
    request = {"CiphertextBlob": sealed(source, algorithm=source_algorithm), "DestinationKeyId": "{%s.id}" % destination}
    if source_algorithm == "SYMMETRIC_DEFAULT":
        members["SourceKeyMaterialId"] = "{%s.material}" % source
    else:
        request |= {"SourceKeyId": "{%s.id}" % source, "SourceEncryptionAlgorithm": source_algorithm}
    if destination_algorithm == "SYMMETRIC_DEFAULT":
        members["DestinationKeyMaterialId"] = "{%s.material}" % destination
    else:
        request["DestinationEncryptionAlgorithm"] = destination_algorithm
    return Row(f"{source} {source_algorithm} to {destination} {destination_algorithm}", request, Ok(members, then=decrypts))


TO = {"DestinationKeyId": "{second.id}"}

ROWS = [
    Row("between keys", {"CiphertextBlob": Sample("symmetric"), **TO}, Ok({
        "CiphertextBlob": bytes, "SourceKeyId": "{symmetric.arn}", "KeyId": "{second.arn}",
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": "{symmetric.material}", "DestinationKeyMaterialId": "{second.material}"}, then=decrypts),
        everywhere=True),
    moved("symmetric", "mrk"),
    moved("symmetric", "rsa", destination_algorithm="RSAES_OAEP_SHA_1"),
    moved("symmetric", "rsa", destination_algorithm="RSAES_OAEP_SHA_256"),
    moved("rsa", "symmetric", source_algorithm="RSAES_OAEP_SHA_256"),
    moved("rsa", "rsa4096", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"),

    # Contexts of the two sides are independent.
    Row("a new context", {"CiphertextBlob": sealed("symmetric", context={"a": "1"}), "SourceEncryptionContext": {"a": "1"},
                          "DestinationEncryptionContext": {"b": "2"}, **TO},
        Ok(then=lambda world, answer: decrypts(world, answer, {"b": "2"}))),
    Row("a context dropped", {"CiphertextBlob": sealed("symmetric", context={"a": "1"}),
                              "SourceEncryptionContext": {"a": "1"}, **TO}, Ok(then=decrypts)),
    Row("the source's context is missing", {"CiphertextBlob": sealed("symmetric", context={"a": "1"}), **TO}, BROKEN),
    Row("the source's context is another", {"CiphertextBlob": sealed("symmetric", context={"a": "1"}),
                                            "SourceEncryptionContext": {"a": "2"}, **TO}, BROKEN),
    Row("a context for an RSA destination", {
        "CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{rsa.id}", "DestinationEncryptionContext": {"a": "1"},
        "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        Refused("ValidationException", "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")),

    # The source.
    Row("another source key", {"CiphertextBlob": Sample("symmetric"), "SourceKeyId": "{second.id}", **TO}, INCORRECT),
    Row("a signing source key", {"CiphertextBlob": Sample("symmetric"), "SourceKeyId": "{p256.id}", **TO}, INCORRECT),
    Row("an altered ciphertext", {"SourceKeyId": "{symmetric.id}", **TO,
                                  "CiphertextBlob": Sample("symmetric", lambda blob: flipped(blob, -2))}, BROKEN),
    Row("no ciphertext of ours", {"CiphertextBlob": bytes(99), **TO}, BROKEN),
    Row("RSA without a source key id", {"CiphertextBlob": Sample("rsa"), "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_256", **TO},
        Refused("ValidationException", ANY)),
    Row("the source disabled", {"CiphertextBlob": Sample("symmetric@Disabled"), **TO},
        Refused("DisabledException", "{symmetric@Disabled.arn} is disabled.")),
    Row("the source pending deletion", {"CiphertextBlob": Sample("symmetric@PendingDeletion"), **TO},
        Refused("KMSInvalidStateException", "{symmetric@PendingDeletion.arn} is pending deletion.")),

    # The destination.
    Row("the destination disabled", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{symmetric@Disabled.id}"},
        Refused("DisabledException", "{symmetric@Disabled.arn} is disabled.")),
    Row("the destination pending deletion", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{symmetric@PendingDeletion.id}"},
        Refused("KMSInvalidStateException", "{symmetric@PendingDeletion.arn} is pending deletion.")),
    Row("a signing destination", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{p256.id}"}, Refused(
        "InvalidKeyUsageException", "{p256.arn} key usage is SIGN_VERIFY which is not valid for ReEncrypt.")),
    Row("an RSA destination without algorithm", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{rsa.id}"}, Refused(
        "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")),
    Row("too long for RSA", {"CiphertextBlob": sealed("symmetric", b"x" * 191), "DestinationKeyId": "{rsa.id}",
                             "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, Refused(
        "ValidationException", "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.")),
    Row("the longest for RSA", {"CiphertextBlob": sealed("symmetric", b"x" * 190), "DestinationKeyId": "{rsa.id}",
                                "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, Ok()),
    Row("an absent destination", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "134f2428-cec1-4b25-a1ae-9048164dba47"},
        Refused("NotFoundException",
                "Key 'arn:aws:kms:us-east-1:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47' does not exist")),
    Row("no destination", {"CiphertextBlob": Sample("symmetric")}, Refused("ValidationException",
        "1 validation error detected: Value null at 'destinationKeyId' failed to satisfy constraint: Member must not be null")),

    # Other accounts, dry runs.
    Row("a stranger's hands", {"CiphertextBlob": Sample("symmetric"), "DestinationKeyId": "{symmetric.arn}"}, UNKNOWN, account=STRANGER),
    Row("a shared key on both sides", {"CiphertextBlob": Sample("symmetric!shared"), "DestinationKeyId": "{symmetric!shared.arn}"},
        Ok({"KeyId": "{symmetric!shared.arn}", "SourceKeyId": "{symmetric!shared.arn}"}, more=True), account=OTHER),
    Row("a dry run of a bad blob", {"SourceKeyId": "{symmetric.id}", "CiphertextBlob": bytes(99), "DryRun": True, **TO}, BROKEN),
    Row("a dry run without ciphertext", {"SourceKeyId": "{symmetric.id}", "DryRun": True,
                                         "DryRunModifiers": ["IGNORE_CIPHERTEXT"], **TO},
        Refused("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")),
    Row("a dry run without ciphertext and source", {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"], **TO},
        Refused("ValidationException", ANY)),
]
