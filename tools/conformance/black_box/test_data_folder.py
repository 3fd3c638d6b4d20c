"""What lies on the disk: no secret in any form, and nothing that can be moved or forged without being noticed."""

import base64
import shutil

import pytest
from botocore.exceptions import ClientError

from harness import journal, packed
from harness.clients import HOME
from harness.process import Failed, Server
from harness.rows import KEY_ROW, Rows, copy_of
from harness.secrets import forms, sightings
from harness.site import Site
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

# What every PKCS #8 private key begins with, behind its outer length: P-256, and RSA.
PRIVATE_P256 = bytes.fromhex("020100301306072a8648ce3d020106082a8648ce3d030107")
PRIVATE_RSA = bytes.fromhex("020100300d06092a864886f70d010101050004")
SECRET_TEXT = "a text that was encrypted and must not be found anywhere"


def test_the_search_would_find_what_it_looks_for(tmp_path):
    """In each form, wherever it begins in its file."""
    secret = bytes(range(40, 72))
    for lead in range(3):
        for name, text in forms(secret).items():
            (tmp_path / "file").write_bytes(b"x" * lead + text)
            assert sightings(tmp_path, {"it": secret}), (name, lead)
    for lead in range(7):
        (tmp_path / "file").write_bytes(base64.b64encode(b"x" * lead + secret + b"y" * (lead % 4)))
        assert sightings(tmp_path, {"it": secret}), lead
    (tmp_path / "file").write_bytes(bytes(1000))
    assert sightings(tmp_path, {"it": secret}) == []


def test_no_secret_lies_in_the_data_folder(own_site, tmp_path):
    """Copied while the service runs, after every kind of call that has to do with a secret, refused ones too."""
    kms, secrets = own_site.clients(), {"plaintext": SECRET_TEXT.encode()}
    symmetric = kms.create_key(Description="a description is no secret, but nobody else's business either")[
        "KeyMetadata"
    ]["KeyId"]
    rsa = own_site.world.key("rsa").id
    p256 = own_site.world.key("p256").id
    own_site.world.key("rsa_sign")
    for key, algorithm in ((symmetric, "SYMMETRIC_DEFAULT"), (rsa, "RSAES_OAEP_SHA_256")):
        sealed = kms.encrypt(KeyId=key, Plaintext=SECRET_TEXT, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
        assert (
            kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm=algorithm)["Plaintext"]
            == SECRET_TEXT.encode()
        )
    for number in range(20):
        secrets[f"data key {number}"] = kms.generate_data_key(KeyId=symmetric, KeySpec="AES_256")["Plaintext"]
    kms.sign(KeyId=p256, Message=SECRET_TEXT, SigningAlgorithm="ECDSA_SHA_256")
    own_site.raw.kms("Encrypt", {"KeyId": "no such key", "Plaintext": SECRET_TEXT.encode()})
    own_site.raw.kms("Encrypt", {"KeyId": p256, "Plaintext": SECRET_TEXT.encode()})
    own_site.raw.kms("Encrypt", {"Plaintext": SECRET_TEXT.encode()})
    own_site.raw.kms("Encrypt", b'{"KeyId": 5, "Plaintext": "%s"' % forms(SECRET_TEXT.encode())["base64+0"])
    root_key = (own_site.server.data / "root.key").read_bytes()
    lines = [line for line in root_key.splitlines() or [root_key] if len(line) >= 16]
    secrets |= {f"root key {number}": line.strip() for number, line in enumerate(lines)}
    secrets |= {"a P-256 private key": PRIVATE_P256, "an RSA private key": PRIVATE_RSA}
    copied = copy_of(own_site.server.data, tmp_path / "copy")
    assert sightings(copied, secrets, leaving_out=("root.key",)) == []
    assert sightings(own_site.server.folder, {"log": SECRET_TEXT.encode()}, leaving_out=("root.key",)) == []


