"""The private servers of a campaign, which it may break in any way."""

from contextlib import ExitStack
from dataclasses import dataclass

from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.own import own_broker, own_database_server


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosServers:
    """A running broker and database, used only by the campaign."""

    broker: ControlledBroker
    database: ControlledDatabase

    def mend(self) -> None:
        """Ensure that both run, in whatever state they are."""
        for server in (self.broker, self.database):
            if not server.is_ready():
                server.start()


def start_servers(closing: ExitStack) -> ChaosServers:
    """Start both; `closing` ends them and removes their data. Raises Unavailable with the reason."""
    servers = ChaosServers(broker=own_broker(closing), database=own_database_server(closing))
    servers.broker.start()
    servers.database.start()
    return servers
