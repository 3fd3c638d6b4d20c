"""DescribeCustomKeyStores: there are none."""

from harness.table import ANY, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="DescribeCustomKeyStores",
    request={},
    answer={"CustomKeyStores": [], "Truncated": False},
)

ID, NAME = "cks-1234567890abcdef0", "store"

ROWS = [
    Row("a page of one", {"Limit": 1}, Ok(OPERATION.answer), everywhere=True),
    Row("by an id", {"CustomKeyStoreId": ID}, Refused("CustomKeyStoreNotFoundException", ANY)),
    Row("by a name", {"CustomKeyStoreName": NAME}, Refused("CustomKeyStoreNotFoundException", ANY)),
    # The guide says one or the other, and not what both are answered.
    Row(
        "by both",
        {"CustomKeyStoreId": ID, "CustomKeyStoreName": NAME},
        Refused(("ValidationException", "CustomKeyStoreNotFoundException"), ANY),
    ),
    Row("no marker of ours", {"Marker": "AAAA"}, Refused("InvalidMarkerException")),
]
