"""CBOR (RFC 8949) of the few kinds that attestation documents are made of, in the shortest form. Writes, never reads."""


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for kind, length in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * length:
            return bytes([major << 5 | kind]) + number.to_bytes(length)
    raise OverflowError(number)


def dumps(value):
    match value:
        case None:
            return b"\xf6"
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            text = value.encode()
            return head(3, len(text)) + text
        case list():
            return head(4, len(value)) + b"".join(map(dumps, value))
        case dict():
            return head(5, len(value)) + b"".join(dumps(part) for item in value.items() for part in item)
        case _:
            raise TypeError(value)
