"""ML-DSA and ML-KEM against OpenSSL 4, which Python's `cryptography` brings: each side takes what the other made.

`SEALROOM_INTEROP` names the program that is the HSM's half (`core/hsm/examples/interop.rs`); what it prints and reads is
described there.
"""

import hashlib
import json
import os
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

SIGNING = {
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
}
ENCAPSULATING = {"ML_KEM_768": mlkem.MLKEM768PrivateKey, "ML_KEM_1024": mlkem.MLKEM1024PrivateKey}
MESSAGE = b"a message for both"


def program(command, given=b""):
    ran = subprocess.run([os.environ["SEALROOM_INTEROP"], command], input=given, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    return json.loads(ran.stdout)


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def ours():
    return {
        spec: {name: bytes.fromhex(value) for name, value in entry.items()} for spec, entry in program("make").items()
    }


@pytest.mark.parametrize("spec", SIGNING)
def test_our_signatures_verify_there(ours, spec):
    entry = ours[spec]
    key = load_der_public_key(entry["spki"])
    assert spki(key) == entry["spki"]
    key.verify(entry["signature"], entry["message"])
    hashed_key = hashlib.shake_256(key.public_bytes_raw()).digest(64)
    key.verify_mu(entry["signature"], hashlib.shake_256(hashed_key + b"\0\0" + entry["message"]).digest(64))
    with pytest.raises(InvalidSignature):
        key.verify(entry["signature"], b"another message")


@pytest.mark.parametrize("spec", ENCAPSULATING)
def test_our_pairs_and_secrets_open_there(ours, spec):
    entry = ours[spec]
    key = load_der_private_key(entry["private"], None)
    assert key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == entry["private"]
    assert spki(key.public_key()) == entry["spki"]
    assert key.decapsulate(entry["ciphertext"]) == entry["secret"]


def test_what_is_made_there_is_taken_here(ours):
    given, expected = {}, {}
    for spec, kind in SIGNING.items():
        key = kind.generate()
        public = key.public_key()
        hashed_key = hashlib.shake_256(public.public_bytes_raw()).digest(64)
        mu = hashlib.shake_256(hashed_key + b"\0\0" + MESSAGE).digest(64)
        given[spec] = {"spki": spki(public), "message": MESSAGE, "mu": mu, "signature": key.sign(MESSAGE)}
        expected[spec] = True
    for spec, kind in ENCAPSULATING.items():
        key = kind.generate()
        secret, ciphertext = key.public_key().encapsulate()
        private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        given[spec] = {"private": private, "ciphertext": ciphertext}
        expected[spec] = secret.hex()

    def answers():
        told = {spec: {name: value.hex() for name, value in entry.items()} for spec, entry in given.items()}
        return program("check", json.dumps(told).encode())

    assert answers() == expected
    # A wrong signature and a tampered ciphertext come out otherwise.
    for spec in SIGNING:
        given[spec]["signature"] = given[spec]["signature"][:-1] + bytes([given[spec]["signature"][-1] ^ 1])
    for spec in ENCAPSULATING:
        given[spec]["ciphertext"] = given[spec]["ciphertext"][:-1] + bytes([given[spec]["ciphertext"][-1] ^ 1])
    wrong = answers()
    assert all(wrong[spec] is False for spec in SIGNING)
    assert all(wrong[spec] != expected[spec] for spec in ENCAPSULATING)
