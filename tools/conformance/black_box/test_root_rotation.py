"""Another root of trust in the present one's place: in two steps, each of which may be cut off, and nobody is locked out."""

import json
import random
import shutil
import subprocess
import time

import pytest

from harness.process import Failed, Server, binary, environment, run
from harness.rows import Rows
from harness.site import Site
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

SEED = 20_261_127
PHRASE = '[root]\nkind = "passphrase"\npassphrase_file = "{}"\n'


def asked(data, *arguments, expect=0):
    """What a command about the root printed, or why it failed."""
    code, out, err = run(*arguments, "--data-dir", data, "--output", "json")
    assert code == expect, err
    return json.loads(out) if code == 0 else err


def rotate(data, *arguments, expect=0):
    return asked(data, "rotate-root", *arguments, expect=expect)


def opens(server, sealed):
    """Whether the server, running already, opens what `Lived` made."""
    site = Site.of(server)
    opened = [site.clients().decrypt(CiphertextBlob=blob)["Plaintext"] for blob in sealed]
    site.clients.close()
    return opened == [PLAINTEXT] * len(sealed)


def make(server, count=5):
    """Ciphertexts of keys of their own."""
    site = Site.of(server)
    keys = [site.clients().create_key()["KeyMetadata"]["KeyId"] for _ in range(count)]
    made = [site.clients().encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"] for key in keys]
    site.clients.close()
    return made


def wrapped(data):
    """The domain keys as the root wrapped them: the row as it lies in the file."""
    return Rows(data).one("boot", "domain-keys")[1]


def refuses(server):
    """What a server that doesn't start says."""
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1
    return refused.value.said


def test_a_key_file_takes_the_place_of_another(serve, tmp_path):
    server = serve().start()
    sealed = make(server)
    root, old, new = server.data / "root.key", tmp_path / "old.key", tmp_path / "new.key"
    shutil.copy(root, old)
    before = wrapped(server.data)
    assert "no rotation of the root has begun" in rotate(server.data, "--cancel", expect=1)
    # Without one, `--finish` only proves that all is well.
    assert rotate(server.data, "--finish") == {"DomainKeys": 1, "Roots": 1}
    assert "under already" in rotate(server.data, "--key-file", root, expect=1)

    assert rotate(server.data, "--key-file", new) == {"DomainKeys": 1, "Roots": 2}
    assert new.stat().st_mode & 0o777 == 0o600 and new.read_bytes() != old.read_bytes()
    # Once more is no other rotation; another one is.
    assert rotate(server.data, "--key-file", new) == {"DomainKeys": 1, "Roots": 2}
    assert "to another root" in rotate(server.data, "--key-file", tmp_path / "third.key", expect=1)
    assert "still names the present root" in rotate(server.data, "--finish", expect=1)
    assert server.stop() == 0
    for there in (new, old, new):
        shutil.copy(there, root)
        with server:
            assert opens(server, sealed)
    server.start()
    assert "names the new root already" in rotate(server.data, "--cancel", expect=1)
    assert rotate(server.data, "--finish") == {"DomainKeys": 1, "Roots": 1}
    assert rotate(server.data, "--finish") == {"DomainKeys": 1, "Roots": 1}
    assert opens(server, sealed + make(server))
    assert server.stop() == 0
    # What the old root wrapped is nowhere any more.
    assert wrapped(server.data) != before
    assert Rows(server.data).containing("next-root") == []
    left = [path for path in server.data.rglob("*") if path.is_file() and before[9:60] in path.read_bytes()]
    assert left == []
    shutil.copy(old, root)
    assert "is it the root that this store was set up with" in refuses(server)
    shutil.copy(new, root)
    with server:
        assert opens(server, sealed)


def test_a_new_root_can_be_taken_back(serve, tmp_path):
    server = serve().start()
    sealed, new = make(server), tmp_path / "new.key"
    rotate(server.data, "--key-file", new)
    assert rotate(server.data, "--cancel") == {"DomainKeys": 1, "Roots": 1}
    assert Rows(server.data).containing("next-root") == []
    assert server.stop() == 0
    kept = (server.data / "root.key").read_bytes()
    shutil.copy(new, server.data / "root.key")
    assert "is it the root that this store was set up with" in refuses(server)
    (server.data / "root.key").write_bytes(kept)
    with server:
        assert opens(server, sealed)
        # The file that was made for it is taken when it begins anew.
        rotate(server.data, "--key-file", new)
        shutil.copy(new, server.data / "root.key")
        rotate(server.data, "--finish")
    with server:
        assert opens(server, sealed)


def test_a_passphrase_changes_and_a_wrong_one_opens_nothing(serve, tmp_path):
    phrase, new = tmp_path / "passphrase", tmp_path / "new"
    phrase.write_text("correct horse battery staple\n")
    server = serve(config=PHRASE.format(phrase)).start()
    sealed = make(server)
    change = ("change-passphrase", "--config", server.config, "--to-file", new)
    assert "cannot read the passphrase" in asked(server.data, *change, expect=1)
    new.write_text("correct horse battery staple")
    assert "under already" in asked(server.data, *change, expect=1)
    new.write_text("")
    assert "the passphrase is empty" in asked(server.data, *change, expect=1)
    new.write_text("another\r\n")
    assert asked(server.data, *change) == {"DomainKeys": 1, "Roots": 2}
    new.write_text("a third")
    assert "to another root" in asked(server.data, *change, expect=1)
    phrase.write_text("another")
    # The file is read again: no start is needed.
    assert rotate(server.data, "--finish") == {"DomainKeys": 1, "Roots": 1}
    assert server.stop() == 0
    phrase.write_text("correct horse battery staple\n")
    assert "the passphrase is wrong" in refuses(server)
    phrase.write_text("another")
    with server:
        assert opens(server, sealed)
    said = server.log() + "".join(path.read_text() for path in server.folder.glob("*.log"))
    assert "another\r" not in said and "correct horse" not in said


def test_a_root_of_one_kind_takes_the_place_of_one_of_the_other(serve, tmp_path):
    phrase = tmp_path / "passphrase"
    phrase.write_text("correct horse")
    server = serve(config="").start()
    sealed = make(server)
    code, _, err = run("change-passphrase", "--to-file", phrase, "--data-dir", server.data)
    assert code == 1 and "is of kind `key-file`" in err
    rotate(server.data, "--passphrase-file", phrase)
    assert "still names the present root" in rotate(server.data, "--finish", expect=1)
    assert server.stop() == 0
    by_phrase, by_file = PHRASE.format(phrase), ""
    for config in (by_phrase, by_file, by_phrase):
        server.config.write_text(config)
        with server:
            assert opens(server, sealed)
    with server:
        rotate(server.data, "--finish", "--config", server.config)
    server.config.write_text(by_file)
    assert "wrapped by a root of kind `passphrase`" in refuses(server)
    server.config.write_text(by_phrase)
    with server:
        assert opens(server, sealed)
        rotate(server.data, "--key-file", tmp_path / "back.key", "--config", server.config)
    shutil.copy(tmp_path / "back.key", server.data / "root.key")
    server.config.write_text(by_file)
    with server:
        rotate(server.data, "--finish")
        assert opens(server, sealed)


def test_killed_at_any_moment_nobody_is_locked_out(serve, tmp_path):
    """kill -9 of the server while it rotates the root: it starts again with the root that is in place, and the same ends well."""
    server, chance = serve(), random.Random(SEED)
    server.start()
    sealed, root = make(server), server.data / "root.key"
    for number in range(8):
        new = tmp_path / f"{number}.key"
        for step in (["--key-file", str(new)], ["--finish"]):
            killed_during(server, step, chance.random() * 0.06)
            with server:
                assert opens(server, sealed)
                assert rotate(server.data, *step) == {"DomainKeys": 1, "Roots": 2 if len(step) > 1 else 1}
            if step[0] == "--key-file":
                shutil.copy(new, root)
            server.start()
        assert server.stop() == 0
        server.start()
        assert opens(server, sealed)
    assert Rows(server.data).containing("next-root") == []


def killed_during(server, step, after):
    """Kills the server `after` seconds of a command about the root."""
    command = [binary(), "rotate-root", *step, "--data-dir", str(server.data)]
    asking = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    time.sleep(after)
    server.kill()
    asking.wait(30)


def test_a_backup_from_between_opens_with_either_root(serve, tmp_path):
    server = serve().start()
    sealed, new = make(server), tmp_path / "new.key"
    rotate(server.data, "--key-file", new)
    code, _, err = run("backup", "--to", tmp_path / "backup", "--data-dir", server.data)
    assert code == 0, err
    assert server.stop() == 0
    for number, root in enumerate((server.data / "root.key", new)):
        data = tmp_path / f"{number}" / "data"
        data.mkdir(parents=True)
        shutil.copy(root, data / "root.key")
        code, _, err = run("restore", "--from", tmp_path / "backup", "--data-dir", data)
        assert code == 0, err
        with Server(data.parent) as again:
            assert opens(again, sealed)
            # And the rotation goes on from there.
            shutil.copy(new, data / "root.key")
            assert rotate(data, "--finish") == {"DomainKeys": 1, "Roots": 1}
        with Server(data.parent) as again:
            assert opens(again, sealed)
