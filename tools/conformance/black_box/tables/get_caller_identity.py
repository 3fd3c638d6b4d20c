"""STS GetCallerIdentity: needs no permission and can't be denied."""

from harness.table import Ok, Operation, Row
from harness.world import HOME, OTHER

OPERATION = Operation(
    name="GetCallerIdentity",
    service="sts",
    request={},
    answer={"UserId": HOME, "Account": HOME, "Arn": f"arn:aws:iam::{HOME}:root"},
)


def caller(account, partition="aws"):
    return Ok({"UserId": account, "Account": account, "Arn": f"arn:{partition}:iam::{account}:root"})


ROWS = [
    Row("the home account", {}, caller(HOME), everywhere=True),
    Row("another account", {}, caller(OTHER), account=OTHER),
    Row("an account nobody named before", {}, caller("987654321098"), account="987654321098"),
    Row("another Region", {}, caller(HOME), region="ap-southeast-2"),
    Row("China", {}, caller(HOME, "aws-cn"), region="cn-north-1"),
    Row("GovCloud", {}, caller(HOME, "aws-us-gov"), region="us-gov-west-1"),
]
