"""What is said of a key, as an SDK sees it: its policy, its description, its tags."""

import json

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME
from harness.world import OTHER, PLAINTEXT, allow, document, root


@pytest.fixture(name="kms")
def client(site):
    return site.clients()


@pytest.fixture(name="key")
def fresh_key(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    error = told.value.response["Error"]
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error.get("Message", "")


def test_the_default_policy_lets_the_account_decide(kms, key):
    shown = kms.get_key_policy(KeyId=key)
    assert shown["PolicyName"] == "default"
    [statement] = json.loads(shown["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": root(HOME)} and statement["Action"] == "kms:*"
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]


def test_a_policy_that_is_put_holds_at_once(site, kms, key):
    theirs = site.clients(account=OTHER)
    assert refused(theirs.encrypt, KeyId=key, Plaintext=PLAINTEXT)[0] == "AccessDeniedException"
    policy = document(allow(root(HOME)), allow(root(OTHER), "kms:Encrypt"))
    kms.put_key_policy(KeyId=key, Policy=policy, PolicyName="default")
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == policy
    assert theirs.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    assert refused(theirs.get_key_policy, KeyId=key)[0] == "AccessDeniedException"


CASES = [
    ({"Policy": "{"}, "MalformedPolicyDocumentException"),
    ({"Policy": document(allow(root(OTHER)))}, "MalformedPolicyDocumentException"),
    ({"Policy": document(allow(f"arn:aws:iam::{HOME}:user/nobody"))}, "MalformedPolicyDocumentException"),
    ({"Policy": document(allow(root(HOME))) + " " * 32_768}, "LimitExceededException"),
    ({"Policy": "{}", "PolicyName": "other"}, "UnsupportedOperationException"),
    ({"Policy": "{}", "KeyId": "alias/x"}, "InvalidArnException"),
]


@pytest.mark.parametrize(("members", "code"), CASES, ids=range(len(CASES)))
def test_what_put_key_policy_refuses(kms, key, members, code):
    before = kms.get_key_policy(KeyId=key)["Policy"]
    assert refused(kms.put_key_policy, **{"KeyId": key, **members})[0] == code
    assert kms.get_key_policy(KeyId=key)["Policy"] == before


def test_tags_come_change_and_go(kms, key):
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "2"}])
    listed = kms.list_resource_tags(KeyId=key)
    assert listed["Tags"] == [{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": ""}]
    assert listed["Truncated"] is False
    kms.untag_resource(KeyId=key, TagKeys=["a", "none"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": ""}]
    reserved = refused(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "AWS:x", "TagValue": ""}])
    assert reserved == ("TagException", "Tags beginning with aws: are reserved")


def test_a_description_changes_until_the_key_is_to_go(kms, key):
    kms.update_key_description(KeyId=key, Description="another")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "another"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{key} is pending deletion.")
    assert refused(kms.update_key_description, KeyId=key, Description="x") == pending
    assert refused(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "a", "TagValue": ""}]) == pending
    assert kms.get_key_policy(KeyId=key)["PolicyName"] == "default"
