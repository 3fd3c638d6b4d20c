"""GetKeyLastUsage, as an SDK sees it; and that a kill, also before anything was noted, forgets no use."""

import pytest

from harness import journal
from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation


def last_use(site, key):
    return site.clients().get_key_last_usage(KeyId=key)


def test_the_last_use_is_told_within_a_minute(own_site):
    kms = own_site.clients()
    made = kms.create_key()["KeyMetadata"]
    key = made["KeyId"]
    unused = last_use(own_site, key)
    assert unused["KeyId"] == key and unused["KeyLastUsage"] == {}
    assert unused["TrackingStartDate"] == unused["KeyCreationDate"] == made["CreationDate"]
    sealed = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
    own_site.server.advance(61)
    used = last_use(own_site, made["Arn"])["KeyLastUsage"]
    assert (used["Operation"], used["KmsRequestId"]) == ("Decrypt", opened["ResponseMetadata"]["RequestId"])
    [record] = [record for record in journal.records(own_site.server.data) if record["eventName"] == "Decrypt"]
    assert used["CloudTrailEventId"] == record["eventID"]
    assert used["Timestamp"].strftime("%Y-%m-%dT%H:%M:%SZ") == record["eventTime"]


def test_a_stop_and_a_kill_forget_no_use(serve):
    server = serve().start()
    site = Site.of(server)
    keys = [site.clients().create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    site.clients().encrypt(KeyId=keys[0], Plaintext=PLAINTEXT)
    site.clients.close()
    assert server.stop() == 0
    server.start()
    site = Site.of(server)
    assert last_use(site, keys[0])["KeyLastUsage"]["Operation"] == "Encrypt"
    site.clients().generate_data_key(KeyId=keys[1], KeySpec="AES_256")
    site.clients.close()
    server.kill()
    server.start()
    site = Site.of(server)
    read_back = lambda: last_use(site, keys[1])["KeyLastUsage"].get("Operation") == "GenerateDataKey"  # noqa: E731
    until(read_back, "the use before the kill is known")
    assert last_use(site, keys[0])["KeyLastUsage"]["Operation"] == "Encrypt"
    assert last_use(site, keys[2])["KeyLastUsage"] == {}
    site.clients.close()
