"""What the journal says of users, roles and their sessions, and what no file says: their secrets."""

from harness.journal import records
from harness.people import Account, allows, policy, refused, trusts
from harness.secrets import sightings


def of(site, name, **members):
    """The records of an operation whose `userIdentity` has these members."""
    found = [record for record in records(site.server.data) if record["eventName"] == name]
    return [
        record
        for record in found
        if all(record["userIdentity"].get(member) == value for member, value in members.items())
    ]


def test_the_journal_shows_callers_as_cloudtrail_does(own_site):
    account = Account(own_site)
    user = account.user("alice", allows(["sts:*", "kms:ListKeys"]))
    role = account.role("deployer", trusts(account.root), allows("kms:ListKeys"))
    user.kms.list_keys()
    [record] = of(own_site, "ListKeys", type="IAMUser")
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "principalId": user.id,
        "arn": user.arn,
        "accountId": account.id,
        "accessKeyId": user.key["AccessKeyId"],
        "userName": "alice",
    }
    made = user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="ci-1")
    account.client(made["Credentials"]).list_keys()
    [record] = of(own_site, "ListKeys", type="AssumedRole")
    identity = record["userIdentity"]
    context = identity.pop("sessionContext")
    assert identity == {
        "type": "AssumedRole",
        "principalId": f"{role['RoleId']}:ci-1",
        "arn": f"arn:aws:sts::{account.id}:assumed-role/deployer/ci-1",
        "accountId": account.id,
        "accessKeyId": made["Credentials"]["AccessKeyId"],
    }
    assert context["sessionIssuer"] == {
        "type": "Role",
        "principalId": role["RoleId"],
        "arn": role["Arn"],
        "accountId": account.id,
        "userName": "deployer",
    }
    assert context["attributes"]["mfaAuthenticated"] == "false"
    guest = user.sts.get_federation_token(Name="guest", Policy=policy(allows("kms:ListKeys")))
    account.client(guest["Credentials"]).list_keys()
    [record] = of(own_site, "ListKeys", type="FederatedUser")
    assert record["userIdentity"]["principalId"] == f"{account.id}:guest"
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "alice"


def test_the_journal_keeps_what_was_done_to_users_and_roles(own_site):
    account = Account(own_site)
    user = account.user("bob", allows("sts:AssumeRole"))
    role = account.role("r", trusts(account.root))
    [made] = of(own_site, "CreateUser")
    assert made["eventSource"] == "iam.amazonaws.com" and not made["readOnly"]
    assert made["requestParameters"] == {"userName": "bob"}
    assert made["responseElements"]["user"]["userId"] == user.id
    [key] = of(own_site, "CreateAccessKey")
    assert key["responseElements"]["accessKey"]["accessKeyId"] == user.key["AccessKeyId"]
    assert "secretAccessKey" not in key["responseElements"]["accessKey"]
    [assumed] = [user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")] and of(own_site, "AssumeRole")
    assert assumed["requestParameters"]["roleArn"] == role["Arn"]
    assert "sessionToken" not in assumed["responseElements"]["credentials"]
    assert assumed["responseElements"]["assumedRoleUser"]["arn"].endswith(":assumed-role/r/session-1")
    assert assumed["resources"] == [{"accountId": account.id, "type": "AWS::IAM::Role", "ARN": role["Arn"]}]
    assert assumed["readOnly"]
    refused(account.iam.get_user, "NoSuchEntity", UserName="nobody")
    [absent] = of(own_site, "GetUser")
    assert absent["errorCode"] == "NoSuchEntityException" and absent["requestParameters"] == {"userName": "nobody"}
    refused(user.client("iam").create_user, "AccessDenied", UserName="eve")
    [denied] = of(own_site, "CreateUser", type="IAMUser")
    assert denied["errorCode"] == "AccessDenied" and denied["requestParameters"] is None


def test_no_file_holds_a_secret_of_a_user_or_session(own_site):
    account = Account(own_site)
    user = account.user("carol", allows("sts:*"))
    role = account.role("r", trusts(account.root))
    sessions = [
        user.sts.get_session_token()["Credentials"],
        user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")["Credentials"],
        user.sts.get_federation_token(Name="guest")["Credentials"],
    ]
    for session in sessions:
        account.client(session, "sts").get_caller_identity()
    secrets = {"user": user.key["SecretAccessKey"].encode()}
    for number, session in enumerate(sessions):
        secrets[f"secret {number}"] = session["SecretAccessKey"].encode()
        secrets[f"token {number}"] = session["SessionToken"].encode()
    assert sightings(own_site.server.folder, secrets) == []
    # The search finds what is there.
    assert sightings(own_site.server.folder, {"id": user.key["AccessKeyId"].encode()})
