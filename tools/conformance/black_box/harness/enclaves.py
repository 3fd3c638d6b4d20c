"""Attestation documents as a hypervisor signs them, with a PKI of the tests' own that is made in each run."""

import datetime
import os
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from . import cbor

DER = serialization.Encoding.DER
ES384 = -35
MODULE = "i-1234567890abcdef0-enc1234567890abcde"
HOUR = datetime.timedelta(hours=1)


def spki(key):
    return key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def register(number):
    """What register `number` holds."""
    return bytes([number]) * 48


class Pki:
    """A root, a certificate between, and leaves: all on P-384."""

    def __init__(self):
        self.root_key, self.between_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
        self.root = self.certificate("root", self.root_key, "root", self.root_key, ca=True)
        self.between = self.certificate("between", self.between_key, "root", self.root_key, ca=True)

    @staticmethod
    def certificate(name, key, issuer, issuer_key, ca=False, after=3 * HOUR):
        """A certificate from an hour ago until `after` from now."""

        def called(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        now = datetime.datetime.now(datetime.UTC)
        usage = {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
        others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage |= dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
        return (
            x509.CertificateBuilder()
            .subject_name(called(name))
            .issuer_name(called(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - HOUR)
            .not_valid_after(now + after)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .sign(issuer_key, hashes.SHA384())
        )

    def pem(self):
        return self.root.public_bytes(serialization.Encoding.PEM)

    def document(self, recipient, *, age=0, after=3 * HOUR, signer=None, changes=None, algorithm=ES384, spoil=None):
        """A document for the key of `recipient`, `age` seconds old. `changes` replaces members, or takes them away
        with `...`; `signer` signs in place of the leaf; `spoil` changes the payload after it was signed."""
        leaf_key = ec.generate_private_key(ec.SECP384R1())
        leaf = self.certificate("leaf", leaf_key, "between", self.between_key, after=after)
        members = {
            "module_id": MODULE,
            "digest": "SHA384",
            "timestamp": int((time.time() - age) * 1000),
            "pcrs": {number: register(number) for number in range(16)},
            "certificate": leaf.public_bytes(DER),
            "cabundle": [self.root.public_bytes(DER), self.between.public_bytes(DER)],
            "public_key": spki(recipient),
            "user_data": None,
            "nonce": None,
        } | (changes or {})
        payload = cbor.dumps({name: value for name, value in members.items() if value is not ...})
        protected = cbor.dumps({1: algorithm})
        signed = cbor.dumps(["Signature1", protected, b"", payload])
        r, s = decode_dss_signature((signer or leaf_key).sign(signed, ec.ECDSA(hashes.SHA384())))
        if spoil:
            assert spoil(payload) != payload
            payload = spoil(payload)
        return cbor.dumps([protected, {}, payload, r.to_bytes(48) + s.to_bytes(48)])


def recipient_of(document):
    return {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document}


def new_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def opened(folder, key, message):
    """What OpenSSL makes of a `CiphertextForRecipient`. The key's file is the caller's alone, and is removed."""
    file = folder / f"recipient-{os.urandom(4).hex()}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(private)
        ran = subprocess.run(
            ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", file],
            input=message,
            capture_output=True,
            timeout=60,
        )
    finally:
        file.unlink()
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout
