"""Custom key stores: none is there, none can be made, and whoever tries is told so and recorded."""

import pytest
from botocore.exceptions import ClientError

from harness import journal
from harness.awscli import aws
from harness.site import Site
from tables.create_custom_key_store import UNSUPPORTED

STORE = "cks-1234567890abcdef0"
ON_ONE = [f"{verb}_custom_key_store" for verb in ("connect", "delete", "disconnect", "update")]


@pytest.fixture(name="kms")
def client(site):
    return site.clients()


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    error = told.value.response["Error"]
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error.get("Message", "")


def test_there_are_none(kms):
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    for asked in ({"CustomKeyStoreId": "cks-1"}, {"CustomKeyStoreName": "mine"}):
        assert refused(kms.describe_custom_key_stores, **asked)[0] == "CustomKeyStoreNotFoundException"


def test_none_is_made_changed_or_connected(kms):
    assert refused(kms.create_custom_key_store, CustomKeyStoreName="store") == UNSUPPORTED
    for operation in ON_ONE:
        assert refused(getattr(kms, operation), CustomKeyStoreId=STORE) == UNSUPPORTED, operation


KEYS = [
    {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": STORE},
    {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": STORE, "XksKeyId": "bb8562717f809024"},
    {"Origin": "AWS_CLOUDHSM"},
    {"CustomKeyStoreId": STORE},
]


@pytest.mark.parametrize("members", KEYS, ids=range(len(KEYS)))
def test_no_key_is_made_in_one(kms, members):
    assert refused(kms.create_key, **members) == UNSUPPORTED


def test_the_journal_has_the_refusals_and_no_password(serve):
    server = serve().start()
    kms = Site.of(server).clients()
    password, secret = "hunter2hunter2", "s" * 43
    told = refused(
        kms.create_custom_key_store,
        CustomKeyStoreName="store",
        KeyStorePassword=password,
        XksProxyAuthenticationCredential={"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": secret},
    )
    assert told == UNSUPPORTED
    assert refused(kms.connect_custom_key_store, CustomKeyStoreId=STORE) == UNSUPPORTED
    assert server.stop() == 0
    records = [record for record in journal.records(server.data) if "CustomKeyStore" in record["eventName"]]
    assert [record["eventName"] for record in records] == ["CreateCustomKeyStore", "ConnectCustomKeyStore"]
    for record in records:
        assert (record["errorCode"], record["errorMessage"]) == UNSUPPORTED
        assert record["readOnly"] is False
    assert records[0]["requestParameters"]["customKeyStoreName"] == "store"
    assert records[1]["requestParameters"] == {"customKeyStoreId": STORE}
    for text in (password, secret):
        assert text not in str(records) and text not in server.log()


def test_the_command_line_is_told(site):
    printed = aws(site.server.url, "kms", "connect-custom-key-store", "--custom-key-store-id", STORE)
    assert printed.code != 0 and "(UnsupportedOperationException)" in printed.err and UNSUPPORTED[1] in printed.err
    assert aws(site.server.url, "kms", "describe-custom-key-stores").json()["CustomKeyStores"] == []
