"""MongoDB's client-side field level encryption: its library keeps data keys under Sealroom's, which it asks over TLS.

There is no MongoDB here. The library's state machine says what to send and what to fetch; the key vault is a
dictionary.
"""

import socket
import ssl

import bson
import pytest
from bson.binary import STANDARD, Binary
from bson.codec_options import CodecOptions
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

from harness import certificates
from harness.clients import REGION, Clients
from harness.process import Server
from harness.waiting import until
from harness.world import OTHER

pytestmark = pytest.mark.operation

DETERMINISTIC = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"
RANDOM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
CODEC = CodecOptions(uuid_representation=STANDARD)
VALUE = {"number": "123-45-6789", "grüße": ["aus", "Köln"]}
SECONDS = 30


class Vault(MongoCryptCallback):
    """What a driver does for the library: it carries requests to KMS, and keeps the data keys."""

    def __init__(self, authority):
        self.trust = ssl.create_default_context(cafile=authority)
        self.keys, self.asked = {}, []

    def kms_request(self, kms_context):
        host, port = kms_context.endpoint.rsplit(":", 1)
        message = kms_context.message
        self.asked.append(message)
        with (
            socket.create_connection((host, int(port)), timeout=SECONDS) as plain,
            self.trust.wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.sendall(message)
            while kms_context.bytes_needed > 0:
                received = secure.recv(kms_context.bytes_needed)
                assert received, "the connection broke"
                kms_context.feed(received)

    def fetch_keys(self, filter):
        """The library asks by ids or by names (none here has one); a rewrap asks for all."""
        wanted = bson.decode(filter, CODEC)
        if not wanted:
            return list(self.keys.values())
        [ids] = [choice["_id"]["$in"] for choice in wanted["$or"] if "_id" in choice]
        return [key for id, key in self.keys.items() if id in ids]

    def insert_data_key(self, data_key):
        document = bson.decode(data_key, CODEC)
        self.keys[document["_id"]] = bytes(data_key)
        return Binary.from_uuid(document["_id"])

    def replace(self, rewrapped):
        """What a driver does with the result of a rewrap."""
        for changed in bson.decode(rewrapped, CODEC)["v"]:
            kept = bson.decode(self.keys[changed["_id"]], CODEC)
            kept.update(keyMaterial=changed["keyMaterial"], masterKey=changed["masterKey"])
            self.keys[changed["_id"]] = bson.encode(kept, codec_options=CODEC)

    def master_keys(self):
        return [bson.decode(key, CODEC)["masterKey"]["key"] for key in self.keys.values()]

    def bson_encode(self, doc):
        return bson.encode(doc, codec_options=CODEC)

    def collection_info(self, database, filter):
        raise AssertionError("only automatic encryption asks for collections")

    def mark_command(self, database, cmd):
        raise AssertionError("only automatic encryption has commands marked")

    def close(self):
        pass


class House:
    """A server with TLS, a vault, and whoever encrypts with them."""

    def __init__(self, server, authority):
        self.server, self.vault = server, Vault(authority)
        self.clients = Clients(server.url, verify=str(authority))
        self.kms = self.clients()
        self.made = []

    def encrypter(self, access_key="test", secret="test"):
        """A new one, which has opened no data key yet."""
        options = MongoCryptOptions({"aws": {"accessKeyId": access_key, "secretAccessKey": secret}})
        self.made.append(ExplicitEncrypter(self.vault, options))
        return self.made[-1]

    def master_key(self, key):
        return {"region": REGION, "key": key, "endpoint": f"127.0.0.1:{self.server.port}"}

    def data_key(self, key, **who):
        return self.encrypter(**who).create_data_key("aws", master_key=self.master_key(key))

    def seal(self, data_key, algorithm=RANDOM, value=VALUE, **who):
        value = str(value) if algorithm == DETERMINISTIC else value
        sealed = self.encrypter(**who).encrypt(self.vault.bson_encode({"v": value}), algorithm, key_id=bytes(data_key))
        return bytes(sealed)

    def open(self, sealed, **who):
        return bson.decode(self.encrypter(**who).decrypt(sealed), CODEC)["v"]

    def close(self):
        for encrypter in self.made:
            encrypter.close()
        self.clients.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(server, its certificate)"""
    folder = tmp_path_factory.mktemp("tls")
    certificate, private = certificates.make(folder, "house")
    config = f'[tls]\ncertificate = "{certificate}"\nprivate_key = "{private}"\n'
    with Server(folder / "server", config=config) as server:
        yield server, certificate
        assert server.running() and server.stop() == 0, server.log()[-4000:]


@pytest.fixture
def house(server):
    made = House(*server)
    yield made
    made.close()


@pytest.fixture
def key(house):
    return house.kms.create_key()["KeyMetadata"]["Arn"]


def targets(house):
    """The operations that KMS was asked for."""
    lines = [line for message in house.vault.asked for line in message.split(b"\r\n")]
    return [line.split(b"TrentService.")[1].decode() for line in lines if line.lower().startswith(b"x-amz-target")]


@pytest.mark.parametrize("algorithm", [DETERMINISTIC, RANDOM], ids=["deterministic", "random"])
def test_a_value_is_sealed_and_opened(house, key, algorithm):
    data_key = house.data_key(key)
    one, two = (house.seal(data_key, algorithm) for _ in range(2))
    assert (one == two) is (algorithm == DETERMINISTIC)
    assert b"123-45" not in one
    assert house.open(one) == (str(VALUE) if algorithm == DETERMINISTIC else VALUE)
    assert targets(house) == ["Encrypt", "Decrypt", "Decrypt", "Decrypt"]


def test_a_key_is_named_by_id_and_alias_too(house, key):
    house.kms.create_alias(AliasName="alias/fields", TargetKeyId=key)
    for name in (key.rsplit("/", 1)[1], "alias/fields"):
        assert house.open(house.seal(house.data_key(name))) == VALUE
    house.kms.delete_alias(AliasName="alias/fields")
    with pytest.raises(MongoCryptError, match="NotFoundException"):
        house.data_key("alias/fields")


def test_a_rotation_between_changes_nothing_for_who_opens(house, key):
    data_key = house.data_key(key)
    before = house.seal(data_key)

    def current():
        return house.kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]

    first = current()
    house.kms.rotate_key_on_demand(KeyId=key)
    until(lambda: current() != first, "the rotation ends")
    after = house.seal(house.data_key(key))
    for sealed in (before, after, house.seal(data_key)):
        assert house.open(sealed) == VALUE


def test_data_keys_move_to_another_key(house, key):
    second = house.kms.create_key()["KeyMetadata"]["Arn"]
    sealed = [house.seal(house.data_key(key)) for _ in range(3)]
    assert house.vault.master_keys() == [key] * 3
    rewrapped = house.encrypter().rewrap_many_data_key({}, "aws", house.master_key(second))
    # Until the vault takes what came out, the first key opens them.
    house.kms.disable_key(KeyId=second)
    assert house.open(sealed[0]) == VALUE
    house.kms.enable_key(KeyId=second)
    house.vault.replace(rewrapped)
    assert house.vault.master_keys() == [second] * 3
    house.kms.disable_key(KeyId=key)
    assert [house.open(one) for one in sealed] == [VALUE] * 3
    house.kms.disable_key(KeyId=second)
    with pytest.raises(MongoCryptError, match="DisabledException"):
        house.open(sealed[0])


def test_a_data_key_that_somebody_else_put_into_the_vault_opens_nothing(house, key):
    second = house.kms.create_key()["KeyMetadata"]["Arn"]
    sealed = house.seal(house.data_key(key))
    [(id, document)] = house.vault.keys.items()
    changed = bson.decode(document, CODEC)
    blob = house.kms.encrypt(KeyId=second, Plaintext=bytes(96))["CiphertextBlob"]
    changed["keyMaterial"] = blob
    house.vault.keys[id] = bson.encode(changed, codec_options=CODEC)
    with pytest.raises(MongoCryptError, match="HMAC validation failure"):
        house.open(sealed)
    changed["keyMaterial"] = blob[:-1] + bytes([blob[-1] ^ 1])
    house.vault.keys[id] = bson.encode(changed, codec_options=CODEC)
    with pytest.raises(MongoCryptError, match="InvalidCiphertextException"):
        house.open(sealed)


@pytest.mark.parametrize(
    "who, text",
    [
        pytest.param({"access_key": OTHER}, "AccessDeniedException", id="another account"),
        pytest.param({"secret": "wrong"}, "InvalidSignatureException", id="a wrong secret"),
        pytest.param({"access_key": "AKIAIOSFODNN7EXAMPLE"}, "UnrecognizedClientException", id="nobody"),
    ],
)
def test_who_may_not_use_the_key_gets_nothing(house, key, who, text):
    sealed = house.seal(house.data_key(key))
    with pytest.raises(MongoCryptError, match=text):
        house.open(sealed, **who)
    with pytest.raises(MongoCryptError, match=text):
        house.data_key(key, **who)
    assert house.open(sealed) == VALUE


def test_a_server_that_nobody_vouches_for_is_asked_nothing(house, key, tmp_path):
    stranger, _ = certificates.make(tmp_path, "stranger")
    house.vault.trust = ssl.create_default_context(cafile=stranger)
    with pytest.raises(ssl.SSLCertVerificationError):
        house.data_key(key)
    assert house.vault.keys == {}
