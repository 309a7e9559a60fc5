"""`inflow declare`, `inflow migrate` and `inflow grants`: what an administrator prepares, so that no service has to.

Exchanges and queues, tables, and the rights that are left for each service to need.
"""

import argparse

from inflow.installation import catalog_of, open_database
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.messaging.rabbitmq import declare_all
from shared.runtime.exit_codes import ExitCode
from shared.storage.schema.grants import grant_statements
from shared.storage.schema.preparation import prepare_tables
from shared.storage.schema.schema import build_schema


def declare(_options: argparse.Namespace, environment: Environment) -> int:
    """Declare exchanges, queues and bindings on the broker."""
    settings = BrokerSettings.from_environment(environment)
    environment.finish()
    endpoint = declare_all(settings)
    print(
        f"{endpoint}, virtual host {settings.virtual_host}: exchanges and queues of the namespace "
        f"{settings.namespace} are declared"
    )
    return ExitCode.OK


def migrate(options: argparse.Namespace, environment: Environment) -> int:
    """Create the tables that are missing in the database, and migrate those of an earlier version."""
    catalog = catalog_of(options, environment)
    with open_database(options, environment, read_only=False) as database:
        prepared = prepare_tables(database, catalog)
    for dataset, why in prepared.held.items():
        print(f"dataset {dataset} is held: {why}")
    usable = len(prepared.schema.metadata.tables) - len(prepared.held)
    print(f"{usable} tables of this configuration and version are there")
    return ExitCode.ATTENTION if prepared.held else ExitCode.OK


def grants(options: argparse.Namespace, environment: Environment) -> int:
    """Print the rights in the database that one service needs, or `inflow migrate` does."""
    url = DatabaseSettings.from_environment(environment).url
    schema = build_schema(catalog_of(options, environment), "mysql")
    account = options.account or f"'inflow_{options.service}'@'%'"
    for statement in grant_statements(schema, options.service, database=url.database or "", account=account):
        print(f"{statement};")
    return ExitCode.OK
