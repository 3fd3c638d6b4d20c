"""The AWS CLI as a program: unmodified, with credentials and nothing else in its environment."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.clients import HOME, REGION
from harness.process import environment

SECONDS = 120


@dataclass
class Printed:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out) if self.out else {}


def program():
    """`aws` beside the Python that runs the suites."""
    beside = Path(sys.executable).with_name("aws")
    found = str(beside) if beside.exists() else shutil.which("aws")
    assert found, "the AWS CLI is not installed beside this Python"
    return [sys.executable, found] if Path(found).read_bytes().startswith(b"#!") else [found]


def aws(url, *arguments, account=HOME, region=REGION, folder=None, variables=None, endpoint=True):
    """Runs `aws ...` against `url`, in a home of its own: the CLI keeps roles that it assumed there, and would hand a
    later run, against another server, the sessions of this one.
    """
    key = "test" if account == HOME else account
    with tempfile.TemporaryDirectory() as home:
        own = environment(
            {
                "HOME": home,
                "AWS_ACCESS_KEY_ID": key,
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": region,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_PAGER": "",
                "AWS_MAX_ATTEMPTS": "1",
                **(variables or {}),
            }
        )
        command = [*program(), *map(str, arguments)] + (["--endpoint-url", url] if endpoint else [])
        done = subprocess.run(
            command, env=own, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
    return Printed(done.returncode, done.stdout.decode(), done.stderr.decode())
