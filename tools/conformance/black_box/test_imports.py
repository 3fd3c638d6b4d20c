"""Imported material, as its owner sees it: made and wrapped by OpenSSL, and then doing here what it does there."""

import datetime
import hashlib
import hmac

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from harness.rows import Rows, copy_of
from harness.secrets import sightings
from harness.site import Site
from harness.waiting import until
from harness.world import MATERIAL, PLAINTEXT
from harness.wrapping import run as openssl
from harness.wrapping import wrap, wrap_by_command

DAY = 86_400
THERE = "eu-west-1"
OAEP, HYBRID = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
DER = serialization.Encoding.DER
SPKI = (DER, serialization.PublicFormat.SubjectPublicKeyInfo)
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
NEW = {"ImportType": "NEW_KEY_MATERIAL"}


def refused(call, **members):
    with pytest.raises(ClientError) as told:
        call(**members)
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = told.value.response["Error"]
    return error["Code"], error.get("Message", "")


def make(kms, spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT", **members):
    made = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage, **members)["KeyMetadata"]
    assert (made["KeyState"], made["Origin"], made["Enabled"]) == ("PendingImport", "EXTERNAL", False)
    return made["Arn"]


def bring(kms, key, material=MATERIAL, algorithm=OAEP[1], wrapping="RSA_2048", by=wrap, **members):
    """One import, from its preparation on."""
    prepared = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    wrapped = by(prepared["PublicKey"], algorithm, material)
    asked = {"KeyId": key, "ImportToken": prepared["ImportToken"], "EncryptedKeyMaterial": wrapped}
    if "ValidTo" not in members:
        members = FOREVER | members
    return kms.import_key_material(**asked, **members)


def shown(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]


def state(kms, key):
    return shown(kms, key)["KeyState"]


def pkcs8(private):
    return private.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize("wrapping", ["RSA_2048", "RSA_3072", "RSA_4096"])
@pytest.mark.parametrize("algorithm", OAEP)
@pytest.mark.parametrize("by", [wrap, wrap_by_command])
def test_a_symmetric_key_takes_material_under_each_wrapping_key(site, algorithm, wrapping, by):
    kms = site.clients()
    key = make(kms)
    imported = bring(kms, key, MATERIAL, algorithm, wrapping, by)
    assert imported["KeyId"] == key and imported["KeyMaterialId"] == shown(kms, key)["CurrentKeyMaterialId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT, EncryptionContext={"a": "b"})["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "b"})
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (PLAINTEXT, imported["KeyMaterialId"])


@pytest.mark.parametrize(("bits", "length"), [(224, 28), (256, 32), (256, 128), (384, 48), (512, 64), (512, 128)])
def test_an_hmac_key_computes_what_its_owner_computes(site, bits, length):
    kms = site.clients()
    key, algorithm = make(kms, f"HMAC_{bits}", "GENERATE_VERIFY_MAC"), f"HMAC_SHA_{bits}"
    material = bytes(range(length))
    assert "KeyMaterialId" not in bring(kms, key, material)
    expected = hmac.new(material, PLAINTEXT, f"sha{bits}").digest()
    asked = {"KeyId": key, "Message": PLAINTEXT, "MacAlgorithm": algorithm}
    assert kms.generate_mac(**asked)["Mac"] == expected
    assert kms.verify_mac(Mac=expected, **asked)["MacValid"] is True


CURVES = {
    "ECC_NIST_P256": (ec.SECP256R1, "SHA256"),
    "ECC_NIST_P384": (ec.SECP384R1, "SHA384"),
    "ECC_NIST_P521": (ec.SECP521R1, "SHA512"),
    "ECC_SECG_P256K1": (ec.SECP256K1, "SHA256"),
}
WRAPPINGS = [
    *((spec, algorithm, "RSA_3072") for spec in CURVES for algorithm in OAEP + HYBRID),
    *((spec, OAEP[1], "RSA_4096") for spec in CURVES),
    *((spec, HYBRID[1], "RSA_2048") for spec in CURVES),
]


