"""Quotas, as an SDK meets them: calls a second of AWS's kinds, and how many keys, aliases and grants there may be."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import opened
from harness.world import OTHER, root


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error["Message"]


THROTTLED = (
    "ThrottlingException",
    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
)


@pytest.fixture
def throttled_site(tmp_path):
    # So many nodes that a bucket fills slower than this test runs: it moves the clock itself.
    yield from opened(tmp_path, config='[quotas]\nrequests = "aws"\nnodes = 1000\n')


def test_calls_beyond_a_quota_are_throttled_until_time_has_passed(throttled_site):
    clients = throttled_site.clients
    kms = clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refused(kms.create_key) == THROTTLED
    assert refused(kms.create_key, Description="x" * 9) == THROTTLED
    # Other accounts, Regions and operations have quotas of their own.
    clients(account=OTHER).create_key()
    clients(region="eu-west-1").create_key()
    kms.describe_key(KeyId=key)
    throttled_site.server.advance(200)
    kms.create_key()
    assert refused(kms.create_key) == THROTTLED


@pytest.fixture
def aws_quotas_site(tmp_path):
    yield from opened(tmp_path, config='[quotas]\nrequests = "aws"\n')


def test_an_sdk_that_repeats_gets_through(aws_quotas_site):
    kms = boto3.client(
        "kms",
        endpoint_url=aws_quotas_site.server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 10}),
    )
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(7)}
    assert len(made) == 7


@pytest.fixture
def small_site(tmp_path):
    yield from opened(tmp_path, config="[quotas]\nkeys = 2\naliases_per_key = 1\ngrants_per_key = 1\n")


def test_there_are_so_many_keys_aliases_and_grants(small_site):
    kms = small_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_key()
    assert refused(kms.create_key) == (
        "LimitExceededException",
        "KMS keys quota for this account in this region is 2, current usage is 2.",
    )
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    assert refused(kms.create_alias, AliasName="alias/two", TargetKeyId=key) == (
        "LimitExceededException",
        "Aliases per key quota for this account in this region is 1, current usage is 1.",
    )
    grant = {"KeyId": key, "GranteePrincipal": root(OTHER), "Operations": ["Decrypt"]}
    kms.create_grant(**grant)
    assert refused(kms.create_grant, **{**grant, "Operations": ["Encrypt"]}) == (
        "LimitExceededException",
        "Grants per key quota for this account in this region is 1, current usage is 1.",
    )
