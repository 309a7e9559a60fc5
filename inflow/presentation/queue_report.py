"""The queues as text and as JSON: as far as the broker and its management API tell."""

from collections.abc import Iterator, Mapping, Sequence

from inflow.presentation.text_table import text_table
from shared.messaging.rabbitmq import BrokerState, QueueState
from shared.operations.status import Queues

_COLUMNS = ("queue", "messages", "consumers", "dead letters", "members")
_NUMERIC = range(1, len(_COLUMNS))


def as_text(queues: Queues) -> Iterator[str]:
    """Yield a line per queue, and one for each note."""
    if queues is None:
        return
    if isinstance(queues, str):
        yield f"queues: not known: {queues}"
        return
    yield f"queues: seen from {queues.endpoint}"
    table = text_table([_COLUMNS, *(_cells(queue, queues) for queue in queues.queues)], numeric=_NUMERIC)
    yield from (f"  {line}" for line in table)
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
