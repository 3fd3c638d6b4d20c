"""GetKeyLastUsage; what counts as a use is test_last_usage.py's matter."""

from harness.table import READS, Ok, Operation, Row

# The key may have been used when it was made for a table, which is known a minute later.
USE = {"Operation", "Timestamp", "CloudTrailEventId", "KmsRequestId"}

OPERATION = Operation(
    name="GetKeyLastUsage",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:GetKeyLastUsage"},
    states=READS,
    answer={
        "KeyId": lambda got: len(got) == 36,
        "KeyLastUsage": lambda got: set(got) in (set(), USE),
        "TrackingStartDate": lambda got: got.year >= 2026,
        "KeyCreationDate": lambda got: got.year >= 2026,
    },
)

ROWS = [
    Row("a disabled key, by ARN", {"KeyId": "{p256@Disabled.arn}"}, Ok(OPERATION.answer), everywhere=True),
]
