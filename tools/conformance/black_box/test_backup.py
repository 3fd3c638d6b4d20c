"""Backups: taken while the server serves, proved, brought back onto an empty machine; and what must not open."""

import json
import shutil
import threading
from subprocess import DEVNULL, PIPE, Popen

import pytest
from botocore.exceptions import ClientError

from harness import journal
from harness.postgres import Postgres
from harness.process import Server, binary, environment, run
from harness.secrets import sightings
from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation


def backup(server, to):
    code, out, err = run("backup", "--to", to, "--data-dir", server.data, "--output", "json")
    assert code == 0, err
    return json.loads(out)


def restore(folder, data, *options, root=None, expect=0):
    """Restores into `data`, with a copy of the root key `root` in place: what it printed, or why it failed."""
    data.mkdir(parents=True, exist_ok=True)
    if root and not (data / "root.key").exists():
        shutil.copy(root, data / "root.key")
    code, out, err = run("restore", "--from", folder, "--data-dir", data, "--output", "json", *options)
    assert code == expect, err
    return json.loads(out) if code == 0 else err


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def destroyed(site, key):
    with pytest.raises(ClientError) as refused:
        site.clients().describe_key(KeyId=key)
    return refused.value.response["Error"]["Code"] == "NotFoundException"


def destroy(server, site, key):
    site.clients().schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.advance(8 * 86_400)
    assert destroyed(site, key)


@pytest.fixture
def lived(serve):
    """A server with a few keys of each kind, a rotated one, one on its way out: (server, site, ciphertexts by key)."""
    server = serve().start()
    site = Site.of(server)
    made = {}
    for name in ("symmetric", "mrk", "rsa", "p256", "hmac", "symmetric@Disabled"):
        site.world.key(name)
    rotated = site.clients().create_key()["KeyMetadata"]["KeyId"]
    for _ in range(2):
        blob = site.clients().encrypt(KeyId=rotated, Plaintext=PLAINTEXT)["CiphertextBlob"]
        made.setdefault(rotated, []).append(blob)
        site.clients().rotate_key_on_demand(KeyId=rotated)
        server.advance(86_400)
    leaving = site.clients().create_key()["KeyMetadata"]["KeyId"]
    site.clients().schedule_key_deletion(KeyId=leaving)
    grantee = "arn:aws:iam::000000000000:root"
    site.clients().create_grant(KeyId=rotated, GranteePrincipal=grantee, Operations=["Decrypt"])
    yield server, site, made
    site.clients.close()


