"""A seeded history of random operations on a server, each answer compared with the model; and what a server shows of it."""

import json
import random

from botocore.exceptions import ClientError

from harness.clients import HOME
from harness.model import DISABLED, ENABLED, PENDING, Model

ALGORITHM = {"RSA_2048": "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT": "SYMMETRIC_DEFAULT"}
MAX_KEYS = 60
# How many names of aliases there are.
NAMES = 40
SPECS = ["SYMMETRIC_DEFAULT"] * 6 + ["HMAC_256"] * 2 + ["ECC_NIST_P256"] * 2 + ["RSA_2048"]

# How often each step is taken.
STEPS = {
    "encrypt": 26,
    "decrypt": 22,
    "re_encrypt": 5,
    "data_key": 7,
    "mac": 5,
    "sign": 5,
    "create": 3,
    "enable": 4,
    "disable": 3,
    "schedule": 2,
    "cancel": 3,
    "tag": 4,
    "untag": 2,
    "describe": 2,
    "policy": 2,
    "grant": 4,
    "end_grant": 2,
    "rotation": 2,
    "rotate": 1,
    "create_alias": 2,
    "update_alias": 3,
    "delete_alias": 1,
    "days": 0.4,
}


def policy(number):
    """A policy that keeps the key manageable, and says something of its own."""
    root = f"arn:aws:iam::{HOME}:root"
    statements = [{"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}]
    if number:
        other = f"arn:aws:iam::{100_000_000_000 + number % 7}:root"
        allowed = {"Effect": "Allow", "Principal": {"AWS": other}, "Action": "kms:DescribeKey", "Resource": "*"}
        statements.append({"Sid": f"Number{number}", **allowed})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class History:
    """Steps on one account of a server in dev mode. The same seed gives the same steps."""

    def __init__(self, server, kms, seed):
        self.server, self.kms, self.chance = server, kms, random.Random(seed)
        self.model, self.steps, self.refused = Model(), 0, 0
        # (key, ciphertext, context, plaintext or None where only the service knows it)
        self.ciphertexts, self.macs, self.signatures = [], [], []
        self.may_pass_days = True
        self.names, self.weights = list(STEPS), list(STEPS.values())

    def step(self):
        """One step, and its answer held against the model."""
        self.steps += 1
        name = self.chance.choices(self.names, self.weights)[0]
        getattr(self, f"_{name}")()

    def _call(self, operation, key_id, method, otherwise=None, **members):
        """The answer, or `None` when the server refused as the model says. `otherwise` is an error for other reasons."""
        expected = self.model.refusal(operation, key_id) or otherwise
        try:
            answer = getattr(self.kms, method)(**members)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code == expected, f"step {self.steps}: {operation} on {key_id}: {error}, expected {expected}"
            self.refused += 1
            return None
        assert expected is None, f"step {self.steps}: {operation} on {key_id} was answered, expected {expected}"
        return answer

    def _key(self, *specs):
        """Any key of these specs, now and then one that was destroyed; `None` when there is none."""
        if self.model.gone and not specs and self.chance.random() < 0.02:
            return self.chance.choice(sorted(self.model.gone))
        found = [key_id for key_id, key in self.model.keys.items() if not specs or key.spec in specs]
        return self.chance.choice(found) if found else None

    def _create(self):
        if len(self.model.keys) >= MAX_KEYS:
            return
        spec = self.chance.choice(SPECS)
        number = self.chance.randrange(1_000)
        tags = {f"tag{self.chance.randrange(5)}": str(number) for _ in range(self.chance.randrange(3))}
        members = {"KeySpec": spec, "Description": f"key {number}", "Policy": policy(number % 3)}
        members["KeyUsage"] = {"HMAC_256": "GENERATE_VERIFY_MAC", "ECC_NIST_P256": "SIGN_VERIFY"}.get(
            spec, "ENCRYPT_DECRYPT"
        )
        members["Tags"] = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
        key_id = self.kms.create_key(**members)["KeyMetadata"]["KeyId"]
        self.model.create(key_id, spec, members["Description"], tags, json.loads(members["Policy"]))

    def _context(self, key_id):
        key = self.model.keys.get(key_id)
        if key is None or key.spec != "SYMMETRIC_DEFAULT" or self.chance.random() < 0.5:
            return {}
        return {"EncryptionContext": {"number": str(self.chance.randrange(9))}}

    def _encrypt(self):
        if (key_id := self._key("SYMMETRIC_DEFAULT", "RSA_2048")) is None:
            return
        context, plaintext = self._context(key_id), self.chance.randbytes(self.chance.randrange(1, 100))
        algorithm = ALGORITHM[self.model.keys[key_id].spec]
        named = self.chance.choice([key_id, *sorted(n for n, to in self.model.aliases.items() if to == key_id)])
        members = {"KeyId": named, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm, **context}
        if answer := self._call("Encrypt", key_id, "encrypt", **members):
            self.ciphertexts.append((key_id, answer["CiphertextBlob"], context, plaintext, algorithm))

    def _decrypt(self):
        if not self.ciphertexts:
            return
        key_id, blob, context, plaintext, algorithm = self.chance.choice(self.ciphertexts)
        answer = self._call("Decrypt", key_id, "decrypt", **self._opened_with(key_id, blob, context, algorithm))
        assert answer is None or plaintext in (None, answer["Plaintext"])

    @staticmethod
    def _opened_with(key_id, blob, context, algorithm):
        return {"KeyId": key_id, "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm, **context}

    def _re_encrypt(self):
        symmetric = [made for made in self.ciphertexts if made[4] == "SYMMETRIC_DEFAULT"]
        to = self._key("SYMMETRIC_DEFAULT")
        if not symmetric or to is None:
            return
        key_id, blob, context, plaintext, algorithm = self.chance.choice(symmetric)
        # AWS looks at the source first.
        refusal = self.model.refusal("ReEncrypt", key_id) or self.model.refusal("ReEncrypt", to)
        members = {"CiphertextBlob": blob, "SourceKeyId": key_id, "DestinationKeyId": to}
        if context:
            members["SourceEncryptionContext"] = context["EncryptionContext"]
        try:
            answer = self.kms.re_encrypt(**members)
        except ClientError as error:
            # The guide doesn't say which of two refusals comes first.
            both = {self.model.refusal("ReEncrypt", key_id), self.model.refusal("ReEncrypt", to)} - {None}
            assert error.response["Error"]["Code"] in both, f"step {self.steps}: {error}, expected one of {both}"
            self.refused += 1
            return
        assert refusal is None, f"step {self.steps}: ReEncrypt was answered, expected {refusal}"
        self.ciphertexts.append((to, answer["CiphertextBlob"], {}, plaintext, algorithm))

    def _data_key(self):
        if (key_id := self._key("SYMMETRIC_DEFAULT")) is None:
            return
        context = self._context(key_id)
        if self.chance.random() < 0.5:
            operation, method = "GenerateDataKey", "generate_data_key"
        else:
            operation, method = "GenerateDataKeyWithoutPlaintext", "generate_data_key_without_plaintext"
        if answer := self._call(operation, key_id, method, KeyId=key_id, KeySpec="AES_256", **context):
            made = (key_id, answer["CiphertextBlob"], context, answer.get("Plaintext"), "SYMMETRIC_DEFAULT")
            self.ciphertexts.append(made)

    def _mac(self):
        if (key_id := self._key("HMAC_256")) is None:
            return
        members = {"KeyId": key_id, "Message": self.chance.randbytes(20), "MacAlgorithm": "HMAC_SHA_256"}
        if answer := self._call("GenerateMac", key_id, "generate_mac", **members):
            self.macs.append((key_id, {**members, "Mac": answer["Mac"]}))

    def _sign(self):
        if (key_id := self._key("ECC_NIST_P256")) is None:
            return
        members = {"KeyId": key_id, "Message": self.chance.randbytes(20), "SigningAlgorithm": "ECDSA_SHA_256"}
        if answer := self._call("Sign", key_id, "sign", **members):
            self.signatures.append((key_id, {**members, "Signature": answer["Signature"]}))

    def _change(self, operation, method, members, specs=(), **told):
        """A change of any key; the key's id when it was made."""
        if (key_id := self._key(*specs)) is None:
            return
        if self._call(operation, key_id, method, KeyId=key_id, **members) is not None:
            self.model.apply(operation, key_id, **told)

    def _enable(self):
        self._change("EnableKey", "enable_key", {})

    def _disable(self):
        self._change("DisableKey", "disable_key", {})

    def _schedule(self):
        days = self.chance.randrange(7, 31)
        self._change("ScheduleKeyDeletion", "schedule_key_deletion", {"PendingWindowInDays": days}, days=days)

    def _cancel(self):
        self._change("CancelKeyDeletion", "cancel_key_deletion", {})

    def _tag(self):
        tags = {f"tag{self.chance.randrange(5)}": str(self.chance.randrange(100))}
        members = {"Tags": [{"TagKey": name, "TagValue": value} for name, value in tags.items()]}
        self._change("TagResource", "tag_resource", members, tags=tags)

    def _untag(self):
        names = [f"tag{self.chance.randrange(5)}"]
        self._change("UntagResource", "untag_resource", {"TagKeys": names}, names=names)

    def _describe(self):
        description = f"described {self.chance.randrange(1_000)}"
        members = {"Description": description}
        self._change("UpdateKeyDescription", "update_key_description", members, description=description)

    def _policy(self):
        text = policy(self.chance.randrange(1_000))
        self._change("PutKeyPolicy", "put_key_policy", {"Policy": text}, policy=json.loads(text))

    def _grant(self):
        if (key_id := self._key()) is None:
            return
        grantee = f"arn:aws:iam::{100_000_000_000 + self.chance.randrange(5)}:root"
        spec = self.model.keys[key_id].spec if key_id in self.model.keys else "SYMMETRIC_DEFAULT"
        allowed = {
            "SYMMETRIC_DEFAULT": ["Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey"],
            "RSA_2048": ["Decrypt", "Encrypt", "DescribeKey"],
            "HMAC_256": ["GenerateMac", "VerifyMac", "DescribeKey"],
            "ECC_NIST_P256": ["Sign", "Verify", "DescribeKey"],
        }[spec]
        operations = sorted(self.chance.sample(allowed, self.chance.randrange(1, len(allowed))))
        members = {"KeyId": key_id, "GranteePrincipal": grantee, "Operations": operations}
        answer = self._call("CreateGrant", key_id, "create_grant", **members)
        if answer:
            grant = {"grantee": grantee, "operations": operations}
            self.model.apply("CreateGrant", key_id, grant_id=answer["GrantId"], grant=grant)

    def _end_grant(self):
        granted = [(key_id, grant) for key_id, key in self.model.keys.items() for grant in key.grants]
        if not granted:
            return
        key_id, grant_id = self.chance.choice(granted)
        operation, method = self.chance.choice([("RevokeGrant", "revoke_grant"), ("RetireGrant", "retire_grant")])
        named = key_id if operation == "RevokeGrant" else self.kms_arn(key_id)
        if self._call(operation, key_id, method, KeyId=named, GrantId=grant_id) is not None:
            self.model.apply(operation, key_id, grant_id=grant_id)

    @staticmethod
    def kms_arn(key_id):
        return f"arn:aws:kms:us-east-1:{HOME}:key/{key_id}"

    def _rotation(self):
        if self.chance.random() < 0.6:
            period = self.chance.randrange(1_000, 2_561)
            members = {"RotationPeriodInDays": period}
            specs = ["SYMMETRIC_DEFAULT"]
            self._change("EnableKeyRotation", "enable_key_rotation", members, specs, period=period)
        else:
            if (key_id := self._key("SYMMETRIC_DEFAULT")) is None:
                return
            # The table: DisableKeyRotation of a disabled key is refused as its enabling is.
            otherwise = "DisabledException" if self.model.keys[key_id].state == DISABLED else None
            answer = self._call("DisableKeyRotation", key_id, "disable_key_rotation", otherwise, KeyId=key_id)
            if answer is not None:
                self.model.apply("DisableKeyRotation", key_id)

    def _rotate(self):
        if (key_id := self._key("SYMMETRIC_DEFAULT")) is None:
            return
        if self._call("RotateKeyOnDemand", key_id, "rotate_key_on_demand", KeyId=key_id) is not None:
            self.model.apply("RotateKeyOnDemand", key_id)
            # It ends with the next round of what is due.
            self.server.advance(1)

    def _on_alias(self, operation, method, key_id=None):
        """An operation on one of a few names."""
        name = f"alias/name/{self.chance.randrange(NAMES)}"
        expected = self.model.alias_refusals(operation, name, key_id)
        target = {"TargetKeyId": key_id} if key_id else {}
        try:
            getattr(self.kms, method)(AliasName=name, **target)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in expected, f"step {self.steps}: {operation} of {name}: {error}, expected one of {expected}"
            self.refused += 1
            return
        assert not expected, f"step {self.steps}: {operation} of {name} was answered, expected one of {expected}"
        if key_id:
            self.model.aliases[name] = key_id
        else:
            del self.model.aliases[name]

    def _create_alias(self):
        if (key_id := self._key()) is not None:
            self._on_alias("CreateAlias", "create_alias", key_id)

    def _update_alias(self):
        if (key_id := self._key()) is not None:
            self._on_alias("UpdateAlias", "update_alias", key_id)

    def _delete_alias(self):
        self._on_alias("DeleteAlias", "delete_alias")

    def _days(self):
        if not self.may_pass_days:
            return
        self.server.advance(86_400)
        self.model.pass_days(1)


def shown(kms):
    """What a server shows of the keys of an account, in the form of the model's view."""
    view = {}
    for page in kms.get_paginator("list_keys").paginate():
        for listed in page["Keys"]:
            view[listed["KeyId"]] = one(kms, listed["KeyId"])
    return view


def one(kms, key_id):
    described = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    period, rotations = None, 0
    if described["KeySpec"] == "SYMMETRIC_DEFAULT":
        period = kms.get_key_rotation_status(KeyId=key_id).get("RotationPeriodInDays")
        pages = kms.get_paginator("list_key_rotations").paginate(KeyId=key_id)
        rotations = sum(len(page["Rotations"]) for page in pages)
    pages = kms.get_paginator("list_aliases").paginate(KeyId=key_id)
    aliases = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
    grants = [grant for page in kms.get_paginator("list_grants").paginate(KeyId=key_id) for grant in page["Grants"]]
    return {
        "spec": described["KeySpec"],
        "usage": described["KeyUsage"],
        "state": described["KeyState"],
        "description": described["Description"],
        "tags": {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key_id)["Tags"]},
        "policy": json.loads(kms.get_key_policy(KeyId=key_id)["Policy"]),
        "grants": {
            grant["GrantId"]: {"grantee": grant["GranteePrincipal"], "operations": sorted(grant["Operations"])}
            for grant in grants
        },
        "period": period,
        "rotations": rotations,
        "aliases": aliases,
    }


def make_usable(kms, view):
    """Brings every key of a view back to use: what it made must open."""
    for key_id, key in view.items():
        if key["state"] == PENDING:
            kms.cancel_key_deletion(KeyId=key_id)
        if key["state"] != ENABLED:
            kms.enable_key(KeyId=key_id)
