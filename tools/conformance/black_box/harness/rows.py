"""The embedded store's file, opened from outside: what somebody could do who owns the disk.

Knows no format of a value.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

# What the path of a key's own row holds besides the key's id.
KEY_ROW = "\0key\0"


def copy_of(data, to):
    """The data folder as it lies there, its server running or not. Sockets are left out."""

    def not_files(folder, names):
        paths = [(name, os.path.join(folder, name)) for name in names]
        return [name for name, path in paths if not (os.path.isfile(path) or os.path.isdir(path))]

    shutil.copytree(data, to, ignore=not_files)
    return to


def database(data):
    """The SQLite file in a data folder."""
    for path in sorted(Path(data).rglob("*")):
        if path.is_file():
            with path.open("rb") as opened:
                if opened.read(16) == b"SQLite format 3\0":
                    return path
    raise AssertionError(f"there is no SQLite file in {data}: {sorted(map(str, Path(data).rglob('*')))}")


class Rows:
    """The table of ordered keys: found by its shape, a primary key of bytes and a column of bytes beside it."""

    def __init__(self, data):
        self.path = database(data)
        with closing(sqlite3.connect(self.path)) as store:
            tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                columns = store.execute(f'PRAGMA table_info("{table}")').fetchall()
                keys = [name for _, name, kind, _, _, primary in columns if primary and kind.upper() == "BLOB"]
                values = [name for _, name, kind, _, _, primary in columns if not primary and kind.upper() == "BLOB"]
                if len(keys) == 1 and values:
                    self.table, self.key, self.value = table, keys[0], values[0]
                    self.columns = [name for _, name, *_ in columns]
                    return
        raise AssertionError(f"no table of ordered keys among {tables}")

    def run(self, statement, *parameters):
        with closing(sqlite3.connect(self.path)) as store, store:
            return store.execute(statement, parameters).fetchall()

    def containing(self, text):
        """(key, value) of the rows whose key holds `text`."""
        rows = self.run(
            f'SELECT "{self.key}", "{self.value}" FROM "{self.table}" WHERE instr("{self.key}", ?) > 0', text.encode()
        )
        return [(bytes(key), bytes(value)) for key, value in rows]

    def one(self, *texts):
        """The only row whose key holds all of `texts`, and under the segment `key`."""
        rows = [
            (key, value) for key, value in self.containing(texts[0]) if all(text.encode() in key for text in texts[1:])
        ]
        assert len(rows) == 1, rows
        return rows[0]

    def put(self, key, value):
        """Replaces the value of a row that is there; its other columns stay."""
        self.run(f'UPDATE "{self.table}" SET "{self.value}" = ? WHERE "{self.key}" = ?', value, key)

    def copy(self, source, target):
        """Writes all of `source`'s row under the key `target`, whether or not that is there."""
        rest = [column for column in self.columns if column != self.key]
        names = ", ".join(f'"{column}"' for column in rest)
        self.run(
            f'INSERT OR REPLACE INTO "{self.table}" ("{self.key}", {names}) '
            f'SELECT ?, {names} FROM "{self.table}" WHERE "{self.key}" = ?',
            target,
            source,
        )

    def delete(self, key):
        self.run(f'DELETE FROM "{self.table}" WHERE "{self.key}" = ?', key)
