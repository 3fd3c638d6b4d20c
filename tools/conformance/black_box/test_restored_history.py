"""Restore of a backup onto an empty machine brings back every key and opens every ciphertext of a random history.

10,000 seeded operations, each answer held against a small model of AWS's rules. One backup is taken in the middle of the
load, one at its end; each is restored onto an empty folder and compared.
"""

import json
import shutil
import subprocess

import pytest
from botocore.exceptions import ClientError

from harness.history import History, make_usable, shown
from harness.process import Server, binary, environment, run
from harness.site import Site

pytestmark = pytest.mark.operation

OPERATIONS = 10_000
SEED = 20_261_126


def restored(backup, folder, root):
    """A server, not started yet, on an empty folder into which the backup was restored."""
    data = folder / "data"
    data.mkdir(parents=True)
    shutil.copy(root, data / "root.key")
    code, out, err = run("restore", "--from", backup, "--data-dir", data, "--output", "json")
    assert code == 0, err
    return Server(folder), json.loads(out)


def test_a_restore_brings_back_a_random_history(serve, tmp_path):
    server = serve().start()
    site = Site.of(server)
    history = History(server, site.clients(), SEED)
    root, middle, end = server.data / "root.key", tmp_path / "middle", tmp_path / "end"
    while history.steps < OPERATIONS // 2:
        history.step()

    # The backup is of some moment between two of these views.
    command = [binary(), "backup", "--to", middle, "--data-dir", server.data]
    taking = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, env=environment())
    history.may_pass_days = False
    moments = [(history.model.view(), len(history.ciphertexts))]
    while taking.poll() is None:
        history.step()
        moments.append((history.model.view(), len(history.ciphertexts)))
    assert taking.returncode == 0 and len(moments) > 10
    history.may_pass_days = True

    while history.steps < OPERATIONS:
        history.step()
    code, _, err = run("backup", "--to", end, "--data-dir", server.data)
    assert code == 0, err
    server.kill()
    site.clients.close()
    assert any(key.rotations > 1 for key in history.model.keys.values()) and len(history.model.aliases) > 5
    assert history.refused > OPERATIONS // 50 and history.model.gone and len(history.ciphertexts) > OPERATIONS // 10

    at_middle(history, moments, middle, tmp_path / "at-middle", root)
    at_end(history, end, tmp_path / "at-end", root)


def at_middle(history, moments, backup, folder, root):
    server, told = restored(backup, folder, root)
    with server:
        site = Site.of(server)
        kms = site.clients()
        # A rotation on demand that was asked for is carried out.
        server.advance(1)
        view = shown(kms)
        made = next((made for moment, made in moments if moment == view), None)
        assert made is not None, f"the backup shows no moment of the history: {nearest(moments, view)}"
        assert told["Keys"] == len(view)
        make_usable(kms, view)
        for key_id, blob, context, plaintext, algorithm in history.ciphertexts[:made:7]:
            if key_id in view:
                opened = kms.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionAlgorithm=algorithm, **context)
                assert plaintext in (None, opened["Plaintext"])
        site.clients.close()


def nearest(moments, view):
    """What differs between a view and the moment that is most like it."""
    keys = {key_id for moment, _ in moments for key_id in moment} | set(view)

    def differs(moment):
        return [(key, moment.get(key), view.get(key)) for key in keys if moment.get(key) != view.get(key)]

    return min((differs(moment) for moment, _ in moments), key=len)


def at_end(history, backup, folder, root):
    server, told = restored(backup, folder, root)
    with server:
        site = Site.of(server)
        kms = site.clients()
        view = shown(kms)
        assert view == history.model.view()
        assert (told["Keys"], told["Tombstones"]) == (len(view), len(history.model.gone))
        for key_id in history.model.gone:
            with pytest.raises(ClientError) as refused:
                kms.describe_key(KeyId=key_id)
            assert refused.value.response["Error"]["Code"] == "NotFoundException"
        make_usable(kms, view)
        opened = 0
        for key_id, blob, context, plaintext, algorithm in history.ciphertexts:
            if key_id in view:
                answer = kms.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionAlgorithm=algorithm, **context)
                assert plaintext in (None, answer["Plaintext"])
                opened += 1
        for name, key_id in history.model.aliases.items():
            assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key_id
        assert opened > len(history.ciphertexts) // 2
        for key_id, members in history.macs:
            assert key_id not in view or kms.verify_mac(**members)["MacValid"]
        for key_id, members in history.signatures:
            assert key_id not in view or kms.verify(**members)["SignatureValid"]
        site.clients.close()
