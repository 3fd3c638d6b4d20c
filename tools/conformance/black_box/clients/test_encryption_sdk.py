"""AWS's Encryption SDK for Python and its CLI, on data keys that Sealroom makes and opens.

What `seal` and `unseal` have to do with them is in `test_sealed_files.py`.
"""

import io
import os
from unittest.mock import patch

import pytest
from aws_encryption_sdk import (
    CachingCryptoMaterialsManager,
    DiscoveryAwsKmsMasterKeyProvider,
    LocalCryptoMaterialsCache,
)
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError, DecryptKeyError, GenerateKeyError
from aws_encryption_sdk.identifiers import CommitmentPolicy
from aws_encryption_sdk.key_providers.kms import (
    DiscoveryFilter,
    MRKAwareDiscoveryAwsKmsMasterKeyProvider,
    MRKAwareStrictAwsKmsMasterKeyProvider,
)
from cryptography.exceptions import InvalidTag

from harness.clients import HOME, REGION, variables
from harness.encryption_sdk import encryption_cli, sdk
from harness.waiting import until
from harness.world import OTHER

CONTEXT = {"project": "apollo", "grüße": "aus=Köln"}
PLAIN = b"content " * 2000
THERE = "eu-west-1"


@pytest.fixture(autouse=True)
def environment(site):
    """Providers that discover keys make clients of KMS as they meet them."""
    with patch.dict(os.environ, variables(site.server.url)):
        yield


@pytest.fixture
def make(site):
    """Makes keys of the test's own: it may disable them."""
    return lambda **members: site.clients().create_key(**members)["KeyMetadata"]["Arn"]


def sealed(site, *keys, **how):
    client, provider = sdk(site, *keys, **how)
    return client.encrypt(source=PLAIN, key_provider=provider, encryption_context=CONTEXT)[0]


def opened(site, message, *keys, **how):
    client, provider = sdk(site, *keys, **how)
    plaintext, header = client.decrypt(source=message, key_provider=provider)
    assert header.encryption_context.items() >= CONTEXT.items()
    return plaintext


def discovering(*accounts):
    filter = DiscoveryFilter(account_ids=accounts, partition="aws")
    return {"provider": DiscoveryAwsKmsMasterKeyProvider, "discovery_filter": filter}


def test_a_message_opens_with_its_key_and_with_no_other(site, make):
    one, two = make(), make()
    message = sealed(site, one)
    assert opened(site, message, one) == PLAIN
    assert opened(site, message, **discovering(HOME)) == PLAIN
    for how in ({"key_ids": [two]}, discovering(OTHER)):
        with pytest.raises(AWSEncryptionSDKClientError):
            opened(site, message, **how)


def test_each_of_several_keys_opens_a_message_and_a_disabled_one_does_not(site, make):
    one, two = make(), make()
    message = sealed(site, one, two)
    site.clients().disable_key(KeyId=one)
    for how in ({"key_ids": [two]}, discovering(HOME)):
        assert opened(site, message, **how) == PLAIN
    with pytest.raises(DecryptKeyError):
        opened(site, message, one)
    with pytest.raises(GenerateKeyError):
        sealed(site, one, two)


def test_a_changed_context_is_refused(site, make):
    key = make()
    message = sealed(site, key)
    changed = message.replace(b"apollo", b"gemini", 1)
    assert changed != message and opened(site, message, key) == PLAIN
    client, provider = sdk(site, key)
    with pytest.raises(DecryptKeyError):
        client.decrypt(source=changed, key_provider=provider)


def test_a_rotation_between_changes_nothing_for_who_opens(site, make):
    key, kms = make(), site.clients()

    def current():
        return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]

    before, first = sealed(site, key), current()
    kms.rotate_key_on_demand(KeyId=key)
    until(lambda: current() != first, "the rotation ends")
    for message in (before, sealed(site, key)):
        assert opened(site, message, key) == PLAIN


def test_a_cache_asks_for_one_data_key_for_several_messages(site, make):
    key = make()
    client, provider = sdk(site, key)
    cache = LocalCryptoMaterialsCache(10)
    manager = CachingCryptoMaterialsManager(
        master_key_provider=provider, cache=cache, max_age=60.0, max_messages_encrypted=2
    )
    messages = [
        client.encrypt(source=PLAIN, materials_manager=manager, encryption_context=CONTEXT)[0] for _ in range(4)
    ]
    assert [opened(site, message, key) for message in messages] == [PLAIN] * 4
    headers = [client.decrypt(source=message, key_provider=provider)[1] for message in messages]
    data_keys = [data_key.encrypted_data_key for header in headers for data_key in header.encrypted_data_keys]
    assert len(data_keys) == 4 and len(set(data_keys)) == 2
    site.clients().disable_key(KeyId=key)
    with pytest.raises(GenerateKeyError):
        client.encrypt(source=PLAIN, materials_manager=manager, encryption_context={"project": "gemini"})


