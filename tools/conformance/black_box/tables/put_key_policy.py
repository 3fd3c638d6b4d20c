"""PutKeyPolicy. What policies then allow is test_key_policies.py's matter."""

import json

from harness.clients import HOME
from harness.table import ANY, READS, Ok, Operation, Refused, Row
from harness.world import OTHER, Fresh, allow, document, root

POLICY = document(allow(root(HOME)))

OPERATION = Operation(
    name="PutKeyPolicy",
    request={"KeyId": "{KEY.id}", "Policy": POLICY},
    key="policed",
    keys={"KeyId": "kms:PutKeyPolicy"},
    states=READS,
    answer={},
    # The service allows less than the model.
    unlike_model=("Policy",),
)

MALFORMED = Refused("MalformedPolicyDocumentException", ANY)


def holds(policy):
    def look(world, _answer):
        shown, _ = world.clients.call("GetKeyPolicy", {"KeyId": world.last.id})
        assert json.loads(shown["Policy"]) == json.loads(policy)

    return look


def put(name, policy, expect, everywhere=False, **more):
    return Row(name, {"KeyId": Fresh(), "Policy": policy, **more}, expect, everywhere=everywhere)


SHARED = document(allow(root(HOME)), allow(root(OTHER), "kms:Encrypt"))
LOCKED = document(allow(root(OTHER)))

ROWS = [
    put("another account joins", SHARED, Ok(then=holds(SHARED)), everywhere=True),
    put("by its name", POLICY, Ok(then=holds(POLICY)), PolicyName="default"),
    put("no JSON", "{", MALFORMED),
    put("no statements", json.dumps({"Version": "2012-10-17"}), MALFORMED),
    put("no principal", document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}), MALFORMED),
    put("a user that isn't there", document(allow(root(HOME)), allow(f"arn:aws:iam::{HOME}:user/nobody")), MALFORMED),
    put("a role that isn't there", document(allow(root(HOME)), allow(f"arn:aws:iam::{HOME}:role/nobody")), MALFORMED),
    put("a group", document(allow(root(HOME)), allow(f"arn:aws:iam::{HOME}:group/g")), MALFORMED),
    put("an unknown effect", document(dict(allow(root(HOME)), Effect="Perhaps")), MALFORMED),
    put("an unknown operator", document(allow(root(HOME), Condition={"Sounds": {"aws:userid": "x"}})), MALFORMED),
    put("the caller locks itself out", LOCKED, MALFORMED),
    put(
        "the caller locks itself out and says so",
        LOCKED,
        Ok(),
        BypassPolicyLockoutSafetyCheck=True,
    ),
    put("over 32 KiB", POLICY + " " * 32_768, Refused("LimitExceededException", ANY)),
    put("by another name", POLICY, Refused("UnsupportedOperationException", ANY), PolicyName="other"),
    put(
        "that of the Resource Access Manager",
        POLICY,
        Refused(("ValidationException", "UnsupportedOperationException"), ANY),
        PolicyName="AWS_RAM",
    ),
]
