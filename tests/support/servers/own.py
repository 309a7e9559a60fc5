"""Private servers of a test, started by scripts or from the programs installed on this machine."""

import os
from contextlib import ExitStack
from pathlib import Path

from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.mysqld import Options, no_more, private_mysqld
from tests.support.servers.postgres import private_postgres
from tests.support.servers.rabbitmq import private_rabbitmq
from tests.support.servers.scripts import scripted_mysql, scripted_rabbitmq

#: "postgresql" asks for a PostgreSQL, where tests would take a MySQL or MariaDB.
DATABASE_VARIABLE = "INFLOW_TEST_DATABASE"
#: Names a folder with mysql.sh and rabbitmq.sh; without it, programs installed on this machine are taken.
SCRIPTS_VARIABLE = "INFLOW_TEST_SERVER_SCRIPTS"


def own_broker(closing: ExitStack) -> ControlledBroker:
    """Prepare a RabbitMQ that does not run yet; `closing` ends it and removes its data. Raises Unavailable."""
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    return scripted_rabbitmq(Path(scripts), closing) if scripts else private_rabbitmq(closing)


def own_database_server(closing: ExitStack, options: Options = no_more) -> ControlledDatabase:
    """Prepare a MySQL or MariaDB that does not run yet; `closing` ends it and removes its data, as above.

    A PostgreSQL is always of the installed programs.
    """
    if os.environ.get(DATABASE_VARIABLE) == "postgresql":
        return private_postgres(closing, options)
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    return scripted_mysql(Path(scripts), closing, options) if scripts else private_mysqld(closing, options)