@pytest.mark.parametrize(("spec", "algorithm", "wrapping"), WRAPPINGS)
def test_each_side_verifies_what_a_curves_key_signs_on_the_other(site, spec, algorithm, wrapping):
    kms, (curve, digest) = site.clients(), CURVES[spec]
    private = ec.generate_private_key(curve())
    key = make(kms, spec, "SIGN_VERIFY")
    bring(kms, key, pkcs8(private), algorithm, wrapping)
    assert kms.get_public_key(KeyId=key)["PublicKey"] == private.public_key().public_bytes(*SPKI)
    ecdsa = ec.ECDSA(getattr(hashes, digest)())
    asked = {"KeyId": key, "Message": PLAINTEXT, "SigningAlgorithm": f"ECDSA_SHA_{digest[3:]}"}
    private.public_key().verify(kms.sign(**asked)["Signature"], PLAINTEXT, ecdsa)
    assert kms.verify(Signature=private.sign(PLAINTEXT, ecdsa), **asked)["SignatureValid"] is True


@pytest.mark.parametrize(("algorithm", "wrapping"), [(OAEP[0], "RSA_3072"), (HYBRID[0], "RSA_2048")])
def test_each_side_verifies_what_an_edwards_key_signs_on_the_other(site, algorithm, wrapping):
    kms, private = site.clients(), ed25519.Ed25519PrivateKey.generate()
    key = make(kms, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    bring(kms, key, pkcs8(private), algorithm, wrapping)
    asked = {"KeyId": key, "Message": PLAINTEXT, "SigningAlgorithm": "ED25519_SHA_512"}
    assert kms.sign(**asked)["Signature"] == private.sign(PLAINTEXT)
    assert kms.verify(Signature=private.sign(PLAINTEXT), **asked)["SignatureValid"] is True


def test_both_sides_agree_on_a_secret(site):
    kms, private = site.clients(), ec.generate_private_key(ec.SECP384R1())
    key = make(kms, "ECC_NIST_P384", "KEY_AGREEMENT")
    bring(kms, key, pkcs8(private))
    peer = ec.generate_private_key(ec.SECP384R1())
    asked = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer.public_key().public_bytes(*SPKI)}
    derived = kms.derive_shared_secret(**asked)
    assert derived["SharedSecret"] == private.exchange(ec.ECDH(), peer.public_key())
    assert derived["KeyOrigin"] == "EXTERNAL"


@pytest.mark.parametrize("algorithm", HYBRID)
@pytest.mark.parametrize(("bits", "wrapping"), [(2048, "RSA_2048"), (3072, "RSA_4096"), (4096, "RSA_3072")])
@pytest.mark.parametrize("by", [wrap, wrap_by_command])
def test_each_side_opens_and_verifies_what_an_rsa_key_made_on_the_other(site, bits, algorithm, wrapping, by):
    kms, private = site.clients(), rsa.generate_private_key(65537, bits)
    public = private.public_key()
    signing = make(kms, f"RSA_{bits}", "SIGN_VERIFY")
    bring(kms, signing, pkcs8(private), algorithm, wrapping, by)
    digest = hashes.SHA384()
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    asked = {"KeyId": signing, "Message": PLAINTEXT, "SigningAlgorithm": "RSASSA_PSS_SHA_384"}
    public.verify(kms.sign(**asked)["Signature"], PLAINTEXT, pss, digest)
    assert kms.verify(Signature=private.sign(PLAINTEXT, pss, digest), **asked)["SignatureValid"] is True
    # The same pair in another key.
    sealing = make(kms, f"RSA_{bits}", "ENCRYPT_DECRYPT")
    bring(kms, sealing, pkcs8(private), algorithm, wrapping, by)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    asked = {"KeyId": sealing, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert private.decrypt(kms.encrypt(Plaintext=PLAINTEXT, **asked)["CiphertextBlob"], oaep) == PLAINTEXT
    assert kms.decrypt(CiphertextBlob=public.encrypt(PLAINTEXT, oaep), **asked)["Plaintext"] == PLAINTEXT


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "SM2", "RSA_2048", "ECC_NIST_P256"])
def test_material_comes_in_under_sm2(site, spec):
    kms = site.clients()
    usage = "ENCRYPT_DECRYPT" if spec == "SYMMETRIC_DEFAULT" else "SIGN_VERIFY"
    material = {
        "SYMMETRIC_DEFAULT": lambda: MATERIAL,
        "SM2": lambda: openssl("pkcs8 -topk8 -nocrypt -outform DER", openssl("genpkey -algorithm SM2", b"")),
        "RSA_2048": lambda: pkcs8(rsa.generate_private_key(65537, 2048)),
        "ECC_NIST_P256": lambda: pkcs8(ec.generate_private_key(ec.SECP256R1())),
    }[spec]()
    key = make(kms, spec, usage)
    bring(kms, key, material, "SM2PKE", "SM2")
    assert state(kms, key) == "Enabled"
    if spec != "SYMMETRIC_DEFAULT":
        public = openssl("pkey -inform DER -pubout -outform DER", material)
        assert kms.get_public_key(KeyId=key)["PublicKey"] == public


