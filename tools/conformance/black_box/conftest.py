"""Fixtures of the suites, and the rule that no test is skipped."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clients import Clients
from harness.process import Server
from harness.raw import Raw
from harness.world import World

# Nothing of the machine's own AWS configuration may reach a client.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

skipped = []


def pytest_runtest_logreport(report):
    if report.skipped or hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


def pytest_sessionfinish(session):
    if skipped and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    for test in skipped:
        terminalreporter.write_line(f"SKIPPED, which counts as a failure: {test}", red=True)


@dataclass
class Site:
    """A running server with what talks to it."""

    server: Server
    clients: Clients
    raw: Raw
    world: World

    @classmethod
    def of(cls, server):
        clients = Clients(server.url)
        return cls(server, clients, Raw(server.url), World(clients))


def opened(folder, **how):
    server = Server(folder, **how).start()
    site = Site.of(server)
    yield site
    site.clients.close()
    assert server.running(), f"the server has died:\n{server.log()[-4000:]}"
    assert server.stop() == 0, server.log()[-4000:]
    assert server.leftovers() == []
    assert " panicked at " not in server.log()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A server in dev mode that the tests share. They may make keys, and must not move its clock."""
    yield from opened(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def aws_site(tmp_path_factory):
    """The same with AWS's limits."""
    yield from opened(tmp_path_factory.mktemp("aws"), options=["--compat", "aws"])


@pytest.fixture
def own_site(tmp_path):
    """A server of the test's own, in dev mode: its clock may be moved."""
    yield from opened(tmp_path)


@pytest.fixture
def serve(tmp_path):
    """Makes servers that the test starts and ends as it likes; what still runs at its end is killed."""
    made = []

    def make(name="server", **how):
        server = Server(Path(tmp_path) / name, **how)
        made.append(server)
        return server
    yield make
    for server in made:
        if server.running():
            server.kill()
