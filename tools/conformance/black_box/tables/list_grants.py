"""ListGrants. Pages are walked in `test_grants.py`."""

from harness.table import READS, Ok, Operation, Refused, Row, validation
from harness.world import OTHER, Fresh, root
from tables.create_grant import NO_GRANT

OPERATION = Operation(
    name="ListGrants",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:ListGrants"},
    cross_account=True,
    states=READS,
    answer={"Grants": list, "Truncated": bool},
    # The model allows more than the service.
    unlike_model=("Limit",),
)

EMPTY = Ok({"Grants": [], "Truncated": False})
KEY = "{symmetric.id}"

ROWS = [
    Row("a key without grants", {"KeyId": Fresh()}, EMPTY, everywhere=True),
    Row("a grant that isn't there", {"KeyId": KEY, "GrantId": NO_GRANT}, EMPTY),
    Row("of one grantee", {"KeyId": Fresh(), "GranteePrincipal": root(OTHER)}, EMPTY),
    Row("no grant id", {"KeyId": KEY, "GrantId": "x"}, Refused("InvalidGrantIdException")),
    Row("no marker of ours", {"KeyId": KEY, "Marker": "AAAA"}, Refused("InvalidMarkerException")),
    Row("the longest page", {"KeyId": KEY, "Limit": 100}, Ok()),
    Row(
        "a longer page",
        {"KeyId": KEY, "Limit": 101},
        Refused("ValidationException", validation("limit", "Member must have value less than or equal to 100", 101)),
    ),
    Row(
        "a unique id that nobody has",
        {"KeyId": KEY, "GranteePrincipal": "AROA00000000000000000"},
        Refused("InvalidArnException", "Input does not refer to a valid principal"),
    ),
]
