"""A server as a process: started, found listening, stopped or killed. Knows nothing of what it serves."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 45
LISTENING = re.compile(r"sealroom is listening on (https?)://([0-9.:\[\]a-f]+:(\d+))")


class Failed(Exception):
    """The server did not start; the text holds what it said."""

    def __init__(self, code, said):
        super().__init__(f"the server ended with {code}:\n{said}")
        self.code = code
        self.said = said


def binary():
    """The program under test."""
    path = os.environ.get("SEALROOM_BINARY")
    assert path, "SEALROOM_BINARY must name the program under test"
    assert os.access(path, os.X_OK), f"SEALROOM_BINARY={path} is no program"
    return path


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(extra=None):
    """The environment for the program: ours without anything that would configure it or an AWS client."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEALROOM_"))}
    return {**kept, **(extra or {})}


class Server:
    """One server on one data folder. `start` may be called again after it ended: same folder, same arguments."""

    def __init__(
        self,
        folder,
        *,
        dev=True,
        options=(),
        config=None,
        variables=None,
        listen="127.0.0.1:0",
        prefix=(),
        before_exec=None,
        stderr=None,
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.listen = listen
        self.admin_port = free_port()
        self.log_path = self.folder / "server.log"
        self.dev = dev
        self.options = list(options)
        self.variables = dict(variables or {})
        self.prefix = list(prefix)
        self.before_exec = before_exec
        self.stderr = stderr
        self.process = self.listener = None
        self.url = None
        self.config = None
        if config is not None:
            self.config = self.folder / "sealroom.toml"
            self.config.write_text(config)

    def command(self):
        command = [*self.prefix, binary(), "serve"]
        command += ["--dev"] if self.dev else []
        command += ["--config", str(self.config)] if self.config else []
        command += ["--data-dir", str(self.data)]
        command += ["--listen", self.listen, "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        return command + self.options

    def start(self):
        """Starts, and returns once it listens. Raises `Failed` if it ends before."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        seen = self.said()
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.stderr or subprocess.STDOUT,
            env=environment(self.variables),
            start_new_session=True,
            preexec_fn=self.before_exec,
        )
        # Through a pipe: what breaks the server's disk doesn't break its log.
        self.listener = threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True)
        self.listener.start()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said = self.log(seen)
            found = LISTENING.search(said)
            if found:
                self.scheme, self.address, port = found.groups()
                self.port = int(port)
                self.url = f"{self.scheme}://{self.address}"
                return self
            code = self.process.poll()
            if code is not None:
                self.listener.join(STOP_SECONDS)
                raise Failed(code, self.log(seen))
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"not listening after {START_SECONDS} s:\n{self.log(seen)}")

    def _listen(self, said):
        with said, self.log_path.open("ab", buffering=0) as log:
            while piece := said.read1(65_536):
                log.write(piece)

    def log(self, since=0):
        """What the server said, on either stream, from byte `since` on."""
        if not self.log_path.exists():
            return ""
        if self.process and self.process.poll() is not None:
            self.listener.join(STOP_SECONDS)
        with self.log_path.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def said(self):
        """How much it said so far, for `log`."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM; returns the exit code."""
        if not self.running():
            return self.process.returncode if self.process else None
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM:\n{self.log()[-4000:]}") from None

    def kill(self):
        """kill -9."""
        if self.running():
            self.process.kill()
        self.process.wait(STOP_SECONDS)

    def leftovers(self):
        """Processes of the server's session that still live."""
        left = []
        for entry in Path("/proc").iterdir() if Path("/proc").exists() else ():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if entry.name.isdigit() and fields[0] != "Z" and int(fields[3]) == self.process.pid:
                left.append(entry.name)
        return left

    def refuses_connections(self):
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex(("127.0.0.1", self.port)) != 0

    def admin(self, path):
        """(status, text) of a page on the admin address."""
        url = f"http://127.0.0.1:{self.admin_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def advance(self, seconds):
        """Moves the service clock; what became due is done when this returns."""
        body = json.dumps({"advance_seconds": int(seconds)}).encode()
        request = urllib.request.Request(
            f"{self.url}/_sealroom/clock", data=body, method="POST", headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.running():
            self.stop()


def run(*arguments, variables=None, seconds=60):
    """Runs the program to its end: (exit code, stdout, stderr)."""
    done = subprocess.run(
        [binary(), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment(variables),
    )
    return done.returncode, done.stdout, done.stderr
