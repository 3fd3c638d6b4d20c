"""Aliases, as an SDK and the command line see them: who uses one follows it at once, and nothing outlives its key."""

import pytest
from botocore.exceptions import ClientError

from harness.awscli import aws
from harness.clients import HOME, REGION
from harness.site import Site
from harness.world import OTHER, PLAINTEXT, POLICIES
from tables.delete_alias import missing
from tables.list_aliases import SERVICES

DAY = 86_400


def new_key(kms, **members):
    return kms.create_key(**members)["KeyMetadata"]["KeyId"]


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error.get("Message", "")


def not_found(name):
    expect = missing(name)
    return expect.code, expect.message


def listed(kms, **members):
    """The entries of a list without the services' own, by name."""
    pages = kms.get_paginator("list_aliases").paginate(**members)
    entries = [entry for page in pages for entry in page["Aliases"]]
    names = [entry["AliasName"] for entry in entries]
    assert names == sorted(set(names))
    return {entry["AliasName"]: entry for entry in entries if not entry["AliasName"].startswith("alias/aws/")}


def arn(name, account=HOME):
    return f"arn:aws:kms:{REGION}:{account}:{name}"


def test_who_uses_an_alias_follows_it_at_once(site):
    kms = site.clients()
    one, two, name = new_key(kms), new_key(kms), "alias/followed"
    assert refused(kms.encrypt, KeyId=name, Plaintext=PLAINTEXT) == not_found("followed")
    kms.create_alias(AliasName=name, TargetKeyId=one)
    sealed = {}
    for key in (one, two, one, two):
        kms.update_alias(AliasName=name, TargetKeyId=key)
        for by in (name, arn(name)):
            answer = kms.encrypt(KeyId=by, Plaintext=PLAINTEXT)
            assert answer["KeyId"].endswith(key)
            assert kms.describe_key(KeyId=by)["KeyMetadata"]["KeyId"] == key
        sealed[key] = answer["CiphertextBlob"]
    assert kms.decrypt(KeyId=name, CiphertextBlob=sealed[two])["Plaintext"] == PLAINTEXT
    assert refused(kms.decrypt, KeyId=name, CiphertextBlob=sealed[one])[0] == "IncorrectKeyException"
    # Without a name the key is in the ciphertext, wherever the alias is now.
    assert kms.decrypt(CiphertextBlob=sealed[one])["Plaintext"] == PLAINTEXT
    kms.delete_alias(AliasName=name)
    assert refused(kms.encrypt, KeyId=name, Plaintext=PLAINTEXT) == not_found("followed")
    assert refused(kms.delete_alias, AliasName=name) == not_found("followed")


def test_a_list_says_where_each_alias_is_and_since_when(own_site):
    kms = own_site.clients()
    one, two = new_key(kms), new_key(kms)
    names = [f"alias/{letter}" for letter in "edcba"] + ["alias/z/1", "alias/z-1"]
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=one)
    own_site.server.advance(DAY)
    kms.update_alias(AliasName="alias/a", TargetKeyId=two)
    entries = listed(kms, PaginationConfig={"PageSize": 2})
    assert sorted(names) == list(entries)
    for name, entry in entries.items():
        assert set(entry) == {"AliasName", "AliasArn", "TargetKeyId", "CreationDate", "LastUpdatedDate"}
        assert entry["AliasArn"] == arn(name)
        assert entry["TargetKeyId"] == (two if name == "alias/a" else one)
        assert (entry["LastUpdatedDate"] - entry["CreationDate"]).days == (1 if name == "alias/a" else 0)
    assert list(listed(kms, KeyId=two)) == ["alias/a"]
    assert len(listed(kms, KeyId=arn(f"key/{one}"), PaginationConfig={"PageSize": 1})) == 6


def test_a_marker_is_good_for_its_own_list_only(own_site):
    kms = own_site.clients()
    key = new_key(kms)
    for name in ("alias/a", "alias/b"):
        kms.create_alias(AliasName=name, TargetKeyId=key)
    of_all = kms.list_aliases(Limit=1)["NextMarker"]
    of_key = kms.list_aliases(Limit=1, KeyId=key)["NextMarker"]
    bad = ("InvalidMarkerException", "")
    assert refused(kms.list_aliases, Marker=of_key) == bad
    assert refused(kms.list_aliases, Marker=of_all, KeyId=key) == bad
    assert refused(kms.list_keys, Marker=of_all) == bad
    assert refused(own_site.clients(account=OTHER).list_aliases, Marker=of_all) == bad
    assert [entry["AliasName"] for entry in kms.list_aliases(Marker=of_key, KeyId=key)["Aliases"]] == ["alias/b"]


def test_a_key_has_fifty_aliases(site):
    kms = site.clients()
    key, other = new_key(kms), new_key(kms)
    for number in range(50):
        kms.create_alias(AliasName=f"alias/of-{key}/{number:02}", TargetKeyId=key)
    full = (
        "LimitExceededException",
        "Aliases per key quota for this account in this region is 50, current usage is 50.",
    )
    assert refused(kms.create_alias, AliasName=f"alias/of-{key}/50", TargetKeyId=key) == full
    kms.create_alias(AliasName=f"alias/of-{key}/50", TargetKeyId=other)
    assert refused(kms.update_alias, AliasName=f"alias/of-{key}/50", TargetKeyId=key) == full
    assert len(listed(kms, KeyId=key, PaginationConfig={"PageSize": 7})) == 50
    kms.delete_alias(AliasName=f"alias/of-{key}/00")
    kms.update_alias(AliasName=f"alias/of-{key}/50", TargetKeyId=key)


