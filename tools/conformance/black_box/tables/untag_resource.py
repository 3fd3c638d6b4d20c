"""UntagResource."""

from harness.table import PENDING, Ok, Operation, Row
from harness.world import Made
from tables.tag_resource import has, tags

OPERATION = Operation(
    name="UntagResource",
    request={"KeyId": "{KEY.id}", "TagKeys": ["team"]},
    key="kept",
    keys={"KeyId": "kms:UntagResource"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    answer={},
)


class Tagged(Made):
    """The id of a key with the tags a and b."""

    def make(self, world):
        key = world.make("symmetric")
        world.clients.call("TagResource", {"KeyId": key.id, "Tags": tags(("a", "1"), ("b", "2"))})
        return key.id


def take(name, keys, left, everywhere=False):
    return Row(name, {"KeyId": Tagged(), "TagKeys": keys}, Ok(then=has(*left)), everywhere=everywhere)


BOTH = (("a", "1"), ("b", "2"))

ROWS = [
    take("one", ["a"], [BOTH[1]], everywhere=True),
    take("both", ["a", "b"], []),
    take("one that isn't there", ["c"], BOTH),
    take("another case", ["A"], BOTH),
    take("one and one that isn't there", ["b", "c"], [BOTH[0]]),
    take("the same twice", ["a", "a"], [BOTH[1]]),
]
