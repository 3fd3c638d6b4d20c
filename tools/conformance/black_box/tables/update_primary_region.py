"""UpdatePrimaryRegion. How keys change places is asked in `test_multi_region.py`."""

from harness.clients import REGION
from harness.table import DISABLED, PENDING, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="UpdatePrimaryRegion",
    # Where the primary is: a success that changes nothing.
    request={"KeyId": "{KEY.id}", "PrimaryRegion": REGION},
    key="mrk",
    keys={"KeyId": "kms:UpdatePrimaryRegion"},
    states={"Enabled": None, "Disabled": DISABLED, "PendingDeletion": PENDING},
    answer={},
)

ROWS = [
    Row("where it is, by ARN", {"KeyId": "{mrk.arn}", "PrimaryRegion": REGION}, Ok({}), everywhere=True),
    Row(
        "where no replica is",
        {"KeyId": "{mrk.arn}", "PrimaryRegion": "ap-south-1"},
        Refused("ValidationException", "{mrk.id} does not have a replica key in the specified Region."),
        everywhere=True,
    ),
    Row(
        "of a single-Region key",
        {"KeyId": "{symmetric.id}", "PrimaryRegion": REGION},
        Refused("UnsupportedOperationException", "{symmetric.arn} is not a multi-Region key."),
    ),
]
