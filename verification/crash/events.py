"""The queues as seen by an observer, and an additional queue for every load.completed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pika

from shared.configuration.servers import DEFAULT_NAMESPACE
from shared.messaging.envelope import decode
from shared.messaging.payloads import LoadCompleted
from shared.messaging.topology import QUEUES, Topology
from tests.support.topology import TOPOLOGY

_HEARD = "test.events"


def listen(broker_url: str) -> None:
    """Collect all events from now on: each must be published at least once."""
    with _channel(broker_url) as channel:
        channel.exchange_declare(TOPOLOGY.exchange, exchange_type="topic", durable=True)
        channel.queue_declare(_HEARD, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(_HEARD, TOPOLOGY.exchange, LoadCompleted.kind)


def heard(broker_url: str) -> Counter[int]:
    """Return how often the completion of each load was published."""
    with _channel(broker_url) as channel:
        return Counter(decode(body).payload.load_id for _, body in _waiting(channel, _HEARD))


def consumers(broker_url: str) -> int:
    """Return the broker's number of consumers; with none, no message is unacknowledged."""
    with _channel(broker_url) as channel:
        return sum(channel.queue_declare(TOPOLOGY.name(queue), passive=True).method.consumer_count for queue in QUEUES)


def depths(broker_url: str, *, namespace: str = DEFAULT_NAMESPACE) -> dict[str, int]:
    """Return the number of messages in each queue of a namespace."""
    topology = Topology(namespace)
    names = [
        name
        for queue in QUEUES
        for name in (topology.name(queue), topology.dead_letter_name(queue), topology.redrive_name(queue))
    ]
    with _channel(broker_url) as channel:
        return {name: channel.queue_declare(name, passive=True).method.message_count for name in names}


def dead_letters(broker_url: str, *, namespace: str = DEFAULT_NAMESPACE) -> list[str]:
    """Return the reasons of all dead letters of a namespace."""
    topology = Topology(namespace)
    with _channel(broker_url) as channel:
        return [
            str((properties.headers or {}).get("x-inflow-reason", "none given"))
            for queue in QUEUES
            for properties, _ in _waiting(channel, topology.dead_letter_name(queue))
        ]


def _waiting(channel: Any, queue: str) -> Iterator[tuple[Any, bytes]]:
    """Yield the messages of a queue; they are requeued when the channel closes."""
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return
        yield properties, body


@contextmanager
def _channel(broker_url: str) -> Iterator[Any]:
    with closing(pika.BlockingConnection(pika.URLParameters(broker_url))) as connection:
        yield connection.channel()
