"""GenerateDataKeyWithoutPlaintext."""

from harness.table import USES, Ok, Operation, Row
from tables.generate_data_key import KEY, opens, refusals

OPERATION = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    request={"KeyId": "{KEY.id}", "KeySpec": "AES_256"},
    key="symmetric",
    keys={"KeyId": "kms:GenerateDataKeyWithoutPlaintext"},
    aliases=True,
    cross_account=True,
    states=USES,
    dry_run=True,
    grant_tokens=True,
    answer={"CiphertextBlob": bytes, "KeyId": "{KEY.arn}", "KeyMaterialId": "{KEY.material}"},
)


def made(length, context=None):
    def look(world, answer):
        assert len(opens(world, answer, context)) == length
    return Ok({"CiphertextBlob": bytes, "KeyId": "{symmetric.arn}", "KeyMaterialId": "{symmetric.material}"}, then=look)


ROWS = [
    Row("AES_256", {**KEY, "KeySpec": "AES_256"}, made(32), everywhere=True),
    Row("AES_128", {**KEY, "KeySpec": "AES_128"}, made(16)),
    *(Row(f"{length} bytes", {**KEY, "NumberOfBytes": length}, made(length)) for length in (1, 64, 1024)),
    Row("with a context", {**KEY, "KeySpec": "AES_256", "EncryptionContext": {"a": "1"}}, made(32, {"a": "1"})),
    *refusals("GenerateDataKeyWithoutPlaintext"),
]
