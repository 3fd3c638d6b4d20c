"""A PostgreSQL server of the tests' own, from the system's binaries, run by somebody who isn't root."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness.process import free_port

START_SECONDS = 60


def binaries():
    """The folder of the newest `initdb`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    beside = shutil.which("initdb")
    assert beside, "PostgreSQL is not installed; `cargo xtask test` installs it"
    return Path(beside).parent


class Postgres:
    """One cluster, with fsync off: what it keeps isn't judged here."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sealroom-pg-"))
        self.port = free_port()
        self.process = None
        self.owner = None
        if os.getuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self.owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)

    def _as_owner(self):
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if self.owner else {}

    def start(self):
        data = self.folder / "data"
        subprocess.run(
            [binaries() / "initdb", "-D", data, "-U", "sealroom", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._as_owner(),
        )
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [
                binaries() / "postgres",
                "-D",
                data,
                "-p",
                str(self.port),
                "-h",
                "127.0.0.1",
                "-k",
                self.folder,
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            start_new_session=True,
            **self._as_owner(),
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            if (
                subprocess.run([binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode
                == 0
            ):
                return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def database(self, name):
        """A new database: its URL."""
        self.sql(f'CREATE DATABASE "{name}"')
        return f"postgres://sealroom@127.0.0.1:{self.port}/{name}"

    def sql(self, statement, database="postgres"):
        done = subprocess.run(
            [
                binaries() / "psql",
                "-X",
                "-A",
                "-t",
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-U",
                "sealroom",
                "-d",
                database,
                "-c",
                statement,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
