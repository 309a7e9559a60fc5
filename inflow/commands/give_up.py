"""`inflow give-up`: ends a load that can't go on, because its file or its messages are gone for good."""

import argparse

from inflow.arguments import add_config, add_data, positive
from inflow.installation import open_installation
from shared.configuration.environment import Environment
from shared.operations.give_up import give_up
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("load", type=positive, metavar="LOAD", help="its number; `inflow status` shows it")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """End an open load as it is."""
    with open_installation(options, environment, read_only=False) as store:
        load = give_up(store, options.load)
    print(
        f"load {load.load_id} ({load.file}) is given up;"
        f" {load.inserted + load.updated} rows that it inserted or updated stay in {load.dataset or 'the tables'}"
    )
    return ExitCode.OK
