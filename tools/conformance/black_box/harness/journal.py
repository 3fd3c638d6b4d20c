"""What stands in the journal's files, as far as somebody without the program reads it: JSON records in clear text.

The seam for a reader command: when `sealroom` has one, `records` asks it, and nothing else here changes.
"""

import json
import re
from pathlib import Path

MAGIC = b"SEALLOG"
START = b'{"eventVersion":'
REQUEST_ID = re.compile(rb'"requestID":"([0-9a-f-]{36})"')


def files(data):
    """The segment files below a data folder."""
    found = []
    for path in sorted(Path(data).rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as opened:
                if opened.read(len(MAGIC)) == MAGIC:
                    found.append(path)
    return found


def records(data):
    """Every record, as JSON. Its length stands in the four bytes before it."""
    found = []
    for path in files(data):
        text = path.read_bytes()
        at = text.find(START)
        while at >= 0:
            end = at + int.from_bytes(text[at - 4 : at])
            found.append(json.loads(text[at:end]))
            at = text.find(START, end)
    return found


def request_ids(data):
    """How often each request id stands in the journal."""
    return count(path.read_bytes() for path in files(data))


def count(texts):
    """How often each request id stands in any of `texts`."""
    counts = {}
    for text in texts:
        for found in REQUEST_ID.finditer(text):
            counts[found[1].decode()] = counts.get(found[1].decode(), 0) + 1
    return counts