def test_rows_hide_what_the_operator_may_not_read(own_site, tmp_path):
    """Descriptions, policies and tags are sealed in the store; the journal may name them."""
    words = "a description in the store"
    own_site.clients().create_key(Description=words, Tags=[{"TagKey": "team", "TagValue": "a value in the store"}])
    copied = copy_of(own_site.server.data, tmp_path / "copy")
    path = Rows(copied).path
    for beside in path.parent.glob(path.name + "*"):
        assert words.encode() not in beside.read_bytes(), beside
        assert b"a value in the store" not in beside.read_bytes(), beside


@pytest.fixture
def stopped(serve):
    """Keys and a ciphertext, their server stopped: (folder of the data, ids, ciphertext of the first)."""
    server = serve("first").start()
    site = Site.of(server)
    first, second = (site.clients().create_key(Description=f"key {n}")["KeyMetadata"]["KeyId"] for n in range(2))
    other = site.clients(account="222222222222").create_key()["KeyMetadata"]["KeyId"]
    sealed = site.clients().encrypt(KeyId=first, Plaintext=PLAINTEXT)["CiphertextBlob"]
    site.clients().disable_key(KeyId=second)
    site.clients.close()
    assert server.stop() == 0
    return server.data, (first, second, other), sealed


def swapped(rows, ids):
    first, second = (rows.one(key, KEY_ROW) for key in ids[:2])
    rows.put(first[0], second[1])
    rows.put(second[0], first[1])


def altered(place):
    def change(rows, ids):
        key, value = rows.one(ids[0], KEY_ROW)
        changed = bytearray(value)
        changed[place] ^= 1
        rows.put(key, bytes(changed))

    return change


def truncated(rows, ids):
    key, value = rows.one(ids[0], KEY_ROW)
    rows.put(key, value[:-1])


def emptied(rows, ids):
    rows.put(rows.one(ids[0], KEY_ROW)[0], b"")


def copied_over(rows, ids):
    rows.copy(rows.one(ids[1], KEY_ROW)[0], rows.one(ids[0], KEY_ROW)[0])


def taken_by_another_account(rows, ids):
    """The first key's row under the other account's path; then that account would own it."""
    key, _ = rows.one(ids[0], KEY_ROW)
    rows.copy(key, key.replace(HOME.encode(), b"222222222222"))


def forged(rows, ids):
    rows.put(rows.one(ids[0], KEY_ROW)[0], b'{"version":1,"state":"Enabled"}')


FORGERIES = {
    "two rows swapped": swapped,
    "a bit at the start": altered(0),
    "a bit in the middle": altered(40),
    "a bit at the end": altered(-1),
    "a byte less": truncated,
    "nothing left": emptied,
    "another key's row": copied_over,
    "taken by another account": taken_by_another_account,
    "in clear text": forged,
}


@pytest.mark.parametrize("forge", [pytest.param(forge, id=name.replace(" ", "_")) for name, forge in FORGERIES.items()])
def test_a_row_that_was_moved_or_forged_gives_no_wrong_answer(stopped, tmp_path, forge):
    """The start is refused with a reason, or every use is; whatever is answered is true."""
    data, (first, second, other), sealed = stopped
    forge(Rows(data), (first, second, other))
    server = Server(tmp_path / "again")
    server.data = data
    try:
        server.start()
    except Failed as refused:
        assert refused.code == 1 and "sealroom: " in refused.said and "panicked" not in refused.said, refused.said
        return
    site = Site.of(server)
    try:
        judge_forgery(site, forge, first, second, sealed)
    finally:
        site.clients.close()
        server.stop()
    assert " panicked at " not in server.log()


