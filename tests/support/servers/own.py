"""Private servers of a test, started by scripts or from the programs installed on this machine."""

import os
from contextlib import ExitStack
from pathlib import Path

from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.mysqld import Options, no_more, private_mysqld
from tests.support.servers.rabbitmq import private_rabbitmq
from tests.support.servers.scripts import scripted_mysql, scripted_rabbitmq

#: Names a folder with mysql.sh and rabbitmq.sh; without it, installed programs are used.
SCRIPTS_VARIABLE = "INFLOW_TEST_SERVER_SCRIPTS"


def own_broker(closing: ExitStack) -> ControlledBroker:
    """Prepare a RabbitMQ that does not run yet; `closing` ends it and removes its data. Raises Unavailable."""
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    return scripted_rabbitmq(Path(scripts), closing) if scripts else private_rabbitmq(closing)


def own_database_server(closing: ExitStack, options: Options = no_more) -> ControlledDatabase:
    """Prepare a MySQL or MariaDB that does not run yet; `closing` ends it and removes its data, as above."""
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    return scripted_mysql(Path(scripts), closing, options) if scripts else private_mysqld(closing, options)
