"""`inflow status`: the files that wait, the loads, the references that wait, the services and the queues."""

import argparse

from inflow.arguments import add_config, add_data, add_json
from inflow.installation import broker_settings, open_installation
from inflow.pages import PAGE_SIZE, all_pages
from inflow.presentation import status_report
from shared.configuration.environment import Environment
from shared.operations.loads import LoadReport, list_loads
from shared.operations.status import list_waiting_files, look_at_queues, take_status
from shared.runtime.exit_codes import ExitCode
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.store import Store

_MAX_LINES = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_json(parser)
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Show what waits and what was loaded."""
    settings = broker_settings(options, environment)
    with open_installation(options, environment, read_only=True) as store:
        status = take_status(store, limit=_MAX_LINES)
        everything = _everything(store) if options.json else None
    queues = look_at_queues(settings)
    if everything is not None:
        print(status_report.as_json(status, *everything, queues))
    else:
        print(status_report.as_text(status, queues))
    return ExitCode.OK


def _everything(store: Store) -> tuple[list[WaitingFile], list[LoadReport]]:
    files = all_pages(lambda last: list_waiting_files(store, limit=PAGE_SIZE, after=last.file if last else ""))
    loads = all_pages(lambda last: list_loads(store, limit=PAGE_SIZE, after=last.load.load_id if last else 0))
    return list(files), list(loads)
