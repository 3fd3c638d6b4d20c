"""Control policies: put around accounts by the operator's command, and obeyed by everybody in them."""

import json
import subprocess

import pytest

from harness.people import Account, allows, denies, policy, refused, trusts
from harness.process import binary, environment

TEXT = b"a secret"
SCP, RCP = "service-control", "resource-control"


@pytest.fixture
def command(own_site, tmp_path):
    """`sealroom account policy` on the server of the test's own."""

    def run(*arguments, document=None, fails=False):
        words = [binary(), "account", "policy", *arguments, "--data-dir", str(own_site.server.data)]
        done = subprocess.run(words, input=document, capture_output=True, text=True, env=environment(), timeout=60)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    return run


@pytest.fixture
def account(own_site):
    return Account(own_site)


def may(client, key):
    try:
        client.encrypt(KeyId=key, Plaintext=TEXT)
    except client.exceptions.ClientError as error:
        return error.response["Error"].get("Message", "")
    return True


def put(command, account, kind, name, *statements):
    return command("put", "--account-id", account.id, "--type", kind, "--name", name, "-", document=policy(*statements))


def test_a_service_control_policy_binds_everybody_in_the_account(own_site, account, command):
    key, user = account.key(), account.user("ann", allows("*"))
    role = account.role("r", trusts(account.root), allows("*"))
    session = user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")["Credentials"]
    clients = {"root": account.kms, "user": user.kms, "role": account.client(session)}
    other = Account(own_site)
    others_key = other.key()
    said = put(command, account, SCP, "no-encrypt", denies("kms:Encrypt"))
    assert said == f"the policy `no-encrypt` is around account {account.id}\n"
    for client in clients.values():
        text = may(client, key)
        assert text is not True and text.endswith("with an explicit deny in a service control policy"), text
        client.describe_key(KeyId=key)
    assert may(other.kms, others_key) is True, "another account isn't bound"
    names = [shown["Name"] for shown in json.loads(command("list", "--account-id", account.id, "--output", "json"))["Policies"]]
    assert names == ["FullAWSAccess", "no-encrypt"]
    command("delete", "--account-id", account.id, "--type", SCP, "--name", "no-encrypt")
    assert may(account.kms, key) is True
    command("delete", "--account-id", account.id, "--type", SCP, "--name", "FullAWSAccess")
    assert may(account.kms, key) is True, "an account without control policies isn't bound"


def test_what_no_control_policy_allows_is_denied(account, command):
    key = account.key()
    put(command, account, SCP, "only-reads", allows(["kms:Describe*", "kms:List*"]))
    assert may(account.kms, key) is True, "FullAWSAccess came with it"
    command("delete", "--account-id", account.id, "--type", SCP, "--name", "fullawsaccess")
    assert may(account.kms, key).endswith("because no service control policy allows the kms:Encrypt action")
    account.kms.describe_key(KeyId=key)
    refused(account.iam.list_users, "AccessDenied")
    # Who they are they may always ask.
    assert account.clients("sts", account=account.id).get_caller_identity()["Account"] == account.id


def test_a_resource_control_policy_binds_whoever_uses_the_accounts_keys(own_site, account, command):
    other = Account(own_site)
    stranger = other.user("bob", allows("kms:*"))
    key = account.key({"Effect": "Allow", "Principal": {"AWS": other.root}, "Action": "kms:*", "Resource": "*"})
    assert may(stranger.kms, key) is True
    outside = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account.id}},
    }
    put(command, account, RCP, "ours-alone", outside)
    assert may(stranger.kms, key) is not True
    assert may(account.kms, key) is True
    assert may(stranger.kms, other.key()) is True, "the stranger's own account isn't bound"


def test_a_control_policy_outlives_a_restart_and_is_recorded(own_site, account, command):
    key = account.key()
    put(command, account, SCP, "no-encrypt", denies("kms:Encrypt"))
    own_site.server.stop()
    own_site.server.start()
    own_site.clients.url = own_site.server.url
    own_site.clients.made.clear()
    again = own_site.clients("kms", account=account.id)
    assert may(again, key).endswith("with an explicit deny in a service control policy")


def test_what_is_no_control_policy_is_refused_with_a_reason(account, command):
    where = ("put", "--account-id", account.id, "--type", SCP, "--name", "p")
    assert "not JSON" in command(*where, "-", document="x", fails=True)
    text = command(*where, "-", document=policy({**allows("kms:*"), "Principal": "*"}), fails=True)
    assert "statement 1: malformed policy: `Principal` has no place in a policy of this kind" in text
    assert "cannot read `/nowhere/p.json`" in command(*where, "/nowhere/p.json", fails=True)
    for number in range(4):
        put(command, account, SCP, f"p{number}", denies("kms:Encrypt"))
    assert "at most 5 policies of a type" in command(*where, "-", document=policy(denies("s3:*")), fails=True)
    put(command, account, SCP, "P0", denies("kms:Decrypt"))
    listed = json.loads(command("list", "--account-id", account.id, "--output", "json"))["Policies"]
    assert len(listed) == 5 and ("P0" in [shown["Name"] for shown in listed])
    gone = ("delete", "--account-id", account.id, "--type", RCP, "--name", "p0")
    assert "has no policy p0 of that type" in command(*gone, fails=True)
