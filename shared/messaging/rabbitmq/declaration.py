"""Declares exchanges and queues, and records which installation uses the namespace."""

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
    """Declare everything, unless this user lacks the permission: then `inflow declare` has done so as another user.

    Anything still missing fails on its first use. It can't be checked here: RabbitMQ 4.3 tells only users with some
    permission on an exchange or a queue whether it exists. Raises pika's ChannelClosedByBroker if something is declared
    with different arguments.
    """
    try:
        declare(connection, topology)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != pika.spec.ACCESS_REFUSED:
            raise


def declare(connection: pika.BlockingConnection, topology: Topology) -> None:
    """Declare and bind the exchanges and queues of a namespace; raises pika's ChannelClosedByBroker."""
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
    """Record which installation uses the namespace; return the channel on which a consumer keeps the record alive.

    None if this user may not declare the record's queue. Raises NamespaceTaken if another installation uses the
    namespace.
    """
    channel = connection.channel()
    try:
        channel.queue_declare(topology.ownership_name, durable=True, arguments=ownership_arguments(installation_id))
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code == pika.spec.ACCESS_REFUSED:
            message = "this user may not declare the queue that records which installation uses the namespace"
            _log.warning(message, extra=facts("namespace_unstated", queue=topology.ownership_name))
            return None
        if error.reply_code != pika.spec.PRECONDITION_FAILED:
            raise
        raise NamespaceTaken(
            f"another installation uses the namespace {topology.namespace!r} of this virtual host; set INFLOW_NAMESPACE"
            " to a name that no other installation uses, or use another virtual host"
            f" (this installation is {installation_id}; the broker says: {error.reply_text})"
        ) from error
    return channel
