"""ImportKeyMaterial: what is refused and how. What comes in and what it then does is asked in `test_imports.py`."""

import datetime

from harness.table import ANY, PENDING, Ok, Operation, Refused, Row
from harness.world import MATERIAL, Token, Wrapped

OPERATION = Operation(
    name="ImportKeyMaterial",
    request={
        "KeyId": "{KEY.id}",
        "ImportToken": Token("KEY"),
        "EncryptedKeyMaterial": Wrapped("KEY"),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    },
    key="external_imported",
    keys={"KeyId": "kms:ImportKeyMaterial"},
    states={"Enabled": None, "Disabled": None, "PendingImport": None, "PendingDeletion": PENDING},
    answer={"KeyId": "{KEY.arn}", "KeyMaterialId": "{KEY.material}"},
)

NEVER = "0" * 62 + "aa"
OTHER_BYTES = bytes(32)


def soon(**past):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**past)


def asked(key="external_imported", material=MATERIAL, **members):
    request = {
        "KeyId": "{%s.id}" % key,
        "ImportToken": Token(key),
        "EncryptedKeyMaterial": Wrapped(key, material),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        **members,
    }
    return {name: value for name, value in request.items() if value is not None}


def invalid(text):
    return Refused("ValidationException", text)


ID = {"KeyMaterialId": "{external_imported.material}"}
DAMAGED = {"first": 0, "middle": 300, "last": -1}


def damaged(at):
    def change(token):
        changed = bytearray(token)
        changed[at] ^= 1
        return bytes(changed)

    return change


ROWS = [
    Row("again", asked(), Ok(OPERATION.answer | {"KeyId": "{external_imported.arn}", **ID}), everywhere=True),
    Row("again, by id", asked(ImportType="EXISTING_KEY_MATERIAL", **ID), Ok()),
    Row("with an end", asked(ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=soon(days=300)), Ok()),
    Row("with an end by default", asked(ExpirationModel=None, ValidTo=soon(days=300)), Ok()),
    Row("described", asked(KeyMaterialDescription="from 2026 / the vault: no. 1-2_3"), Ok()),
    Row("into an HMAC key", asked("external_hmac"), Ok({"KeyId": "{external_hmac.arn}"})),
    Row(
        "without an end",
        asked(ExpirationModel=None),
        invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
    ),
    Row(
        "an end that is none",
        asked(ValidTo=soon(days=1)),
        invalid("A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"),
    ),
    Row(
        "an end in the past",
        asked(ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=soon(seconds=-5)),
        invalid("ValidTo must be in the future"),
    ),
    Row(
        "an end too far",
        asked(ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=soon(days=365, hours=1)),
        invalid("ValidTo must be less than 365 days in the future"),
    ),
    Row("the token of another key", asked(ImportToken=Token("external")), Refused("InvalidImportTokenException")),
    Row("no token", asked(ImportToken=b"no token"), Refused("InvalidImportTokenException")),
    *(
        Row(
            f"a token whose {name} byte is changed",
            asked(ImportToken=Token("external_imported", damaged(at))),
            Refused("InvalidImportTokenException"),
        )
        for name, at in DAMAGED.items()
    ),
    *(
        Row(f"material of {length} bytes", asked(material=bytes(length)), Refused("InvalidCiphertextException"))
        for length in (1, 16, 31, 33, 64)
    ),
    Row(
        "material for another pair",
        asked(EncryptedKeyMaterial=Wrapped("external")),
        Refused("InvalidCiphertextException"),
    ),
    Row("no material", asked(EncryptedKeyMaterial=b"no material"), Refused("InvalidCiphertextException")),
    *(
        Row(
            f"HMAC material of {length} bytes",
            asked("external_hmac@PendingImport", material=bytes(length)),
            Refused("InvalidCiphertextException"),
        )
        for length in (31, 129)
    ),
    *(
        Row(
            f"other bytes, {name}",
            asked(material=OTHER_BYTES, **members),
            Refused(
                "IncorrectKeyMaterialException",
                "Imported key material does not have the expected identifier ({external_imported.material}).",
            ),
        )
        for name, members in {
            "by default": {},
            "as existing": {"ImportType": "EXISTING_KEY_MATERIAL"},
            "by id": ID,
        }.items()
    ),
    Row(
        "the same as new",
        asked(ImportType="NEW_KEY_MATERIAL"),
        Refused(
            "IncorrectKeyMaterialException",
            "Key material (id: {external_imported.material}) being imported as NEW_KEY_MATERIAL is already associated "
            "with KMS key {external_imported.arn}.",
        ),
    ),
    Row(
        "new, by id",
        asked(ImportType="NEW_KEY_MATERIAL", **ID),
        invalid("Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."),
    ),
    Row("an id that was never imported", asked(KeyMaterialId=NEVER), Refused("ValidationException", ANY)),
    *(
        Row(
            f"{member} for an HMAC key",
            asked("external_hmac", **{member: value}),
            invalid(f"Input parameter {member[0].lower()}{member[1:]} cannot be used with HMAC_256 imported keys."),
        )
        for member, value in {
            "ImportType": "EXISTING_KEY_MATERIAL",
            "KeyMaterialId": NEVER,
            "KeyMaterialDescription": "d",
        }.items()
    ),
    *(
        Row(
            f"{key} was made here",
            {**asked(), "KeyId": "{%s.id}" % key},
            Refused(
                "UnsupportedOperationException",
                "{%s.arn} origin is AWS_KMS which is not valid for this operation." % key,
            ),
        )
        for key in ("symmetric", "symmetric@Disabled", "symmetric@PendingDeletion", "hmac", "p256")
    ),
]
