"""DescribeKey."""

import datetime

from harness.table import READS, Ok, Operation, Refused, Row
from harness.world import OTHER
from tables.create_key import metadata

OPERATION = Operation(
    name="DescribeKey",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:DescribeKey"},
    aliases=True,
    cross_account=True,
    states=READS,
    grant_tokens=True,
    answer={"KeyMetadata": lambda got: got["KeyState"] == "Enabled"},
)


def in_days(days):
    """A date this many days from now, give or take an hour."""

    def holds(_key, date):
        wanted = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        return abs((date - wanted).total_seconds()) < 3600

    return holds


ROWS = [
    Row(
        "an enabled key",
        {"KeyId": "{symmetric.id}"},
        Ok({"KeyMetadata": metadata(Description="made for a table: symmetric")}),
        everywhere=True,
    ),
    Row(
        "by ARN", {"KeyId": "{symmetric.arn}"}, Ok({"KeyMetadata": metadata(Description="made for a table: symmetric")})
    ),
    Row(
        "a disabled key",
        {"KeyId": "{symmetric@Disabled.id}"},
        Ok(
            {
                "KeyMetadata": metadata(
                    Description="made for a table: symmetric@Disabled", KeyState="Disabled", Enabled=False
                )
            }
        ),
    ),
    Row(
        "a key pending deletion",
        {"KeyId": "{symmetric@PendingDeletion.id}"},
        Ok(
            {
                "KeyMetadata": metadata(
                    Description="made for a table: symmetric@PendingDeletion",
                    KeyState="PendingDeletion",
                    Enabled=False,
                    DeletionDate=in_days(7),
                )
            }
        ),
    ),
    Row(
        "a signing key",
        {"KeyId": "{p256.id}"},
        Ok(
            {
                "KeyMetadata": metadata(
                    Description="made for a table: p256",
                    KeySpec="ECC_NIST_P256",
                    CustomerMasterKeySpec="ECC_NIST_P256",
                    KeyUsage="SIGN_VERIFY",
                    EncryptionAlgorithms=None,
                    SigningAlgorithms=["ECDSA_SHA_256"],
                    CurrentKeyMaterialId=None,
                )
            }
        ),
    ),
    Row(
        "another account's shared key",
        {"KeyId": "{symmetric!shared.arn}"},
        Ok({"KeyMetadata": metadata(Description="made for a table: symmetric!shared")}),
        account=OTHER,
    ),
    Row(
        "another account's shared key by its id",
        {"KeyId": "{symmetric!shared.id}"},
        Refused("NotFoundException", "Key 'arn:aws:kms:us-east-1:%s:key/{symmetric!shared.id}' does not exist" % OTHER),
        account=OTHER,
    ),
]
