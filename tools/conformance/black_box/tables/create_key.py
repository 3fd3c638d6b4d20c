"""CreateKey, and the members of KeyMetadata."""

import datetime
import json
import re

from harness.table import ANY, Ok, Operation, Refused, Row, at_most, enum_error, validation
from harness.world import HOME, OTHER, REGION, STRANGER, UUID_TEXT, allow, document, root

OPERATION = Operation(
    name="CreateKey",
    request={},
    changes=True,
    answer={"KeyMetadata": dict},
    # Key stores aren't served, and tags are judged as a whole.
    unlike_model=("CustomKeyStoreId", "XksKeyId", "Tags"),
)

HEX64 = re.compile(r"[0-9a-f]{64}")
RSA_ENCRYPTION = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
RSA_SIGNING = [f"{scheme}_SHA_{bits}" for scheme in ("RSASSA_PKCS1_V1_5", "RSASSA_PSS") for bits in (256, 384, 512)]
USAGES = ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]
LISTS = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}
# The guide's table of key specs: usages, each with its algorithms.
SPECS = {
    "SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT": ["SYMMETRIC_DEFAULT"]},
    "RSA_2048": {"ENCRYPT_DECRYPT": RSA_ENCRYPTION, "SIGN_VERIFY": RSA_SIGNING},
    "RSA_3072": {"ENCRYPT_DECRYPT": RSA_ENCRYPTION, "SIGN_VERIFY": RSA_SIGNING},
    "RSA_4096": {"ENCRYPT_DECRYPT": RSA_ENCRYPTION, "SIGN_VERIFY": RSA_SIGNING},
    "ECC_NIST_P256": {"SIGN_VERIFY": ["ECDSA_SHA_256"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_NIST_P384": {"SIGN_VERIFY": ["ECDSA_SHA_384"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_NIST_P521": {"SIGN_VERIFY": ["ECDSA_SHA_512"], "KEY_AGREEMENT": ["ECDH"]},
    "ECC_SECG_P256K1": {"SIGN_VERIFY": ["ECDSA_SHA_256"]},
    "HMAC_224": {"GENERATE_VERIFY_MAC": ["HMAC_SHA_224"]},
    "HMAC_256": {"GENERATE_VERIFY_MAC": ["HMAC_SHA_256"]},
    "HMAC_384": {"GENERATE_VERIFY_MAC": ["HMAC_SHA_384"]},
    "HMAC_512": {"GENERATE_VERIFY_MAC": ["HMAC_SHA_512"]},
}
SLOW = {"RSA_3072", "RSA_4096"}


def metadata(account=HOME, region=REGION, partition="aws", **other):
    """A predicate over KeyMetadata: every member, and no other."""
    expected = {
        "AWSAccountId": account,
        "Enabled": True,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "MultiRegion": False,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "CurrentKeyMaterialId": HEX64,
        **other,
    }
    expected = {name: value for name, value in expected.items() if value is not None}

    def holds(got):
        made = dict(got)
        key_id, arn, created = made.pop("KeyId"), made.pop("Arn"), made.pop("CreationDate")
        assert re.fullmatch(r"mrk-[0-9a-f]{32}" if expected["MultiRegion"] else UUID_TEXT, key_id), key_id
        assert arn == f"arn:{partition}:kms:{region}:{account}:key/{key_id}"
        age = (datetime.datetime.now(datetime.UTC) - created).total_seconds()
        assert -5 < age < 3600, created
        assert set(made) == set(expected), f"{sorted(set(made) ^ set(expected))}"
        for name, value in expected.items():
            got_value = made[name]
            if isinstance(value, re.Pattern):
                assert value.fullmatch(got_value), f"{name}: {got_value}"
            elif callable(value):
                assert value(key_id, got_value), f"{name}: {got_value}"
            else:
                assert got_value == value, f"{name}: {got_value}"
        return True

    return holds


def of_spec(spec, usage):
    """What metadata says of a key of this spec and usage; the lists keep AWS's order."""
    told = {
        "KeySpec": spec,
        "CustomerMasterKeySpec": spec,
        "KeyUsage": usage,
        "EncryptionAlgorithms": None,
        LISTS[usage]: SPECS[spec][usage],
    }
    if spec != "SYMMETRIC_DEFAULT":
        told["CurrentKeyMaterialId"] = None
    return metadata(**told)


def matrix():
    rows = []
    for spec, usages in SPECS.items():
        for usage in USAGES:
            request = {"KeySpec": spec, "KeyUsage": usage}
            if usage not in usages:
                rows.append(
                    Row(
                        f"{spec} for {usage}",
                        request,
                        Refused("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}"),
                    )
                )
            elif spec not in SLOW or usage == "SIGN_VERIFY":
                rows.append(Row(f"{spec} for {usage}", request, Ok({"KeyMetadata": of_spec(spec, usage)})))
        if spec != "SYMMETRIC_DEFAULT":
            rows.append(
                Row(
                    f"{spec} without usage",
                    {"KeySpec": spec},
                    Refused(
                        "ValidationException",
                        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
                    ),
                )
            )
    return rows


def multi_region(key_id, told):
    primary = {"Arn": f"arn:aws:kms:{REGION}:{HOME}:key/{key_id}", "Region": REGION}
    return told == {"MultiRegionKeyType": "PRIMARY", "PrimaryKey": primary, "ReplicaKeys": []}


def tagged(*pairs):
    return [{"TagKey": key, "TagValue": value} for key, value in pairs]


def tag_error(text):
    return Refused("TagException", text)


def described(world, answer):
    """DescribeKey says the same."""
    shown, _ = world.clients.call("DescribeKey", {"KeyId": answer["KeyMetadata"]["KeyId"]})
    assert shown == answer


MALFORMED = Refused("MalformedPolicyDocumentException", None)
LOCKED_OUT = Refused(
    "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future."
)
NOBODY = Refused("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
MADE = Ok({"KeyMetadata": dict})


def policy(name, text, expect, **more):
    return Row(f"policy: {name}", {"Policy": text if isinstance(text, str) else json.dumps(text), **more}, expect)


def without(member):
    """A policy whose only statement lacks a member."""
    statement = allow(root(HOME))
    del statement[member]
    return document(statement)


def of_size(length):
    """A policy document of exactly this many bytes."""
    short = document(allow(root(HOME), Sid=""))
    return document(allow(root(HOME), Sid="s" * (length - len(short))))


ROWS = [
    Row("nothing asked", {}, Ok({"KeyMetadata": metadata()}, then=described), everywhere=True),
    Row(
        "a description",
        {"Description": "für Gäste 🔑"},
        Ok({"KeyMetadata": metadata(Description="für Gäste 🔑")}, then=described),
    ),
    Row("an empty description", {"Description": ""}, Ok({"KeyMetadata": metadata()})),
    Row(
        "the longest description",
        {"Description": "d" * 8192},
        Ok({"KeyMetadata": metadata(Description="d" * 8192)}, then=described),
    ),
    Row(
        "a longer description",
        {"Description": "d" * 8193},
        Refused(
            "ValidationException",
            lambda text: text.endswith(" at 'description' failed to satisfy constraint: " + at_most(8192)),
        ),
    ),
    Row("in another Region", {}, Ok({"KeyMetadata": metadata(region="eu-central-1")}), region="eu-central-1"),
    Row("in China", {}, Ok({"KeyMetadata": metadata(region="cn-north-1", partition="aws-cn")}), region="cn-north-1"),
    Row(
        "in GovCloud",
        {},
        Ok({"KeyMetadata": metadata(region="us-gov-west-1", partition="aws-us-gov")}),
        region="us-gov-west-1",
    ),
    Row("by another account", {}, Ok({"KeyMetadata": metadata(account=OTHER)}), account=OTHER),
    Row("the origin named", {"Origin": "AWS_KMS"}, Ok({"KeyMetadata": metadata()})),
    Row(
        "multi-Region",
        {"MultiRegion": True},
        Ok({"KeyMetadata": metadata(MultiRegion=True, MultiRegionConfiguration=multi_region)}, then=described),
    ),
    Row(
        "multi-Region P-256",
        {"MultiRegion": True, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        Ok(
            {
                "KeyMetadata": metadata(
                    MultiRegion=True,
                    MultiRegionConfiguration=multi_region,
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
    Row("not multi-Region", {"MultiRegion": False}, Ok({"KeyMetadata": metadata()})),
    # Specs and usages.
    *matrix(),
    Row(
        "the spec in its old member",
        {"CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        Ok({"KeyMetadata": of_spec("ECC_NIST_P256", "SIGN_VERIFY")}),
    ),
    Row(
        "both members of the spec",
        {"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        Refused("ValidationException", ANY),
    ),
    Row(
        "a usage without a spec",
        {"KeyUsage": "SIGN_VERIFY"},
        Refused("ValidationException", "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"),
    ),
    Row(
        "an unknown usage", {"KeyUsage": "SEAL"}, Refused("ValidationException", enum_error("keyUsage", "SEAL", USAGES))
    ),
    # Tags.
    Row("tags", {"Tags": tagged(("a", "1"), ("B c", ""), ("_.:/=+-@", "ä"))}, MADE),
    Row("fifty tags", {"Tags": tagged(*((f"k{n}", "v") for n in range(50)))}, MADE),
    Row("fifty-one tags", {"Tags": tagged(*((f"k{n}", "v") for n in range(51)))}, tag_error("Too many tags")),
    Row("a tag twice", {"Tags": tagged(("a", "1"), ("a", "2"))}, tag_error("Duplicate tag keys")),
    Row("tags that differ in case", {"Tags": tagged(("a", "1"), ("A", "2"))}, MADE),
    Row("a reserved tag", {"Tags": tagged(("aws:x", "1"))}, tag_error("Tags beginning with aws: are reserved")),
    Row(
        "a reserved tag in capitals",
        {"Tags": tagged(("AWS:x", "1"))},
        tag_error("Tags beginning with aws: are reserved"),
    ),
    Row("the longest tag", {"Tags": tagged(("k" * 128, "v" * 256))}, MADE),
    Row(
        "too long a tag key",
        {"Tags": tagged(("k" * 129, "v"))},
        Refused("ValidationException", validation("tags.1.member.tagKey", at_most(128), "k" * 129)),
    ),
    Row(
        "too long a tag value",
        {"Tags": tagged(("a", "b"), ("k", "v" * 257))},
        Refused("ValidationException", validation("tags.2.member.tagValue", at_most(256), "v" * 257)),
    ),
    Row("no tags", {"Tags": []}, MADE),
    # Policies.
    policy("the default, written out", document(allow(root(HOME))), MADE),
    policy("the account as twelve digits", document(allow(HOME)), MADE),
    policy("everybody", document(allow("*")), MADE),
    policy(
        "everybody, without AWS",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
            }
        ),
        MADE,
    ),
    policy(
        "one statement that is no list", json.dumps({"Version": "2012-10-17", "Statement": allow(root(HOME))}), MADE
    ),
    policy("the older version", json.dumps({"Version": "2008-10-17", "Statement": [allow(root(HOME))]}), MADE),
    policy(
        "an id, sids with blanks",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Id": "key-default-1",
                "Statement": [allow(root(HOME), Sid="Enable IAM User Permissions")],
            }
        ),
        MADE,
    ),
    policy(
        "a condition",
        document(
            allow(root(HOME)),
            allow(root(OTHER), "kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:app": "x"}}),
        ),
        MADE,
    ),
    policy("just what the lockout check asks", document(allow(root(HOME), "kms:PutKeyPolicy")), MADE),
    policy("white space", "\t\r\n " + document(allow(root(HOME))), MADE),
    policy("32768 bytes", of_size(32768), MADE),
    policy("32769 bytes", of_size(32769), Refused("LimitExceededException", ANY)),
    policy("131073 characters", of_size(131073), Refused("ValidationException", ANY)),
    policy("no JSON", "{", MALFORMED),
    policy("a text", '"policy"', MALFORMED),
    policy("an array", "[]", MALFORMED),
    policy("an empty object", "{}", MALFORMED),
    policy("without Action", without("Action"), MALFORMED),
    policy("without Resource", without("Resource"), MALFORMED),
    policy("without Principal", without("Principal"), Refused("MalformedPolicyDocumentException", ANY)),
    policy("without Effect", without("Effect"), MALFORMED),
    policy(
        "a Resource that is an ARN",
        document(allow(root(HOME), Resource=f"arn:aws:kms:{REGION}:{HOME}:key/x")),
        MALFORMED,
    ),
    policy("an Effect of its own", document(allow(root(HOME), Effect="Maybe")), MALFORMED),
    policy("a user that isn't there", document(allow(root(HOME)), allow(f"arn:aws:iam::{HOME}:user/nobody")), NOBODY),
    policy("a role that isn't there", document(allow(root(HOME)), allow(f"arn:aws:iam::{HOME}:role/nobody")), NOBODY),
    policy("a principal that is none", document(allow(root(HOME)), allow("nobody")), NOBODY),
    policy("locked out: another account", document(allow(root(OTHER))), LOCKED_OUT),
    policy("locked out: another action", document(allow(root(HOME), ["kms:Encrypt", "kms:Decrypt"])), LOCKED_OUT),
    policy(
        "locked out: denied",
        document(
            allow(root(HOME)), {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}
        ),
        LOCKED_OUT,
    ),
    policy("locked out on purpose", document(allow(root(OTHER))), MADE, BypassPolicyLockoutSafetyCheck=True),
    policy("the check not bypassed", document(allow(root(OTHER))), LOCKED_OUT, BypassPolicyLockoutSafetyCheck=False),
    policy("bypass and no JSON", "{", MALFORMED, BypassPolicyLockoutSafetyCheck=True),
    policy("by a stranger", document(allow(root(STRANGER))), LOCKED_OUT),
]
