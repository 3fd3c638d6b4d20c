"""UpdateCustomKeyStore: refused, as there are none."""

from harness.table import Operation
from tables.create_custom_key_store import UNSUPPORTED

OPERATION = Operation(
    name="UpdateCustomKeyStore",
    request={"CustomKeyStoreId": "cks-1234567890abcdef0"},
    refusal=UNSUPPORTED,
)

ROWS = []
