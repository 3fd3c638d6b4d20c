"""Keys of one id in several Regions, as an SDK sees them, one client a Region."""

import json

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME, REGION
from harness.process import run
from harness.raw import Raw
from harness.signing import Signer
from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

DAY = 86_400
THERE = "eu-west-1"
BEYOND = "ap-south-1"


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error.get("Message", "")


def shown(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]


def state(kms, key):
    return shown(kms, key)["KeyState"]


def settled(*clients, key):
    until(lambda: all(state(kms, key) == "Enabled" for kms in clients), "the related keys settle")


def family(site, *regions):
    """The id of a multi-Region key with replicas in `regions`, and the clients of all its Regions."""
    clients = [site.clients(region=region) for region in (REGION, *regions)]
    key = clients[0].create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    for region in regions:
        clients[0].replicate_key(KeyId=key, ReplicaRegion=region)
    settled(*clients, key=key)
    return key, clients


def arn(key, region):
    return f"arn:aws:kms:{region}:{HOME}:key/{key}"


def relatives(kms, key):
    told = shown(kms, key)["MultiRegionConfiguration"]
    replicas = sorted(related["Region"] for related in told["ReplicaKeys"])
    return told["MultiRegionKeyType"], told["PrimaryKey"]["Region"], replicas


def test_a_replica_is_made_and_opens_what_its_primary_made(site):
    key, (here, there) = family(site, THERE)
    assert shown(there, key)["Arn"] == arn(key, THERE)
    assert shown(there, key)["CurrentKeyMaterialId"] == shown(here, key)["CurrentKeyMaterialId"]
    assert relatives(here, key) == ("PRIMARY", REGION, [THERE])
    assert relatives(there, key) == ("REPLICA", REGION, [THERE])
    for one, other in ((here, there), (there, here)):
        blob = one.encrypt(KeyId=key, Plaintext=PLAINTEXT, EncryptionContext={"a": "b"})["CiphertextBlob"]
        opened = other.decrypt(CiphertextBlob=blob, KeyId=key, EncryptionContext={"a": "b"})
        assert opened["Plaintext"] == PLAINTEXT
    wrong = refused(there.decrypt, CiphertextBlob=blob, KeyId=arn(key, REGION), EncryptionContext={"a": "b"})
    assert wrong[0] == "IncorrectKeyException"
    assert refused(site.clients(region=BEYOND).describe_key, KeyId=key) == (
        "NotFoundException",
        f"Key '{arn(key, BEYOND)}' does not exist",
    )
    exists = ("AlreadyExistsException", "You can create only one replica of each primary key in each AWS Region.")
    assert refused(here.replicate_key, KeyId=key, ReplicaRegion=THERE) == exists
    assert refused(there.replicate_key, KeyId=key, ReplicaRegion=BEYOND) == (
        "UnsupportedOperationException",
        f"{arn(key, THERE)} is not a multi-region primary key.",
    )


@pytest.mark.parametrize(
    ("kind", "usage", "make", "check"),
    [
        ("ECC_NIST_P256", "SIGN_VERIFY", "sign", "verify"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "generate_mac", "verify_mac"),
    ],
)
def test_what_one_key_signs_its_relative_verifies(site, kind, usage, make, check):
    here, there = site.clients(), site.clients(region=THERE)
    key = here.create_key(MultiRegion=True, KeySpec=kind, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    here.replicate_key(KeyId=key, ReplicaRegion=THERE)
    settled(there, key=key)
    how = {"SigningAlgorithm": "ECDSA_SHA_256"} if make == "sign" else {"MacAlgorithm": "HMAC_SHA_256"}
    made = getattr(there, make)(KeyId=key, Message=PLAINTEXT, **how)
    proof = {name: made[name] for name in ("Signature", "Mac") if name in made}
    answer = getattr(here, check)(KeyId=key, Message=PLAINTEXT, **how, **proof)
    assert answer.get("SignatureValid") or answer.get("MacValid")


def test_related_keys_are_switched_tagged_and_named_each_by_itself(site):
    key, (here, there) = family(site, THERE)
    there.disable_key(KeyId=key)
    there.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}])
    there.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
    there.put_key_policy(KeyId=key, Policy=json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "kms:*", "Resource": "*"}
        ],
    }))
    assert state(here, key) == "Enabled" and state(there, key) == "Disabled"
    assert here.list_resource_tags(KeyId=key)["Tags"] == []
    assert here.list_aliases(KeyId=key)["Aliases"] == []
    assert "key-default-1" in here.get_key_policy(KeyId=key)["Policy"]


