"""Unmodified boto3 clients for a server: one session for each access key, no configuration from the machine."""

import boto3
from botocore.config import Config

HOME = "000000000000"
REGION = "us-east-1"


class Clients:
    """boto3 clients by account, Region and service. `test`/`test` is root of `HOME`."""

    def __init__(self, url, verify=None):
        self.url, self.verify, self.made = url, verify, {}

    def __call__(self, service="kms", account=HOME, region=REGION, checks=True):
        """`checks=False` leaves the checking of parameters to the server."""
        wanted = (service, account, region, checks)
        if wanted not in self.made:
            access_key = "test" if account == HOME else account
            session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key="test",
                                            region_name=region)
            config = Config(parameter_validation=checks, retries={"total_max_attempts": 1, "mode": "standard"},
                            connect_timeout=5, read_timeout=60, max_pool_connections=16)
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
