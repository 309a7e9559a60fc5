"""The one module that knows pika: connect, declare, publish, consume."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event
from typing import Any

import pika
import pika.exceptions

from shared.delivery import Handler, Outcome, Settlement, settle
from shared.errors import BrokerUnavailable, Unroutable
from shared.logs import facts
from shared.messages import Envelope, encode
from shared.settings import BrokerSettings
from shared.topology import DEAD_LETTER_EXCHANGE, EXCHANGE, QUEUES, Queue

_log = logging.getLogger(__name__)

#: Deliveries in hand: one being handled, one waiting for its turn. A crash gives the whole window back.
_PREFETCH = 2
_LOOP_SECONDS = 0.5
#: The most characters of a dead letter's reason; headers travel with every later hop.
_REASON_LENGTH = 1000


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except pika.exceptions.UnroutableError as error:
        raise Unroutable("no queue takes the message") from error
    except pika.exceptions.NackError as error:
        raise BrokerUnavailable("the broker refused to take a message (queue full?)") from error
    except (pika.exceptions.AMQPError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}".rstrip(": ")) from error


def _connect(settings: BrokerSettings, name: str) -> pika.BlockingConnection:
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=settings.host,
            port=settings.port,
            virtual_host=settings.virtual_host,
            credentials=pika.PlainCredentials(settings.user, settings.password),
            ssl_options=pika.SSLOptions(ssl.create_default_context(), settings.host) if settings.tls else None,
            heartbeat=settings.heartbeat_seconds,
            blocked_connection_timeout=settings.blocked_connection_timeout_seconds,
            socket_timeout=10,
            stack_timeout=20,
            client_properties={"connection_name": name},
        )
    )


def _declare(channel: Any) -> None:
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    channel.exchange_declare(DEAD_LETTER_EXCHANGE, exchange_type="direct", durable=True)
    for queue in QUEUES:
        channel.queue_declare(queue.dead_letter_name, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(queue.dead_letter_name, DEAD_LETTER_EXCHANGE, queue.dead_letter_name)
        channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
        for routing_key in queue.routing_keys:
            channel.queue_bind(queue.name, EXCHANGE, routing_key)


class Publisher:
    """Publishes persistent, mandatory messages and waits for each publisher confirm.

    Connects when first needed and again after any failure. One thread uses it.
    """

    def __init__(self, settings: BrokerSettings, *, name: str) -> None:
        self._settings = settings
        self._name = name
        self._connection: pika.BlockingConnection | None = None
        self._channel: Any = None

    def publish(self, message: Envelope) -> None:
        """Return once the broker has taken responsibility; BrokerUnavailable or Unroutable otherwise."""
        properties = pika.BasicProperties(
            message_id=str(message.id),
            type=message.kind,
            timestamp=int(message.occurred_at.timestamp()),
            content_type="application/json",
            app_id=self._name,
            delivery_mode=pika.DeliveryMode.Persistent.value,
        )
        with self._open() as channel:
            channel.basic_publish(EXCHANGE, message.kind, encode(message), properties, mandatory=True)

    def backlog(self, queue: Queue) -> int:
        """Count the messages of a queue that no consumer holds yet."""
        with self._open() as channel:
            return int(channel.queue_declare(queue.name, passive=True).method.message_count)

    def serve(self) -> None:
        """Answer heartbeats; to be called now and then while there is nothing to publish."""
        with self._open() as channel:
            channel.connection.process_data_events(0)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                with _translated():
                    connection.close()
            except BrokerUnavailable as error:
                _log.debug("closing a lost connection", extra=facts("broker_lost", reason=str(error)))

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with _translated():
                if self._connection is None:
                    self._connection = _connect(self._settings, self._name)
                    self._channel = self._connection.channel()
                    _declare(self._channel)
                    self._channel.confirm_delivery()
                yield self._channel
        except (BrokerUnavailable, Unroutable):
            # The next try starts afresh: it connects, and declares what may be missing.
            self.close()
            raise


class Consumer:
    """Consumes one queue, for as long as connection and consumer live."""

    def __init__(self, settings: BrokerSettings, queue: Queue, *, name: str) -> None:
        self._settings = settings
        self._queue = queue
        self._name = name

    def run(self, handle: Handler, *, stop: Event, tick: Callable[[], None], tick_seconds: float) -> None:
        """Handle deliveries until a stop is requested, then finish the one in hand.

        `tick` runs in the handler's thread, between deliveries, whenever that many seconds have passed.
        Raises BrokerUnavailable when the connection is lost or the broker cancels the consumer, and what `tick` raises.
        """
        with _translated():
            connection = _connect(self._settings, self._name)
            try:
                session = _ConsumerSession(connection, self._queue, handle, stop)
                try:
                    session.run(tick, tick_seconds)
                finally:
                    session.end()
            finally:
                if connection.is_open:
                    connection.close()


class _ConsumerSession:
    """One connection's consumer: pika's loop in the caller's thread, the handling in one thread beside it.

    So heartbeats are served however long the database takes. What is not acknowledged when the session ends is
    delivered again; an answer that comes too late is dropped with its channel.
    """

    def __init__(self, connection: pika.BlockingConnection, queue: Queue, handle: Handler, stop: Event) -> None:
        self._connection = connection
        self._queue = queue
        self._handle = handle
        self._stop = stop
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=queue.name)
        self._ending = Event()
        self._pending: set[Future[Settlement]] = set()
        self._channel = connection.channel()
        _declare(self._channel)
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=_PREFETCH)

    def run(self, tick: Callable[[], None], tick_seconds: float) -> None:
        tag = self._channel.basic_consume(self._queue.name, self._on_message)
        ticking = self._worker.submit(tick)
        next_tick = time.monotonic() + tick_seconds
        while not self._stop.is_set():
            self._connection.process_data_events(_LOOP_SECONDS)
            if tag not in self._channel.consumer_tags:
                raise BrokerUnavailable("the broker cancelled the consumer")
            if ticking.done():
                ticking.result()  # raises what it raised
                if time.monotonic() >= next_tick:
                    ticking = self._worker.submit(tick)
                    next_tick = time.monotonic() + tick_seconds
        self._finish()

    def end(self) -> None:
        """Stop the handling thread; a try that waits for its database gives up."""
        self._ending.set()
        self._worker.shutdown(cancel_futures=True)

    def _finish(self) -> None:
        """Finish the delivery in hand; those that wait for their turn go back with the channel."""
        self._ending.set()
        while self._pending:
            self._connection.process_data_events(_LOOP_SECONDS)

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        future = self._worker.submit(self._settle, body)
        self._pending.add(future)
        future.add_done_callback(partial(self._hand_over, method.delivery_tag, properties, body))

    def _settle(self, body: bytes) -> Settlement:
        # After a stop was requested nothing is begun, whatever the broker still delivers.
        if self._stop.is_set():
            return Settlement(outcome=Outcome.NONE)
        return settle(self._handle, body, stop=self._ending)

    def _hand_over(self, delivery_tag: int, properties: Any, body: bytes, done: "Future[Settlement]") -> None:
        """Pass the outcome to pika's thread, the only one that may use the channel."""
        if done.cancelled():
            return
        answer = partial(self._answer, delivery_tag, properties, body, done)
        with suppress(pika.exceptions.ConnectionWrongStateError):
            self._connection.add_callback_threadsafe(answer)

    def _answer(self, delivery_tag: int, properties: Any, body: bytes, done: "Future[Settlement]") -> None:
        self._pending.discard(done)
        settlement = done.result()
        if settlement.outcome is Outcome.NONE:
            return
        if settlement.outcome is Outcome.DEAD_LETTER:
            self._dead_letter(properties, body, settlement.reason)
        self._channel.basic_ack(delivery_tag)

    def _dead_letter(self, properties: Any, body: bytes, reason: str) -> None:
        """Publish to the dead-letter queue ourselves: a reject could not carry the reason."""
        properties.headers = {**(properties.headers or {}), "x-inflow-reason": reason[:_REASON_LENGTH]}
        properties.delivery_mode = pika.DeliveryMode.Persistent.value
        self._channel.basic_publish(
            DEAD_LETTER_EXCHANGE, self._queue.dead_letter_name, body, properties, mandatory=True
        )
