"""`inflow loads`: all loads with their accounts."""

import argparse

from inflow.arguments import add_config, add_data, add_json
from inflow.installation import open_installation
from inflow.pages import PAGE_SIZE, all_pages
from inflow.presentation import load_report
from shared.configuration.environment import Environment
from shared.operations.loads import list_loads
from shared.runtime.clock import utc_now
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_json(parser)
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """List all loads."""
    with open_installation(options, environment, read_only=True) as store:
        loads = list(all_pages(lambda last: list_loads(store, limit=PAGE_SIZE, after=last.load.load_id if last else 0)))
    print(load_report.as_json(loads) if options.json else load_report.as_text(loads, utc_now()))
    return ExitCode.OK
