"""DisableKey."""

from harness.table import PENDING, Ok, Operation, Row
from harness.world import Fresh

OPERATION = Operation(
    name="DisableKey",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:DisableKey"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    changes=True,
    leads_to="Disabled",
    answer={},
)

ROWS = [
    Row("by ARN", {"KeyId": Fresh("symmetric", "arn")}, Ok({}), everywhere=True),
    Row("an RSA key", {"KeyId": Fresh("rsa")}, Ok({})),
    Row("a P-256 key", {"KeyId": Fresh("p256")}, Ok({})),
]
