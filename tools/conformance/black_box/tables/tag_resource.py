"""TagResource, and what UntagResource shares with it."""

from harness.table import ANY, PENDING, Ok, Operation, Refused, Row
from harness.world import Fresh


def tags(*pairs):
    return [{"TagKey": key, "TagValue": value} for key, value in pairs]


OPERATION = Operation(
    name="TagResource",
    request={"KeyId": "{KEY.id}", "Tags": tags(("team", "blue"))},
    key="kept",
    keys={"KeyId": "kms:TagResource"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    answer={},
)


def has(*pairs):
    """The key that was made last has these tags and no others."""

    def look(world, _answer):
        listed, _ = world.clients.call("ListResourceTags", {"KeyId": world.last.id})
        assert listed["Tags"] == tags(*pairs)

    return look


def put(name, pairs, expect, everywhere=False):
    return Row(name, {"KeyId": Fresh(), "Tags": tags(*pairs)}, expect, everywhere=everywhere)


FIFTY = [(f"k{number:02}", "v") for number in range(50)]

ROWS = [
    put("one", [("team", "blue")], Ok(then=has(("team", "blue"))), everywhere=True),
    put("an empty value", [("team", "")], Ok(then=has(("team", "")))),
    put("keys that differ by case", [("a", "1"), ("A", "2")], Ok(then=has(("a", "1"), ("A", "2")))),
    put("every kind of character", [("a b+-=._:/@ä", "c d+-=._:/@ä")], Ok(then=has(("a b+-=._:/@ä", "c d+-=._:/@ä")))),
    put("the longest", [("k" * 128, "v" * 256)], Ok(then=has(("k" * 128, "v" * 256)))),
    put("fifty", FIFTY, Ok()),
    put("fifty-one", [*FIFTY, ("one", "more")], Refused(("TagException", "LimitExceededException"), ANY)),
    put("the same key twice", [("a", "1"), ("a", "2")], Refused("TagException", "Duplicate tag keys")),
    *(
        put(f"the reserved {key}", [(key, "")], Refused("TagException", "Tags beginning with aws: are reserved"))
        for key in ("aws:x", "AWS:x")
    ),
    put("a key that is too long", [("k" * 129, "v")], Refused("ValidationException", ANY)),
    put("a value that is too long", [("k", "v" * 257)], Refused("ValidationException", ANY)),
    put("no key", [("", "v")], Refused("ValidationException", ANY)),
]
