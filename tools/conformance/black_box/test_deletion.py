"""A scheduled deletion, to its end: the clock is moved, and then nothing of the key is left anywhere."""

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME, REGION
from harness.rows import KEY_ROW, Rows, copy_of
from harness.secrets import sightings
from harness.site import Site
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

DAY = 86_400


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def arn(key):
    return f"arn:aws:kms:{REGION}:{HOME}:key/{key}"


def test_a_key_is_there_until_its_window_ends_and_gone_after_it(own_site):
    kms = own_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(7 * DAY - 600)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    own_site.server.advance(1200)
    gone = ("NotFoundException", f"Key '{arn(key)}' does not exist")
    assert code(kms.describe_key, KeyId=key) == gone
    assert code(kms.describe_key, KeyId=arn(key)) == gone
    assert code(kms.decrypt, KeyId=key, CiphertextBlob=sealed) == gone
    assert code(kms.encrypt, KeyId=key, Plaintext=PLAINTEXT) == gone
    assert code(kms.cancel_key_deletion, KeyId=key) == gone
    assert code(kms.enable_key, KeyId=key) == gone
    assert code(kms.decrypt, CiphertextBlob=sealed)[0] == "AccessDeniedException"
    assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize("name", ["symmetric", "rsa", "p256"])
def test_nothing_of_a_destroyed_key_is_left_in_the_files(own_site, tmp_path, name):
    """Every form in which its row ever stood is looked for, in pieces, in every file of the data folder."""
    kms = own_site.clients()
    keep = kms.create_key()["KeyMetadata"]["KeyId"]
    key = own_site.world.make(name).id
    versions = []

    def remember():
        copied = copy_of(own_site.server.data, tmp_path / f"copy{len(versions)}")
        versions.append(Rows(copied).one(key, KEY_ROW)[1])

    remember()
    for change in (kms.disable_key, kms.enable_key):
        change(KeyId=key)
        remember()
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    remember()
    assert len(set(versions)) == 4, "a change writes the row anew"
    pieces = {
        f"version {number} at {at}": version[at : at + 24]
        for number, version in enumerate(versions)
        for at in range(0, len(version) - 24, 64)
    }
    present = sightings(
        own_site.server.data, {name: piece for name, piece in pieces.items() if name.startswith("version 3")}
    )
    assert present, "the search finds the row while it is there"
    own_site.server.advance(8 * DAY)
    assert sightings(own_site.server.data, pieces) == []
    assert kms.describe_key(KeyId=keep)["KeyMetadata"]["KeyState"] == "Enabled"
    own_site.server.stop()
    assert sightings(own_site.server.data, pieces) == []
    own_site.server.start()


def test_a_cancelled_deletion_stays_cancelled(own_site):
    kms = own_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(6 * DAY)
    kms.cancel_key_deletion(KeyId=key)
    own_site.server.advance(30 * DAY)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_second_schedule_counts_from_itself(own_site):
    kms = own_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    first = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    own_site.server.advance(6 * DAY)
    kms.cancel_key_deletion(KeyId=key)
    second = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    assert abs((second - first).total_seconds() - 6 * DAY) < 120
    own_site.server.advance(6 * DAY)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    own_site.server.advance(2 * DAY)
    assert code(kms.describe_key, KeyId=key)[0] == "NotFoundException"


def test_what_fell_due_while_nobody_served_is_done_at_the_start(serve):
    server = serve().start()
    site = Site.of(server)
    kms = site.clients()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    for key in keys[:2]:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.advance(5 * DAY)
    assert server.stop() == 0
    server.start()
    site = Site.of(server)
    kms = site.clients()
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    assert states == {keys[0]: "PendingDeletion", keys[1]: "PendingDeletion", keys[2]: "Enabled"}, (
        "the clock was not taken back"
    )
    server.advance(3 * DAY)
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [keys[2]]


def test_many_keys_due_at_once_all_go(own_site):
    kms = own_site.clients()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(120)]
    for key in keys:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(8 * DAY)
    assert kms.list_keys()["Keys"] == []


def test_a_destroyed_key_does_not_come_back_with_a_restart(own_site):
    kms = own_site.clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(8 * DAY)
    own_site.server.kill()
    own_site.server.start()
    again = Site.of(own_site.server)
    assert code(again.clients().describe_key, KeyId=key)[0] == "NotFoundException"
    again.clients.close()
