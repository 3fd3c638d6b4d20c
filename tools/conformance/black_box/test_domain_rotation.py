"""New domain keys: everything that is kept is sealed anew while the server serves, and a kill at any step loses nothing."""

import json
import random
import shutil
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError

from harness import journal
from harness.postgres import Postgres
from harness.process import Server, binary, environment, run
from harness.raw import Raw
from harness.rows import Rows
from harness.signing import Signer
from harness.site import Site
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

SEED = 20_261_128
WAITING = "waiting for calls"


def rotate(server, *options):
    """Rotates the domain key: what the command printed."""
    code, out, err = run("rotate-domain", "--data-dir", server.data, "--output", "json", *options)
    assert code == 0, err
    return json.loads(out)


class Lived:
    """Keys of each kind, one of them rotated, and what they made; and an access key."""

    def __init__(self, server):
        self.server, site = server, Site.of(server)
        self.kms = site.clients()
        self.symmetric = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.blobs = []
        for _ in range(3):
            self.encrypt()
            self.kms.rotate_key_on_demand(KeyId=self.symmetric)
            server.advance(86_400)
        self.rsa = self._key("RSA_2048", "ENCRYPT_DECRYPT")
        self.sealed = self.kms.encrypt(KeyId=self.rsa, Plaintext=PLAINTEXT, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        self.signer = self._key("ECC_NIST_P256", "SIGN_VERIFY")
        self.hmac = self._key("HMAC_256", "GENERATE_VERIFY_MAC")
        self.mac = self.kms.generate_mac(KeyId=self.hmac, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        code, out, err = run("account", "create", "--data-dir", server.data, "--output", "json")
        assert code == 0, err
        self.account = json.loads(out)
        self.related = self._related()
        # Symmetric material: four pieces; three other keys; a replica, and the piece before its current one.
        self.tokens = 9

    def _related(self):
        """A ciphertext of a multi-Region key that was rotated, and of which only the replica is left."""
        there = Site.of(self.server).clients(region="eu-west-1")
        key = self.kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        blob = self.kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
        self.kms.rotate_key_on_demand(KeyId=key)
        self.server.advance(86_400)
        self.kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
        self.server.advance(86_400)
        self.kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
        self.server.advance(86_400)
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.server.advance(8 * 86_400)
        assert there.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
        there.close()
        return key, blob

    def _key(self, spec, usage):
        return self.kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]

    def encrypt(self):
        site = Site.of(self.server)
        self.blobs.append(site.clients().encrypt(KeyId=self.symmetric, Plaintext=PLAINTEXT)["CiphertextBlob"])
        site.clients.close()

    def more(self, count):
        """So many keys more."""
        for _ in range(count):
            self._key("HMAC_256", "GENERATE_VERIFY_MAC")
        self.tokens += count

    def check(self, server):
        """Everything works on this server, which may be another."""
        site = Site.of(server)
        kms = site.clients()
        for blob in self.blobs:
            assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
        key, blob = self.related
        there = site.clients(region="eu-west-1")
        assert there.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
        opened = kms.decrypt(
            KeyId=self.rsa, CiphertextBlob=self.sealed["CiphertextBlob"], EncryptionAlgorithm="RSAES_OAEP_SHA_256"
        )
        assert opened["Plaintext"] == PLAINTEXT
        assert kms.verify_mac(KeyId=self.hmac, Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=self.mac)["MacValid"]
        message = {"KeyId": self.signer, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
        assert kms.verify(**message, Signature=kms.sign(**message)["Signature"])["SignatureValid"]
        credentials = Signer(self.account["AccessKeyId"], self.account["SecretAccessKey"])
        assert Raw(server.url).kms("ListKeys", {}, credentials).status == 200
        site.clients.close()


def sealing_domain(data):
    """The number of the domain key that sealed the store key: it stands behind the version byte."""
    value = Rows(data).one("boot", "store-key")[1]
    assert value[0] == 1
    return int.from_bytes(value[1:5])


def events(data, name):
    return [record for record in journal.records(data) if record["eventName"] == name]


def test_everything_is_sealed_anew_and_still_opens(serve):
    server = serve().start()
    lived = Lived(server)
    assert sealing_domain(server.data) == 1
    for number in (2, 3):
        told = rotate(server)
        # The store key is one more than tokens and access keys.
        assert told["SealedAnew"] == lived.tokens + 1 + 1
        assert (told["DomainKey"], told["KeyTokens"], told["AccessKeys"]) == (number, lived.tokens, 1)
        assert told["UnderOlderDomainKeys"] == 0
        assert sealing_domain(server.data) == number
        assert Rows(server.data).containing("domain-rotation") == []
        lived.check(server)
        lived.encrypt()
        assert server.stop() == 0
        server.start()
        lived.check(server)
    assert server.stop() == 0
    assert [len(events(server.data, f"DomainRotation{what}")) for what in ("Started", "Completed", "Failed")] == [2, 2, 0]
    assert len(events(server.data, "CheckpointKeyAdded")) == 2


def test_a_destroyed_key_stays_destroyed(serve):
    server = serve().start()
    site = Site.of(server)
    kms, key = site.clients(), site.clients().create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    rotate(server)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.advance(8 * 86_400)
    for call in (lambda: kms.decrypt(CiphertextBlob=blob), lambda: kms.describe_key(KeyId=key)):
        with pytest.raises(ClientError):
            call()
    assert rotate(server)["KeyTokens"] == 0
    site.clients.close()


def test_calls_are_answered_while_it_rotates(serve):
    server = serve().start()
    lived = Lived(server)
    lived.more(100)
    site = Site.of(server)
    failures, made, stop = [], [], threading.Event()

    def work(number):
        client = site.clients(account=f"10000000000{number}")
        try:
            while not stop.is_set():
                key = client.create_key()["KeyMetadata"]["Arn"]
                blob = client.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
                client.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
                made.append((number, key, blob))
                for _, at, sealed in [made[len(made) // 2]]:
                    if at.split(":")[4] == f"10000000000{number}":
                        assert client.decrypt(CiphertextBlob=sealed)["Plaintext"] == PLAINTEXT
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    told = [rotate(server) for _ in range(2)]
    stop.set()
    for worker in workers:
        worker.join()
    assert failures == []
    assert [each["UnderOlderDomainKeys"] for each in told] == [0, 0] and len(made) > 20
    assert server.stop() == 0
    with server:
        lived.check(server)
        again = Site.of(server)
        for number, key, blob in made:
            client = again.clients(account=f"10000000000{number}")
            assert client.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
        again.clients.close()
    site.clients.close()


def asking(server, *options):
    command = [binary(), "rotate-domain", "--data-dir", str(server.data), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())


def test_a_kill_at_each_step_loses_nothing_and_it_goes_on(serve):
    """Killed before it says anything, while it waits for calls, and at eight moments while it seals, proves and ends."""
    server = serve().start()
    lived = Lived(server)
    lived.more(300)
    chance, number, cut = random.Random(SEED), 1, 0
    early = [(None, chance.random() * 0.05) for _ in range(4)]
    late = [(WAITING, 0.95 + chance.random() * 0.5) for _ in range(8)]
    for said, after in [*early, (WAITING, 0), *late]:
        command = asking(server)
        for line in command.stderr if said else ():
            if said.encode() in line:
                break
        threading.Event().wait(after)
        server.kill()
        command.stderr.close()
        command.wait(30)
        server.start()
        lived.check(server)
        begun = bool(Rows(server.data).containing("domain-rotation"))
        cut += begun
        told = rotate(server)
        assert told["UnderOlderDomainKeys"] == 0 and told["KeyTokens"] == lived.tokens
        # A rotation that had begun went on; one that had not, or had ended, was another.
        assert told["DomainKey"] in ((number + 1,) if begun else (number + 1, number + 2)), (said, after, begun)
        number = told["DomainKey"]
        assert sealing_domain(server.data) == number
        lived.check(server)
        lived.encrypt()
    assert cut >= 3
    assert server.stop() == 0
    with server:
        lived.check(server)


def test_who_comes_second_looks_on(serve):
    server = serve().start()
    lived = Lived(server)
    first = asking(server)
    for line in first.stderr:
        if WAITING.encode() in line:
            break
    # The command goes; the server goes on with it.
    first.kill()
    first.stderr.close()
    first.wait(30)
    code, _, err = run("rotate-root", "--cancel", "--data-dir", server.data)
    assert code == 1 and "DomainRotation is running" in err
    assert rotate(server)["DomainKey"] == 2
    lived.check(server)


def test_domain_keys_and_root_are_not_rotated_at_once(serve, tmp_path):
    server = serve().start()
    lived, new = Lived(server), tmp_path / "new.key"
    code, _, err = run("rotate-root", "--key-file", new, "--data-dir", server.data)
    assert code == 0, err
    code, _, err = run("rotate-domain", "--data-dir", server.data)
    assert code == 1 and "a rotation of the root has begun" in err
    shutil.copy(new, server.data / "root.key")
    code, _, err = run("rotate-root", "--finish", "--data-dir", server.data)
    assert code == 0, err
    assert rotate(server)["DomainKey"] == 2
    assert server.stop() == 0
    with server:
        lived.check(server)
    # Without its root the server serves, and can't rotate.
    server.start()
    (server.data / "root.key").unlink()
    code, _, err = run("rotate-domain", "--data-dir", server.data)
    assert code == 1 and "root.key" in err
    assert Rows(server.data).containing("domain-rotation") == []
    lived.check(server)


def test_a_backup_from_before_is_restored_with_a_journal_from_after(serve, tmp_path):
    """The journal's later checkpoints are signed with a key that the backup doesn't know; the one before vouches for it."""
    server = serve().start()
    lived = Lived(server)
    site = Site.of(server)
    lost = site.clients().create_key()["KeyMetadata"]["KeyId"]
    code, _, err = run("backup", "--to", tmp_path / "backup", "--data-dir", server.data)
    assert code == 0, err
    rotate(server)
    rotate(server)
    site.clients().schedule_key_deletion(KeyId=lost, PendingWindowInDays=7)
    server.advance(8 * 86_400)
    # A backup and a stop leave checkpoints of the newest key.
    code, _, err = run("backup", "--to", tmp_path / "later", "--data-dir", server.data)
    assert code == 0, err
    assert server.stop() == 0
    site.clients.close()
    for number, newer in enumerate((server.data / "logs" / "journal", tmp_path / "later" / "journal")):
        data = tmp_path / f"{number}" / "data"
        data.mkdir(parents=True)
        shutil.copy(server.data / "root.key", data / "root.key")
        command = ("restore", "--from", tmp_path / "backup", "--journal", newer, "--data-dir", data, "--output", "json")
        code, out, err = run(*command)
        assert code == 0, err
        assert json.loads(out)["KeysDestroyedAgain"] == 1
        with Server(data.parent) as again:
            lived.check(again)
            assert rotate(again)["DomainKey"] == 2


@pytest.mark.postgres
def test_it_is_the_same_on_postgresql(serve):
    postgres = Postgres().start()
    try:
        config = f'[store]\nurl = "{postgres.database("rotated")}"\n'
        server = serve(config=config).start()
        lived = Lived(server)
        command = asking(server, "--config", str(server.config))
        for line in command.stderr:
            if b"waiting for other nodes to seal" in line:
                server.kill()
                break
        command.stderr.close()
        command.wait(30)
        server.start()
        lived.check(server)
        told = rotate(server, "--config", server.config)
        assert (told["DomainKey"], told["KeyTokens"], told["UnderOlderDomainKeys"]) == (2, lived.tokens, 0)
        lived.check(server)
        assert server.stop() == 0
        with server:
            lived.check(server)
    finally:
        if server.running():
            server.kill()
        postgres.stop()
