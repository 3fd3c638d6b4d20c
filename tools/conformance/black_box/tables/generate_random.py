"""GenerateRandom, which takes no key."""

from harness.table import ANY, Ok, Operation, Refused, Row

OPERATION = Operation(
    name="GenerateRandom",
    request={"NumberOfBytes": 32},
    answer={"Plaintext": lambda bytes_: len(bytes_) == 32},
)


def never_the_same(world, answer):
    again, _ = world.clients.call("GenerateRandom", {"NumberOfBytes": len(answer["Plaintext"])})
    assert again["Plaintext"] != answer["Plaintext"]


ROWS = [
    *(
        Row(
            f"{count} bytes",
            {"NumberOfBytes": count},
            Ok({"Plaintext": lambda got, count=count: len(got) == count}),
            everywhere=count == 1024,
        )
        for count in (1, 16, 1023, 1024)
    ),
    Row("twice", {"NumberOfBytes": 16}, Ok(then=never_the_same)),
    # The model doesn't require it; the service does, in words that nobody published.
    Row("no number", {}, Refused("ValidationException", ANY)),
    Row(
        "from a key store that isn't there",
        {"NumberOfBytes": 16, "CustomKeyStoreId": "cks-1234567890abcdef0"},
        Refused(("CustomKeyStoreNotFoundException", "UnsupportedOperationException"), ANY),
    ),
]
