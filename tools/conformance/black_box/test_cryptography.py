"""What keys make, checked by another library: public keys, MACs, data key pairs, shared secrets, random bytes."""

import hashlib
import hmac

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from harness.world import PLAINTEXT


@pytest.fixture(name="kms")
def client(site):
    return site.clients()


def make(kms, spec, usage):
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    error = told.value.response["Error"]
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error.get("Message", "")


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs(kms, bits):
    key, algorithm = make(kms, f"HMAC_{bits}", "GENERATE_VERIFY_MAC"), f"HMAC_SHA_{bits}"
    made = kms.generate_mac(KeyId=key, Message=PLAINTEXT, MacAlgorithm=algorithm)
    assert len(made["Mac"]) * 8 == bits and made["KeyId"] == key and made["MacAlgorithm"] == algorithm
    again = kms.generate_mac(KeyId=key, Message=PLAINTEXT, MacAlgorithm=algorithm)["Mac"]
    assert hmac.compare_digest(made["Mac"], again)
    asked = {"KeyId": key, "Message": PLAINTEXT, "MacAlgorithm": algorithm}
    assert kms.verify_mac(Mac=made["Mac"], **asked)["MacValid"] is True
    changed = bytes([made["Mac"][0] ^ 1]) + made["Mac"][1:]
    for wrong in (changed, made["Mac"][:-1], made["Mac"] + b"\0"):
        assert refused(kms.verify_mac, Mac=wrong, **asked) == ("KMSInvalidMacException", "")
    assert refused(kms.generate_mac, DryRun=True, **asked)[0] == "DryRunOperationException"
    long = refused(kms.generate_mac, KeyId=key, Message=b"x" * 4097, MacAlgorithm=algorithm)
    assert long[0] == "ValidationException"
    assert kms.generate_mac(KeyId=key, Message=b"x" * 4096, MacAlgorithm=algorithm)["Mac"]


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_public_keys_verify_what_was_signed(kms, spec):
    key = make(kms, spec, "SIGN_VERIFY")
    shown = kms.get_public_key(KeyId=key)
    public = serialization.load_der_public_key(shown["PublicKey"])
    algorithm = "RSASSA_PSS_SHA_256" if spec == "RSA_2048" else shown["SigningAlgorithms"][0]
    assert (shown["KeySpec"], shown["KeyUsage"], shown["KeyId"]) == (spec, "SIGN_VERIFY", key)
    assert algorithm in shown["SigningAlgorithms"] and "EncryptionAlgorithms" not in shown
    signature = kms.sign(KeyId=key, Message=PLAINTEXT, SigningAlgorithm=algorithm)["Signature"]
    digest = getattr(hashes, "SHA" + algorithm[-3:])()
    if spec == "RSA_2048":
        public.verify(signature, PLAINTEXT, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    else:
        public.verify(signature, PLAINTEXT, ec.ECDSA(digest))


def test_a_public_key_encrypts_what_the_key_decrypts(kms):
    key = make(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    sealed = public.encrypt(PLAINTEXT, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == PLAINTEXT


def test_ed25519_signs_messages(kms):
    key = make(kms, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, ed25519.Ed25519PublicKey)
    public.verify(kms.sign(KeyId=key, Message=PLAINTEXT, SigningAlgorithm="ED25519_SHA_512")["Signature"], PLAINTEXT)
    digest = hashlib.sha512(PLAINTEXT).digest()
    asked = {"KeyId": key, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": "ED25519_PH_SHA_512"}
    signature = kms.sign(**asked)["Signature"]
    assert kms.verify(Signature=signature, **asked)["SignatureValid"] is True


def test_who_has_no_public_key_and_who_shows_it_when_disabled(kms):
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refused(kms.get_public_key, KeyId=symmetric) == ("UnsupportedOperationException", "")
    pair = make(kms, "ECC_NIST_P256", "SIGN_VERIFY")
    kms.disable_key(KeyId=pair)
    assert kms.get_public_key(KeyId=pair)["PublicKey"]
    kms.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    told = refused(kms.get_public_key, KeyId=pair)
    assert told == ("KMSInvalidStateException", f"{pair} is pending deletion.")


PAIRS = ["RSA_2048", "RSA_3072", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"]


@pytest.mark.parametrize("spec", [*PAIRS, "ECC_NIST_EDWARDS25519", "ML_KEM_768"])
def test_data_key_pairs(kms, spec):
    key, context = kms.create_key()["KeyMetadata"]["Arn"], {"team": "blue"}
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec, EncryptionContext=context)
    private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert private.public_key().public_bytes(*form) == made["PublicKey"]
    if spec.startswith("RSA"):
        assert isinstance(private, rsa.RSAPrivateKey) and private.key_size == int(spec[4:])
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]
    assert len(made["KeyMaterialId"]) == 64
    hidden = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=spec)
    members = {"PrivateKeyCiphertextBlob", "PublicKey", "KeyId", "KeyPairSpec", "KeyMaterialId"}
    assert set(hidden) - {"ResponseMetadata"} == members
    opened = kms.decrypt(CiphertextBlob=hidden["PrivateKeyCiphertextBlob"])["Plaintext"]
    private = serialization.load_der_private_key(opened, None)
    assert private.public_key().public_bytes(*form) == hidden["PublicKey"]


@pytest.mark.parametrize(("spec", "curve"), [("256", ec.SECP256R1), ("384", ec.SECP384R1), ("521", ec.SECP521R1)])
def test_shared_secrets(kms, spec, curve):
    key = make(kms, f"ECC_NIST_P{spec}", "KEY_AGREEMENT")
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    ours = ec.generate_private_key(curve())
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    asked = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH"}
    derived = kms.derive_shared_secret(PublicKey=ours.public_key().public_bytes(*form), **asked)
    assert derived["SharedSecret"] == ours.exchange(ec.ECDH(), public)
    assert (derived["KeyOrigin"], derived["KeyAgreementAlgorithm"]) == ("AWS_KMS", "ECDH")
    wrong = ec.generate_private_key(ec.SECP256K1()).public_key().public_bytes(*form)
    for peer in (wrong, b"no key"):
        assert refused(kms.derive_shared_secret, PublicKey=peer, **asked) == ("ValidationException", "")


@pytest.mark.parametrize(("bits", "length"), [(512, 768), (768, 1088), (1024, 1568)])
def test_encapsulated_secrets(kms, bits, length):
    key = make(kms, f"ML_KEM_{bits}", "ENCAPSULATE_DECAPSULATE")
    asked = {"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}
    made = kms.encapsulate(**asked)
    blob = made["SharedSecretCiphertextBlob"]
    assert (len(made["SharedSecret"]), len(blob)) == (32, length)
    opened = kms.decapsulate(SharedSecretCiphertextBlob=blob, **asked)
    assert opened["SharedSecret"] == made["SharedSecret"]
    changed = bytes([blob[0] ^ 1]) + blob[1:]
    other = kms.decapsulate(SharedSecretCiphertextBlob=changed, **asked)["SharedSecret"]
    assert len(other) == 32 and other != made["SharedSecret"]
    told = refused(kms.decapsulate, SharedSecretCiphertextBlob=blob[:-1], **asked)
    assert told == ("InvalidCiphertextException", "")


def test_random_bytes(kms):
    for length in (1, 32, 1024):
        assert len(kms.generate_random(NumberOfBytes=length)["Plaintext"]) == length
    assert kms.generate_random(NumberOfBytes=16)["Plaintext"] != kms.generate_random(NumberOfBytes=16)["Plaintext"]
    assert refused(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.")
    assert refused(kms.generate_random, NumberOfBytes=8, CustomKeyStoreId="cks-1")[0] == "CustomKeyStoreNotFoundException"


@pytest.mark.parametrize(("asked", "limit"), [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")])
def test_random_bytes_have_limits(site, asked, limit):
    kms = site.clients(checks=False)
    text = f"1 validation error detected: Value '{asked}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {limit}"
    assert refused(kms.generate_random, NumberOfBytes=asked) == ("ValidationException", text)
