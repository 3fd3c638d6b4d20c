"""A running server with what talks to it."""

from dataclasses import dataclass

from harness.clients import Clients
from harness.process import Server
from harness.raw import Raw
from harness.world import World


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
