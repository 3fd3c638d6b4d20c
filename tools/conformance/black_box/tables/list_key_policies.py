"""ListKeyPolicies: a key has one policy."""

from harness.table import READS, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="ListKeyPolicies",
    request={"KeyId": "{KEY.id}"},
    key="symmetric",
    keys={"KeyId": "kms:ListKeyPolicies"},
    states=READS,
    answer={"PolicyNames": ["default"], "Truncated": False},
)

ROWS = [
    Row("a page of one", {"KeyId": "{symmetric.id}", "Limit": 1}, Ok(OPERATION.answer), everywhere=True),
    Row("the longest page", {"KeyId": "{p256.arn}", "Limit": 1000}, Ok(OPERATION.answer)),
    Row("no marker of ours", {"KeyId": "{symmetric.id}", "Marker": "AAAA"}, Refused("InvalidMarkerException")),
]
