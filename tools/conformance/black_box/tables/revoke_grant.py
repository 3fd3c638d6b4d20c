"""RevokeGrant. It works in every key state, which `test_grants.py` asks: the grant must have been made before."""

from harness.derive import DRY_RUN
from harness.table import Ok, Operation, Refused, Row
from tables.create_grant import NO_GRANT, Granted

OPERATION = Operation(
    name="RevokeGrant",
    request={"KeyId": "{KEY.id}", "GrantId": Granted()},
    key="symmetric",
    keys={"KeyId": "kms:RevokeGrant"},
    cross_account=True,
    answer={},
)

MISSING = Refused("NotFoundException", f"Grant ID {NO_GRANT} not found")

ROWS = [
    Row("a grant", {"KeyId": "{symmetric.arn}", "GrantId": Granted("symmetric")}, Ok({}), everywhere=True),
    Row("dry", {"KeyId": "{symmetric.arn}", "GrantId": Granted("symmetric"), "DryRun": True}, DRY_RUN),
    Row("no such grant", {"KeyId": "{symmetric.id}", "GrantId": NO_GRANT}, MISSING),
    Row("no such grant of a disabled key", {"KeyId": "{symmetric@Disabled.id}", "GrantId": NO_GRANT}, MISSING),
    Row(
        "another key's",
        {"KeyId": "{second.id}", "GrantId": Granted("symmetric")},
        Refused("NotFoundException", lambda text: text.startswith("Grant ID ") and text.endswith(" not found")),
    ),
    Row("no grant id", {"KeyId": "{symmetric.id}", "GrantId": "x"}, Refused("InvalidGrantIdException")),
]
