"""Key material, wrapped by its owner: by OpenSSL through Python's `cryptography`, and by the command `openssl`, which knows
SM2 besides."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

HASHES = {"1": hashes.SHA1, "256": hashes.SHA256}


def wrap(public, algorithm, material):
    """`material` under the public key, as AWS's guide says for the wrapping algorithm."""
    if algorithm == "SM2PKE":
        return openssl(public, "", material)
    scheme, _, bits = algorithm.rpartition("_SHA_")
    digest = HASHES[bits]()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    key = serialization.load_der_public_key(public)
    if scheme == "RSAES_OAEP":
        return key.encrypt(material, oaep)
    assert scheme == "RSA_AES_KEY_WRAP"
    inner = os.urandom(32)
    return key.encrypt(inner, oaep) + aes_key_wrap_with_padding(inner, material)


def wrap_by_command(public, algorithm, material):
    """The same with the commands of AWS's guide."""
    scheme, _, bits = algorithm.rpartition("_SHA_")
    options = f"-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha{bits} -pkeyopt rsa_mgf1_md:sha{bits}"
    if scheme == "RSAES_OAEP":
        return openssl(public, options, material)
    inner = os.urandom(32)
    command = f"enc -id-aes256-wrap-pad -K {inner.hex()} -iv A65959A6"
    return openssl(public, options, inner) + run(command, material)


def openssl(public, options, material):
    """`openssl pkeyutl -encrypt` under a public key in DER."""
    with TemporaryDirectory() as folder:
        key = Path(folder) / "public.der"
        key.write_bytes(public)
        return run(f"pkeyutl -encrypt -pubin -keyform DER -inkey {key} {options}", material)


def run(command, given):
    """What `openssl` writes to standard output."""
    done = subprocess.run(["openssl", *command.split()], input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
