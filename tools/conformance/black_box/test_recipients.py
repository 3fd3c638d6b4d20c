"""Recipients: enclaves that prove by an attestation document what they run, and get plaintexts for themselves alone."""

import json

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import journal
from harness.clients import HOME
from harness.enclaves import HOUR, MODULE, Pki, new_key, opened, recipient_of, register, spki
from harness.process import Failed, Server, run
from harness.site import Site
from harness.world import PLAINTEXT, allow, root

UNTRUSTED = "The attestation document is not signed under a trusted attestation root."
MALFORMED = "The attestation document is malformed."
STALE = "The attestation document is more than 5 minutes old, or its time lies ahead."
NO_KEY = "The attestation document has no public key."
OTHER_KEY = "The public key of the attestation document is not an RSA key of at least 2048 bits."
NO_ROOT = "Recipient is not supported: this service has no trusted attestation root."


@pytest.fixture(scope="module", name="pki")
def trusted():
    return Pki()


@pytest.fixture(scope="module", name="enclave")
def key_of_the_enclave():
    return new_key()


@pytest.fixture(scope="module", name="trusting")
def site_with_roots(tmp_path_factory, pki):
    folder = tmp_path_factory.mktemp("trusting")
    (folder / "roots.pem").write_bytes(pki.pem())
    server = Server(folder / "server", config=f'[attestation]\nroots = "{folder / "roots.pem"}"\n').start()
    site = Site.of(server)
    yield site
    site.clients.close()
    assert server.stop() == 0, server.log()[-4000:]
    assert " panicked at " not in server.log()


@pytest.fixture(name="kms")
def client(trusting):
    return trusting.clients()


