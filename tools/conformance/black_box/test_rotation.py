"""Rotation, as an SDK sees it, by its period and on demand, with the clock moved."""

import pytest
from botocore.exceptions import ClientError

from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

DAY = 86_400


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error.get("Message", "")


def current(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def listed(kms, key, **members):
    pages = kms.get_paginator("list_key_rotations").paginate(KeyId=key, **members)
    return [entry for page in pages for entry in page["Rotations"]]


def test_a_key_rotates_by_its_period_and_opens_what_it_made(own_site):
    kms = own_site.clients()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["KeyRotationEnabled"] is True and status["RotationPeriodInDays"] == 90
    assert status["KeyId"] == key
    blobs = []
    for _ in range(4):
        blobs.append((kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"], current(kms, key)))
        own_site.server.advance(90 * DAY)
    assert len({material for _, material in blobs} | {current(kms, key)}) == 5
    for blob, material in blobs:
        opened = kms.decrypt(CiphertextBlob=blob)
        assert opened["Plaintext"] == PLAINTEXT and opened["KeyMaterialId"] == material
    rotations = listed(kms, key, PaginationConfig={"PageSize": 2})
    assert [entry["RotationType"] for entry in rotations] == ["AUTOMATIC"] * 4
    dates = [entry["RotationDate"] for entry in rotations]
    assert dates == sorted(dates) and (dates[3] - dates[0]).days == 270
    everything = listed(kms, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert [entry["KeyMaterialId"] for entry in everything] == [*(id for _, id in blobs), current(kms, key)]
    assert [entry["KeyMaterialState"] for entry in everything] == ["NON_CURRENT"] * 4 + ["CURRENT"]
    kms.disable_key_rotation(KeyId=key)
    own_site.server.advance(400 * DAY)
    assert len(listed(kms, key)) == 4


def test_a_rotation_on_demand_is_done_by_itself(site):
    kms = site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    first = current(kms, key)
    blob = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    until(lambda: current(kms, key) != first, "the rotation ends")
    assert "OnDemandRotationStartDate" not in kms.get_key_rotation_status(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == first
    [entry] = listed(kms, key)
    assert (entry["RotationType"], entry["KeyMaterialId"]) == ("ON_DEMAND", current(kms, key))


def test_with_awss_limits_a_rotation_on_demand_takes_its_time(aws_site):
    kms = aws_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.rotate_key_on_demand(KeyId=key)
    started = kms.get_key_rotation_status(KeyId=key)["OnDemandRotationStartDate"]
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["OnDemandRotationStartDate"] == started


def test_what_fell_due_while_nobody_served_is_done_at_the_start(serve):
    server = serve().start()
    kms = Site.of(server).clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    first = current(kms, key)
    server.advance(89 * DAY)
    assert server.stop() == 0
    server.start()
    server.advance(2 * DAY)
    kms = Site.of(server).clients()
    assert current(kms, key) != first


@pytest.mark.parametrize(
    ("kind", "usage"), [("HMAC_256", "GENERATE_VERIFY_MAC"), ("RSA_2048", "ENCRYPT_DECRYPT")]
)
def test_other_kinds_of_keys_do_not_rotate(site, kind, usage):
    kms = site.clients()
    key = kms.create_key(KeySpec=kind, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    assert refused(kms.enable_key_rotation, KeyId=key) == ("UnsupportedOperationException", "")
    assert refused(kms.rotate_key_on_demand, KeyId=key) == ("UnsupportedOperationException", "")
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    assert listed(kms, key) == []
