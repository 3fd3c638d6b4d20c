"""EnableKeyRotation, and which keys rotate at all. What a rotation does is test_rotation.py's matter."""

from harness.table import USES, Ok, Operation, Refused, Row
from harness.world import Fresh, id_of

OPERATION = Operation(
    name="EnableKeyRotation",
    request={"KeyId": "{KEY.id}"},
    key="rotating",
    keys={"KeyId": "kms:EnableKeyRotation"},
    states=USES,
    answer={},
)

# AWS gives no message for what its spec keeps from rotating.
NEVER = ["rsa", "rsa_sign", "p256", "agreement", "ml_dsa", "ml_kem", "sm2_encrypt", "hmac"]


def origin(key):
    return Refused(
        "UnsupportedOperationException", "{%s.arn} origin is EXTERNAL which is not valid for this operation." % key
    )


def never(keys=NEVER):
    return [Row(f"{key} never rotates", {"KeyId": id_of(key)}, Refused("UnsupportedOperationException")) for key in keys]


def external():
    return [
        Row(f"{key} rotates on demand alone", {"KeyId": id_of(key)}, origin(key))
        for key in ("external", "external@PendingImport")
    ]


def rotates(days):
    """The key that was made last rotates by this period."""

    def look(world, _answer):
        told, _ = world.clients.call("GetKeyRotationStatus", {"KeyId": world.last.id})
        assert (told["KeyRotationEnabled"], told["RotationPeriodInDays"]) == (True, days)

    return look


ROWS = [
    Row("every year", {"KeyId": Fresh()}, Ok(then=rotates(365)), everywhere=True),
    *(
        Row(f"every {days} days", {"KeyId": Fresh("symmetric", "arn"), "RotationPeriodInDays": days}, Ok(then=rotates(days)))
        for days in (90, 365, 2560)
    ),
    *never(),
    *external(),
]
