"""UpdateAlias. The table's key is the one that the alias is to refer to; the one before is a new one each time."""

from harness.table import PENDING, Ok, Operation, Refused, Row
from harness.world import Named
from tables.create_alias import NAMES, NO_ALIAS
from tables.delete_alias import missing

OPERATION = Operation(
    name="UpdateAlias",
    request={"AliasName": Named("symmetric"), "TargetKeyId": "{KEY.id}"},
    key="symmetric",
    keys={"TargetKeyId": "kms:UpdateAlias"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    answer={},
    no_alias=NO_ALIAS,
)

OTHER_KIND = Refused(
    "ValidationException",
    "The KMS key of an alias can only be replaced by one of the same type and with the same key usage.",
)


def moves(before, after, expect):
    return Row(f"{before} to {after}", {"AliasName": Named(before), "TargetKeyId": "{%s.id}" % after}, expect)


ROWS = [
    Row("by ARN", {"AliasName": Named("symmetric"), "TargetKeyId": "{symmetric.arn}"}, Ok({}), everywhere=True),
    moves("symmetric", "symmetric", Ok({})),
    moves("rsa", "rsa3072", Ok({})),
    moves("rsa_sign", "p256", Ok({})),
    moves("symmetric", "rsa", OTHER_KIND),
    moves("symmetric", "hmac", OTHER_KIND),
    moves("hmac", "symmetric", OTHER_KIND),
    moves("rsa", "rsa_sign", OTHER_KIND),
    moves("p256", "agreement", OTHER_KIND),
    Row("an alias that isn't there", {"AliasName": "alias/absent", "TargetKeyId": "{symmetric.id}"}, missing("absent")),
    *(Row(name, {"AliasName": alias, "TargetKeyId": "{symmetric.id}"}, expect) for name, alias, expect in NAMES),
]
