"""GenerateDataKeyPairWithoutPlaintext."""

from tables.generate_data_key_pair import operation, rows

OPERATION = operation("GenerateDataKeyPairWithoutPlaintext", {})

ROWS = rows("GenerateDataKeyPairWithoutPlaintext", {})
