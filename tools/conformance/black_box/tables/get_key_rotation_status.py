"""GetKeyRotationStatus."""

import datetime

from harness.table import READS, Ok, Operation, Row
from harness.world import Fresh, Made, arn_of, id_of
from tables.enable_key_rotation import NEVER

OPERATION = Operation(
    name="GetKeyRotationStatus",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:GetKeyRotationStatus"},
    cross_account=True,
    states=READS,
    answer={"KeyId": "{KEY.arn}", "KeyRotationEnabled": False},
)


class Rotating(Made):
    """The id of a key that rotates by this period, in this state."""

    def __init__(self, days, state=None):
        self.days, self.state = days, state

    def make(self, world):
        key = world.make("symmetric")
        world.clients.call("EnableKeyRotation", {"KeyId": key.id, "RotationPeriodInDays": self.days})
        if self.state:
            world._bring(key, self.state)
        return key.id


def rotates(days):
    def is_then(date):
        now = datetime.datetime.now(datetime.timezone.utc)
        return abs(date - now - datetime.timedelta(days=days)) < datetime.timedelta(hours=1)

    return {
        "KeyId": str,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": days,
        "NextRotationDate": is_then,
    }


ROWS = [
    Row("a key that rotates", {"KeyId": Rotating(90)}, Ok(rotates(90)), everywhere=True),
    Row("one that is disabled", {"KeyId": Rotating(120, "Disabled")}, Ok(rotates(120))),
    Row(
        "one that is to be deleted",
        {"KeyId": Rotating(120, "PendingDeletion")},
        Ok({"KeyId": str, "KeyRotationEnabled": False}),
    ),
    Row("a new key", {"KeyId": Fresh()}, Ok({"KeyId": str, "KeyRotationEnabled": False})),
    *(
        Row(f"of {key}", {"KeyId": id_of(key)}, Ok({"KeyId": arn_of(key), "KeyRotationEnabled": False}))
        for key in (*NEVER, "external", "external@PendingImport")
    ),
]
