"""Redriving: returns dead letters to their queues, and lets the loads that they held back resume."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from shared.configuration.servers import BrokerSettings
from shared.messaging.envelope import decode
from shared.messaging.payloads import Payload, RowsExtracted
from shared.messaging.rabbitmq import DeadLetter, DeadLetters
from shared.messaging.topology import QUEUES, Topology
from shared.model.errors import MalformedMessage
from shared.storage.ledger import load_reasons
from shared.storage.ledger.loads import Load
from shared.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMessage:
    """A dead letter: its queue, the reason, and its content."""

    dead_letter_queue: str
    reason: str
    size_bytes: int
    #: None if the body is not a message.
    kind: str | None = None
    load_id: int | None = None
    #: For a chunk: the position of its first row in the load, from 0, and the number of its rows.
    first_row: int | None = None
    row_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrivenQueue:
    """The number of dead letters returned to one queue."""

    queue: str
    dead_letter_queue: str
    count: int


def held_back_loads(store: Store) -> list[Load]:
    """List the loads that dead letters hold back, oldest first."""
    with store.transaction() as connection:
        return load_reasons.dead_lettered(connection, store.schema)


def release_loads(store: Store) -> list[Load]:
    """Release the loads that dead letters hold back; return them as they were before.

    Must be called before the dead letters are redriven: one that fails again holds its load back again.
    """
    with store.transaction() as connection:
        return load_reasons.redrive(connection, store.schema)


def dead_messages(settings: BrokerSettings) -> Iterator[DeadMessage]:
    """Yield all dead letters, queue by queue, without removing them. Raises BrokerUnavailable."""
    topology = Topology(settings.namespace)
    with closing(DeadLetters(settings)) as dead_letters:
        for queue in QUEUES:
            for letter in dead_letters.look(queue):
                yield _described(letter, topology.dead_letter_name(queue))


def redrive_messages(settings: BrokerSettings) -> Iterator[RedrivenQueue]:
    """Return all dead letters to their queues, one queue per iteration. Raises BrokerUnavailable."""
    topology = Topology(settings.namespace)
    with closing(DeadLetters(settings)) as dead_letters:
        for queue in QUEUES:
            count = dead_letters.redrive(queue)
            yield RedrivenQueue(
                queue=topology.name(queue), dead_letter_queue=topology.dead_letter_name(queue), count=count
            )


def _described(letter: DeadLetter, dead_letter_queue: str) -> DeadMessage:
    try:
        payload: Payload | None = decode(letter.body).payload
    except MalformedMessage:
        payload = None
    chunk = payload if isinstance(payload, RowsExtracted) else None
    return DeadMessage(
        dead_letter_queue=dead_letter_queue,
        reason=letter.reason,
        size_bytes=len(letter.body),
        kind=payload.kind if payload else None,
        load_id=payload.load_id if payload else None,
        first_row=chunk.first_row if chunk else None,
        row_count=chunk.row_count if chunk else None,
    )
