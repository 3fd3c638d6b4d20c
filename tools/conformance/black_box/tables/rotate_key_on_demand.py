"""RotateKeyOnDemand. When a rotation is done is test_rotation.py's matter."""

from harness.table import USES, Ok, Operation, Refused, Row
from harness.world import Fresh
from tables.enable_key_rotation import never

OPERATION = Operation(
    name="RotateKeyOnDemand",
    request={"KeyId": "{KEY.id}"},
    key="rotating",
    keys={"KeyId": "kms:RotateKeyOnDemand"},
    states=USES,
    answer={"KeyId": "{KEY.arn}"},
)


def again(world, answer):
    told, _ = world.clients.call("RotateKeyOnDemand", {"KeyId": answer["KeyId"]})
    assert told == answer


ROWS = [
    Row("a new key, and again", {"KeyId": Fresh()}, Ok({"KeyId": str}, then=again), everywhere=True),
    *never(),
    Row(
        "an imported key that nothing waits for",
        {"KeyId": "{external.id}"},
        Refused(
            "KMSInvalidStateException", "No available key material pending rotation for the key: {external.arn}."
        ),
    ),
    *(
        Row(
            f"{key} without material",
            {"KeyId": "{%s@PendingImport.id}" % key},
            Refused("KMSInvalidStateException", "{%s@PendingImport.arn} is pending import." % key),
        )
        for key in ("external", "external_rsa")
    ),
]
