"""VerifyMac. A MAC that doesn't hold is an error without a message, never `MacValid: false`."""

from harness.table import USES, Ok, Operation, Refused, Row, at_least, at_most, validation
from harness.world import PLAINTEXT, By, Sample, arn_of, id_of
from tables.decrypt import flipped
from tables.generate_mac import BITS, HMAC, algorithm_of, refusals

INVALID = Refused("KMSInvalidMacException")


def made(key, change=None, message=PLAINTEXT):
    asked = {"KeyId": id_of(key), "Message": message, "MacAlgorithm": algorithm_of(key)}
    return By("GenerateMac", "Mac", asked, change)


OPERATION = Operation(
    name="VerifyMac",
    request={"KeyId": "{KEY.id}", "Message": PLAINTEXT, "MacAlgorithm": "HMAC_SHA_256", "Mac": Sample("KEY")},
    key="hmac",
    keys={"KeyId": "kms:VerifyMac"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"KeyId": "{KEY.arn}", "MacValid": True, "MacAlgorithm": "HMAC_SHA_256"},
)


def rows_of(key):
    request = {"KeyId": id_of(key), "Message": PLAINTEXT, "MacAlgorithm": algorithm_of(key)}
    good = Ok({"KeyId": arn_of(key), "MacValid": True, "MacAlgorithm": algorithm_of(key)})

    def row(name, expect, **more):
        return Row(f"{key} {name}", {**request, "Mac": made(key), **more}, expect)

    return [
        row("holds", good),
        row("another message", INVALID, Message=PLAINTEXT + b"!"),
        row("altered", INVALID, Mac=made(key, lambda mac: flipped(mac, 0))),
        row("altered at its end", INVALID, Mac=made(key, lambda mac: flipped(mac, -1))),
        row("truncated", INVALID, Mac=made(key, lambda mac: mac[:-1])),
        row("longer", INVALID, Mac=made(key, lambda mac: mac + b"\0")),
        row("no MAC at all", INVALID, Mac=b"m"),
    ]


SAMPLE = {**HMAC, "Message": PLAINTEXT}

ROWS = [
    *(row for key in BITS for row in rows_of(key)),
    Row("another key's", {**SAMPLE, "Mac": made("hmac_second")}, INVALID, everywhere=True),
    Row("a dry run of a MAC that doesn't hold", {**SAMPLE, "Mac": bytes(32), "DryRun": True}, INVALID),
    Row(
        "6145 bytes",
        {**SAMPLE, "Mac": bytes(6145)},
        Refused("ValidationException", validation("mac", at_most(6144))),
    ),
    Row("no bytes of a MAC", {**SAMPLE, "Mac": b""}, Refused("ValidationException", validation("mac", at_least(1)))),
    *refusals("VerifyMac", {"Mac": bytes(32)}),
]
