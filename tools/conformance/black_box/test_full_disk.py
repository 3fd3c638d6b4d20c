"""A disk without room, or without writes: calls fail, nothing goes out unrecorded, and all is well when it is back."""

import time

import pytest

from harness import journal
from harness.disk import MIB, Limited, Small
from harness.raw import Raw
from harness.site import Site
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

PATIENCE = 20
# How often in a row everything must succeed: every lane of the journal comes into it.
ROW = 10
# What is kept of the disk for calls that free space or take rights away.
KEPT = 64 * MIB


@pytest.fixture
def tmpfs(tmp_path):
    """A disk of its own, where the system lets us mount one."""
    disk = Small(tmp_path / "disk", 192 * MIB)
    mounted = disk.mount()
    yield disk if mounted else None
    if mounted:
        disk.unmount()


@pytest.fixture(params=["no room", "no writes"])
def disk(request, tmpfs, tmp_path):
    """Both ways to break it; without the right to mount, writes are broken twice rather than a test left out."""
    if request.param == "no room" and tmpfs:
        return tmpfs
    return Limited(tmp_path / "limited")


def started(serve, disk):
    server = serve(disk.folder.name, before_exec=disk.before_exec)
    server.data = disk.folder / "data"
    return server.start()


def within_patience(ask, holds, what):
    """Asks until the answer holds; bounded. Every answer on the way is returned too."""
    deadline, seen = time.monotonic() + PATIENCE, []
    while time.monotonic() < deadline:
        answer = ask()
        seen.append(answer)
        if holds(answer):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE} s: {what}; last {seen[-1]}")


def recovers(ask_all):
    """Whether all calls succeed, many times in a row, within a while."""
    deadline, row = time.monotonic() + PATIENCE, 0
    while row < ROW and time.monotonic() < deadline:
        row = row + 1 if set(ask_all()) == {200} else 0
        time.sleep(0.01)
    return row >= ROW


def whole_again(server, disk, raw, ask_all):
    """Sees the server recover; or, where writes broke, sees it say that it needs a restart, and recover by that."""
    if recovers(ask_all):
        return
    assert isinstance(disk, Limited), "room is back, and calls still fail"
    assert server.admin("/readyz")[0] == 503, "calls fail for good, and the server says that it is ready"
    assert server.stop() == 0
    server.start()
    raw.host, raw.port, raw.authority = "127.0.0.1", server.port, server.address
    assert recovers(ask_all)


def test_a_broken_disk_stops_answers_and_not_the_server(serve, disk):
    server = started(serve, disk)
    site = Site.of(server)
    raw = Raw(server.url)
    key = site.world.key("symmetric")
    calls = {
        "CreateKey": {},
        "Encrypt": {"KeyId": key.id, "Plaintext": PLAINTEXT},
        "DescribeKey": {"KeyId": key.id},
        "GenerateDataKey": {"KeyId": key.id, "KeySpec": "AES_256"},
        "Decrypt": {"CiphertextBlob": key.sample},
        "ListKeys": {},
    }
    good, made = [], [key.id]

    def ask(operation):
        answer = raw.kms(operation, calls[operation])
        assert answer.status in (200, 500, 503), answer
        if answer.status == 200:
            good.append(answer.headers["x-amzn-requestid"])
            if operation == "CreateKey":
                made.append(answer.json()["KeyMetadata"]["KeyId"])
        else:
            assert PLAINTEXT not in answer.body and "Plaintext" not in answer.json(), answer
        return answer

    for operation in calls:
        assert ask(operation).status == 200
    disk.fill(server)
    for operation in calls:
        within_patience(
            lambda operation=operation: ask(operation), lambda answer: answer.status != 200, f"{operation} fails"
        )
    for _ in range(20):
        for operation in calls:
            ask(operation)
    assert server.running()
    disk.empty(server)
    whole_again(server, disk, raw, lambda: [ask(operation).status for operation in calls])
    site = Site.of(server)
    listed = {one["KeyId"] for page in site.clients().get_paginator("list_keys").paginate() for one in page["Keys"]}
    assert set(made) <= listed
    assert server.stop() == 0
    counts = journal.request_ids(server.data)
    assert [request for request in good if counts.get(request) != 1] == [], "an answer without its record"
    with server:
        again = Site.of(server)
        assert again.clients().decrypt(CiphertextBlob=key.sample)["Plaintext"] == PLAINTEXT
        for one in made:
            again.clients().describe_key(KeyId=one)
        again.clients.close()
    site.clients.close()
    assert " panicked at " not in server.log()


def test_the_last_of_the_disk_is_kept_for_calls_that_take_rights_away(serve, tmpfs, tmp_path):
    """With less than 64 MiB left, uses are refused while a key can still be disabled and scheduled for deletion."""
    disk = tmpfs or Limited(tmp_path / "limited")
    server = started(serve, disk)
    site = Site.of(server)
    raw = Raw(server.url)
    keys = [site.world.make("symmetric").id for _ in range(2)]
    use = {"KeyId": keys[0], "Plaintext": PLAINTEXT}
    assert raw.kms("Encrypt", use).status == 200
    disk.fill(server, leave=KEPT - 24 * MIB)
    within_patience(lambda: raw.kms("Encrypt", use), lambda answer: answer.status != 200, "uses are refused")
    if tmpfs:
        assert raw.kms("DisableKey", {"KeyId": keys[0]}).status == 200
        assert raw.kms("ScheduleKeyDeletion", {"KeyId": keys[1]}).status == 200
    else:
        assert raw.kms("DisableKey", {"KeyId": keys[0]}).status in (500, 503)
    assert raw.kms("CreateKey", {}).status in (500, 503)
    disk.empty(server)
    whole_again(server, disk, raw, lambda: [raw.kms("CreateKey", {}).status, raw.kms("ListKeys", {}).status])
    states = [raw.kms("DescribeKey", {"KeyId": key}).json()["KeyMetadata"]["KeyState"] for key in keys]
    assert states == (["Disabled", "PendingDeletion"] if tmpfs else ["Enabled", "Enabled"])
    site.clients.close()


def test_readiness_tells_of_a_broken_disk(serve, disk):
    server = started(serve, disk)
    raw = Raw(server.url)
    assert server.admin("/readyz")[0] == 200
    disk.fill(server)
    within_patience(lambda: raw.kms("CreateKey", {}), lambda answer: answer.status != 200, "changes fail")
    within_patience(lambda: server.admin("/readyz"), lambda answer: answer[0] == 503, "not ready")
    assert server.admin("/healthz")[0] == 200
    disk.empty(server)
    within_patience(lambda: server.admin("/readyz"), lambda answer: answer[0] == 200, "ready again")
