"""Users, groups and roles of an account of the test's own, made as an administrator would make them."""

import itertools
import json

import pytest
from botocore.exceptions import ClientError

ACCOUNTS = itertools.count(600000000001)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allows(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def denies(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trusts(principal, action="sts:AssumeRole", **more):
    """A trust policy for an ARN or account, or for `{"Service": ...}`."""
    principal = principal if isinstance(principal, dict) else {"AWS": principal}
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **more})


class Account:
    """An account that nobody else uses, seen by its root user."""

    def __init__(self, site):
        self.site, self.clients = site, site.clients
        self.id = str(next(ACCOUNTS))
        self.iam = self.clients("iam", account=self.id)
        self.kms = self.clients("kms", account=self.id)
        self.root = f"arn:aws:iam::{self.id}:root"

    def arn(self, resource):
        return f"arn:aws:iam::{self.id}:{resource}"

    def client(self, key, service="kms", **more):
        return self.clients(service, account=self.id, key=key, **more)

    def user(self, name, *statements, **more):
        """A user with an inline policy of these statements, if any, and its access key."""
        made = self.iam.create_user(UserName=name, **more)["User"]
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return User(self, made, key)

    def role(self, name, trust, *statements, **more):
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return made

    def key(self, *statements, **more):
        """A KMS key, with the account's own statement and these."""
        if statements:
            own = {"Effect": "Allow", "Principal": {"AWS": self.root}, "Action": "kms:*", "Resource": "*"}
            more["Policy"] = policy(own, *statements)
        return self.kms.create_key(**more)["KeyMetadata"]["Arn"]


class User:
    """A user and its access key."""

    def __init__(self, account, made, key):
        self.account, self.made, self.key = account, made, key
        self.name, self.arn, self.id = made["UserName"], made["Arn"], made["UserId"]

    def client(self, service="kms", **more):
        return self.account.client(self.key, service, **more)

    @property
    def kms(self):
        return self.client()

    @property
    def sts(self):
        return self.client("sts")


def refused(call, code, message=None, status=None, **parameters):
    """The call is refused so; its text, if anybody wants more of it."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert error["Code"] == code, error
    if message is not None:
        assert error.get("Message", "") == message
    if status is not None:
        assert metadata["HTTPStatusCode"] == status
    return error.get("Message", "")


def denial(caller, action, resource, reason):
    return f"User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"


def no_allow(action, layer="identity-based policy"):
    return f"because no {layer} allows the {action} action"
