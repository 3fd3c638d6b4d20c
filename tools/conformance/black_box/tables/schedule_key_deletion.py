"""ScheduleKeyDeletion."""

import datetime

from harness.table import PENDING, Ok, Operation, Refused, Row, validation
from harness.world import Fresh

OPERATION = Operation(
    name="ScheduleKeyDeletion",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:ScheduleKeyDeletion"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    changes=True,
    leads_to="PendingDeletion",
    answer={"KeyId": "{KEY.arn}", "DeletionDate": datetime.datetime, "KeyState": "PendingDeletion", "PendingWindowInDays": 30},
    # The model allows more days than the service.
    unlike_model=("PendingWindowInDays",),
)


def in_days(days):
    def holds(date):
        wanted = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        return abs((date - wanted).total_seconds()) < 120
    return holds


def window(days, key="symmetric"):
    return Row(f"{key} in {days} days", {"KeyId": Fresh(key), "PendingWindowInDays": days}, Ok({
        "KeyId": str, "DeletionDate": in_days(days), "KeyState": "PendingDeletion", "PendingWindowInDays": days}))


def refused(days, text="PendingWindowInDays must be between 7 and 30"):
    return Row(f"in {days} days", {"KeyId": "{symmetric.id}", "PendingWindowInDays": days}, Refused("ValidationException", text))


ROWS = [
    Row("in thirty days unless asked", {"KeyId": Fresh("symmetric", "arn")}, Ok({
        "KeyId": str, "DeletionDate": in_days(30), "KeyState": "PendingDeletion", "PendingWindowInDays": 30}), everywhere=True),
    window(7),
    window(8),
    window(29),
    window(30),
    window(7, "rsa"),
    window(7, "p256"),
    window(7, "symmetric@Disabled"),
    refused(1),
    refused(6),
    refused(31),
    refused(365),
    refused(0, validation("pendingWindowInDays", "Member must have value greater than or equal to 1", 0)),
    refused(-1, validation("pendingWindowInDays", "Member must have value greater than or equal to 1", -1)),
    refused(366, validation("pendingWindowInDays", "Member must have value less than or equal to 365", 366)),
]
