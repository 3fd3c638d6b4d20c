"""Pages of lists and their markers: every key once, in a stable order, and a marker good for its own list only."""

import pytest
from botocore.exceptions import ClientError

# Each test lists an account of its own, so that the pages hold what the test made and nothing else.
KEYS = 7


@pytest.fixture(scope="module")
def listed(site):
    """An account with KEYS keys: (account, their ids)."""
    account = "700000000001"
    made = [site.clients.call("CreateKey", {}, account=account)[0]["KeyMetadata"] for _ in range(KEYS)]
    return account, {key["KeyId"]: key["Arn"] for key in made}


def page(site, account, **request):
    answer, _ = site.clients.call("ListKeys", request, account=account)
    assert ("NextMarker" in answer) == answer["Truncated"]
    return answer


def walk(site, account, limit):
    """All pages of `limit` keys."""
    pages, marker = [], {}
    for _ in range(KEYS + 1):
        answer = page(site, account, Limit=limit, **marker)
        pages.append(answer["Keys"])
        if not answer["Truncated"]:
            return pages
        assert 1 <= len(answer["NextMarker"]) <= 1024
        marker = {"Marker": answer["NextMarker"]}
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("limit", [1, 2, 3, KEYS - 1, KEYS, KEYS + 1, 1000])
def test_pages_of_any_size_hold_every_key_once_and_in_one_order(site, listed, limit):
    account, keys = listed
    pages = walk(site, account, limit)
    assert all(len(one) <= limit for one in pages)
    flat = [key for one in pages for key in one]
    assert {key["KeyId"]: key["KeyArn"] for key in flat} == keys
    assert len(flat) == KEYS
    assert flat == page(site, account)["Keys"]


def test_an_entry_has_the_id_and_the_arn_and_no_more(site, listed):
    account, keys = listed
    assert all(set(entry) == {"KeyId", "KeyArn"} for entry in page(site, account)["Keys"])


def test_a_page_holds_a_hundred_keys_unless_asked(site):
    account = "700000000002"
    for _ in range(101):
        site.clients.call("CreateKey", {}, account=account)
    first = page(site, account)
    assert (len(first["Keys"]), first["Truncated"]) == (100, True)
    rest = page(site, account, Marker=first["NextMarker"])
    assert (len(rest["Keys"]), rest["Truncated"]) == (1, False)


def test_the_sdk_walks_the_pages(site, listed):
    account, keys = listed
    paginator = site.clients(account=account).get_paginator("list_keys")
    walked = [key["KeyId"] for one in paginator.paginate(PaginationConfig={"PageSize": 2}) for key in one["Keys"]]
    assert sorted(walked) == sorted(keys)


def test_keys_of_every_state_are_listed(site):
    account = "700000000003"
    ids = [site.clients.call("CreateKey", {}, account=account)[0]["KeyMetadata"]["KeyId"] for _ in range(3)]
    site.clients.call("DisableKey", {"KeyId": ids[1]}, account=account)
    site.clients.call("ScheduleKeyDeletion", {"KeyId": ids[2]}, account=account)
    assert {key["KeyId"] for key in page(site, account)["Keys"]} == set(ids)


def test_regions_and_accounts_list_their_own(site, listed):
    account, _ = listed
    assert site.clients.call("ListKeys", {}, account=account, region="eu-west-1")[0]["Keys"] == []
    assert site.clients.call("ListKeys", {}, account="700000000004")[0]["Keys"] == []


@pytest.mark.parametrize(("name", "which"), [
    ("another_account", {"account": "700000000005"}),
    ("another_Region", {"region": "eu-west-1"}),
])
def test_a_marker_is_good_for_its_own_list_only(site, listed, name, which):
    account, _ = listed
    marker = page(site, account, Limit=1)["NextMarker"]
    with pytest.raises(ClientError) as refused:
        site.clients.call("ListKeys", {"Marker": marker}, **{"account": account, **which})
    assert refused.value.response["Error"]["Code"] == "InvalidMarkerException"
    assert refused.value.response["Error"]["Message"] == ""


def test_an_altered_marker_is_refused(site, listed):
    account, _ = listed
    marker = page(site, account, Limit=1)["NextMarker"]
    middle = len(marker) // 2
    altered = marker[:middle] + ("A" if marker[middle] != "A" else "B") + marker[middle + 1:]
    for bad in (altered, marker[:-4], marker + marker):
        with pytest.raises(ClientError) as refused:
            site.clients.call("ListKeys", {"Marker": bad[:1024]}, account=account)
        assert refused.value.response["Error"]["Code"] == "InvalidMarkerException"


def test_a_marker_is_good_for_a_day(own_site):
    for _ in range(2):
        own_site.clients.call("CreateKey", {})
    marker = page(own_site, "000000000000", Limit=1)["NextMarker"]
    own_site.server.advance(23 * 3600)
    assert len(page(own_site, "000000000000", Marker=marker)["Keys"]) == 1
    own_site.server.advance(2 * 3600)
    with pytest.raises(ClientError) as refused:
        page(own_site, "000000000000", Marker=marker)
    assert refused.value.response["Error"]["Code"] == "InvalidMarkerException"
