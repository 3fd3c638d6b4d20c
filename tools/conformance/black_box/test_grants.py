"""Grants, as an SDK sees them: what they give another account, how they are listed, and how they end."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME
from harness.site import Site
from harness.world import OTHER, PLAINTEXT, STRANGER, root


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


STATES = [("Disabled", "disable_key", {}), ("PendingDeletion", "schedule_key_deletion", {"PendingWindowInDays": 7})]


@pytest.mark.parametrize(("state", "step", "members"), STATES, ids=[state for state, _, _ in STATES])
def test_a_grant_ends_in_every_state_of_its_key(site, key, state, step, members):
    kms = site.clients()
    made = [grant(site, key, "Encrypt") for _ in range(2)]
    getattr(kms, step)(KeyId=key, **members)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 2
    kms.retire_grant(KeyId=key, GrantId=made[0]["GrantId"])
    kms.revoke_grant(KeyId=key, GrantId=made[1]["GrantId"])
    assert kms.list_grants(KeyId=key)["Grants"] == []
    assert refused(grant, site, key, "Encrypt")[0] in ("DisabledException", "KMSInvalidStateException")


def test_a_grantee_passes_on_what_it_has_and_no_more(site, key):
    theirs, third = site.clients(account=OTHER), site.clients(account=STRANGER)
    asked = {"KeyId": key, "GranteePrincipal": root(STRANGER), "Operations": ["Encrypt"]}
    grant(site, key, "Encrypt", "CreateGrant", Constraints={"EncryptionContextSubset": {"team": "blue"}})
    assert refused(theirs.create_grant, **asked)[0] == "AccessDeniedException"
    blue = {"EncryptionContextEquals": {"team": "blue", "app": "1"}}
    more = {**asked, "Operations": ["Encrypt", "Decrypt"], "Constraints": blue}
    assert refused(theirs.create_grant, **more)[0] == "AccessDeniedException"
    made = theirs.create_grant(**asked, Constraints=blue)
    third.encrypt(KeyId=key, Plaintext=PLAINTEXT, EncryptionContext=blue["EncryptionContextEquals"])
    told = refused(third.encrypt, KeyId=key, Plaintext=PLAINTEXT, EncryptionContext={"team": "blue"})
    assert told[0] == "AccessDeniedException"
    [passed] = [
        entry for entry in site.clients().list_grants(KeyId=key)["Grants"] if entry["GrantId"] == made["GrantId"]
    ]
    assert passed["IssuingAccount"] == root(OTHER)
    theirs.retire_grant(GrantToken=made["GrantToken"])
    told = refused(third.encrypt, KeyId=key, Plaintext=PLAINTEXT, EncryptionContext=blue["EncryptionContextEquals"])
    assert told[0] == "AccessDeniedException"


def test_many_at_once_make_one_grant_of_one_name(site, key):
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(grant, site, key, "Encrypt", Name="once") for _ in range(16)]
    made = [each.result() for each in made]
    assert len({each["GrantId"] for each in made}) == 1
    assert len({each["GrantToken"] for each in made}) == 16
    assert len(site.clients().list_grants(KeyId=key)["Grants"]) == 1


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_hold_every_grant_once(site, key, limit):
    made = {grant(site, key, "Encrypt")["GrantId"] for _ in range(5)}
    found, marker = [], {}
    for _ in range(7):
        page = site.clients().list_grants(KeyId=key, Limit=limit, **marker)
        assert len(page["Grants"]) <= limit and ("NextMarker" in page) == page["Truncated"]
        found += [entry["GrantId"] for entry in page["Grants"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert sorted(found) == sorted(made)


def test_grants_outlive_a_restart_and_go_with_their_key(own_site):
    server, site = own_site.server, own_site
    key = site.clients().create_key()["KeyMetadata"]["Arn"]
    made = grant(site, key, "Encrypt", RetiringPrincipal=root(OTHER))
    assert server.stop() == 0
    site = Site.of(server.start())
    theirs = site.clients(account=OTHER)
    theirs.encrypt(KeyId=key, Plaintext=PLAINTEXT, GrantTokens=[made["GrantToken"]])
    site.clients().schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.advance(7 * 86_400 + 1)
    assert theirs.list_retirable_grants(RetiringPrincipal=root(OTHER))["Grants"] == []
    missing = ("NotFoundException", f"Grant ID {made['GrantId']} not found")
    assert refused(theirs.retire_grant, GrantToken=made["GrantToken"]) == missing
