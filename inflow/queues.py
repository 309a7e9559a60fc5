"""The queues in the status: as far as the broker and its management API tell."""

import argparse
from collections.abc import Iterator, Mapping, Sequence

from inflow.installation import is_embedded
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq import BrokerState, QueueState, look_at_broker
from shared.model.errors import BrokerUnavailable

#: What is known of the broker, why nothing is, or None where there is none.
Queues = BrokerState | str | None

_COLUMNS = ("queue", "messages", "consumers", "dead letters", "members")


def broker_settings(options: argparse.Namespace, environment: Environment) -> BrokerSettings | None:
    """Return the broker's settings; None in embedded mode, or where the environment does not name a broker."""
    if is_embedded(options, environment) or not BrokerSettings.is_configured(environment):
        return None
    return BrokerSettings.from_environment(environment)


def look_at_queues(settings: BrokerSettings | None) -> Queues:
    """Ask the broker. That it does not answer is part of the status."""
    try:
        return look_at_broker(settings) if settings is not None else None
    except BrokerUnavailable as error:
        return str(error)


def as_text(queues: Queues) -> Iterator[str]:
    """Yield a line per queue, and one for each note."""
    if queues is None:
        return
    if isinstance(queues, str):
        yield f"queues: not known: {queues}"
        return
    yield f"queues: seen from {queues.endpoint}"
    cells = [_COLUMNS, *(_cells(queue, queues) for queue in queues.queues)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for name, *figures in cells:
        line = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True))]
        yield f"  {'  '.join(line)}"
    for note in queues.notes:
        yield f"  {note}"


def as_mapping(queues: Queues) -> Mapping[str, object] | None:
    """Everything, for JSON."""
    if queues is None:
        return None
    if isinstance(queues, str):
        return {"node": None, "node_count": None, "queues": [], "notes": [queues]}
    return {
        "node": str(queues.endpoint),
        "node_count": queues.node_count,
        "queues": [_as_mapping(queue) for queue in queues.queues],
        "notes": list(queues.notes),
    }


def _cells(queue: QueueState, broker: BrokerState) -> Sequence[str]:
    members = f"{queue.members.count} of {broker.node_count}" if queue.members else "?"
    counts = (queue.messages, queue.consumers, queue.dead_letters)
    return (queue.name, *("?" if count is None else str(count) for count in counts), members)


def _as_mapping(queue: QueueState) -> Mapping[str, object]:
    return {
        "queue": queue.name,
        "messages": queue.messages,
        "consumers": queue.consumers,
        "dead_letters": queue.dead_letters,
        "members": queue.members.count if queue.members else None,
        "members_online": queue.members.online if queue.members else None,
    }
