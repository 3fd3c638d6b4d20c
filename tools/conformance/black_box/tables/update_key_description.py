"""UpdateKeyDescription."""

from harness.table import PENDING, Ok, Operation, Row
from harness.world import Fresh

OPERATION = Operation(
    name="UpdateKeyDescription",
    request={"KeyId": "{KEY.id}", "Description": "another"},
    key="kept",
    keys={"KeyId": "kms:UpdateKeyDescription"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    answer={},
)


def shows(description):
    def look(world, _answer):
        shown, _ = world.clients.call("DescribeKey", {"KeyId": world.last.id})
        assert shown["KeyMetadata"]["Description"] == description

    return look


ROWS = [
    Row(
        f"{len(text)} characters",
        {"KeyId": Fresh("symmetric", "arn"), "Description": text},
        Ok(then=shows(text)),
        everywhere=text == "another",
    )
    for text in ("", "another", "ä ☃ 𝄞", "d" * 8192)
]
