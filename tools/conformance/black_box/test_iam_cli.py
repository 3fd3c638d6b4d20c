"""Users and roles set up with the unmodified AWS CLI, as the README shows it, and a profile that assumes a role."""

import json

import pytest

from harness.awscli import aws
from harness.people import Account, allows, policy, trusts


@pytest.fixture
def account(site):
    return Account(site)


def run(account, *arguments, **more):
    done = aws(account.site.server.url, *arguments, account=account.id, **more)
    assert done.code == 0, done.err
    return done


def test_a_profile_assumes_a_role_and_may_what_the_role_may(account, tmp_path):
    key = run(account, "kms", "create-key").json()["KeyMetadata"]["Arn"]
    run(account, "iam", "create-user", "--user-name", "alice")
    own = policy(allows("sts:AssumeRole"))
    put = ["iam", "put-user-policy", "--user-name", "alice", "--policy-name", "assume", "--policy-document"]
    run(account, *put, own)
    trust = trusts(account.id)
    run(account, "iam", "create-role", "--role-name", "sealer", "--assume-role-policy-document", trust)
    seal = policy(allows("kms:Encrypt", key))
    put = ["iam", "put-role-policy", "--role-name", "sealer", "--policy-name", "seal", "--policy-document"]
    run(account, *put, seal)
    shown = run(account, "iam", "get-role", "--role-name", "sealer").json()["Role"]
    assert shown["AssumeRolePolicyDocument"] == json.loads(trust)
    made = run(account, "iam", "create-access-key", "--user-name", "alice").json()["AccessKey"]
    (tmp_path / "credentials").write_text(
        f"[alice]\naws_access_key_id={made['AccessKeyId']}\naws_secret_access_key={made['SecretAccessKey']}\n"
    )
    role = account.arn("role/sealer")
    (tmp_path / "config").write_text(f"[profile sealer]\nrole_arn={role}\nsource_profile=alice\n")
    (tmp_path / "hello.txt").write_text("hello")
    variables = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": account.site.server.url,
    }

    def as_sealer(*arguments):
        words = ["--profile", "sealer", *arguments]
        return aws(None, *words, folder=tmp_path, variables=variables, endpoint=False)

    who = as_sealer("sts", "get-caller-identity")
    assert who.code == 0, who.err
    assert who.json()["Arn"].startswith(f"arn:aws:sts::{account.id}:assumed-role/sealer/")
    sealed = as_sealer("kms", "encrypt", "--key-id", key, "--plaintext", "fileb://hello.txt")
    assert sealed.code == 0 and sealed.json()["KeyId"] == key, sealed.err
    refused = as_sealer("kms", "disable-key", "--key-id", key)
    assert refused.code != 0
    assert "AccessDeniedException" in refused.err
    assert "because no identity-based policy allows the kms:DisableKey action" in refused.err


def test_groups_and_managed_policies_from_files(account, tmp_path):
    (tmp_path / "keys.json").write_text(policy(allows(["kms:List*", "kms:Describe*"])))
    run(account, "iam", "create-group", "--group-name", "readers")
    create = ["iam", "create-policy", "--policy-name", "keys", "--policy-document", "file://keys.json"]
    arn = run(account, *create, folder=tmp_path).json()["Policy"]["Arn"]
    run(account, "iam", "attach-group-policy", "--group-name", "readers", "--policy-arn", arn)
    run(account, "iam", "create-user", "--user-name", "bob", "--tags", "Key=team,Value=red")
    run(account, "iam", "add-user-to-group", "--group-name", "readers", "--user-name", "bob")
    assert run(account, "iam", "list-user-tags", "--user-name", "bob").json()["Tags"] == [{"Key": "team", "Value": "red"}]
    made = run(account, "iam", "create-access-key", "--user-name", "bob").json()["AccessKey"]
    own = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    run(account, "kms", "list-keys", variables=own)
    refused = aws(account.site.server.url, "kms", "create-key", variables=own)
    assert refused.code != 0 and "not authorized to perform: kms:CreateKey" in refused.err
    simulated = run(
        account, "iam", "simulate-principal-policy", "--policy-source-arn", account.arn("user/bob"),
        "--action-names", "kms:ListKeys", "kms:CreateKey",
    ).json()["EvaluationResults"]  # fmt: skip
    assert [result["EvalDecision"] for result in simulated] == ["allowed", "implicitDeny"]
    absent = aws(account.site.server.url, "iam", "get-user", "--user-name", "carol", account=account.id)
    assert absent.code != 0 and "(NoSuchEntity)" in absent.err
    assert "The user with name carol cannot be found." in absent.err
