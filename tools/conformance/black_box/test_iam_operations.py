"""What holds for every operation of IAM that is served: constraints, denials, absent entities, unknown names of operations."""

import itertools

import botocore.session
import pytest
from botocore.exceptions import ClientError

from harness.derive import camel, null_at, outside
from harness.people import Account, allows, policy, refused, trusts
from harness.table import Operation, judge_message

MODEL = botocore.session.get_session().get_service_model("iam")
# Of the rest of botocore's model this program says that it isn't served.
SERVED = """
AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey
CreateAccountAlias CreateGroup CreateInstanceProfile CreatePolicy CreatePolicyVersion CreateRole CreateUser
DeleteAccessKey DeleteAccountAlias DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeletePolicy DeletePolicyVersion
DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy
DetachGroupPolicy DetachRolePolicy DetachUserPolicy GetAccountAuthorizationDetails GetAccountSummary GetContextKeysForCustomPolicy
GetContextKeysForPrincipalPolicy GetGroup GetGroupPolicy GetInstanceProfile GetPolicy GetPolicyVersion GetRole
GetRolePolicy GetUser GetUserPolicy ListAccessKeys ListAccountAliases ListAttachedGroupPolicies
ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser
ListInstanceProfiles ListInstanceProfilesForRole ListPolicies ListPolicyTags ListPolicyVersions ListRolePolicies
ListRoleTags ListRoles ListUserPolicies ListUserTags ListUsers PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy
PutUserPermissionsBoundary PutUserPolicy RemoveRoleFromInstanceProfile RemoveUserFromGroup SetDefaultPolicyVersion
SimulateCustomPolicy SimulatePrincipalPolicy TagPolicy TagRole TagUser UntagPolicy UntagRole UntagUser UpdateAccessKey
UpdateAssumeRolePolicy UpdateGroup UpdateRole UpdateRoleDescription UpdateUser
""".split()
# Members that botocore has got since the server's table was made: what nobody knows is ignored, as AWS does.
NEWER = {"MaxSigninSessionDuration"}


def sample(account, name):
    """A value of a member that breaks no constraint; what it names isn't there."""
    return {
        "AccessKeyId": "AKIA" + "A" * 16,
        "AccountAlias": f"alias-{account.id}",
        "ActionNames": ["kms:Encrypt"],
        "AssumeRolePolicyDocument": trusts(account.root),
        "Description": "nobody's",
        "GroupName": "nobody",
        "InstanceProfileName": "nobody",
        "PermissionsBoundary": account.arn("policy/nobody"),
        "PolicyArn": account.arn("policy/nobody"),
        "PolicyDocument": policy(allows("kms:*")),
        "PolicyInputList": [policy(allows("kms:*"))],
        "PolicyName": "nobody",
        "PolicySourceArn": account.arn("user/nobody"),
        "RoleName": "nobody",
        "Status": "Active",
        "TagKeys": ["k"],
        "Tags": [{"Key": "k", "Value": "v"}],
        "UserName": "nobody",
        "VersionId": "v1",
    }[name]


def members(operation):
    shape = MODEL.operation_model(operation).input_shape
    return (shape.members, shape.required_members) if shape else ({}, [])


def request(account, operation):
    return {name: sample(account, name) for name in members(operation)[1]}


def constraints():
    for operation in SERVED:
        shapes, required = members(operation)
        described = Operation(name=operation, service="iam", request={})
        for name, shape in shapes.items():
            if name in NEWER:
                continue
            for what, value, text in outside(described, name, shape):
                yield pytest.param(operation, name, value, text, id=f"{operation}-{name}-{what}".replace(" ", "_"))
            if name in required:
                text = null_at(camel(name))
                yield pytest.param(operation, name, None, text, id=f"{operation}-{name}-missing")


@pytest.fixture(scope="module")
def account(site):
    return Account(site)


@pytest.fixture(scope="module")
def user(account):
    return account.user("powerless")


def call(account, operation, parameters, **which):
    return account.clients.call(operation, parameters, service="iam", account=account.id, checks=False, **which)


@pytest.mark.parametrize(("operation", "member", "value", "text"), list(constraints()))
def test_a_constraint_of_the_model_is_told_in_its_words(site, account, operation, member, value, text):
    asked = {name: kept for name, kept in request(account, operation).items() if name != member}
    if value is not None:
        asked[member] = value
    with pytest.raises(ClientError) as raised:
        call(account, operation, asked)
    error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert (error["Code"], metadata["HTTPStatusCode"]) == ("ValidationError", 400), error
    judge_message(site.world, text, error["Message"])


@pytest.mark.parametrize("operation", SERVED)
def test_who_has_no_policy_is_denied(account, user, operation):
    with pytest.raises(ClientError) as raised:
        call(account, operation, request(account, operation), key=user.key)
    error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert (error["Code"], metadata["HTTPStatusCode"]) == ("AccessDenied", 403), error
    begin = f"User: {user.arn} is not authorized to perform: iam:{operation} "
    end = f"because no identity-based policy allows the iam:{operation} action"
    assert error["Message"].startswith(begin) and error["Message"].endswith(end), error


@pytest.mark.parametrize("operation", SERVED)
def test_who_may_reads_that_nobody_is_there_or_what_is(site, operation):
    """With everything allowed, an operation about somebody who isn't there says so, and no operation fails by itself."""
    account = Account(site)
    admin = account.user("admin", allows("iam:*"))
    asked = request(account, operation)
    try:
        _, metadata = call(account, operation, asked, key=admin.key)
        assert metadata["HTTPStatusCode"] == 200
    except ClientError as refusal:
        error, metadata = refusal.response["Error"], refusal.response["ResponseMetadata"]
        assert (error["Code"], metadata["HTTPStatusCode"]) == ("NoSuchEntity", 404), error


def test_what_is_not_served_says_so_and_what_is_no_operation_too(site, account):
    others = [name for name in MODEL.operation_names if name not in SERVED]
    for operation in itertools.islice(others, 0, None, 7):
        text = refused_text(account, operation)
        assert text in (
            f"The operation {operation} is not served by this version of Sealroom.",
            f"Could not find operation {operation} for version 2010-05-08",
        )


def refused_text(account, operation):
    client = account.clients("iam", account=account.id, checks=False)
    method = next(name for name, spelt in client.meta.method_to_api_mapping.items() if spelt == operation)
    return refused(getattr(client, method), "InvalidAction", None, 400)
