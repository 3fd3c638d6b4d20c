"""Small disks: a file system of its own where one may be mounted, else a limit on the length of files.

The limit breaks writes too, and nobody needs a right for it.
"""

import os
import resource
import signal
import subprocess
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20


class Small:
    """A tmpfs of `size` bytes. `fill` leaves so many bytes of it."""

    def __init__(self, folder, size):
        self.folder, self.size = Path(folder), size
        self.folder.mkdir(parents=True)
        self.ballast = self.folder / "ballast"

    def mount(self):
        """Whether the system let us."""
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=700", "tmpfs", self.folder], capture_output=True
        )
        return done.returncode == 0

    def unmount(self):
        subprocess.run(["umount", "-l", self.folder], check=True, capture_output=True)

    def free(self):
        at = os.statvfs(self.folder)
        return at.f_bavail * at.f_frsize

    def fill(self, _server, leave=0):
        """Until `leave` bytes are left, to the page."""
        with self.ballast.open("ab") as ballast:
            while (more := self.free() - leave) >= 4 * KIB:
                try:
                    ballast.write(bytes(min(more, MIB) & ~(4 * KIB - 1)))
                    ballast.flush()
                except OSError:
                    break

    def empty(self, _server):
        self.ballast.unlink(missing_ok=True)

    @staticmethod
    def before_exec():
        """Nothing to prepare."""


class Limited:
    """The machine's disk, on which the server's files can't grow any longer once it is `fill`ed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)

    def fill(self, server, leave=0):
        del leave
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def empty(self, server):
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    @staticmethod
    def before_exec():
        """A write beyond the limit is an error, as on a full disk, and not the end of the process."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
