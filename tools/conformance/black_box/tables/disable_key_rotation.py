"""DisableKeyRotation. A key that never rotates has nothing to be switched off, and AWS lets it."""

from harness.table import USES, Ok, Operation, Row
from harness.world import Fresh, id_of
from tables.enable_key_rotation import NEVER, external

OPERATION = Operation(
    name="DisableKeyRotation",
    request={"KeyId": "{KEY.id}"},
    key="rotating",
    keys={"KeyId": "kms:DisableKeyRotation"},
    states=USES,
    answer={},
)


def stopped(world, _answer):
    told, _ = world.clients.call("GetKeyRotationStatus", {"KeyId": world.last.id})
    assert told["KeyRotationEnabled"] is False and "NextRotationDate" not in told


ROWS = [
    Row("of a key that doesn't rotate", {"KeyId": Fresh()}, Ok(then=stopped), everywhere=True),
    *(Row(f"of {key}", {"KeyId": id_of(key)}, Ok()) for key in NEVER),
    *external(),
]
