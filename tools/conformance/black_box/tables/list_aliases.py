"""ListAliases. Pages are walked in `test_aliases.py`, on accounts that hold nothing else."""

from harness.clients import HOME, REGION
from harness.derive import ABSENT, hidden
from harness.table import Ok, Operation, Refused, Row, validation
from harness.world import OTHER, Fresh

OPERATION = Operation(
    name="ListAliases",
    # Of one key: the home account has more than a page.
    request={"KeyId": Fresh()},
    answer={"Aliases": list, "Truncated": bool},
    # The model allows more than the service.
    unlike_model=("Limit",),
)

EMPTY_ACCOUNT = "444455556667"
NONE = Ok({"Aliases": [], "Truncated": False})
NOT_HERE = Refused("InvalidArnException", "Key Aliases are not supported for this operation.")
SERVICES = ("dynamodb", "ebs", "lambda", "rds", "redshift", "s3", "secretsmanager", "sqs")


def predefined(account):
    """The services' aliases, which are listed before there are keys behind them."""
    return [
        {"AliasName": f"alias/aws/{name}", "AliasArn": f"arn:aws:kms:{REGION}:{account}:alias/aws/{name}"}
        for name in SERVICES
    ]


ROWS = [
    Row(
        "an account without keys",
        {},
        Ok({"Aliases": predefined(EMPTY_ACCOUNT), "Truncated": False}),
        account=EMPTY_ACCOUNT,
        everywhere=True,
    ),
    Row("of a key without any", {"KeyId": Fresh()}, NONE, everywhere=True),
    Row("of a key by ARN", {"KeyId": Fresh("symmetric", "arn")}, NONE),
    Row("of a key pending deletion", {"KeyId": "{symmetric@PendingDeletion.id}"}, NONE),
    Row(
        "of no key",
        {"KeyId": ABSENT},
        Refused("NotFoundException", f"Key 'arn:aws:kms:{REGION}:{HOME}:key/{ABSENT}' does not exist"),
    ),
    Row("of no id", {"KeyId": "fake-key-id"}, Refused("NotFoundException", "Invalid keyId 'fake-key-id'")),
    Row("of an alias", {"KeyId": "alias/absent"}, NOT_HERE),
    Row("of an alias ARN", {"KeyId": f"arn:aws:kms:{REGION}:{HOME}:alias/absent"}, NOT_HERE),
    Row("of another's key", {"KeyId": "{symmetric!shared.arn}"}, hidden(OTHER, "kms:ListAliases"), account=OTHER),
    Row("no marker of ours", {"Marker": "AAAA"}, Refused("InvalidMarkerException")),
    Row("the longest page", {"Limit": 100}, Ok()),
    Row(
        "a longer page",
        {"Limit": 101},
        Refused("ValidationException", validation("limit", "Member must have value less than or equal to 100", 101)),
    ),
    Row(
        "no page",
        {"Limit": 0},
        Refused("ValidationException", validation("limit", "Member must have value greater than or equal to 1", 0)),
    ),
]
