"""The servers of a campaign: private ones, that it may do anything to."""

from contextlib import ExitStack
from dataclasses import dataclass

from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.own import own_broker, own_database_server


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosServers:
    """A broker and a database that run, and that nobody else uses."""

    broker: ControlledBroker
    database: ControlledDatabase

    def mend(self) -> None:
        """See to it that both run, whatever was done to them."""
        for server in (self.broker, self.database):
            if not server.is_ready():
                server.start()


def start_servers(closing: ExitStack) -> ChaosServers:
    """Start both; `closing` ends them and removes their data. Unavailable says why there are none."""
    servers = ChaosServers(broker=own_broker(closing), database=own_database_server(closing))
    servers.broker.start()
    servers.database.start()
    return servers
