"""DeleteImportedKeyMaterial."""

from harness.table import Ok, Operation, Refused, Row
from harness.world import Fresh

OPERATION = Operation(
    name="DeleteImportedKeyMaterial",
    request={"KeyId": "{KEY.id}"},
    key="external_deleted",
    keys={"KeyId": "kms:DeleteImportedKeyMaterial"},
    # What isn't there is deleted without complaint; a key that is to be deleted stays so.
    states={"Enabled": None, "Disabled": None, "PendingImport": None, "PendingDeletion": None},
    answer={"KeyId": "{KEY.arn}", "KeyMaterialId": "{KEY.material}"},
)

NEVER = "0" * 62 + "aa"


def becomes(state):
    def look(world, answer):
        shown, _ = world.clients.call("DescribeKey", {"KeyId": answer["KeyId"]})
        metadata = shown["KeyMetadata"]
        assert (metadata["KeyState"], metadata["Enabled"]) == (state, False)
        assert "ExpirationModel" not in metadata and "ValidTo" not in metadata
        assert metadata.get("CurrentKeyMaterialId") == answer.get("KeyMaterialId")

    return look


ROWS = [
    *(
        Row(f"of a key that is {state}", {"KeyId": Fresh(f"external@{state}")}, Ok(then=becomes(after)))
        for state, after in {
            "Enabled": "PendingImport",
            "Disabled": "PendingImport",
            "PendingDeletion": "PendingDeletion",
        }.items()
    ),
    Row(
        "of a key that never had any",
        {"KeyId": "{external@PendingImport.id}"},
        Ok({"KeyId": "{external@PendingImport.arn}"}, then=becomes("PendingImport")),
        everywhere=True,
    ),
    Row("of an HMAC key", {"KeyId": Fresh("external_hmac")}, Ok(then=becomes("PendingImport"))),
    Row("by id", {"KeyId": "{external_deleted.arn}", "KeyMaterialId": "{external_deleted.material}"}, Ok()),
    Row(
        "an id that was never imported",
        {"KeyId": "{external_deleted.arn}", "KeyMaterialId": NEVER},
        Refused(
            "ValidationException",
            f"Key material (id: {NEVER}) has never been imported into KMS key " + "{external_deleted.arn}.",
        ),
    ),
    *(
        Row(
            f"{key} was made here",
            {"KeyId": "{%s.id}" % key},
            Refused(
                "UnsupportedOperationException",
                "{%s.arn} origin is AWS_KMS which is not valid for this operation." % key,
            ),
        )
        for key in ("symmetric", "symmetric@Disabled", "symmetric@PendingDeletion", "rsa", "hmac")
    ),
]
