"""Publishes messages and waits for the broker's confirms."""

import pika

from shared.configuration.servers import BrokerSettings
from shared.messaging.envelope import Envelope, encode
from shared.messaging.rabbitmq.connection import Link, OnWait, ignore_wait
from shared.messaging.topology import Queue, Topology


class Publisher:
    """Publishes persistent, mandatory messages and waits for each publisher confirm.

    Connects when first needed and again after any failure. Not thread-safe. `on_wait` is called in the waiting thread
    when a wait takes long.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        name: str,
        installation_id: str | None = None,
        on_wait: OnWait = ignore_wait,
    ) -> None:
        self._name = name
        self._topology = Topology(settings.namespace)
        self._link = Link(settings, name=name, installation_id=installation_id, on_wait=on_wait)

    def publish(self, message: Envelope) -> None:
        """Publish a message and return once it is confirmed; raises BrokerUnavailable or Unroutable."""
        properties = pika.BasicProperties(
            message_id=str(message.id),
            type=message.kind,
            timestamp=int(message.occurred_at.timestamp()),
            content_type="application/json",
            app_id=self._name,
            headers={"inflow-installation": message.origin.installation_id, "inflow-token": message.origin.token},
            delivery_mode=pika.DeliveryMode.Persistent.value,
        )
        with self._link.open() as channel:
            channel.basic_publish(self._topology.exchange, message.kind, encode(message), properties, mandatory=True)

    def backlog(self, queue: Queue) -> int:
        """Count the messages of a queue that are not delivered to a consumer yet."""
        return self._count(self._topology.name(queue))

    def given_up(self, queue: Queue) -> int:
        """Count the dead letters of a queue."""
        return self._count(self._topology.dead_letter_name(queue))

    def serve(self) -> None:
        """Answer heartbeats; call it now and then while there is nothing to publish."""
        with self._link.open() as channel:
            channel.connection.process_data_events(0)

    def close(self) -> None:
        """Close the connection, in whatever state it is."""
        self._link.close()

    def _count(self, name: str) -> int:
        with self._link.open() as channel:
            return int(channel.queue_declare(name, passive=True).method.message_count)
