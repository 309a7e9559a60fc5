"""`inflow redrive`: dead letters go back into their queues, and the loads that they held back go on."""

import argparse
from collections.abc import Iterator

from inflow.arguments import add_config, add_data
from inflow.installation import is_embedded, open_installation
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.operations.redrive import DeadMessage, dead_messages, held_back_loads, redrive_messages, release_loads
from shared.runtime.exit_codes import ExitCode
from shared.storage.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--dry-run", action="store_true", help="show them, with their reasons, and leave them")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Redrive all dead letters, or show them. An embedded data folder has none, but loads that they held back."""
    settings = None if is_embedded(options, environment) else BrokerSettings.from_environment(environment)
    with open_installation(options, environment, read_only=options.dry_run) as store:
        for line in _shown(store, settings) if options.dry_run else _redriven(store, settings):
            print(line)
    return ExitCode.OK


def _shown(store: Store, settings: BrokerSettings | None) -> Iterator[str]:
    for load in held_back_loads(store):
        yield f"load {load.load_id} ({load.file}) is held back: {load.message}"
    if settings is not None:
        for message in dead_messages(settings):
            yield f"{message.dead_letter_queue}: {_described(message)}; {message.reason}"


def _redriven(store: Store, settings: BrokerSettings | None) -> Iterator[str]:
    # First the ledger: a message that is given up once more holds its load back again.
    for load in release_loads(store):
        yield f"load {load.load_id} ({load.file}) goes on"
    if settings is not None:
        for moved in redrive_messages(settings):
            messages = "message" if moved.count == 1 else "messages"
            yield f"{moved.dead_letter_queue}: {moved.count} {messages} back in {moved.queue}"


def _described(message: DeadMessage) -> str:
    if message.kind is None:
        return f"{message.size_bytes} bytes that are not a message"
    rows = "" if message.first_row is None else f" rows {message.first_row}+{message.row_count}"
    return f"{message.kind} of load {message.load_id}{rows}"
