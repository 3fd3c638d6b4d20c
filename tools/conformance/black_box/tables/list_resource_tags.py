"""ListResourceTags."""

from harness.table import READS, Ok, Operation, Refused, Row, validation
from harness.world import Fresh
from tables.tag_resource import tags
from tables.untag_resource import Tagged

OPERATION = Operation(
    name="ListResourceTags",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:ListResourceTags"},
    states=READS,
    answer={"Tags": list, "Truncated": False},
    # The model allows more than the service.
    unlike_model=("Limit",),
)


def the_rest(world, answer):
    rest, _ = world.clients.call("ListResourceTags", {"KeyId": world.last.id, "Marker": answer["NextMarker"]})
    assert (rest["Tags"], rest["Truncated"]) == (tags(("b", "2")), False)


ROWS = [
    Row("none", {"KeyId": Fresh()}, Ok({"Tags": [], "Truncated": False}), everywhere=True),
    Row("two", {"KeyId": Tagged()}, Ok({"Tags": tags(("a", "1"), ("b", "2")), "Truncated": False})),
    Row(
        "a page of one",
        {"KeyId": Tagged(), "Limit": 1},
        Ok({"Tags": tags(("a", "1")), "Truncated": True, "NextMarker": str}, then=the_rest),
    ),
    Row("no marker of ours", {"KeyId": "{symmetric.id}", "Marker": "AAAA"}, Refused("InvalidMarkerException")),
    Row("the longest page", {"KeyId": "{symmetric.id}", "Limit": 50}, Ok()),
    Row(
        "a longer page",
        {"KeyId": "{symmetric.id}", "Limit": 51},
        Refused("ValidationException", validation("limit", "Member must have value less than or equal to 50", 51)),
    ),
]
