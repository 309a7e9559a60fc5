"""Declares exchanges and queues on the broker, as far as the user may, and which installation uses them."""

import logging
from typing import Any

import pika
import pika.exceptions
import pika.spec

from shared.messaging.topology import (
    FOREIGN_QUEUE_ARGUMENTS,
    QUEUES,
    SIDE_QUEUE_ARGUMENTS,
    Topology,
    ownership_arguments,
)
from shared.model.errors import NamespaceTaken
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)


def ensure_declared(connection: pika.BlockingConnection, topology: Topology) -> None:
    """Declare everything; where this user has no right to, `inflow declare` did it with one that has.

    What is missing then shows as soon as it is used. It can't be asked for before: RabbitMQ 4.3 tells only those who
    have some right on an exchange or a queue whether it is there. Raises pika's ChannelClosedByBroker where something
    is there with other arguments.
    """
    try:
        declare(connection, topology)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != pika.spec.ACCESS_REFUSED:
            raise


def declare(connection: pika.BlockingConnection, topology: Topology) -> None:
    """Declare the exchanges and queues of a namespace, and bind them; raises pika's ChannelClosedByBroker."""
    channel = connection.channel()
    channel.exchange_declare(topology.exchange, exchange_type="topic", durable=True)
    channel.exchange_declare(topology.dead_letter_exchange, exchange_type="direct", durable=True)
    side_queues = {topology.foreign_name: FOREIGN_QUEUE_ARGUMENTS}
    for queue in QUEUES:
        side_queues |= dict.fromkeys(
            (topology.dead_letter_name(queue), topology.redrive_name(queue)), SIDE_QUEUE_ARGUMENTS
        )
    for name, arguments in side_queues.items():
        channel.queue_declare(name, durable=True, arguments=arguments)
        channel.queue_bind(name, topology.dead_letter_exchange, name)
    for queue in QUEUES:
        channel.queue_declare(topology.name(queue), durable=True, arguments=topology.arguments(queue))
        for routing_key in queue.routing_keys:
            channel.queue_bind(topology.name(queue), topology.exchange, routing_key)
    channel.close()


def own_namespace(connection: pika.BlockingConnection, topology: Topology, installation_id: str) -> Any:
    """State which installation uses the namespace; return the channel on which a consumer keeps it stated.

    None where this user has no right to state it. Raises NamespaceTaken where another installation uses it.
    """
    channel = connection.channel()
    try:
        channel.queue_declare(topology.ownership_name, durable=True, arguments=ownership_arguments(installation_id))
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code == pika.spec.ACCESS_REFUSED:
            message = "this user may not declare the queue that states which installation uses the namespace"
            _log.warning(message, extra=facts("namespace_unstated", queue=topology.ownership_name))
            return None
        if error.reply_code != pika.spec.PRECONDITION_FAILED:
            raise
        raise NamespaceTaken(
            f"another installation uses the namespace {topology.namespace!r} of this virtual host; set INFLOW_NAMESPACE"
            " to a name of this installation's own, or use another virtual host"
            f" (this one is {installation_id}; the broker says: {error.reply_text})"
        ) from error
    return channel