def test_megabytes_stream(site, make):
    key = make()
    client, provider = sdk(site, key)
    content = PLAIN * 100
    with client.stream(source=io.BytesIO(content), mode="e", key_provider=provider, frame_length=65_536) as stream:
        message = stream.read()
    with client.stream(source=io.BytesIO(message), mode="d", key_provider=provider) as stream:
        assert stream.read() == content
    damaged = message[:1_000_000] + bytes([message[1_000_000] ^ 1]) + message[1_000_001:]
    with (
        pytest.raises(InvalidTag),
        client.stream(source=io.BytesIO(damaged), mode="d", key_provider=provider) as stream,
    ):
        stream.read()


def test_a_replica_in_another_region_opens_what_its_primary_key_sealed(site, make):
    primary = make(MultiRegion=True)
    there = site.clients(region=THERE)
    site.clients().replicate_key(KeyId=primary, ReplicaRegion=THERE)
    replica = primary.replace(REGION, THERE)
    until(lambda: there.describe_key(KeyId=replica)["KeyMetadata"]["KeyState"] == "Enabled", "the replica settles")
    message = sealed(site, primary, provider=MRKAwareStrictAwsKmsMasterKeyProvider, key_ids=[primary])
    strict = {"provider": MRKAwareStrictAwsKmsMasterKeyProvider, "key_ids": [replica]}
    discovery = {**discovering(HOME), "provider": MRKAwareDiscoveryAwsKmsMasterKeyProvider, "discovery_region": THERE}
    for how in (strict, discovery):
        assert opened(site, message, **how) == PLAIN
    there.disable_key(KeyId=replica)
    for how in (strict, discovery):
        with pytest.raises(AWSEncryptionSDKClientError):
            opened(site, message, **how)


def test_a_message_from_before_key_commitment_wants_the_older_policy(site, make):
    key = make()
    older = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    message = sealed(site, key, policy=older, key_ids=[key])
    assert opened(site, message, policy=older, key_ids=[key]) == PLAIN
    with pytest.raises(AWSEncryptionSDKClientError, match="(?i)commit"):
        opened(site, message, key)


def test_the_cli_seals_a_folder_and_opens_it_with_the_right_key_and_context_only(site, make, tmp_path):
    one, two = make(), make()
    plain, messages, back, nowhere = (tmp_path / name for name in ("plain", "sealed", "back", "nowhere"))
    for folder in (plain / "inner", messages, back, nowhere):
        folder.mkdir(parents=True)
    (plain / "a").write_bytes(PLAIN)
    (plain / "inner" / "b").write_bytes(b"")
    common = ["--suppress-metadata", "--recursive", "--encryption-context", "project=apollo"]
    both = ["--wrapping-keys", f"key={one}", f"key={two}"]
    done = encryption_cli(site, "--encrypt", *common, *both, "--input", plain, "--output", messages)
    assert done.returncode == 0, done.stderr.decode()
    assert PLAIN[:100] not in (messages / "a.encrypted").read_bytes()
    account = ["discovery=true", "discovery-partition=aws"]
    for keys in ([f"key={two}"], [*account, f"discovery-account={HOME}"]):
        done = encryption_cli(
            site, "--decrypt", *common, "--wrapping-keys", *keys, "--input", messages, "--output", back
        )
        assert done.returncode == 0, done.stderr.decode()
        assert (back / "a.encrypted.decrypted").read_bytes() == PLAIN
        assert (back / "inner" / "b.encrypted.decrypted").read_bytes() == b""
    wrong_context = [*common[:-1], "project=gemini"]
    for keys, options, code, reason in (
        ([f"key={make()}"], common, 1, "Unable to decrypt any data key"),
        ([*account, f"discovery-account={OTHER}"], common, 1, "not allowed by this Master Key Provider"),
        # The CLI passes over what isn't of the context that it was told, and goes on.
        ([f"key={one}"], wrong_context, 0, "deleting output file"),
    ):
        where = ["--input", messages, "--output", nowhere]
        done = encryption_cli(site, "--decrypt", *options, "--wrapping-keys", *keys, *where)
        assert done.returncode == code and reason in done.stderr.decode(), done
        assert [path for path in nowhere.rglob("*") if path.is_file()] == []


def test_the_cli_seals_a_stream(site, make):
    key = make()
    common = ["--suppress-metadata", "--wrapping-keys", f"key={key}", "--input", "-", "--output", "-"]
    message = encryption_cli(site, "--encrypt", "--encode", *common, given=PLAIN)
    assert message.returncode == 0, message.stderr.decode()
    assert encryption_cli(site, "--decrypt", "--decode", *common, given=message.stdout).stdout == PLAIN
    site.clients().disable_key(KeyId=key)
    refused = encryption_cli(site, "--decrypt", "--decode", *common, given=message.stdout)
    assert refused.returncode != 0 and refused.stdout == b"", refused
