"""CreateAlias. What becomes of an alias is asked in `test_aliases.py`."""

from harness.clients import HOME, REGION
from harness.table import PENDING, Ok, Operation, Refused, Row, validation
from harness.world import Named

NO_ALIAS = ("ValidationException", "Aliases must refer to keys. Not aliases")

OPERATION = Operation(
    name="CreateAlias",
    request={"AliasName": Named(), "TargetKeyId": "{KEY.id}"},
    key="symmetric",
    keys={"TargetKeyId": "kms:CreateAlias"},
    states={"Enabled": None, "Disabled": None, "PendingDeletion": PENDING},
    answer={},
    no_alias=NO_ALIAS,
)

PREFIX = Refused(
    "ValidationException",
    'Alias must start with the prefix "alias/". Please see '
    "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
)


def malformed(name):
    """What a name with characters that no alias has is told."""
    return Refused(
        "ValidationException",
        validation("aliasName", "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", name),
    )


def characters(name):
    """What a name that the pattern lets through, and the service doesn't, is told."""
    return Refused("ValidationException", f"{name} contains invalid characters for an alias")


# What any of the three operations tells a name that no alias can have.
NAMES = [
    ("without the prefix", "app", PREFIX),
    ("with a capital prefix", "Alias/app", PREFIX),
    ("an ARN", f"arn:aws:kms:{REGION}:{HOME}:alias/app", PREFIX),
    ("nothing behind the prefix", "alias/", characters("alias/")),
    ("a colon", "alias/a:b", characters("alias/a:b")),
    ("a blank", "alias/a b", malformed("alias/a b")),
    ("a letter with a mark", "alias/\u00e4", malformed("alias/\u00e4")),
]

TAKEN = Refused(
    "AlreadyExistsException",
    lambda text: text.startswith(f"An alias with the name arn:aws:kms:{REGION}:{HOME}:alias/made-for-a-table/")
    and text.endswith(" already exists"),
)

ROWS = [
    Row("by ARN", {"AliasName": Named(), "TargetKeyId": "{symmetric.arn}"}, Ok({}), everywhere=True),
    Row("of an RSA key", {"AliasName": Named(), "TargetKeyId": "{rsa.id}"}, Ok({})),
    Row("of an HMAC key", {"AliasName": Named(), "TargetKeyId": "{hmac.id}"}, Ok({})),
    Row("the longest", {"AliasName": "alias/" + "l" * 250, "TargetKeyId": "{symmetric.id}"}, Ok({})),
    Row("many parts", {"AliasName": "alias/a/b//c_d-E9", "TargetKeyId": "{symmetric.id}"}, Ok({})),
    Row("taken", {"AliasName": Named("symmetric"), "TargetKeyId": "{symmetric.id}"}, TAKEN),
    Row("taken by another key's", {"AliasName": Named("symmetric"), "TargetKeyId": "{rsa.id}"}, TAKEN),
    Row(
        "a service's",
        {"AliasName": "alias/aws/s3", "TargetKeyId": "{symmetric.id}"},
        Refused("NotAuthorizedException"),
        everywhere=True,
    ),
    *(Row(name, {"AliasName": alias, "TargetKeyId": "{symmetric.id}"}, expect) for name, alias, expect in NAMES),
]
