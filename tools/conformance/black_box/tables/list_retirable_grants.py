"""ListRetirableGrants: of the caller's own account's principals, whosever keys the grants are on."""

from harness.clients import HOME
from harness.table import Ok, Operation, Refused, Row, null_at, validation
from harness.world import OTHER, root

OPERATION = Operation(
    name="ListRetirableGrants",
    request={"RetiringPrincipal": root(HOME)},
    answer={"Grants": list, "Truncated": bool},
    # The model allows more than the service.
    unlike_model=("Limit",),
)

EMPTY = "444455556666"

ROWS = [
    Row(
        "of whom nobody named",
        {"RetiringPrincipal": root(EMPTY)},
        Ok({"Grants": [], "Truncated": False}),
        account=EMPTY,
        everywhere=True,
    ),
    Row("by the account's id", {"RetiringPrincipal": HOME, "Limit": 1}, Ok()),
    Row(
        "of another account",
        {"RetiringPrincipal": root(OTHER)},
        Refused("NotFoundException", f"Retiring principal {root(OTHER)} could not be found"),
    ),
    Row(
        "of a unique id that nobody has",
        {"RetiringPrincipal": "AIDA00000000000000000"},
        Refused("NotFoundException", "Retiring principal AIDA00000000000000000 could not be found"),
    ),
    Row("of nobody", {}, Refused("ValidationException", null_at("retiringPrincipal"))),
    Row(
        "a longer page",
        {"RetiringPrincipal": root(HOME), "Limit": 101},
        Refused("ValidationException", validation("limit", "Member must have value less than or equal to 100", 101)),
    ),
    Row(
        "no marker of ours",
        {"RetiringPrincipal": root(HOME), "Marker": "AAAA"},
        Refused("InvalidMarkerException"),
    ),
]