def other_forms():
    """(name, key spec, bytes) of private keys that aren't what the key's spec asks for."""
    traditional = (DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    curve, pair = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    yield "another curve", "ECC_NIST_P384", pkcs8(curve)
    yield "SEC 1", "ECC_NIST_P256", curve.private_bytes(*traditional)
    yield "bytes behind it", "ECC_NIST_P256", pkcs8(curve) + b"\0"
    yield "PEM", "ECC_NIST_P256", openssl("pkey -inform DER", pkcs8(curve))
    explicit = openssl("ec -inform DER -param_enc explicit -outform DER", pkcs8(curve))
    yield "explicit parameters", "ECC_NIST_P256", openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", explicit)
    yield "another size", "RSA_3072", pkcs8(pair)
    yield "PKCS #1", "RSA_2048", pair.private_bytes(*traditional)
    yield "a public key", "RSA_2048", pair.public_key().public_bytes(*SPKI)
    yield "a curve's", "RSA_2048", pkcs8(curve)


def test_other_forms_of_a_private_key_are_refused_alike(site):
    kms = site.clients()
    for name, spec, material in other_forms():
        key = make(kms, spec, "SIGN_VERIFY")
        told = refused(lambda key=key, material=material: bring(kms, key, material, HYBRID[1]))
        assert told == ("InvalidCiphertextException", ""), name
        assert state(kms, key) == "PendingImport"


def test_a_token_is_good_for_a_day_more_than_once_and_beside_others(own_site):
    kms = own_site.clients()
    key = make(kms)
    asked = {"KeyId": key, "WrappingAlgorithm": OAEP[1], "WrappingKeySpec": "RSA_2048"}
    one, two = kms.get_parameters_for_import(**asked), kms.get_parameters_for_import(**asked)
    assert one["ImportToken"] != two["ImportToken"] and one["PublicKey"] != two["PublicKey"]
    left = one["ParametersValidTo"] - datetime.datetime.now(datetime.timezone.utc)
    assert abs(left.total_seconds() - DAY) < 60

    def by(token, public):
        wrapped = wrap(public["PublicKey"], OAEP[1], MATERIAL)
        return {"KeyId": key, "ImportToken": token["ImportToken"], "EncryptedKeyMaterial": wrapped} | FOREVER

    assert refused(kms.import_key_material, **by(one, two)) == ("InvalidCiphertextException", "")
    for parameters in (one, two, one):
        kms.import_key_material(**by(parameters, parameters))
    own_site.server.advance(DAY - 120)
    kms.import_key_material(**by(one, one))
    own_site.server.advance(180)
    assert refused(kms.import_key_material, **by(one, one))[0] == "ExpiredImportTokenException"


def test_material_expires_and_comes_back_as_itself(own_site):
    kms = own_site.clients()
    key = make(kms)
    end = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=2)
    material = bring(kms, key, ValidTo=end)["KeyMaterialId"]
    told = shown(kms, key)
    assert (told["ExpirationModel"], told["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    sealed = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    own_site.server.advance(2 * DAY - 600)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == PLAINTEXT
    own_site.server.advance(1200)
    told = shown(kms, key)
    assert (told["KeyState"], told["CurrentKeyMaterialId"]) == ("PendingImport", material)
    assert "ExpirationModel" not in told and "ValidTo" not in told
    waits = ("KMSInvalidStateException", f"{key} is pending import.")
    assert refused(kms.decrypt, CiphertextBlob=sealed) == waits
    assert refused(kms.enable_key, KeyId=key) == refused(kms.disable_key, KeyId=key) == waits
    other = refused(lambda: bring(kms, key, bytes(32)))
    text = f"Imported key material does not have the expected identifier ({material})."
    assert other == ("IncorrectKeyMaterialException", text)
    assert bring(kms, key)["KeyMaterialId"] == material
    assert shown(kms, key)["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == PLAINTEXT


def test_a_disabled_key_is_enabled_by_an_import(site):
    kms = site.clients()
    key = make(kms)
    bring(kms, key)
    kms.disable_key(KeyId=key)
    bring(kms, key)
    assert state(kms, key) == "Enabled"


def test_a_cancelled_deletion_leaves_a_key_without_material_waiting(site):
    kms = site.clients()
    key = make(kms)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{key} is pending deletion.")
    asked = {"KeyId": key, "WrappingAlgorithm": OAEP[0], "WrappingKeySpec": "RSA_2048"}
    assert refused(kms.get_parameters_for_import, **asked) == pending
    kms.cancel_key_deletion(KeyId=key)
    assert state(kms, key) == "PendingImport"


def listed(kms, key):
    entries = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    return [(entry["KeyMaterialId"], entry["KeyMaterialState"], entry["ImportState"]) for entry in entries]


def test_several_pieces_rotate_on_demand_and_all_must_be_there(site):
    kms = site.clients()
    key = make(kms)
    external = f"{key} origin is EXTERNAL which is not valid for this operation."
    assert refused(kms.enable_key_rotation, KeyId=key) == ("UnsupportedOperationException", external)
    waits = ("KMSInvalidStateException", f"{key} is pending import.")
    assert refused(kms.rotate_key_on_demand, KeyId=key) == waits
    first = bring(kms, key, KeyMaterialDescription="of the first year")["KeyMaterialId"]
    nothing = f"No available key material pending rotation for the key: {key}."
    assert refused(kms.rotate_key_on_demand, KeyId=key) == ("KMSInvalidStateException", nothing)
    old = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    second = bring(kms, key, bytes(32), **NEW)["KeyMaterialId"]
    assert listed(kms, key) == [(first, "CURRENT", "IMPORTED"), (second, "PENDING_ROTATION", "IMPORTED")]
    assert shown(kms, key)["CurrentKeyMaterialId"] == first
    third = refused(lambda: bring(kms, key, bytes([3] * 32), **NEW))
    assert third[0] == "KMSInvalidStateException" and third[1].startswith("New key material (id: ")
    told = f" cannot be imported into KMS key {key}, because another key material (id: {second}) is pending rotation."
    assert third[1].endswith(told)
    assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == key
    until(lambda: shown(kms, key)["CurrentKeyMaterialId"] == second, "the rotation ends")
    assert listed(kms, key) == [(first, "NON_CURRENT", "IMPORTED"), (second, "CURRENT", "IMPORTED")]
    [entry] = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert (entry["RotationType"], entry["KeyMaterialId"]) == ("ON_DEMAND", second)
    new = kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=old)["KeyMaterialId"] == first
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=first)
    assert listed(kms, key) == [(first, "NON_CURRENT", "PENDING_IMPORT"), (second, "CURRENT", "IMPORTED")]
    assert refused(kms.decrypt, CiphertextBlob=new) == waits, "all of them must be there"
    bring(kms, key, KeyMaterialId=first)
    for blob, piece in ((old, first), (new, second)):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (PLAINTEXT, piece)


def test_related_keys_are_given_a_new_piece_each_and_rotate_together(site):
    here, there = site.clients(), site.clients(region=THERE)
    key = make(here, MultiRegion=True).rsplit("/", 1)[1]
    first = bring(here, key)["KeyMaterialId"]
    here.replicate_key(KeyId=key, ReplicaRegion=THERE)
    until(lambda: state(there, key) == "PendingImport", "the replica waits for its material")
    assert bring(there, key)["KeyMaterialId"] == first
    old = there.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]

    replica = shown(there, key)["Arn"]
    told = f"{replica} is a multi-region replica key which is not valid for ImportKeyMaterial."
    assert refused(lambda: bring(there, key, bytes(32), **NEW)) == ("UnsupportedOperationException", told)
    second = bring(here, key, bytes(32), **NEW)["KeyMaterialId"]
    waits = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    assert listed(here, key) == [(first, "CURRENT", "IMPORTED"), (second, waits, "IMPORTED")]
    assert listed(there, key) == [(first, "CURRENT", "IMPORTED"), (second, waits, "PENDING_IMPORT")]
    assert refused(here.rotate_key_on_demand, KeyId=key)[0] == "KMSInvalidStateException"
    assert bring(there, key, bytes(32))["KeyMaterialId"] == second
    for kms in (here, there):
        assert listed(kms, key) == [(first, "CURRENT", "IMPORTED"), (second, "PENDING_ROTATION", "IMPORTED")]
    here.rotate_key_on_demand(KeyId=key)
    until(lambda: shown(here, key)["CurrentKeyMaterialId"] == second, "the rotation ends")
    assert shown(there, key)["CurrentKeyMaterialId"] == second
    new = here.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    for kms in (here, there):
        assert listed(kms, key) == [(first, "NON_CURRENT", "IMPORTED"), (second, "CURRENT", "IMPORTED")]
        for blob, piece in ((old, first), (new, second)):
            opened = kms.decrypt(KeyId=key, CiphertextBlob=blob)
            assert (opened["Plaintext"], opened["KeyMaterialId"]) == (PLAINTEXT, piece)
    here.delete_imported_key_material(KeyId=key, KeyMaterialId=first)
    assert (state(here, key), state(there, key)) == ("PendingImport", "Enabled")


