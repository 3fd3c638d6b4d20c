"""GetKeyPolicy."""

import json

from harness.clients import HOME
from harness.table import ANY, READS, Ok, Operation, Refused, Row
from harness.world import POLICIES, Fresh, root

OPERATION = Operation(
    name="GetKeyPolicy",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:GetKeyPolicy"},
    states=READS,
    answer={"Policy": str, "PolicyName": "default"},
)

DEFAULT = {
    "Version": "2012-10-17",
    "Id": "key-default-1",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root(HOME)},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}

ROWS = [
    Row(
        "of a key that was made without one",
        {"KeyId": Fresh()},
        Ok({"Policy": lambda text: json.loads(text) == DEFAULT, "PolicyName": "default"}),
        everywhere=True,
    ),
    Row(
        "of a key that was made with one",
        {"KeyId": "{symmetric!shared.id}"},
        Ok({"Policy": POLICIES["shared"], "PolicyName": "default"}),
    ),
    Row("by its name", {"KeyId": "{p256.arn}", "PolicyName": "default"}, Ok()),
    Row(
        "of the Resource Access Manager",
        {"KeyId": "{symmetric.id}", "PolicyName": "AWS_RAM"},
        Refused("NotFoundException", ANY),
    ),
    Row("by another name", {"KeyId": "{symmetric.id}", "PolicyName": "other"}, Refused("NotFoundException", ANY)),
]