@pytest.fixture(name="key")
def symmetric(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error.get("Message", "")


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
@pytest.mark.parametrize("length", [1, 15, 16, 1000, 4096])
def test_decrypt(kms, key, pki, tmp_path, bits, length):
    enclave, plaintext = new_key(bits), bytes(range(256)) * 16
    blob = kms.encrypt(KeyId=key, Plaintext=plaintext[:length])["CiphertextBlob"]
    answer = kms.decrypt(CiphertextBlob=blob, Recipient=recipient_of(pki.document(enclave)))
    assert opened(tmp_path, enclave, answer["CiphertextForRecipient"]) == plaintext[:length]
    assert "Plaintext" not in answer and "KeyMaterialId" not in answer
    assert (answer["KeyId"], answer["EncryptionAlgorithm"]) == (key, "SYMMETRIC_DEFAULT")


def test_decrypt_of_a_pair(kms, pki, enclave, tmp_path):
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    how = {"KeyId": pair, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = kms.encrypt(Plaintext=PLAINTEXT, **how)["CiphertextBlob"]
    answer = kms.decrypt(CiphertextBlob=blob, Recipient=recipient_of(pki.document(enclave)), **how)
    assert opened(tmp_path, enclave, answer["CiphertextForRecipient"]) == PLAINTEXT


def test_generate_data_key(kms, key, pki, enclave, tmp_path):
    recipient = recipient_of(pki.document(enclave))
    for how, length in (({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)):
        answer = kms.generate_data_key(KeyId=key, EncryptionContext={"a": "1"}, Recipient=recipient, **how)
        made = opened(tmp_path, enclave, answer["CiphertextForRecipient"])
        same = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"a": "1"})
        assert made == same["Plaintext"] and len(made) == length
        assert "Plaintext" not in answer and "KeyMaterialId" not in answer and answer["KeyId"] == key


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P521"])
def test_generate_data_key_pair(kms, key, pki, enclave, tmp_path, spec):
    answer = kms.generate_data_key_pair(
        KeyId=key, KeyPairSpec=spec, Recipient=recipient_of(pki.document(enclave))
    )
    made = opened(tmp_path, enclave, answer["CiphertextForRecipient"])
    assert spki(serialization.load_der_private_key(made, None)) == answer["PublicKey"]
    assert made == kms.decrypt(CiphertextBlob=answer["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert "PrivateKeyPlaintext" not in answer and answer["KeyPairSpec"] == spec and answer["KeyMaterialId"]


def test_generate_random(kms, pki, enclave, tmp_path):
    recipient = recipient_of(pki.document(enclave))
    drawn = set()
    for length in (1, 32, 1024):
        answer = kms.generate_random(NumberOfBytes=length, Recipient=recipient)
        made = opened(tmp_path, enclave, answer["CiphertextForRecipient"])
        assert len(made) == length and "Plaintext" not in answer
        drawn.add(made)
    assert len(drawn) == 3


def test_derive_shared_secret(kms, pki, enclave, tmp_path):
    key = kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    ours = ec.generate_private_key(ec.SECP384R1())
    theirs = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    answer = kms.derive_shared_secret(
        KeyId=key,
        KeyAgreementAlgorithm="ECDH",
        PublicKey=spki(ours),
        Recipient=recipient_of(pki.document(enclave)),
    )
    assert opened(tmp_path, enclave, answer["CiphertextForRecipient"]) == ours.exchange(ec.ECDH(), theirs)
    assert "SharedSecret" not in answer and answer["KeyOrigin"] == "AWS_KMS"


def curve():
    return ec.generate_private_key(ec.SECP384R1())


# Who isn't a recipient: the document that the trusted PKI makes for `enclave` under these words, and what is told.
REFUSALS = [
    ("an expired leaf", {"after": -HOUR / 60}, UNTRUSTED),
    ("signed by another key", lambda: {"signer": curve()}, UNTRUSTED),
    ("a changed payload", {"spoil": lambda payload: payload.replace(register(3), register(4))}, UNTRUSTED),
    ("no certificate between", {"changes": {"cabundle": [b"x"]}}, UNTRUSTED),
    ("stale", {"age": 301}, STALE),
    ("from ahead", {"age": -330}, STALE),
    ("no public key", {"changes": {"public_key": None}}, NO_KEY),
    ("without a public key", {"changes": {"public_key": ...}}, NO_KEY),
    ("a public key on a curve", lambda: {"changes": {"public_key": spki(curve())}}, OTHER_KEY),
    ("a short public key", lambda: {"changes": {"public_key": spki(new_key(1024))}}, OTHER_KEY),
    ("ES256", {"algorithm": -7}, MALFORMED),
    ("another digest", {"changes": {"digest": "SHA512"}}, MALFORMED),
    ("no registers", {"changes": {"pcrs": {}}}, MALFORMED),
    ("a register beyond the last", {"changes": {"pcrs": {32: register(1)}}}, MALFORMED),
    ("a long register", {"changes": {"pcrs": {0: bytes(64)}}}, MALFORMED),
    ("a member that isn't known", {"changes": {"more": None}}, MALFORMED),
    ("a long nonce", {"changes": {"nonce": bytes(1025)}}, MALFORMED),
    ("no bundle", {"changes": {"cabundle": []}}, MALFORMED),
    ("a bundle that is too long", {"changes": {"cabundle": [b"x"] * 9}}, MALFORMED),
]


@pytest.mark.parametrize(
    ("how", "text"), [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in REFUSALS]
)
def test_who_is_no_recipient(kms, key, pki, enclave, how, text):
    words = how() if callable(how) else how
    recipient = recipient_of(pki.document(enclave, **words))
    blob = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    expected = ("ValidationException", text)
    assert refused(kms.decrypt, CiphertextBlob=blob, Recipient=recipient) == expected
    assert refused(kms.decrypt, CiphertextBlob=blob, Recipient=recipient, DryRun=True) == expected
    assert refused(kms.generate_random, NumberOfBytes=1, Recipient=recipient) == expected


def test_another_root_and_bytes_that_are_no_document(kms, key, pki, enclave):
    good = pki.document(enclave)
    for document_, text in (
        (Pki().document(enclave), UNTRUSTED),
        (good[:-1], MALFORMED),
        (good + b"\0", MALFORMED),
        (b"no document", MALFORMED),
        (good + bytes(262_144 - len(good)), MALFORMED),
    ):
        told = refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256", Recipient=recipient_of(document_))
        assert told == ("ValidationException", text)


def test_what_the_schema_says_of_recipients(trusting, key, pki, enclave):
    kms, good = trusting.clients(checks=False), recipient_of(pki.document(enclave))
    ask = {"KeyId": key, "KeySpec": "AES_256"}
    null = "1 validation error detected: Value null at 'recipient.{}' failed to satisfy constraint: Member must not be null"
    for changes, text in (
        ({"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, "Member must satisfy enum value set: [RSAES_OAEP_SHA_256]"),
        ({"AttestationDocument": bytes(262_145)}, "Member must have length less than or equal to 262144"),
        ({"AttestationDocument": b""}, "Member must have length greater than or equal to 1"),
    ):
        code, told = refused(kms.generate_data_key, Recipient={**good, **changes}, **ask)
        assert code == "ValidationException" and told.endswith(text)
    for missing in good:
        rest = {name: value for name, value in good.items() if name != missing}
        told = refused(kms.generate_data_key, Recipient=rest, **ask)
        assert told == ("ValidationException", null.format(missing[0].lower() + missing[1:]))


def test_a_dry_run_for_a_recipient(kms, key, pki, enclave):
    told = refused(
        kms.generate_data_key,
        KeyId=key,
        KeySpec="AES_256",
        DryRun=True,
        Recipient=recipient_of(pki.document(enclave)),
    )
    assert told[0] == "DryRunOperationException"


IMAGE = "kms:RecipientAttestation:ImageSha384"
TPM = {"changes": {"pcrs": ..., "nitrotpm_pcrs": {number: register(number) for number in range(24)}}}
# A condition on who decrypts, how the document is made (`None`: there is none), and whether it may.
CONDITIONS = [
    ("StringEqualsIgnoreCase", IMAGE, register(0).hex().upper(), {}, True),
    ("StringEqualsIgnoreCase", IMAGE, register(1).hex(), {}, False),
    ("StringEquals", "kms:RecipientAttestation:PCR0", register(0).hex(), {}, True),
    ("StringEquals", "kms:RecipientAttestation:PCR15", register(15).hex(), {}, True),
    ("StringEquals", "kms:recipientattestation:pcr15", register(15).hex(), {}, True),
    ("StringLike", "kms:RecipientAttestation:PCR16", "*", {}, False),
    ("StringLike", "kms:RecipientAttestation:PCR99", "*", {}, False),
    ("StringLike", "kms:RecipientAttestation:NitroTPMPCR4", "*", {}, False),
    ("StringEquals", "kms:RecipientAttestation:NitroTPMPCR4", register(4).hex(), TPM, True),
    ("StringLike", "kms:RecipientAttestation:PCR4", "*", TPM, False),
    ("StringLike", IMAGE, "*", TPM, False),
    ("StringLike", IMAGE, "*", None, False),
    ("StringLike", "kms:RecipientAttestation:PCR15", "*", None, False),
    ("StringLike", IMAGE, "*", {"age": 301}, False),
]


@pytest.mark.parametrize(("operator", "name", "value", "how", "may"), CONDITIONS)
def test_policies_see_what_was_measured(kms, key, pki, enclave, operator, name, value, how, may):
    blob = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    rest = {"Effect": "Allow", "Principal": {"AWS": root(HOME)}, "NotAction": "kms:Decrypt", "Resource": "*"}
    gate = allow(root(HOME), "kms:Decrypt", Condition={operator: {name: value}})
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [rest, gate]}))
    members = {} if how is None else {"Recipient": recipient_of(pki.document(enclave, **how))}
    if may:
        assert kms.decrypt(CiphertextBlob=blob, KeyId=key, **members)["CiphertextForRecipient"]
    else:
        assert refused(kms.decrypt, CiphertextBlob=blob, KeyId=key, **members)[0] == "AccessDeniedException"


def test_the_journal_tells_who_it_was(serve, pki, enclave, tmp_path):
    (tmp_path / "roots.pem").write_bytes(pki.pem())
    server = serve(variables={"SEALROOM_ATTESTATION__ROOTS": str(tmp_path / "roots.pem")}).start()
    kms = Site.of(server).clients()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    recipient = recipient_of(pki.document(enclave))
    answer = kms.generate_data_key(KeyId=key, KeySpec="AES_256", Recipient=recipient)
    request = answer["ResponseMetadata"]["RequestId"]
    assert server.stop() == 0
    record = next(record for record in journal.records(server.data) if record.get("requestID") == request)
    told = record["additionalEventData"]["recipient"]
    shown = {f"attestationDocumentEnclavePCR{number}": register(number).hex() for number in (1, 2, 3, 4, 8)}
    shown["attestationDocumentEnclaveImageDigest"] = register(0).hex()
    assert told == shown | {"attestationDocumentModuleId": MODULE}
    assert "recipient" not in record["requestParameters"] and record["responseElements"] is None


def test_a_service_without_a_root_has_no_recipients(site, pki, enclave):
    kms = site.clients()
    told = refused(kms.generate_random, NumberOfBytes=8, Recipient=recipient_of(pki.document(enclave)))
    assert told == ("ValidationException", NO_ROOT)


def test_a_file_of_roots_that_is_none_is_told(serve, pki, tmp_path):
    file = tmp_path / "roots.pem"
    config = tmp_path / "sealroom.toml"
    config.write_text(f'[attestation]\nroots = "{file}"\n')
    for content, good in ((None, False), (b"", False), (b"no PEM", False), (pki.pem() * 17, False), (pki.pem(), True)):
        if content is not None:
            file.write_bytes(content)
        code, _, err = run("check-config", "--config", config)
        assert (code == 0) == good and ("attestation.roots" in err) != good, err
    file.unlink()
    with pytest.raises(Failed, match=r"attestation\.roots"):
        serve(variables={"SEALROOM_ATTESTATION__ROOTS": str(file)}).start()
