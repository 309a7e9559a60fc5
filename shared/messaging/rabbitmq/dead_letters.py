"""Dead letters: sets messages aside with a reason, and puts them back into their queue."""

import math
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pika
import pika.data
import pika.exceptions

from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq.connection import Link
from shared.messaging.rabbitmq.retries import RetrySchedule, Tries
from shared.messaging.topology import Queue, Topology

_REASON_HEADER = "x-inflow-reason"
#: Maximum length in characters of a dead letter's reason: headers travel with every later hop.
_REASON_LENGTH = 1000
#: Headers must fit into one frame of 128 KiB.
_MAX_HEADER_BYTES = 64 * 1024
#: How much of a dead-letter queue is read at a time: bodies are delivered together with their headers.
_MAX_LOOK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead-lettered message: its reason and its body."""

    reason: str
    body: bytes


def set_aside(
    channel: Any, topology: Topology, name: str, properties: Any, body: bytes, reason: str, tries: Tries | None = None
) -> None:
    """Publish a message to the dead-letter exchange with `name` as its routing key; return once the broker confirmed.

    It is published instead of rejected because a reject can't carry the reason. With `tries` it is retried by itself.
    """
    own_headers = {_REASON_HEADER: reason[:_REASON_LENGTH], **(tries.headers if tries is not None else {})}
    republished = _republished(properties, {**_headers(properties), **own_headers})
    channel.basic_publish(topology.dead_letter_exchange, name, body, republished, mandatory=True)


def redrive(channel: Any, source: str, target: str) -> int:
    """Move the messages waiting in one queue to another, each as a new message; return how many."""
    moved = 0
    for method, properties, body in _waiting(channel, source):
        channel.basic_publish("", target, body, _republished(properties, _headers(properties)), mandatory=True)
        channel.basic_ack(method.delivery_tag)
        moved += 1
    return moved


class Retries:
    """Puts the dead letters of a queue back into it when they are due."""

    def __init__(self, topology: Topology, queue: Queue, schedule: RetrySchedule) -> None:
        self._source = topology.dead_letter_name(queue)
        self._target = topology.name(queue)
        self._schedule = schedule
        self._next_look_at = 0.0
        self._next_due_at = 0.0
        self._left = 0

    def put_back(self, channel: Any) -> int:
        """Put the due dead letters back, if it is time to look; return how many."""
        now = time.time()
        waiting = channel.queue_declare(self._source, passive=True).method.message_count
        if not waiting or now < self._next_look_at or (waiting == self._left and now < self._next_due_at):
            return 0
        self._next_look_at = now + self._schedule.first_pause_seconds
        # On a channel of its own, so that closing it returns the messages that were not acknowledged.
        own_channel = channel.connection.channel()
        own_channel.confirm_delivery()
        moved = self._put_back(own_channel, now)
        own_channel.close()
        self._left = waiting - moved
        return moved

    def _put_back(self, channel: Any, now: float) -> int:
        moved = seen_bytes = 0
        # The latest time for the next look: others may have purged some letters, and as many may have arrived.
        self._next_due_at = now + self._schedule.longest_pause_seconds
        for method, properties, body in _waiting(channel, self._source):
            tries = Tries.of(properties.headers)
            due_at = self._schedule.due_at(tries) if _has_reason(properties) else math.inf
            if due_at <= now:
                headers = {**_headers(properties), **tries.headers}
                channel.basic_publish("", self._target, body, _republished(properties, headers), mandatory=True)
                channel.basic_ack(method.delivery_tag)
                moved += 1
            else:
                self._next_due_at = min(self._next_due_at, due_at)
            seen_bytes += len(body)
            if seen_bytes > _MAX_LOOK_BYTES:
                break
        return moved


class DeadLetters:
    """The dead-letter queues, for inspection and redriving."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._topology = Topology(settings.namespace)
        self._link = Link(settings, name="inflow-redrive")

    def look(self, queue: Queue) -> list[DeadLetter]:
        """Return the dead letters of a queue without removing them."""
        with self._link.open() as channel:
            letters = [
                DeadLetter(reason=_reason(properties), body=body)
                for _, properties, body in _waiting(channel, self._topology.dead_letter_name(queue))
            ]
        # Closing the connection returns the messages, none of which was acknowledged.
        self._link.close()
        return letters

    def redrive(self, queue: Queue) -> int:
        """Put all dead letters of a queue back into it; return how many."""
        with self._link.open() as channel:
            return redrive(channel, self._topology.dead_letter_name(queue), self._topology.name(queue))

    def close(self) -> None:
        """Close the connection."""
        self._link.close()


def _waiting(channel: Any, source: str) -> Iterator[tuple[Any, Any, bytes]]:
    """Get the messages waiting now; those that arrive meanwhile, perhaps the same ones again, are left."""
    for _ in range(channel.queue_declare(source, passive=True).method.message_count):
        method, properties, body = channel.basic_get(source)
        if method is None:
            return
        yield method, properties, body


def _headers(properties: Any) -> dict[str, Any]:
    """Return the headers that users set, without those that the broker acts on.

    CC and BCC would copy the message, and x-death would make the broker drop it as one that goes in circles. A name
    that is not UTF-8 arrives as bytes and is left out.
    """
    headers = {
        name: value
        for name, value in (properties.headers or {}).items()
        if isinstance(name, str) and name not in ("CC", "BCC") and not name.startswith("x-")
    }
    return headers if _can_be_sent(headers) else {}


def _can_be_sent(headers: dict[str, Any]) -> bool:
    """Whether pika can encode the headers that it decoded; headers too large for a frame would close the channel."""
    try:
        return bool(pika.data.encode_table([], headers) <= _MAX_HEADER_BYTES)
    except (pika.exceptions.AMQPError, TypeError, ValueError, struct.error):
        return False


def _republished(properties: Any, headers: dict[str, Any]) -> pika.BasicProperties:
    """Return the properties that describe the message.

    The others are left out: an expiration would lose the message, and another user's id would close our channel.
    """
    return pika.BasicProperties(
        message_id=properties.message_id,
        type=properties.type,
        timestamp=properties.timestamp,
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        app_id=properties.app_id,
        delivery_mode=pika.DeliveryMode.Persistent.value,
        headers=headers or None,
    )


def _has_reason(properties: Any) -> bool:
    """Whether Inflow put the message there; messages put there by hand stay."""
    return _REASON_HEADER in (properties.headers or {})


def _reason(properties: Any) -> str:
    return str((properties.headers or {}).get(_REASON_HEADER, "unknown: not put there by Inflow"))
