"""`inflow redrive`: dead letters go back into their queues, and the loads they held back go on."""

import argparse
from collections.abc import Iterator
from contextlib import closing

from inflow.installation import is_embedded, open_installation
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.envelope import decode
from shared.messaging.payloads import RowsExtracted
from shared.messaging.rabbitmq import DeadLetter, DeadLetters
from shared.messaging.topology import QUEUES, Topology
from shared.model.errors import MalformedMessage
from shared.runtime.exit_codes import ExitCode
from shared.storage.ledger import load_reasons
from shared.storage.store import Store


def redrive(options: argparse.Namespace, environment: Environment) -> int:
    """Redrive all dead letters, or show them. An embedded data folder has none, but loads that they held back."""
    settings = None if is_embedded(options, environment) else BrokerSettings.from_environment(environment)
    with open_installation(options, environment, read_only=options.dry_run) as store:
        # First the ledger: what is given up once more marks its load anew.
        _print(_held_back(store) if options.dry_run else _let_go(store))
        if settings is not None:
            with closing(DeadLetters(settings)) as dead_letters:
                show = _shown if options.dry_run else _moved
                _print(show(dead_letters, Topology(settings.namespace)))
    return ExitCode.OK


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


def _held_back(store: Store) -> Iterator[str]:
    with store.transaction() as connection:
        held_back = load_reasons.dead_lettered(connection, store.schema)
    for load in held_back:
        yield f"load {load.load_id} ({load.file}) is held back: {load.message}"


def _let_go(store: Store) -> Iterator[str]:
    with store.transaction() as connection:
        let_go = load_reasons.redrive(connection, store.schema)
    for load in let_go:
        yield f"load {load.load_id} ({load.file}) goes on"


def _shown(dead_letters: DeadLetters, topology: Topology) -> Iterator[str]:
    for queue in QUEUES:
        for letter in dead_letters.look(queue):
            yield f"{topology.dead_letter_name(queue)}: {_described(letter)}"


def _moved(dead_letters: DeadLetters, topology: Topology) -> Iterator[str]:
    for queue in QUEUES:
        count = dead_letters.redrive(queue)
        messages = "message" if count == 1 else "messages"
        yield f"{topology.dead_letter_name(queue)}: {count} {messages} back in {topology.name(queue)}"


def _described(letter: DeadLetter) -> str:
    try:
        payload = decode(letter.body).payload
    except MalformedMessage:
        return f"{len(letter.body)} bytes that are no message; {letter.reason}"
    rows = f" rows {payload.first_row}+{payload.row_count}" if isinstance(payload, RowsExtracted) else ""
    return f"{payload.kind} of load {payload.load_id}{rows}; {letter.reason}"
