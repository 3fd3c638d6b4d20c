"""Unmodified clients for a server: boto3's, one session for each access key, and what others find in the environment."""

import os

import boto3
from botocore.config import Config

from harness.process import environment

HOME = "000000000000"
REGION = "us-east-1"


def variables(url, account=HOME, **more):
    """The environment of a program that calls `url` as root of `account`, and reads none of the machine's files."""
    return environment(
        {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test" if account == HOME else account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **more,
        }
    )


class Clients:
    """boto3 clients by account, Region and service. `test`/`test` is root of `HOME`; `key` is any other access key: the
    `AccessKey` of CreateAccessKey or the `Credentials` of STS."""

    def __init__(self, url, verify=None):
        self.url, self.verify, self.made = url, verify, {}

    def __call__(self, service="kms", account=HOME, region=REGION, checks=True, key=None):
        """`checks=False` leaves the checking of parameters to the server."""
        root = {"AccessKeyId": "test" if account == HOME else account, "SecretAccessKey": "test"}
        key = key or root
        wanted = (service, region, checks, *key.values())
        if wanted not in self.made:
            session = boto3.session.Session(
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
                aws_session_token=key.get("SessionToken"),
                region_name=region,
            )
            config = Config(
                parameter_validation=checks,
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=16,
            )
            self.made[wanted] = session.client(service, endpoint_url=self.url, config=config, verify=self.verify)
        return self.made[wanted]

    def call(self, operation, parameters=None, **which):
        """Calls an operation by AWS's name: (members of the answer, its metadata)."""
        client = self(**which)
        method = next(name for name, spelt in client.meta.method_to_api_mapping.items() if spelt == operation)
        answer = getattr(client, method)(**(parameters or {}))
        return answer, answer.pop("ResponseMetadata")

    def close(self):
        for client in self.made.values():
            client.close()
