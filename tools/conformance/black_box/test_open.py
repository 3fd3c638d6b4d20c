"""`sealroom open`: whoever holds the imported material needs neither the service nor anything of its data."""

import base64
import json
import subprocess

import pytest

from harness.process import binary, environment
from harness.waiting import until
from harness.world import MATERIAL, PLAINTEXT
from test_imports import NEW, bring, make, shown

CONTEXT = {"team": "blue", "purpose=why": "=x,y"}
SECOND = bytes(range(32))


@pytest.fixture(name="owner")
def owner_of_a_key(site, tmp_path):
    """A key of two pieces of material, a file with each, and a ciphertext of each under CONTEXT."""
    kms = site.clients()
    key = make(kms)
    sealed = {}
    for name, material in (("first", MATERIAL), ("second", SECOND)):
        (tmp_path / name).write_bytes(material)
        piece = bring(kms, key, material, **(NEW if sealed else {}))["KeyMaterialId"]
        if sealed:
            kms.rotate_key_on_demand(KeyId=key)
        until(lambda piece=piece: shown(kms, key)["CurrentKeyMaterialId"] == piece, "the piece is current")
        sealed[name] = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT, EncryptionContext=CONTEXT)["CiphertextBlob"]
        (tmp_path / f"{name}.enc").write_bytes(sealed[name])
    return kms, key, tmp_path, sealed


def opens(*words, given=b""):
    """(exit code, standard output, standard error) of `sealroom open`."""
    done = subprocess.run(
        [binary(), "open", *map(str, words)], input=given, capture_output=True, timeout=60, env=environment()
    )
    return done.returncode, done.stdout, done.stderr.decode()


def pairs(context):
    return [word for name, value in context.items() for word in ("--context", f"{name}={value}")]


# `purpose=why` can't be told apart from its value but in JSON.
WHOLE = ["--context", json.dumps(CONTEXT)]


def test_each_piece_opens_what_it_made_and_only_that(owner):
    _, key, folder, _ = owner
    for name, other in (("first", "second"), ("second", "first")):
        code, out, err = opens("--material", folder / name, *WHOLE, folder / f"{name}.enc")
        assert (code, out, err) == (0, PLAINTEXT, "")
        both = ["--material", folder / other, "--material", folder / name]
        assert opens(*both, *WHOLE, folder / f"{name}.enc") == (0, PLAINTEXT, "")
        code, out, err = opens("--material", folder / other, *WHOLE, folder / f"{name}.enc")
        assert (code, out) == (1, b"") and f"of key {key.rpartition('/')[2]} in account" in err, err


def test_the_material_opens_after_the_service_lost_it(owner):
    kms, key, folder, _ = owner
    kms.delete_imported_key_material(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert opens("--material", folder / "second", *WHOLE, folder / "second.enc")[1] == PLAINTEXT


def test_a_ciphertext_comes_as_bytes_or_base64_from_a_file_or_standard_input(owner):
    _, _, folder, sealed = owner
    text = base64.encodebytes(sealed["first"])
    (folder / "text").write_bytes(text)
    for words, given in ((["-"], sealed["first"]), ([], text), ([folder / "text"], b"")):
        assert opens("--material", folder / "first", *WHOLE, *words, given=given) == (0, PLAINTEXT, "")


def test_data_keys_and_private_keys_open_too(owner):
    kms, key, folder, _ = owner
    context, one = {"a": "1", "b": "2"}, ["--material", folder / "second"]
    made = kms.generate_data_key(KeyId=key, NumberOfBytes=48, EncryptionContext=context)
    given = made["CiphertextBlob"]
    assert opens(*one, *pairs(context), given=given) == (0, made["Plaintext"], "")
    assert opens(*one, *reversed_pairs(context), given=given) == (0, made["Plaintext"], "")
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
    assert opens(*one, given=made["PrivateKeyCiphertextBlob"]) == (0, made["PrivateKeyPlaintext"], "")
    moved = kms.re_encrypt(CiphertextBlob=given, SourceEncryptionContext=context, DestinationKeyId=key)
    made = kms.decrypt(CiphertextBlob=given, EncryptionContext=context)
    assert opens(*one, given=moved["CiphertextBlob"]) == (0, made["Plaintext"], "")
    # The longest that there is.
    long = bytes(1024 * 1024)
    given = base64.b64encode(kms.encrypt(KeyId=key, Plaintext=long)["CiphertextBlob"])
    assert opens(*one, given=given) == (0, long, "")


def reversed_pairs(context):
    return pairs(dict(reversed(context.items())))


def test_what_does_not_open_says_why_and_prints_nothing(owner):
    _, _, folder, sealed = owner
    right = ["--material", folder / "first"]
    changed = sealed["first"][:-1] + bytes([sealed["first"][-1] ^ 1])
    (folder / "short").write_bytes(MATERIAL[:31])
    (folder / "long").write_bytes(MATERIAL + b"\n")
    refused = "the encryption context is another or the ciphertext was changed"
    for words, given, said in (
        (right, sealed["first"], refused),
        ([*right, *pairs({"team": "blue"})], sealed["first"], refused),
        ([*right, *WHOLE, *pairs({"more": "1"})], sealed["first"], refused),
        ([*right, *WHOLE], changed, refused),
        ([*right, *WHOLE, "--context", "team=red"], sealed["first"], "`team` twice"),
        ([*right, "--context", "team"], sealed["first"], "no pair NAME=VALUE"),
        ([*right, "--context", '{"team": 1}'], sealed["first"], "no JSON object of strings"),
        ([*right, "--context", "team="], sealed["first"], "empty key or value"),
        (right, b"no ciphertext", "no ciphertext of a symmetric key"),
        (right, b"", "no ciphertext of a symmetric key"),
        (right, bytes([1]) * (2 * 1024 * 1024 + 1), "longer than any ciphertext"),
        (["--material", folder / "short"], sealed["first"], "32 bytes"),
        (["--material", folder / "long"], sealed["first"], "32 bytes"),
        (["--material", folder / "absent"], sealed["first"], "absent"),
        ([*right, folder / "absent.enc"], b"", "absent.enc"),
    ):
        code, out, err = opens(*words, given=given)
        assert (code, out) == (1, b"") and said in err, (words, err)
        assert MATERIAL.hex() not in err and PLAINTEXT.decode() not in err
    assert opens(given=sealed["first"])[0] == 2


def test_a_key_that_was_made_in_the_service_opens_nowhere_else(site, tmp_path):
    kms = site.clients()
    (tmp_path / "material").write_bytes(MATERIAL)
    given = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=PLAINTEXT)["CiphertextBlob"]
    code, out, err = opens("--material", tmp_path / "material", given=given)
    assert (code, out) == (1, b"") and "none of the material given" in err


def test_help_says_what_is_needed():
    code, out, _ = opens("--help")
    told = out.decode()
    assert code == 0 and all(word in told for word in ("--material", "--context", "base64", "No server"))