def test_the_same_bytes_are_other_material_in_another_key(site):
    kms = site.clients()
    one, two = make(kms), make(kms)
    assert bring(kms, one)["KeyMaterialId"] != bring(kms, two)["KeyMaterialId"]
    sealed = kms.encrypt(KeyId=one, Plaintext=PLAINTEXT)["CiphertextBlob"]
    assert refused(kms.decrypt, KeyId=two, CiphertextBlob=sealed)[0] == "IncorrectKeyException"


@pytest.mark.operation
def test_material_outlives_the_process_and_its_end_is_not_missed(serve):
    server = serve().start()
    kms = Site.of(server).clients()
    stays, goes = make(kms), make(kms)
    bring(kms, stays)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    bring(kms, goes, ValidTo=end)
    prepared = kms.get_parameters_for_import(KeyId=goes, WrappingAlgorithm=OAEP[1], WrappingKeySpec="RSA_2048")
    sealed = kms.encrypt(KeyId=stays, Plaintext=PLAINTEXT)["CiphertextBlob"]
    server.kill()
    server.start()
    kms = Site.of(server).clients()
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == PLAINTEXT
    wrapped = wrap(prepared["PublicKey"], OAEP[1], MATERIAL)
    token = {"ImportToken": prepared["ImportToken"], "EncryptedKeyMaterial": wrapped}
    kms.import_key_material(KeyId=goes, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=end, **token)
    server.advance(DAY + 60)
    assert (state(kms, stays), state(kms, goes)) == ("Enabled", "PendingImport")


@pytest.mark.operation
def test_nothing_of_material_is_left_in_the_files(own_site, tmp_path):
    """Neither the bytes, ever, nor the sealed row of a piece once it is deleted."""
    kms = own_site.clients()
    key = make(kms)
    material = hashlib.sha256(b"nowhere on the disk").digest()
    prepared = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=OAEP[1], WrappingKeySpec="RSA_2048")
    token, wrapped = prepared["ImportToken"], wrap(prepared["PublicKey"], OAEP[1], material)
    kms.import_key_material(KeyId=key, ImportToken=token, EncryptedKeyMaterial=wrapped, **FOREVER)
    copied = copy_of(own_site.server.data, tmp_path / "copy")
    row = Rows(copied).one(key.rpartition("/")[2], "\0key\0")[1]
    pieces = {f"the row at {at}": row[at : at + 24] for at in range(0, len(row) - 24, 64)}
    never = {"material": material, "token": token[:48], "wrapped": wrapped[:48]}
    assert sightings(own_site.server.data, never) == [] and sightings(own_site.server.data, pieces)
    kms.delete_imported_key_material(KeyId=key)
    own_site.server.stop()
    assert sightings(own_site.server.data, never | pieces) == []
    own_site.server.start()
