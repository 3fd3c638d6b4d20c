"""A small model of AWS's rules for KMS keys, in memory: what each operation answers, and what is then known of a key.

Written from the developer guide (key states of KMS keys, section "Key state table", and the operations' pages). It encrypts
nothing: it knows which key made a ciphertext, and that is all one may rely on. One account, one Region.
"""

import copy

DAY = 86_400
ENABLED, DISABLED, PENDING = "Enabled", "Disabled", "PendingDeletion"

# What a key is for, by spec.
USAGES = {
    "SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT",
    "RSA_2048": "ENCRYPT_DECRYPT",
    "HMAC_256": "GENERATE_VERIFY_MAC",
    "ECC_NIST_P256": "SIGN_VERIFY",
}

# What works whatever the state (the table's columns are all ticks).
ANY_STATE = {"DescribeKey", "GetKeyPolicy", "PutKeyPolicy", "ListGrants", "RevokeGrant", "RetireGrant", "ListResourceTags"}
# What a disabled key allows as well.
DISABLED_TOO = {
    "CancelKeyDeletion",
    "DisableKey",
    "EnableKey",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
    "DisableKeyRotation",
    "CreateAlias",
    "UpdateAlias",
}

# Which keys an alias may refer to one after the other: symmetric, asymmetric, HMAC, each with its usage.
KINDS = {
    "SYMMETRIC_DEFAULT": "symmetric",
    "RSA_2048": "asymmetric, encrypts",
    "HMAC_256": "HMAC",
    "ECC_NIST_P256": "asymmetric, signs",
}


class Key:
    """What is known of a key."""

    def __init__(self, spec, description, tags, policy):
        self.spec, self.description, self.tags, self.policy = spec, description, dict(tags), policy
        self.state, self.due, self.grants = ENABLED, None, {}
        self.period, self.rotations = None, 0

    def view(self):
        return {
            "spec": self.spec,
            "usage": USAGES[self.spec],
            "state": self.state,
            "description": self.description,
            "tags": dict(self.tags),
            "policy": self.policy,
            "grants": copy.deepcopy(self.grants),
            # While a key is pending deletion its rotation status is false; cancelling brings it back.
            "period": None if self.state == PENDING else self.period,
            "rotations": self.rotations,
        }


class Model:
    """The keys of an account, its aliases (key by name), and the service's clock."""

    def __init__(self):
        self.keys, self.aliases, self.gone, self.now = {}, {}, set(), 0

    def refusal(self, operation, key_id):
        """The error that AWS answers for the key's state, or `None`."""
        key = self.keys.get(key_id)
        if key is None:
            return "NotFoundException"
        if operation in ANY_STATE:
            return None
        if operation == "CancelKeyDeletion":
            return None if key.state == PENDING else "KMSInvalidStateException"
        if key.state == PENDING:
            return "KMSInvalidStateException"
        if key.state == DISABLED and operation not in DISABLED_TOO:
            return "DisabledException"
        return None

    def alias_refusals(self, operation, name, key_id=None):
        """Every error that AWS may answer to an operation on an alias; the guide doesn't say which comes first."""
        errors = {self.refusal(operation, key_id)} if key_id else set()
        before = self.keys.get(self.aliases.get(name))
        if operation == "CreateAlias":
            errors.add("AlreadyExistsException" if before else None)
        elif before is None:
            errors.add("NotFoundException")
        elif key_id in self.keys and KINDS[self.keys[key_id].spec] != KINDS[before.spec]:
            errors.add("ValidationException")
        return errors - {None}

    def create(self, key_id, spec, description, tags, policy):
        self.keys[key_id] = Key(spec, description, tags, policy)

    def apply(self, operation, key_id, **told):
        """What an operation that succeeded changes."""
        key = self.keys[key_id]
        match operation:
            case "EnableKey":
                key.state = ENABLED
            case "DisableKey":
                key.state = DISABLED
            case "ScheduleKeyDeletion":
                key.state, key.due = PENDING, self.now + told["days"] * DAY
            case "CancelKeyDeletion":
                key.state, key.due = DISABLED, None
            case "TagResource":
                key.tags.update(told["tags"])
            case "UntagResource":
                for name in told["names"]:
                    key.tags.pop(name, None)
            case "UpdateKeyDescription":
                key.description = told["description"]
            case "PutKeyPolicy":
                key.policy = told["policy"]
            case "CreateGrant":
                key.grants[told["grant_id"]] = told["grant"]
            case "RevokeGrant" | "RetireGrant":
                key.grants.pop(told["grant_id"])
            case "EnableKeyRotation":
                key.period = told["period"]
            case "DisableKeyRotation":
                key.period = None
            case "RotateKeyOnDemand":
                key.rotations += 1

    def pass_days(self, days):
        """Time passes; keys whose waiting period is over are destroyed."""
        self.now += days * DAY
        for key_id in [key_id for key_id, key in self.keys.items() if key.due is not None and key.due <= self.now]:
            del self.keys[key_id]
            self.gone.add(key_id)
            # A key's aliases go with it.
            self.aliases = {name: to for name, to in self.aliases.items() if to != key_id}

    def view(self):
        names = {key_id: sorted(name for name, to in self.aliases.items() if to == key_id) for key_id in self.keys}
        return {key_id: {**key.view(), "aliases": names[key_id]} for key_id, key in self.keys.items()}
