"""The servers of a campaign: private ones, that it may do anything to."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.mysqld import private_mysqld
from tests.support.servers.rabbitmq import private_rabbitmq
from tests.support.servers.scripts import SCRIPTS_VARIABLE, scripted_mysql, scripted_rabbitmq


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
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    if scripts:
        servers = ChaosServers(
            broker=scripted_rabbitmq(Path(scripts), closing), database=scripted_mysql(Path(scripts), closing)
        )
    else:
        servers = ChaosServers(broker=private_rabbitmq(closing), database=private_mysqld(closing))
    servers.broker.start()
    servers.database.start()
    return servers
