"""Grants, as an SDK sees them: what they give another account, how they are listed, and how they end."""

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME
from harness.world import OTHER, PLAINTEXT, root


@pytest.fixture(name="key")
def fresh_key(site):
    """A symmetric key whose policy admits its own account only."""
    return site.clients().create_key()["KeyMetadata"]["Arn"]


def grant(site, key, *operations, **members):
    request = {"KeyId": key, "GranteePrincipal": root(OTHER), "Operations": list(operations), **members}
    return site.clients().create_grant(**request)


def refused(call, *arguments, **members):
    with pytest.raises(ClientError) as told:
        call(*arguments, **members)
    error = told.value.response["Error"]
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error.get("Message", "")


def test_a_grantee_of_another_account_does_what_the_grant_gives(site, key):
    theirs = site.clients(account=OTHER)
    assert refused(theirs.encrypt, KeyId=key, Plaintext=PLAINTEXT)[0] == "AccessDeniedException"
    made = grant(site, key, "Encrypt", "Decrypt", "DescribeKey")
    assert set(made) - {"ResponseMetadata"} == {"GrantId", "GrantToken"} and len(made["GrantId"]) == 64
    blob = theirs.encrypt(KeyId=key, Plaintext=PLAINTEXT, GrantTokens=[made["GrantToken"]])["CiphertextBlob"]
    assert theirs.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
    assert theirs.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == HOME
    assert refused(theirs.disable_key, KeyId=key)[0] == "AccessDeniedException"
    assert refused(theirs.generate_data_key, KeyId=key, KeySpec="AES_256")[0] == "AccessDeniedException"


def test_a_constraint_on_the_context_holds(site, key):
    theirs = site.clients(account=OTHER)
    grant(site, key, "GenerateDataKey", Constraints={"EncryptionContextSubset": {"team": "blue"}})
    theirs.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"team": "blue", "app": "1"})
    for context in ({}, {"team": "red"}, {"app": "1"}):
        told = refused(theirs.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=context)
        assert told[0] == "AccessDeniedException"


def test_grants_are_listed_to_the_keys_account_and_to_who_may_retire_them(site, key):
    made = grant(site, key, "Encrypt", Name="one", RetiringPrincipal=root(OTHER))
    [entry] = site.clients().list_grants(KeyId=key)["Grants"]
    assert entry.pop("CreationDate")
    assert entry == {
        "KeyId": key,
        "GrantId": made["GrantId"],
        "Name": "one",
        "GranteePrincipal": root(OTHER),
        "RetiringPrincipal": root(OTHER),
        "IssuingAccount": root(HOME),
        "Operations": ["Encrypt"],
    }
    paginator = site.clients(account=OTHER).get_paginator("list_retirable_grants")
    pages = paginator.paginate(RetiringPrincipal=root(OTHER), PaginationConfig={"PageSize": 1})
    assert made["GrantId"] in [entry["GrantId"] for page in pages for entry in page["Grants"]]


def test_a_grant_ends_by_its_token_by_its_id_and_once(site, key):
    theirs = site.clients(account=OTHER)
    made = grant(site, key, "Encrypt", RetiringPrincipal=root(OTHER))
    theirs.encrypt(KeyId=key, Plaintext=PLAINTEXT)
    theirs.retire_grant(GrantToken=made["GrantToken"])
    assert refused(theirs.encrypt, KeyId=key, Plaintext=PLAINTEXT)[0] == "AccessDeniedException"
    missing = ("NotFoundException", f"Grant ID {made['GrantId']} not found")
    assert refused(site.clients().revoke_grant, KeyId=key, GrantId=made["GrantId"]) == missing
    made = grant(site, key, "Encrypt")
    site.clients().revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert refused(theirs.encrypt, KeyId=key, Plaintext=PLAINTEXT)[0] == "AccessDeniedException"


def test_dry_runs_change_nothing(site, key):
    assert refused(grant, site, key, "Encrypt", DryRun=True)[0] == "DryRunOperationException"
    assert site.clients().list_grants(KeyId=key)["Grants"] == []
    made = grant(site, key, "Encrypt")
    told = refused(site.clients().revoke_grant, KeyId=key, GrantId=made["GrantId"], DryRun=True)
    assert told[0] == "DryRunOperationException"
    assert len(site.clients().list_grants(KeyId=key)["Grants"]) == 1


CASES = [
    ("an operation of other keys", {"Operations": ["Sign"]}, "ValidationException"),
    (
        "both constraints",
        {"Constraints": {"EncryptionContextEquals": {"a": "1"}, "EncryptionContextSubset": {"a": "1"}}},
        "ValidationException",
    ),
    ("nobody", {"GranteePrincipal": f"arn:aws:iam::{HOME}:user/nobody"}, "InvalidArnException"),
    ("no ARN", {"GranteePrincipal": "nobody"}, "InvalidArnException"),
    ("no token of ours", {"GrantTokens": ["eA=="]}, "InvalidGrantTokenException"),
    ("an alias", {"KeyId": "alias/x"}, "InvalidArnException"),
]


@pytest.mark.parametrize(("members", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_create_grant_refuses(site, key, members, code):
    request = {"KeyId": key, "GranteePrincipal": root(OTHER), "Operations": ["Encrypt"], **members}
    assert refused(site.clients().create_grant, **request)[0] == code
