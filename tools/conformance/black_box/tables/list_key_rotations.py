"""ListKeyRotations of keys that have never rotated; test_rotation.py walks those of keys that have."""

from harness.table import READS, Ok, Operation, Refused, Row
from harness.world import arn_of, id_of, material_of
from tables.enable_key_rotation import NEVER

OPERATION = Operation(
    name="ListKeyRotations",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:ListKeyRotations"},
    states=READS,
    answer={"Rotations": [], "Truncated": False},
)

EMPTY = Ok({"Rotations": [], "Truncated": False})
ALL = {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}


def entry(key, **more):
    told = {"KeyId": arn_of(key), "KeyMaterialId": material_of(key), "KeyMaterialState": "CURRENT", **more}
    return Ok({"Rotations": [told], "Truncated": False})


ROWS = [
    Row("its first material", {"KeyId": "{symmetric.id}", **ALL}, entry("symmetric"), everywhere=True),
    Row(
        "its imported material",
        {"KeyId": "{external.id}", **ALL},
        entry("external", ImportState="IMPORTED", ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE"),
    ),
    Row("before the first import", {"KeyId": "{external@PendingImport.id}", **ALL}, EMPTY),
    Row("rotations alone", {"KeyId": "{symmetric.id}", "IncludeKeyMaterial": "ROTATIONS_ONLY"}, EMPTY),
    *(Row(f"of {key}", {"KeyId": id_of(key)}, EMPTY) for key in NEVER),
    *(
        Row(
            f"of {key} with its material",
            {"KeyId": id_of(key), **ALL},
            Refused(
                "ValidationException", "Input parameter includeKeyMaterial can only be used with symmetric keys."
            ),
        )
        for key in NEVER
    ),
    Row("no marker of ours", {"KeyId": "{symmetric.id}", "Marker": "AAAA"}, Refused("InvalidMarkerException")),
    Row("the longest page", {"KeyId": "{symmetric.id}", "Limit": 1000}, EMPTY),
]
