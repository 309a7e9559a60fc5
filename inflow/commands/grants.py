"""`inflow grants`: prints the rights in the database that each service needs, as SQL."""

import argparse

from inflow.arguments import add_config
from inflow.installation import catalog_of
from shared.configuration.environment import Environment
from shared.configuration.servers import DatabaseSettings
from shared.runtime.exit_codes import ExitCode
from shared.storage.database import dialect_of
from shared.storage.schema.grants import grant_statements
from shared.storage.schema.schema import build_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("service", choices=("migrate", "watcher", "writer", "aggregator"))
    parser.add_argument("--account", metavar="NAME", help="as SQL writes it; default: inflow_SERVICE")
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Print the rights in the database that one service needs, or `inflow migrate` does."""
    url = DatabaseSettings.from_environment(environment).url
    schema = build_schema(catalog_of(options, environment), dialect_of(url))
    account = options.account or schema.dialect.account(f"inflow_{options.service}")
    for statement in grant_statements(schema, options.service, database=url.database or "", account=account):
        print(f"{statement};")
    return ExitCode.OK