def test_the_aliases_of_a_key_go_with_it_and_not_before(own_site):
    kms = own_site.clients()
    key, heir = new_key(kms), new_key(kms)
    for name in ("alias/leaves", "alias/deleted", "alias/stays"):
        kms.create_alias(AliasName=name, TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{arn(f'key/{key}')} is pending deletion.")
    assert refused(kms.encrypt, KeyId="alias/stays", Plaintext=PLAINTEXT) == pending
    assert refused(kms.create_alias, AliasName="alias/new", TargetKeyId=key) == pending
    kms.update_alias(AliasName="alias/leaves", TargetKeyId=heir)
    assert refused(kms.update_alias, AliasName="alias/leaves", TargetKeyId=key) == pending
    kms.delete_alias(AliasName="alias/deleted")
    assert list(listed(kms)) == ["alias/leaves", "alias/stays"]
    own_site.server.advance(8 * DAY)
    assert list(listed(kms)) == ["alias/leaves"]
    assert refused(kms.encrypt, KeyId="alias/stays", Plaintext=PLAINTEXT) == not_found("stays")
    kms.create_alias(AliasName="alias/stays", TargetKeyId=heir)
    assert kms.describe_key(KeyId="alias/stays")["KeyMetadata"]["KeyId"] == heir


def test_aliases_are_there_after_a_restart(serve):
    server = serve().start()
    kms = Site.of(server).clients()
    key = new_key(kms)
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key)
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key)
    kms.delete_alias(AliasName="alias/gone")
    assert server.stop() == 0
    server.start()
    kms = Site.of(server).clients()
    assert list(listed(kms)) == list(listed(kms, KeyId=key)) == ["alias/kept"]
    assert kms.encrypt(KeyId="alias/kept", Plaintext=PLAINTEXT)["KeyId"].endswith(key)


def test_another_account_finds_a_shared_key_by_its_aliases_arn(site):
    mine, theirs = site.clients(), site.clients(account=OTHER)
    key = new_key(mine, Policy=POLICIES["shared"])
    mine.create_alias(AliasName="alias/lent", TargetKeyId=key)
    assert theirs.encrypt(KeyId=arn("alias/lent"), Plaintext=PLAINTEXT)["KeyId"] == arn(f"key/{key}")
    code, text = refused(theirs.encrypt, KeyId="alias/lent", Plaintext=PLAINTEXT)
    assert (code, text) == ("NotFoundException", f"Alias {arn('alias/lent', OTHER)} is not found.")
    # Aliases belong to an account: nobody else makes one for the key or takes this one away.
    told = refused(theirs.create_alias, AliasName="alias/own", TargetKeyId=arn(f"key/{key}"))
    assert told[0] == "AccessDeniedException"
    assert refused(theirs.delete_alias, AliasName="alias/lent")[0] == "NotFoundException"


def test_who_asks_for_a_services_key_gets_it(own_site):
    kms = own_site.clients()
    assert refused(kms.encrypt, KeyId="alias/aws/s3", Plaintext=PLAINTEXT) == not_found("aws/s3")
    made = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert made["KeyManager"] == "AWS"
    assert made["Description"] == "Default key that protects my S3 objects when no other key is defined"
    assert kms.describe_key(KeyId=arn("alias/aws/s3"))["KeyMetadata"]["Arn"] == made["Arn"]
    entries = {entry["AliasName"]: entry for entry in kms.list_aliases()["Aliases"]}
    assert list(entries) == [f"alias/aws/{name}" for name in SERVICES]
    assert entries["alias/aws/s3"]["TargetKeyId"] == made["KeyId"]
    assert [entry["AliasName"] for entry in kms.list_aliases(KeyId=made["KeyId"])["Aliases"]] == ["alias/aws/s3"]
    assert "TargetKeyId" not in entries["alias/aws/sqs"]
    key = new_key(kms)
    denied = "AccessDeniedException"
    assert refused(kms.encrypt, KeyId="alias/aws/s3", Plaintext=PLAINTEXT)[0] == denied
    assert refused(kms.update_alias, AliasName="alias/aws/s3", TargetKeyId=key)[0] == denied
    assert refused(kms.delete_alias, AliasName="alias/aws/s3")[0] == denied
    assert refused(kms.create_alias, AliasName="alias/mine", TargetKeyId=made["KeyId"])[0] == denied


def test_an_alias_lives_its_life_on_the_command_line(site):
    def run(*line):
        return aws(site.server.url, "kms", *line)

    one, two = (run("create-key", "--query", "KeyMetadata.KeyId", "--output", "text").out.strip() for _ in range(2))
    for line in (
        ("create-alias", "--alias-name", "alias/cli", "--target-key-id", one),
        ("update-alias", "--alias-name", "alias/cli", "--target-key-id", two),
    ):
        printed = run(*line)
        assert (printed.code, printed.out) == (0, ""), printed
    [entry] = run("list-aliases", "--key-id", two).json()["Aliases"]
    assert (entry["AliasName"], entry["TargetKeyId"]) == ("alias/cli", two)
    shown = run("describe-key", "--key-id", "alias/cli", "--query", "KeyMetadata.KeyId", "--output", "text")
    assert shown.out.strip() == two
    again = run("create-alias", "--alias-name", "alias/cli", "--target-key-id", one)
    text = f"An alias with the name {arn('alias/cli')} already exists"
    assert again.code != 0 and "(AlreadyExistsException)" in again.err and text in again.err, again
    assert run("delete-alias", "--alias-name", "alias/cli").code == 0
    assert run("list-aliases", "--key-id", two).json() == {"Aliases": []}
