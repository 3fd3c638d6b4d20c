"""CancelKeyDeletion."""

from harness.table import NOT_PENDING, Ok, Operation, Row
from harness.world import Fresh

OPERATION = Operation(
    name="CancelKeyDeletion",
    request={"KeyId": "{KEY.id}"},
    key="symmetric@PendingDeletion",
    keys={"KeyId": "kms:CancelKeyDeletion"},
    states={"Enabled": NOT_PENDING, "Disabled": NOT_PENDING, "PendingDeletion": None},
    changes=True,
    leads_to="Disabled",
    answer={"KeyId": "{KEY.arn}"},
)


def disabled(world, answer):
    """A key whose deletion was cancelled is disabled, and has no date."""
    shown, _ = world.clients.call("DescribeKey", {"KeyId": answer["KeyId"]})
    told = shown["KeyMetadata"]
    assert (told["KeyState"], told["Enabled"], "DeletionDate" in told) == ("Disabled", False, False)


ROWS = [
    Row("by ARN", {"KeyId": Fresh("symmetric@PendingDeletion", "arn")}, Ok({"KeyId": str}, then=disabled), everywhere=True),
    Row("an RSA key", {"KeyId": Fresh("rsa@PendingDeletion")}, Ok({"KeyId": str}, then=disabled)),
    Row("a P-256 key", {"KeyId": Fresh("p256@PendingDeletion")}, Ok({"KeyId": str}, then=disabled)),
]
