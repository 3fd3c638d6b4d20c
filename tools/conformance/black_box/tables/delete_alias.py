"""DeleteAlias. It works in every state of the key, which `test_aliases.py` asks: the alias must be there before."""

from harness.clients import HOME, REGION
from harness.table import Ok, Operation, Refused, Row
from harness.world import OTHER, Named
from tables.create_alias import NAMES

OPERATION = Operation(
    name="DeleteAlias",
    request={"AliasName": Named("symmetric")},
    answer={},
)


def missing(name, account=HOME):
    """What an alias that isn't there is told."""
    return Refused("NotFoundException", f"Alias arn:aws:kms:{REGION}:{account}:alias/{name} is not found.")


ROWS = [
    Row("of an RSA key", {"AliasName": Named("rsa")}, Ok({}), everywhere=True),
    Row("that isn't there", {"AliasName": "alias/absent"}, missing("absent")),
    Row("of a service that has no key yet", {"AliasName": "alias/aws/redshift"}, missing("aws/redshift")),
    Row("in an account that has none", {"AliasName": "alias/absent"}, missing("absent", OTHER), account=OTHER),
    *(Row(name, {"AliasName": alias}, expect) for name, alias, expect in NAMES),
]
