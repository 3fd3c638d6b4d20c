"""EnableKey."""

from harness.table import PENDING, Ok, Operation, Row
from harness.world import Fresh

OPERATION = Operation(
    name="EnableKey",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:EnableKey"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    changes=True,
    leads_to="Enabled",
    answer={},
)


ROWS = [
    Row("a disabled key by ARN", {"KeyId": Fresh("symmetric@Disabled", "arn")}, Ok({}), everywhere=True),
    Row("a disabled RSA key", {"KeyId": Fresh("rsa@Disabled")}, Ok({})),
    Row("a disabled P-256 key", {"KeyId": Fresh("p256@Disabled")}, Ok({})),
]
