"""Key policies that are obeyed: which statements admit another account's root, and what they look at."""

import pytest

from harness.clients import HOME, REGION
from harness.derive import hidden
from harness.table import Ok, Row, judge
from harness.world import OTHER, PLAINTEXT, STRANGER, allow, document, root

ENCRYPT = ("Encrypt", {"Plaintext": PLAINTEXT})
ENCRYPT_APP = ("Encrypt", {"Plaintext": PLAINTEXT, "EncryptionContext": {"app": "x"}})
DESCRIBE = ("DescribeKey", {})
DATA_KEY = ("GenerateDataKey", {"KeySpec": "AES_256"})


def condition(operator, key, value):
    return allow(root(OTHER), Condition={operator: {key: value}})


def deny(action, **more):
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", **more}


# The statements that a key has besides the account's own, the call of OTHER, and whether it may.
CASES = [
    ("nothing for it", [], ENCRYPT, False),
    ("its account", [allow(root(OTHER))], ENCRYPT, True),
    ("its account as digits", [allow(OTHER)], ENCRYPT, True),
    ("a list of principals", [allow([root(STRANGER), root(OTHER)])], ENCRYPT, True),
    ("everybody", [allow("*")], ENCRYPT, True),
    ("another account", [allow(root(STRANGER))], ENCRYPT, False),
    ("one action", [allow(root(OTHER), "kms:Encrypt")], ENCRYPT, True),
    ("one action, another call", [allow(root(OTHER), "kms:Encrypt")], DESCRIBE, False),
    ("a list of actions", [allow(root(OTHER), ["kms:DescribeKey", "kms:Encrypt"])], ENCRYPT, True),
    ("an action's case doesn't matter", [allow(root(OTHER), "KMS:encrypt")], ENCRYPT, True),
    ("a pattern", [allow(root(OTHER), "kms:GenerateDataKey*")], DATA_KEY, True),
    ("a pattern that doesn't match", [allow(root(OTHER), "kms:GenerateDataKeyWithout*")], DATA_KEY, False),
    ("a question mark", [allow(root(OTHER), "kms:Encryp?")], ENCRYPT, True),
    ("every action", [allow(root(OTHER), "*")], ENCRYPT, True),
    ("NotAction", [{"Effect": "Allow", "Principal": {"AWS": root(OTHER)}, "NotAction": "kms:Decrypt", "Resource": "*"}], ENCRYPT, True),
    ("NotAction that names it", [{"Effect": "Allow", "Principal": {"AWS": root(OTHER)}, "NotAction": "kms:Enc*", "Resource": "*"}],
     ENCRYPT, False),
    ("a deny wins", [allow(root(OTHER)), deny("kms:Encrypt")], ENCRYPT, False),
    ("a deny of something else", [allow(root(OTHER)), deny("kms:Decrypt")], ENCRYPT, True),
    ("a deny under a condition that holds", [allow(root(OTHER)), deny("kms:*", Condition={
        "StringEquals": {"kms:CallerAccount": OTHER}})], ENCRYPT, False),
    ("a deny under a condition that doesn't", [allow(root(OTHER)), deny("kms:Encrypt", Condition={
        "StringEquals": {"kms:CallerAccount": STRANGER}})], ENCRYPT, True),

    ("kms:CallerAccount", [condition("StringEquals", "kms:CallerAccount", OTHER)], ENCRYPT, True),
    ("kms:CallerAccount of another", [condition("StringEquals", "kms:CallerAccount", HOME)], ENCRYPT, False),
    ("the context has it", [condition("StringEquals", "kms:EncryptionContext:app", "x")], ENCRYPT_APP, True),
    ("the context has another value", [condition("StringEquals", "kms:EncryptionContext:app", "y")], ENCRYPT_APP, False),
    ("the context's value in another case", [condition("StringEquals", "kms:EncryptionContext:app", "X")], ENCRYPT_APP, False),
    ("ignoring case", [condition("StringEqualsIgnoreCase", "kms:EncryptionContext:app", "X")], ENCRYPT_APP, True),
    ("a context condition and no context", [condition("StringEquals", "kms:EncryptionContext:app", "x")], ENCRYPT, False),
    ("StringEqualsIfExists and no context", [condition("StringEqualsIfExists", "kms:EncryptionContext:app", "x")], ENCRYPT, True),
    ("StringNotEquals and no context", [condition("StringNotEquals", "kms:EncryptionContext:app", "x")], ENCRYPT, True),
    ("StringLike", [condition("StringLike", "kms:EncryptionContext:app", "?")], ENCRYPT_APP, True),
    ("Null true and no context", [condition("Null", "kms:EncryptionContext:app", "true")], ENCRYPT, True),
    ("Null true and a context", [condition("Null", "kms:EncryptionContext:app", "true")], ENCRYPT_APP, False),
    ("all keys of the context", [condition("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["app", "b"])], ENCRYPT_APP, True),
    ("a key beyond all", [condition("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["b"])], ENCRYPT_APP, False),
    ("any key of the context", [condition("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["app"])], ENCRYPT_APP, True),
    ("any key and no context", [condition("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["app"])], ENCRYPT, False),
    ("the default algorithm counts", [condition("StringEquals", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT")], ENCRYPT, True),
    ("another algorithm", [condition("StringEquals", "kms:EncryptionAlgorithm", "RSAES_OAEP_SHA_256")], ENCRYPT, False),
    ("the key's spec", [condition("StringEquals", "kms:KeySpec", "SYMMETRIC_DEFAULT")], ENCRYPT, True),
    ("the key's usage", [condition("StringEquals", "kms:KeyUsage", "SIGN_VERIFY")], ENCRYPT, False),
    ("the key's origin", [condition("StringEquals", "kms:KeyOrigin", "AWS_KMS")], ENCRYPT, True),
    ("multi-Region", [condition("Bool", "kms:MultiRegion", "false")], ENCRYPT, True),
    ("no service between", [condition("StringEquals", "kms:ViaService", f"s3.{REGION}.amazonaws.com")], ENCRYPT, False),
    ("the caller's ARN", [condition("ArnEquals", "aws:PrincipalArn", root(OTHER))], ENCRYPT, True),
    ("another caller's ARN", [condition("ArnEquals", "aws:PrincipalArn", root(STRANGER))], ENCRYPT, False),
    ("the address", [condition("IpAddress", "aws:SourceIp", "127.0.0.0/8")], ENCRYPT, True),
    ("another address", [condition("IpAddress", "aws:SourceIp", "10.0.0.0/8")], ENCRYPT, False),
    ("two operators are both meant", [allow(root(OTHER), Condition={
        "StringEquals": {"kms:CallerAccount": OTHER}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], ENCRYPT, False),
    ("two values, either", [condition("StringEquals", "kms:CallerAccount", [HOME, OTHER])], ENCRYPT, True),
    ("a tag of the key", [condition("StringEquals", "aws:ResourceTag/team", "blue")], ENCRYPT, True),
    ("another tag of the key", [condition("StringEquals", "aws:ResourceTag/team", "red")], ENCRYPT, False),
    ("the past", [condition("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z")], ENCRYPT, False),
    ("after the past", [condition("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z")], ENCRYPT, True),
]


@pytest.mark.parametrize(("statements", "call", "may"), [pytest.param(*case, id=name.replace(" ", "_")) for name, *case in CASES])
def test_a_statement_admits_another_account(site, statements, call, may):
    operation, parameters = call
    made, _ = site.clients.call("CreateKey", {
        "Policy": document(allow(root(HOME)), *statements), "Tags": [{"TagKey": "team", "TagValue": "blue"}]})
    arn = made["KeyMetadata"]["Arn"]
    expect = Ok() if may else hidden(OTHER, f"kms:{operation}")
    judge(site.world, Row("", {**parameters, "KeyId": arn}, expect, account=OTHER), operation)
