"""`inflow migrate`: tables, prepared by an administrator so that no service has to."""

import argparse

from inflow.arguments import add_config, add_data
from inflow.installation import catalog_of, open_database
from shared.configuration.environment import Environment
from shared.runtime.exit_codes import ExitCode
from shared.storage.schema.preparation import prepare_tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Create the tables that are missing in the database, and migrate those of an earlier version."""
    catalog = catalog_of(options, environment)
    with open_database(options, environment, read_only=False) as database:
        prepared = prepare_tables(database, catalog)
    for dataset, why in prepared.held.items():
        print(f"dataset {dataset} is held: {why}")
    usable = len(prepared.schema.metadata.tables) - len(prepared.held)
    print(f"{usable} tables of this configuration and version are there")
    return ExitCode.ATTENTION if prepared.held else ExitCode.OK
