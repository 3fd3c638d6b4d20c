"""ReplicateKey. What becomes of a replica is asked in `test_multi_region.py`."""

import json

from harness.clients import HOME, REGION
from harness.table import DISABLED, PENDING, Ok, Operation, Refused, Row
from harness.world import POLICIES, Fresh, allow, document, root

THERE = "eu-west-1"

OPERATION = Operation(
    name="ReplicateKey",
    request={"KeyId": "{KEY.id}", "ReplicaRegion": THERE},
    key="mrk",
    keys={"KeyId": "kms:ReplicateKey"},
    states={"Enabled": None, "Disabled": DISABLED, "PendingDeletion": PENDING},
    changes=True,
    leads_to="Enabled",
    answer={"ReplicaKeyMetadata": dict, "ReplicaPolicy": str},
    # Tags and policies are judged as a whole.
    unlike_model=("Tags", "Policy"),
)

PARTITION = Refused(
    "ValidationException", "The replica key Region must be in the same AWS partition as the primary key Region."
)
DEFAULT = {
    "Version": "2012-10-17",
    "Id": "key-default-1",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root(HOME)},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
SOMEBODY_ELSES = POLICIES["foreign"]
TAGS = [{"TagKey": "team", "TagValue": "blue"}]


def creating(**other):
    """A predicate over the metadata of a replica that is being made."""
    expected = {
        "AWSAccountId": HOME,
        "Enabled": False,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Creating",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "MultiRegion": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        **other,
    }

    def holds(got):
        made = dict(got)
        key_id, arn, _ = made.pop("KeyId"), made.pop("Arn"), made.pop("CreationDate")
        assert arn == f"arn:aws:kms:{THERE}:{HOME}:key/{key_id}"
        mine = {"Arn": f"arn:aws:kms:{REGION}:{HOME}:key/{key_id}", "Region": REGION}
        its = {"Arn": arn, "Region": THERE}
        assert made.pop("MultiRegionConfiguration") == {
            "MultiRegionKeyType": "REPLICA",
            "PrimaryKey": mine,
            "ReplicaKeys": [its],
        }
        assert made == expected
        return True

    return holds


def replica(**more):
    return {"KeyId": Fresh("mrk"), "ReplicaRegion": THERE, **more}


def to(region):
    return {"KeyId": "{mrk.id}", "ReplicaRegion": region}


ROWS = [
    Row(
        "nothing else asked",
        replica(),
        Ok({"ReplicaKeyMetadata": creating(), "ReplicaPolicy": lambda text: json.loads(text) == DEFAULT}),
        everywhere=True,
    ),
    Row(
        "everything asked",
        replica(
            Description="für Gäste", Policy=SOMEBODY_ELSES, BypassPolicyLockoutSafetyCheck=True, Tags=TAGS
        ),
        Ok(
            {
                "ReplicaKeyMetadata": creating(Description="für Gäste"),
                "ReplicaPolicy": lambda text: text == SOMEBODY_ELSES,
                "ReplicaTags": lambda tags: tags == TAGS,
            }
        ),
    ),
    Row(
        "where the primary is",
        to(REGION),
        Refused("ValidationException", f"{REGION} cannot have a replica because it contains the primary."),
    ),
    Row("in China", to("cn-north-1"), PARTITION),
    Row("in GovCloud", to("us-gov-west-1"), PARTITION),
    Row(
        "of a single-Region key",
        {"KeyId": "{symmetric.id}", "ReplicaRegion": THERE},
        Refused("UnsupportedOperationException", "{symmetric.arn} is not a multi-region primary key."),
        everywhere=True,
    ),
    Row(
        "a lockout",
        replica(Policy=document(allow(root("222222222222")))),
        Refused(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        ),
    ),
    Row("no policy", replica(Policy="{"), Refused("MalformedPolicyDocumentException", None)),
    Row("a tag twice", replica(Tags=TAGS * 2), Refused("TagException", "Duplicate tag keys")),
]