def test_primary_and_replica_change_places(site):
    key, (here, there, beyond) = family(site, THERE, BEYOND)
    assert refused(there.update_primary_region, KeyId=key, PrimaryRegion=BEYOND) == (
        "KMSInvalidStateException",
        f"{arn(key, THERE)} is not a multi-Region primary key.",
    )
    here.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    settled(here, there, key=key)
    assert relatives(here, key) == ("REPLICA", THERE, [BEYOND, REGION])
    assert relatives(there, key) == ("PRIMARY", THERE, [BEYOND, REGION])
    assert relatives(beyond, key) == ("REPLICA", THERE, [BEYOND, REGION])
    blob = here.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    assert beyond.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT


def test_the_primary_rotates_and_its_replicas_follow(own_site):
    key, (here, there) = family(own_site, THERE)
    blob = there.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    first = shown(there, key)["CurrentKeyMaterialId"]
    assert refused(there.enable_key_rotation, KeyId=key) == (
        "UnsupportedOperationException",
        f"{arn(key, THERE)} is a multi-region replica key which is not valid for EnableKeyRotation.",
    )
    here.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    assert there.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 90
    own_site.server.advance(90 * DAY)
    assert shown(there, key)["CurrentKeyMaterialId"] == shown(here, key)["CurrentKeyMaterialId"] != first
    assert [len(kms.list_key_rotations(KeyId=key)["Rotations"]) for kms in (here, there)] == [1, 1]
    assert there.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == first
    here.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    settled(here, there, key=key)
    own_site.server.advance(90 * DAY)
    assert [len(kms.list_key_rotations(KeyId=key)["Rotations"]) for kms in (here, there)] == [2, 2]


def test_a_primary_waits_for_its_replicas_and_a_replica_comes_back(own_site):
    key, (here, there) = family(own_site, THERE)
    blob = here.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(7 * DAY)
    assert refused(there.describe_key, KeyId=key)[0] == "NotFoundException"
    assert relatives(here, key) == ("PRIMARY", REGION, [])
    here.replicate_key(KeyId=key, ReplicaRegion=THERE)
    settled(there, key=key)
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT

    answer = here.schedule_key_deletion(KeyId=key, PendingWindowInDays=8)
    assert answer["KeyState"] == "PendingReplicaDeletion" and "DeletionDate" not in answer
    assert shown(here, key)["PendingDeletionWindowInDays"] == 8
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
    own_site.server.advance(30 * DAY)
    assert state(here, key) == "PendingReplicaDeletion"
    there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own_site.server.advance(7 * DAY)
    assert state(here, key) == "PendingDeletion"
    own_site.server.advance(8 * DAY)
    for kms in (here, there):
        assert refused(kms.describe_key, KeyId=key)[0] == "NotFoundException"
        assert refused(kms.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"


def test_related_keys_are_there_after_a_crash(serve):
    server = serve().start()
    key, (here, _) = family(Site.of(server), THERE)
    blob = here.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    here.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    server.kill()
    server.start()
    site = Site.of(server)
    here, there = site.clients(), site.clients(region=THERE)
    settled(here, there, key=key)
    assert relatives(here, key) == ("REPLICA", THERE, [REGION])
    assert relatives(there, key) == ("PRIMARY", THERE, [REGION])
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT


def test_production_replicates_into_the_regions_that_it_serves(serve):
    config = '[server]\nregions = ["us-east-1", "eu-west-1"]\n'
    server = serve(dev=False, config=config)
    code, out, err = run("init", "--data-dir", server.data, "--name", "first", "--output", "json")
    assert code == 0, err
    account = json.loads(out)
    server.start()
    raw, signer = Raw(server.url), Signer(account["AccessKeyId"], account["SecretAccessKey"])
    key = raw.kms("CreateKey", {"MultiRegion": True}, signer).json()["KeyMetadata"]["KeyId"]
    answer = raw.kms("ReplicateKey", {"KeyId": key, "ReplicaRegion": BEYOND}, signer)
    assert (answer.status, answer.code()) == (400, "ValidationException")
    assert answer.message() == (
        f"Region {BEYOND} is not a valid Region or multi-Region keys are not supported in Region {BEYOND}."
    )
    assert raw.kms("ReplicateKey", {"KeyId": key, "ReplicaRegion": THERE}, signer).status == 200
