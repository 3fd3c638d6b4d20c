"""RetireGrant. The grant says who may; no key policy gives it."""

from harness.derive import DRY_RUN, hidden
from harness.table import ANY, Ok, Operation, Refused, Row
from harness.world import OTHER, STRANGER, root
from tables.create_grant import NO_GRANT, Granted

OPERATION = Operation(
    name="RetireGrant",
    request={"KeyId": "{KEY.arn}", "GrantId": Granted()},
    key="symmetric",
    answer={},
    # One of two ways to name a grant: a member alone is refused as such.
    unlike_model=("GrantToken",),
)

KEY = "{symmetric.arn}"


def granted(member="GrantId", **members):
    return Granted("symmetric", member, **members)


def by_id(**members):
    return {"KeyId": KEY, "GrantId": granted(**members)}


def by_token(**members):
    return {"GrantToken": granted("GrantToken", **members)}


FORM = Refused("ValidationException", ANY)
GIVEN = {"Operations": ["DescribeKey", "RetireGrant"]}
NAMED = {"RetiringPrincipal": root(OTHER)}
HIDDEN = hidden(OTHER, "kms:RetireGrant")

ROWS = [
    Row("by its issuer", by_id(), Ok({}), everywhere=True),
    Row("by its issuer, with its token", by_token(), Ok({}), everywhere=True),
    Row("by its grantee", by_id(), HIDDEN, OTHER),
    Row("by its grantee, with its token", by_token(), HIDDEN, OTHER),
    Row("by its grantee, which may", by_id(**GIVEN), Ok({}), OTHER),
    Row("by its grantee, which may, with its token", by_token(**GIVEN), Ok({}), OTHER),
    Row("by its retiring principal", by_id(**NAMED), Ok({}), OTHER),
    Row("by its retiring principal, with its token", by_token(**NAMED), Ok({}), OTHER),
    Row("by a stranger", by_id(**GIVEN, **NAMED), hidden(STRANGER, "kms:RetireGrant"), STRANGER),
    Row(
        "on a key that anybody may use",
        {"KeyId": "{symmetric!shared.arn}", "GrantId": Granted("symmetric!shared")},
        HIDDEN,
        OTHER,
    ),
    Row("dry", {**by_id(), "DryRun": True}, DRY_RUN),
    Row("dry, by its grantee", {**by_id(), "DryRun": True}, HIDDEN, OTHER),
    Row(
        "no such grant",
        {"KeyId": KEY, "GrantId": NO_GRANT},
        Refused("NotFoundException", f"Grant ID {NO_GRANT} not found"),
    ),
    Row("no such grant, asked by another account", {"KeyId": KEY, "GrantId": NO_GRANT}, HIDDEN, OTHER),
    Row("no grant id", {"KeyId": KEY, "GrantId": "x"}, Refused("InvalidGrantIdException")),
    Row("no token of ours", {"GrantToken": "eA=="}, Refused("InvalidGrantTokenException")),
    Row("nothing", {}, FORM),
    Row("no grant", {"KeyId": KEY}, FORM),
    Row("no key", {"GrantId": NO_GRANT}, FORM),
    Row("both ways", {**by_id(), **by_token()}, FORM),
    Row(
        "an alias",
        {"KeyId": "alias/x", "GrantId": NO_GRANT},
        Refused("InvalidArnException", "Key Aliases are not supported for this operation."),
    ),
]