def test_a_backup_brings_everything_back_onto_an_empty_machine(lived, tmp_path):
    server, site, made = lived
    told = backup(server, tmp_path / "backup")
    keys = [key["KeyId"] for key in site.clients().list_keys()["Keys"]]
    before = {key: site.clients().describe_key(KeyId=key)["KeyMetadata"] for key in keys}
    assert told["Keys"] == len(keys) and told["KeyTokens"] >= len(keys) + 2
    server.kill()
    brought = restore(tmp_path / "backup", tmp_path / "new" / "data", root=server.data / "root.key")
    assert (brought["Keys"], brought["KeyTokens"], brought["Epoch"]) == (told["Keys"], told["KeyTokens"], 1)
    with Server(tmp_path / "new") as new:
        again = Site.of(new)
        assert {key: again.clients().describe_key(KeyId=key)["KeyMetadata"] for key in keys} == before
        for key, blobs in made.items():
            assert [again.clients().decrypt(CiphertextBlob=blob)["Plaintext"] for blob in blobs] == [PLAINTEXT] * 2
            assert len(again.clients().list_grants(KeyId=key)["Grants"]) == 1
            every = {"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
            rotations = again.clients().list_key_rotations(**every)["Rotations"]
            assert len(rotations) == 3
        assert again.clients().create_key()["KeyMetadata"]["KeyId"] not in keys
        again.clients.close()
    names = [record["eventName"] for record in journal.records(new.data)]
    for name in ("StartBackup", "BackupStarted", "RestoreBackup", "CreateKey"):
        assert name in names
    # What a restore brought back can be backed up and restored again.
    with Server(tmp_path / "new") as new:
        backup(new, tmp_path / "second")
    brought = restore(tmp_path / "second", tmp_path / "newer" / "data", root=server.data / "root.key")
    assert brought["Epoch"] == 2 and brought["Keys"] == len(keys) + 1


def test_a_backup_is_consistent_while_the_server_writes(serve, tmp_path):
    """Every key that was acknowledged before the backup began is in it, whole, with what it encrypted."""
    server = serve().start()
    site = Site.of(server)
    made, stop = [], threading.Event()

    def work(number):
        client = site.clients(account=f"10000000000{number}")
        while not stop.is_set():
            key = client.create_key(Tags=[{"TagKey": "by", "TagValue": str(number)}])["KeyMetadata"]["Arn"]
            made.append((number, key, client.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    until(lambda: len(made) >= 60, "sixty keys")
    before = len(made)
    told = backup(server, tmp_path / "backup")
    stop.set()
    for worker in workers:
        worker.join()
    assert told["Keys"] >= before
    restore(tmp_path / "backup", tmp_path / "new" / "data", root=server.data / "root.key")
    with Server(tmp_path / "new") as new:
        again = Site.of(new)
        for number, key, blob in made[:before]:
            client = again.clients(account=f"10000000000{number}")
            assert client.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == PLAINTEXT
            assert client.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "by", "TagValue": str(number)}]
        again.clients.close()
    site.clients.close()


def test_a_key_destroyed_after_the_backup_stays_destroyed(serve, tmp_path):
    server = serve().start()
    site = Site.of(server)
    lost = site.world.key("symmetric")
    kept = site.clients().create_key()["KeyMetadata"]["KeyId"]
    blob = site.clients().encrypt(KeyId=kept, Plaintext=PLAINTEXT)["CiphertextBlob"]
    gone_before = site.clients().create_key()["KeyMetadata"]["KeyId"]
    destroy(server, site, gone_before)
    backup(server, tmp_path / "backup")
    destroy(server, site, lost.id)
    later = backup(server, tmp_path / "later")
    server.stop()
    root = server.data / "root.key"
    # Nobody can know what no journal tells.
    brought = restore(tmp_path / "backup", tmp_path / "unknowing" / "data", root=root)
    assert (brought["Keys"], brought["KeysDestroyedAgain"], brought["Tombstones"]) == (2, 0, 1)
    for number, newer in enumerate((server.data / "logs" / "journal", tmp_path / "later" / "journal")):
        before = files(newer)
        where = tmp_path / f"new{number}"
        brought = restore(tmp_path / "backup", where / "data", "--journal", newer, root=root)
        assert (brought["Keys"], brought["KeysDestroyedAgain"], brought["Tombstones"]) == (1, 1, 2)
        assert files(newer) == before
        assert later["Keys"] == brought["Keys"]
        with Server(where) as new:
            again = Site.of(new)
            assert again.clients().decrypt(CiphertextBlob=blob)["Plaintext"] == PLAINTEXT
            assert destroyed(again, lost.id) and destroyed(again, gone_before)
            with pytest.raises(ClientError):
                again.clients().decrypt(CiphertextBlob=lost.sample)
            again.clients.close()
        told = [record for record in journal.records(new.data) if record["eventName"] == "DeleteKey"]
        assert [record["resources"][0]["ARN"] for record in told].count(lost.arn) == 1
    site.clients.close()


def test_a_restore_refuses_a_folder_with_anything_in_it(lived, tmp_path):
    server, _, _ = lived
    backup(server, tmp_path / "backup")
    assert "no server is running" in run("backup", "--to", tmp_path / "x", "--data-dir", tmp_path / "nobody")[2]
    assert "is not empty" in run("backup", "--to", tmp_path / "backup", "--data-dir", server.data)[2]
    assert "in use" in restore(tmp_path / "backup", server.data, expect=1)
    server.stop()
    held = files(server.data)
    assert "is not empty" in restore(tmp_path / "backup", server.data, expect=1)
    after = files(server.data)
    assert {name for name in held if held[name] != after.get(name)} <= {"store.db", "store.db-wal", "store.db-shm"}
    with server as again:
        assert again.running()


def test_what_was_changed_in_a_backup_is_found_before_anything_is_written(lived, tmp_path):
    server, _, _ = lived
    backup(server, tmp_path / "backup")
    root = server.data / "root.key"
    whole = files(tmp_path / "backup")
    manifest = json.loads(whole["manifest.json"])

    def told(name, change, *, without=()):
        """What a restore says to a backup with these files changed."""
        folder, data = tmp_path / name, tmp_path / f"{name}-data"
        for path, content in {**whole, **change}.items():
            if path not in without:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        error = restore(folder, data, root=root, expect=1)
        assert {path.name for path in data.iterdir()} == {"root.key"}
        return error

    def flipped(content, at):
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    for number, (name, content) in enumerate(sorted(whole.items())):
        if name.startswith("manifest"):
            continue
        for at in (0, len(content) // 2, len(content) - 1):
            assert "is not what the manifest says" in told(f"flip-{number}-{at}", {name: flipped(content, at)})
        assert "it is missing" in told(f"gone-{number}", {}, without=[name])
        assert "its length is another" in told(f"cut-{number}", {name: content[:-1]})
    assert "it isn't in it" in told("more", {"journal/extra.log": b"x"})
    assert "no manifest.json" in told("unfinished", {}, without=["manifest.json"])
    older = json.dumps({**manifest, "sequence": manifest["sequence"] - 1}).encode()
    assert "not signed by the cluster" in told("older", {"manifest.json": older})
    assert "can't be used" in told("newer", {"manifest.json": json.dumps({**manifest, "format": 2}).encode()})
    outside = [{**manifest["files"][0], "name": "../rows"}]
    named = json.dumps({**manifest, "files": outside}).encode()
    assert "outside of the backup" in told("outside", {"manifest.json": named})
    assert "not signed by the cluster" in told("signature", {"manifest.sig": b"AAAA"})
    code, out, err = run("check-backup", tmp_path / "backup", "--data-dir", server.data)
    assert code == 0 and "everything opens" in out, err
    code, out, err = run("check-backup", tmp_path / "backup", "--digests-only")
    assert code == 0 and "Neither signature nor keys" in out, err
    code, _, err = run("check-backup", tmp_path / "cut-0", "--digests-only")
    assert code == 1 and "its length is another" in err


def test_a_backup_opens_with_its_own_root_only_and_holds_no_secret(lived, tmp_path):
    server, site, _ = lived
    backup(server, tmp_path / "backup")
    code, _, err = run("restore", "--from", tmp_path / "backup", "--data-dir", tmp_path / "rootless" / "data")
    assert code == 1 and "root" in err
    code, _, err = run("init", "--data-dir", tmp_path / "other")
    assert code == 0, err
    foreign = tmp_path / "other" / "root.key"
    error = restore(tmp_path / "backup", tmp_path / "foreign" / "data", root=foreign, expect=1)
    assert "is it the root that this store was set up with" in error
    secrets = {"plaintext": PLAINTEXT, "root key": (server.data / "root.key").read_bytes()[9:41]}
    assert sightings(tmp_path / "backup", secrets) == []
    for path in [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_restore_that_was_killed_is_run_again(lived, tmp_path):
    """Killed at many moments: it never serves half a store, and the same command then ends well."""
    server, site, made = lived
    for number in range(300):
        site.clients(account="100000000001").create_key(Description=f"key {number}")
    gone = site.clients().create_key()["KeyMetadata"]["KeyId"]
    told = backup(server, tmp_path / "backup")
    destroy(server, site, gone)
    server.stop()
    data = tmp_path / "new" / "data"
    data.mkdir(parents=True)
    shutil.copy(server.data / "root.key", data / "root.key")
    newer = server.data / "logs" / "journal"
    command = [binary(), "restore", "--from", tmp_path / "backup", "--journal", newer, "--data-dir", data]
    cut = 0
    for step in ("restoring rows", "restoring the journal", "looking for destroyed"):
        process = Popen([*map(str, command)], stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=environment())
        for line in process.stderr:
            if step.encode() in line:
                process.kill()
                break
        process.stderr.close()
        if process.wait(60) != 0:
            cut += 1
            code, _, err = run("serve", "--dev", "--data-dir", data, "--listen", "127.0.0.1:0")
            assert code == 1 and "has not ended" in err, err
            assert run("init", "--data-dir", data)[0] == 1
    assert cut >= 1
    # The last kill came when all rows were there, and so the key that was destroyed after the backup.
    brought = restore(tmp_path / "backup", data, "--journal", newer)
    assert brought["KeysDestroyedAgain"] >= 1
    with Server(tmp_path / "new") as new:
        again = Site.of(new)
        assert destroyed(again, gone)
        for key, blobs in made.items():
            for blob in blobs:
                assert again.clients().decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == PLAINTEXT
        kept = told["Keys"] - brought["KeysDestroyedAgain"]
        assert backup(new, tmp_path / "again")["Keys"] == kept
        again.clients.close()


@pytest.mark.postgres
def test_backups_go_between_sqlite_and_postgresql(lived, tmp_path):
    server, site, made = lived
    told = backup(server, tmp_path / "backup")
    server.stop()
    postgres = Postgres().start()
    try:
        config = f'[store]\nurl = "{postgres.database("restored")}"\n'
        there = Server(tmp_path / "there", config=config)
        options = ("--config", there.config)
        brought = restore(tmp_path / "backup", there.data, *options, root=server.data / "root.key")
        assert brought["Keys"] == told["Keys"]
        assert "is not empty" in restore(tmp_path / "backup", there.data, *options, expect=1)
        with there:
            again = Site.of(there)
            for key, blobs in made.items():
                for blob in blobs:
                    assert again.clients().decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == PLAINTEXT
            again.clients().create_key()
            code, _, err = run("backup", "--to", tmp_path / "from", "--data-dir", there.data, *options)
            assert code == 0, err
            again.clients.close()
        back = restore(tmp_path / "from", tmp_path / "back" / "data", root=server.data / "root.key")
        assert (back["Keys"], back["Epoch"]) == (told["Keys"] + 1, 2)
    finally:
        postgres.stop()
