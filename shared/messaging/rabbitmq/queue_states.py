"""The state of the queues: their messages, consumers, dead letters and nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pika
import pika.exceptions

from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.rabbitmq.connection import connect, translated
from shared.messaging.rabbitmq.management import Cluster, Members, look_at_cluster
from shared.messaging.topology import QUEUES, Queue, Topology
from shared.model.errors import BrokerUnavailable

#: RabbitMQ places a new quorum queue on this many nodes, if the cluster has them.
_USUAL_MEMBERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue; None means unknown."""

    name: str
    #: Messages not delivered to a consumer yet.
    messages: int | None
    consumers: int | None
    dead_letters: int | None
    members: Members | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    """The queues of the services, as seen by one node."""

    endpoint: Endpoint
    node_count: int | None
    queues: Sequence[QueueState]
    #: One sentence for each value that is unknown, with the reason, and for each problem found.
    notes: Sequence[str]


def look_at_broker(settings: BrokerSettings) -> BrokerState:
    """Ask the broker for the state of its queues, and the management API, if configured, for their nodes.

    Declares nothing. Raises BrokerUnavailable.
    """
    notes: list[str] = []
    cluster = _cluster(settings, notes)
    connection = connect(settings, "inflow-status")
    with translated(connection.endpoint), connection:
        queues = [_state(connection, Topology(settings.namespace), queue, cluster, notes) for queue in QUEUES]
    if cluster is not None:
        notes += _missing_members(cluster, Topology(settings.namespace))
    return BrokerState(
        endpoint=connection.endpoint,
        node_count=cluster.node_count if cluster else None,
        queues=queues,
        notes=notes,
    )


def _cluster(settings: BrokerSettings, notes: list[str]) -> Cluster | None:
    try:
        return look_at_cluster(settings)
    except BrokerUnavailable as error:
        notes.append(f"members: not known: {error}")
        return None


def _state(
    connection: pika.BlockingConnection, topology: Topology, queue: Queue, cluster: Cluster | None, notes: list[str]
) -> QueueState:
    name = topology.name(queue)
    messages, consumers = _counts(connection, name, notes)
    dead_letters, _ = _counts(connection, topology.dead_letter_name(queue), notes)
    return QueueState(
        name=name,
        messages=messages,
        consumers=consumers,
        dead_letters=dead_letters,
        members=cluster.members.get(name) if cluster else None,
    )


def _counts(connection: pika.BlockingConnection, name: str, notes: list[str]) -> tuple[int | None, int | None]:
    """Count the messages and consumers of a queue; a refusal closes only this channel, and becomes a note."""
    channel = connection.channel()
    try:
        found = channel.queue_declare(name, passive=True).method
    except pika.exceptions.ChannelClosedByBroker as error:
        notes.append(f"{name}: not known: {error.reply_text}")
        return None, None
    channel.close()
    return found.message_count, found.consumer_count


def _missing_members(cluster: Cluster, topology: Topology) -> Iterator[str]:
    usual = min(cluster.node_count, _USUAL_MEMBERS)
    for name, members in sorted(cluster.members.items()):
        if not name.startswith(f"{topology.namespace}."):
            continue
        if members.count < usual:
            yield f"{name} is on {members.count} of {cluster.node_count} nodes: `rabbitmq-queues grow` adds members"
        if 2 * members.online <= members.count:
            yield f"{name} accepts no messages: {members.online} of its {members.count} members are online"
