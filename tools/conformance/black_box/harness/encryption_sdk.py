"""AWS's Encryption SDK for Python and its CLI, against a server."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from aws_encryption_sdk import EncryptionSDKClient, StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.identifiers import CommitmentPolicy

from harness.clients import REGION, variables

SECONDS = 120


def sdk(site, *keys, policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, provider=None, **how):
    """AWS's client, and a provider: of `keys`, or what `provider` makes of them. It makes its clients of KMS from the
    environment, when it is made."""
    how = how or {"key_ids": keys}
    with patch.dict(os.environ, variables(site.server.url)):
        return EncryptionSDKClient(commitment_policy=policy), (provider or StrictAwsKmsMasterKeyProvider)(**how)


def encryption_cli(site, *arguments, given=None):
    """Runs `aws-encryption-cli` to its end."""
    program = Path(sys.executable).with_name("aws-encryption-cli")
    return subprocess.run(
        [sys.executable, program, *map(str, arguments)],
        env=variables(site.server.url, AWS_DEFAULT_REGION=REGION),
        input=given,
        capture_output=True,
        timeout=SECONDS,
    )