def judge_forgery(site, forge, first, second, sealed):
    def outcome(operation, parameters, **which):
        try:
            return site.clients.call(operation, parameters, **which)[0]
        except ClientError as refused:
            return refused.response["Error"]["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"]

    if forge is taken_by_another_account:
        stolen = outcome("DescribeKey", {"KeyId": first}, account="222222222222")
        assert stolen[1] in (400, 500, 503), stolen
        assert isinstance(outcome("Decrypt", {"KeyId": first, "CiphertextBlob": sealed}, account="222222222222"), tuple)
        return
    for operation, parameters in (
        ("DescribeKey", {"KeyId": first}),
        ("Encrypt", {"KeyId": first, "Plaintext": PLAINTEXT}),
        ("Decrypt", {"CiphertextBlob": sealed}),
        ("EnableKey", {"KeyId": first}),
    ):
        answer = outcome(operation, parameters)
        assert isinstance(answer, tuple) and answer[1] in (400, 500, 503), (operation, answer)
    if forge is not swapped:
        shown = outcome("DescribeKey", {"KeyId": second})
        assert shown["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_deleted_row_is_a_key_that_is_not_there(stopped, tmp_path):
    """Deletion is not prevented, only found by comparing with the journal; but it makes nothing up."""
    data, (first, second, _), sealed = stopped
    rows = Rows(data)
    rows.delete(rows.one(first, KEY_ROW)[0])
    server = Server(tmp_path / "again")
    server.data = data
    with server:
        site = Site.of(server)
        for operation, parameters in (
            ("DescribeKey", {"KeyId": first}),
            ("Decrypt", {"KeyId": first, "CiphertextBlob": sealed}),
        ):
            with pytest.raises(ClientError) as refused:
                site.clients.call(operation, parameters)
            assert refused.value.response["Error"]["Code"] == "NotFoundException"
        assert site.clients().describe_key(KeyId=second)["KeyMetadata"]["KeyState"] == "Disabled"
        site.clients.close()


@pytest.mark.parametrize("what", ["a letter of a record", "a record's length"])
def test_a_journal_that_was_changed_is_not_built_upon(serve, what):
    """What came after its last checkpoint is verified at the start; a server that was killed makes none at its end."""
    server = written(serve)
    server.kill()
    path = longest(server)
    text = bytearray(path.read_bytes())
    name = text.index(b'"CreateKey"')
    # The record that the name stands in began at the last first word before it.
    changed = name + 3 if what == "a letter of a record" else text.rindex(packed.START, 0, name) - 1
    text[changed] ^= 1
    path.write_bytes(bytes(text))
    refused_for_the_journal(server)


def test_a_journal_that_lacks_a_file_is_not_built_upon(serve):
    """A checkpoint, such as the one at the end, names how far each lane went."""
    server = written(serve)
    assert server.stop() == 0
    longest(server).unlink()
    refused_for_the_journal(server)


def written(serve):
    """A running server with some records in its journal."""
    server = serve().start()
    site = Site.of(server)
    for _ in range(30):
        assert site.raw.kms("CreateKey", {}).status == 200
    site.clients.close()
    return server


def longest(server):
    return max(journal.files(server.data), key=lambda path: path.stat().st_size)


def refused_for_the_journal(server):
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1 and "journal" in refused.value.said, refused.value.said


def test_another_root_key_opens_nothing(stopped, tmp_path):
    data, _, _ = stopped
    other = Server(tmp_path / "other")
    with other:
        pass
    shutil.copy(other.data / "root.key", data / "root.key")
    server = Server(tmp_path / "again")
    server.data = data
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1 and "root" in refused.value.said, refused.value.said


def test_a_missing_root_key_is_told_and_not_replaced(stopped, tmp_path):
    data, _, _ = stopped
    (data / "root.key").unlink()
    server = Server(tmp_path / "again")
    server.data = data
    with pytest.raises(Failed) as refused:
        server.start()
    assert refused.value.code == 1 and "root" in refused.value.said, refused.value.said
    assert not (data / "root.key").exists()


def test_files_are_the_owners_alone(own_site):
    own_site.clients().create_key()
    for path in [own_site.server.data, *own_site.server.data.rglob("*")]:
        mode = path.lstat().st_mode & 0o777
        assert mode & 0o077 == 0, f"{path}: {mode:o}"
