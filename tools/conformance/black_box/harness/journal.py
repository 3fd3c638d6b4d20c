"""What stands in the journal's files, as far as somebody without the program reads it: records of packed JSON.

The seam for a reader command: when `sealroom` has one, `records` asks it, and nothing else here changes.
"""

import json
import re
import uuid
from pathlib import Path

from . import packed

MAGIC = b"SEALLOG"
REQUEST_ID = re.compile(re.escape(packed.REQUEST_ID) + rb"(.{16})", re.DOTALL)


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
        found.extend(_records(path.read_bytes()))
    return found


def _records(text):
    """The records in a file's bytes: a first word that the length of what unpacks from it stands before."""
    at = text.find(packed.START)
    while at >= 0:
        end = at + int.from_bytes(text[at - 4 : at])
        record = _record(text[at:end]) if at + 2 < end <= len(text) else None
        if record is not None:
            yield record
        at = text.find(packed.START, at + 1 if record is None else end)


def _record(bytes_of_one):
    """One record, or `None`: the first word's two bytes also stand elsewhere by chance."""
    try:
        record = json.loads(packed.unpack(bytes_of_one) or b"null")
    except (ValueError, OverflowError):
        return None
    return record if isinstance(record, dict) and "eventVersion" in record else None


def request_ids(data):
    """How often each request id stands in the journal."""
    return count(path.read_bytes() for path in files(data))


def count(texts):
    """How often each request id stands in any of `texts`."""
    counts = {}
    for text in texts:
        for found in REQUEST_ID.finditer(text):
            name = str(uuid.UUID(bytes=found[1]))
            counts[name] = counts.get(name, 0) + 1
    return counts
