"""CreateGrant. What grants give is asked in `test_grants.py`."""

import re

from botocore.exceptions import ClientError

from harness.clients import HOME
from harness.derive import DRY_RUN
from harness.table import USES, Ok, Operation, Refused, Row, null_at
from harness.world import OTHER, Made, id_of, root

ID = re.compile("[0-9a-f]{64}")
NO_GRANT = "0" * 64

OPERATION = Operation(
    name="CreateGrant",
    request={"KeyId": "{KEY.id}", "GranteePrincipal": root(OTHER), "Operations": ["RetireGrant"]},
    key="symmetric",
    keys={"KeyId": "kms:CreateGrant"},
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"GrantToken": lambda token: 0 < len(token) <= 8192, "GrantId": ID},
)


class Granted(Made):
    """A member of the answer to a CreateGrant on the key; of a key that can't be granted, the id of no grant."""

    def __init__(self, name="KEY", member="GrantId", **members):
        self.name, self.member, self.members = name, member, members

    def make(self, world):
        # The key is shared: the grant must give nothing that another row says OTHER may not do with it.
        operations = ["GenerateDataKeyPairWithoutPlaintext"]
        request = {"KeyId": id_of(self.name), "GranteePrincipal": root(OTHER), "Operations": operations}
        try:
            made, _ = world.clients.call("CreateGrant", world.resolve({**request, **self.members}))
        except ClientError:
            return NO_GRANT
        return made[self.member]

    def about(self, name):
        return Granted(name, self.member, **self.members) if self.name == "KEY" else self


def asked(**members):
    return {**OPERATION.request, "KeyId": "{symmetric.id}", **members}


def told(**members):
    return {name: value for name, value in asked(**members).items() if value is not None}


def principal(text):
    return Refused("InvalidArnException", text)


MAC = {"KeyId": "{hmac.id}", "GranteePrincipal": root(OTHER)}
NOBODY = f"arn:aws:iam::{HOME}:user/nobody"
SOURCE = {"SourceArn": f"arn:aws:s3:us-east-1:{HOME}:bucket/b"}
CONTEXT = {"EncryptionContextSubset": {"team": "blue"}}

ROWS = [
    Row("with everything", asked(Name="n", RetiringPrincipal=root(HOME), Constraints=CONTEXT), Ok(), everywhere=True),
    Row("for a federated user", asked(GranteePrincipal=f"arn:aws:sts::{OTHER}:federated-user/guest"), Ok()),
    Row(
        "for a service",
        told(
            GranteePrincipal=None,
            GranteeServicePrincipal="s3.amazonaws.com",
            RetiringServicePrincipal="s3.amazonaws.com",
            Constraints=SOURCE,
        ),
        Ok(),
    ),
    Row("no grantee", told(GranteePrincipal=None), Refused("ValidationException", null_at("granteePrincipal"))),
    Row(
        "a user that nobody made",
        asked(GranteePrincipal=NOBODY),
        principal(f"ARN does not refer to a valid principal: {NOBODY}"),
    ),
    Row(
        "a malformed ARN",
        asked(GranteePrincipal=f"arn:aws:sts::{HOME}:assumed-role/a/b/c"),
        principal(f"ARN is not valid: arn:aws:sts::{HOME}:assumed-role/a/b/c"),
    ),
    Row(
        "a unique id that nobody has",
        asked(GranteePrincipal="AROA00000000000000000"),
        principal("GranteePrincipal does not refer to a valid principal."),
    ),
    Row(
        "an operation of other keys",
        {**MAC, "Operations": ["Encrypt"]},
        Refused(
            "ValidationException",
            "Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage "
            "GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac]",
        ),
    ),
    Row(
        "a context for a key that takes none",
        {**MAC, "Operations": ["GenerateMac"], "Constraints": CONTEXT},
        Refused(
            "ValidationException",
            "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
        ),
    ),
    Row(
        "two constraints",
        asked(Constraints={**CONTEXT, "EncryptionContextEquals": {"team": "blue"}}),
        Refused("ValidationException", "More than one constraint supplied"),
    ),
    Row("dry", asked(DryRun=True), DRY_RUN),
]
