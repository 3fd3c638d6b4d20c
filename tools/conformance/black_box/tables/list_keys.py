"""ListKeys. Pages are walked in `test_pages.py`, on accounts that hold nothing else."""

from harness.table import ANY, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="ListKeys",
    request={"Limit": 1000},
    answer={"Keys": list, "Truncated": bool},
)

INVALID = Refused("InvalidMarkerException", None)
EMPTY = "444455556666"

ROWS = [
    Row("an account without keys", {}, Ok({"Keys": [], "Truncated": False}), account=EMPTY, everywhere=True),
    Row("the longest page", {"Limit": 1000}, Ok({"Keys": [], "Truncated": False}), account=EMPTY),
    Row("the shortest page", {"Limit": 1}, Ok({"Keys": [], "Truncated": False}), account=EMPTY),
    Row("the caller's own keys", {"ResourceOwners": ["SELF"]}, Ok({"Keys": [], "Truncated": False}), account=EMPTY),
    Row(
        "keys shared by others",
        {"ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"]},
        Ok({"Keys": [], "Truncated": False}),
        account=EMPTY,
    ),
    Row("three owners", {"ResourceOwners": ["SELF"] * 3}, Refused("ValidationException", ANY)),
    Row("no owner", {"ResourceOwners": []}, Refused("ValidationException", ANY)),
    Row("no marker of ours", {"Marker": "AAAA"}, INVALID),
    Row("a marker that isn't base64", {"Marker": "no marker!"}, INVALID),
    Row("the longest marker", {"Marker": "A" * 1024}, INVALID),
]
