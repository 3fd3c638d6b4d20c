"""The keys that table rows speak of by name, made when a row first needs them.

A name is `base@State!policy`: `symmetric`, `rsa_sign@Disabled`, `p256!shared`. The parts behind the base may be absent.
A row writes `{symmetric.arn}` in texts and gets the key's ARN; `id`, `account`, `region` and `material` are there too.
"""

import itertools
import json
import re

from harness.clients import HOME, REGION
from harness.wrapping import wrap

OTHER = "222222222222"
STRANGER = "333333333333"
UUID_TEXT = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PLAINTEXT = b"what a sample holds"
# The material of keys of origin EXTERNAL, and how it is wrapped.
MATERIAL = bytes(range(100, 132))
ALGORITHM = "RSAES_OAEP_SHA_256"

BASES = {
    "symmetric": {},
    "second": {},
    "mrk": {"MultiRegion": True},
    "rsa": {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
    "rsa3072": {"KeySpec": "RSA_3072", "KeyUsage": "ENCRYPT_DECRYPT"},
    "rsa4096": {"KeySpec": "RSA_4096", "KeyUsage": "ENCRYPT_DECRYPT"},
    "rsa_sign": {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
    "rsa_sign_second": {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
    "p256": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "p256_second": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "p384": {"KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY"},
    "p521": {"KeySpec": "ECC_NIST_P521", "KeyUsage": "SIGN_VERIFY"},
    "secp256k1": {"KeySpec": "ECC_SECG_P256K1", "KeyUsage": "SIGN_VERIFY"},
    "ed25519": {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"},
    "agreement": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
    "agreement_peer": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
    "agreement384": {"KeySpec": "ECC_NIST_P384", "KeyUsage": "KEY_AGREEMENT"},
    "agreement384_peer": {"KeySpec": "ECC_NIST_P384", "KeyUsage": "KEY_AGREEMENT"},
    "agreement521": {"KeySpec": "ECC_NIST_P521", "KeyUsage": "KEY_AGREEMENT"},
    "agreement521_peer": {"KeySpec": "ECC_NIST_P521", "KeyUsage": "KEY_AGREEMENT"},
    "sm2": {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
    "sm2_encrypt": {"KeySpec": "SM2", "KeyUsage": "ENCRYPT_DECRYPT"},
    "sm2_agreement": {"KeySpec": "SM2", "KeyUsage": "KEY_AGREEMENT"},
    "sm2_agreement_peer": {"KeySpec": "SM2", "KeyUsage": "KEY_AGREEMENT"},
    "ml_dsa": {"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"},
    "ml_dsa65": {"KeySpec": "ML_DSA_65", "KeyUsage": "SIGN_VERIFY"},
    "ml_dsa87": {"KeySpec": "ML_DSA_87", "KeyUsage": "SIGN_VERIFY"},
    "ml_kem512": {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "ml_kem": {"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "ml_kem1024": {"KeySpec": "ML_KEM_1024", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "hmac_second": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "hmac224": {"KeySpec": "HMAC_224", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "hmac384": {"KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "hmac512": {"KeySpec": "HMAC_512", "KeyUsage": "GENERATE_VERIFY_MAC"},
    # Keys whose tags, descriptions, policies and rotation the tables change, and one that no table grants anything on.
    "kept": {},
    "policed": {},
    "wrapping": {},
    "rotating": {},
    # Keys of origin EXTERNAL have material, `MATERIAL`, unless their state is PendingImport.
    "external": {"Origin": "EXTERNAL"},
    "external_imported": {"Origin": "EXTERNAL"},
    "external_deleted": {"Origin": "EXTERNAL"},
    "external_hmac": {"Origin": "EXTERNAL", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "external_rsa": {"Origin": "EXTERNAL", "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
    "external_p256": {"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "external_p521": {"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P521", "KeyUsage": "SIGN_VERIFY"},
    "external_ed25519": {"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"},
    "external_sm2": {"Origin": "EXTERNAL", "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
}


def root(account):
    return f"arn:aws:iam::{account}:root"


def allow(principal, action="kms:*", **more):
    return {
        "Sid": "Allow",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
        "Resource": "*",
        **more,
    }


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# What a key policy may be called; the account is the home account.
POLICIES = {
    # The account and another one.
    "shared": document(allow(root(HOME)), allow(root(OTHER))),
    # Everything is denied but what keeps the key manageable.
    "denying": document(
        allow(root(HOME)),
        {"Effect": "Deny", "Principal": {"AWS": "*"}, "NotAction": ["kms:PutKeyPolicy"], "Resource": "*"},
    ),
    # Everything but Encrypt.
    "unusable": document(
        allow(root(HOME)), {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}
    ),
    # Another account only: the owner delegates nothing to itself.
    "foreign": document(allow(root(OTHER))),
}

REFERENCE = re.compile(r"\{([a-z0-9_]+(?:@\w+)?(?:!\w+)?)\.(id|arn|account|region|material)\}")


class World:
    """The keys of one server, by name."""

    def __init__(self, clients):
        self.clients = clients
        self.keys = {}
        self.last = None

    def make(self, name):
        """A key of that name that nothing else uses."""
        base, _, policy = name.partition("!")
        base, _, state = base.partition("@")
        parameters = dict(BASES[base], Description=f"made for a table: {name}")
        if policy:
            parameters |= {"Policy": POLICIES[policy], "BypassPolicyLockoutSafetyCheck": True}
        metadata, _ = self.clients.call("CreateKey", parameters)
        key = Key(metadata["KeyMetadata"])
        may_use = policy in ("", "shared")
        if BASES[base].get("Origin") == "EXTERNAL":
            if may_use and state != "PendingImport":
                self._import(key)
                self._bring(key, state or "Enabled")
            self.last = key
            return key
        key.sample = self._sample(key) if may_use else bytes(200)
        self._bring(key, state or "Enabled")
        self.last = key
        return key

    def key(self, name):
        if name not in self.keys:
            self.keys[name] = self.make(name)
        return self.keys[name]

    def _import(self, key):
        """Material for a symmetric or HMAC key."""
        prepared = self.preparation(key)
        parameters = {
            "KeyId": key.id,
            "ImportToken": prepared["ImportToken"],
            "EncryptedKeyMaterial": wrap(prepared["PublicKey"], ALGORITHM, MATERIAL),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }
        imported, _ = self.clients.call("ImportKeyMaterial", parameters)
        key.material = imported.get("KeyMaterialId", "")

    def preparation(self, key):
        """Token and public key for imports into the key. AWS lets both be used more than once."""
        if key.prepared is None:
            asked = {"KeyId": key.arn, "WrappingAlgorithm": ALGORITHM, "WrappingKeySpec": "RSA_2048"}
            key.prepared, _ = self.clients.call("GetParametersForImport", asked)
        return key.prepared

    def _sample(self, key):
        """Something that only this key makes, made while it may: a ciphertext, a signature or a MAC of PLAINTEXT."""
        algorithms = key.metadata.get("EncryptionAlgorithms")
        if algorithms:
            made, _ = self.clients.call(
                "Encrypt", {"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionAlgorithm": algorithms[-1]}
            )
            return made["CiphertextBlob"]
        algorithms = key.metadata.get("SigningAlgorithms")
        if algorithms:
            # One signs digests alone.
            algorithm = next(name for name in algorithms if name != "ED25519_PH_SHA_512")
            made, _ = self.clients.call(
                "Sign", {"KeyId": key.id, "Message": PLAINTEXT, "SigningAlgorithm": algorithm}
            )
            return made["Signature"]
        algorithms = key.metadata.get("MacAlgorithms")
        if algorithms:
            made, _ = self.clients.call(
                "GenerateMac", {"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": algorithms[0]}
            )
            return made["Mac"]
        return None

    def _bring(self, key, state):
        steps = {
            "Enabled": [],
            "Disabled": [("DisableKey", {})],
            "PendingDeletion": [("ScheduleKeyDeletion", {"PendingWindowInDays": 7})],
            "PendingImport": [],
        }[state]
        for operation, parameters in steps:
            self.clients.call(operation, {"KeyId": key.id, **parameters})

    def text(self, template):
        """`template` with every `{name.part}` replaced; other braces stay."""

        def part(found):
            return getattr(self.key(found[1]), found[2])

        return REFERENCE.sub(part, template)

    def resolve(self, value):
        """A row's value with its texts filled in and its samples made."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.resolve(member) for name, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolve(member) for member in value]
        if isinstance(value, Made):
            return value.make(self)
        return value


class Key:
    """A key that was made."""

    def __init__(self, metadata):
        self.metadata = metadata
        self.id, self.arn = metadata["KeyId"], metadata["Arn"]
        self.account, self.region = metadata["AWSAccountId"], REGION
        self.material = metadata.get("CurrentKeyMaterialId", "")
        self.sample = None
        self.prepared = None


class Made:
    """A value of a row that the server makes first."""

    def make(self, world):
        raise NotImplementedError

    def about(self, name):
        """The same for the key of that name, where this speaks of KEY."""
        return self


class Sample(Made):
    """The ciphertext, signature or MAC of PLAINTEXT that was made when the key was; altered by `change`, if given."""

    def __init__(self, name, change=None):
        self.name, self.change = name, change

    def make(self, world):
        sample = world.key(self.name).sample
        return self.change(sample) if self.change else sample

    def about(self, name):
        return Sample(name, self.change) if self.name == "KEY" else self


class Token(Made):
    """An import token of the key."""

    def __init__(self, name, change=None):
        self.name, self.change = name, change

    def make(self, world):
        token = world.preparation(world.key(self.name))["ImportToken"]
        return self.change(token) if self.change else token

    def about(self, name):
        return Token(name, self.change) if self.name == "KEY" else self


class Wrapped(Made):
    """Material that is wrapped for the key, to go with its `Token`."""

    def __init__(self, name, material=MATERIAL):
        self.name, self.material = name, material

    def make(self, world):
        return wrap(world.preparation(world.key(self.name))["PublicKey"], ALGORITHM, self.material)

    def about(self, name):
        return Wrapped(name, self.material) if self.name == "KEY" else self


def id_of(name):
    """The text that stands for the key's id."""
    return "{%s.id}" % name


def arn_of(name):
    """The text that stands for the key's ARN."""
    return "{%s.arn}" % name


def material_of(name):
    """The text that stands for the id of the key's material."""
    return "{%s.material}" % name


def about(value, name):
    """`value` with the placeholder KEY replaced by the name of a key."""
    if isinstance(value, str):
        return value.replace("{KEY.", "{%s." % name)
    if isinstance(value, dict):
        return {about(member, name): about(inner, name) for member, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(about(inner, name) for inner in value)
    if isinstance(value, Made):
        return value.about(name)
    return value


class By(Made):
    """One member of another operation's answer."""

    def __init__(self, operation, member, parameters, change=None, **which):
        self.operation, self.member, self.parameters = operation, member, parameters
        self.change, self.which = change, which

    def make(self, world):
        answer, _ = world.clients.call(self.operation, world.resolve(self.parameters), **self.which)
        made = answer[self.member]
        return self.change(made) if self.change else made


class Named(Made):
    """The name of an alias that nothing else uses: of a new key of that kind, or of none yet."""

    made = itertools.count(1)

    def __init__(self, of=None):
        self.of = of

    def make(self, world):
        name = f"alias/made-for-a-table/{next(self.made)}"
        if self.of:
            world.clients.call("CreateAlias", {"AliasName": name, "TargetKeyId": world.make(self.of).id})
        return name


def sealed(name, plaintext=PLAINTEXT, context=None, algorithm=None, change=None):
    """A ciphertext of the key."""
    parameters = {"KeyId": id_of(name), "Plaintext": plaintext}
    if context is not None:
        parameters["EncryptionContext"] = context
    if algorithm is not None:
        parameters["EncryptionAlgorithm"] = algorithm
    return By("Encrypt", "CiphertextBlob", parameters, change)


def signed(name, algorithm, message=PLAINTEXT, kind="RAW", change=None):
    """A signature of the key."""
    return By(
        "Sign",
        "Signature",
        {"KeyId": id_of(name), "Message": message, "MessageType": kind, "SigningAlgorithm": algorithm},
        change,
    )


class Fresh(Made):
    """A key id, or ARN, that no other row uses."""

    def __init__(self, name="symmetric", part="id"):
        self.name, self.part = name, part

    def make(self, world):
        return getattr(world.make(self.name), self.part)
