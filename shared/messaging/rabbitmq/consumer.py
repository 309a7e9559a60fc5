"""Consumes one queue; messages are handled in a thread beside pika's loop."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

import pika.exceptions

from shared.configuration.servers import BrokerSettings
from shared.messaging.delivery import (
    Answer,
    Handler,
    OnDeadLetter,
    OnRecovery,
    Patience,
    Settlement,
    ignore_dead_letter,
    ignore_recovery,
    settle,
)
from shared.messaging.rabbitmq.connection import NodeConnection, connect, open_channel, translated
from shared.messaging.rabbitmq.dead_letters import Retries, redrive, set_aside
from shared.messaging.rabbitmq.declaration import own_namespace
from shared.messaging.rabbitmq.retries import RetrySchedule, Tries
from shared.messaging.topology import Queue, Topology
from shared.model.errors import BrokerUnavailable
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

#: One delivery being handled and one waiting. After a crash the broker redelivers both.
_PREFETCH = 2
_LOOP_SECONDS = 0.5


class Consumer:
    """Consumes one queue until the connection is lost or the consumer cancelled."""

    def __init__(
        self,
        settings: BrokerSettings,
        queue: Queue,
        *,
        name: str,
        installation_id: str | None = None,
        on_dead_letter: OnDeadLetter = ignore_dead_letter,
        on_recovery: OnRecovery = ignore_recovery,
        schedule: RetrySchedule | None = None,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._name = name
        self._installation_id = installation_id
        self._on_dead_letter = on_dead_letter
        self._on_recovery = on_recovery
        self._schedule = schedule or RetrySchedule()
        self._patience = Patience()

    def run(self, handle: Handler, *, stop: Event, tick: Callable[[], None], tick_seconds: float) -> None:
        """Handle deliveries until a stop is requested, then finish the one being handled.

        `tick` runs in the handler's thread, between deliveries, every `tick_seconds`. At the same interval, messages
        that hit the broker's delivery limit and dead letters that are due are put back into the queue. Raises
        BrokerUnavailable if the connection is lost or the broker cancels the consumer, and whatever `tick` raises.
        """

        def settle_one(body: bytes, ending: Event, is_retry: bool) -> Settlement:
            return settle(
                handle,
                body,
                stop=ending,
                patience=self._patience,
                is_retry=is_retry,
                on_dead_letter=self._on_dead_letter,
                on_recovery=self._on_recovery,
            )

        connection = connect(self._settings, self._name)
        topology = Topology(self._settings.namespace)
        with translated(connection.endpoint):
            try:
                if self._installation_id is not None:
                    ownership = own_namespace(connection, topology, self._installation_id)
                    if ownership is not None:
                        ownership.basic_consume(topology.ownership_name, lambda *_: None)
                session = _ConsumerSession(connection, topology, self._queue, self._schedule, settle_one, stop)
                try:
                    session.run(tick, tick_seconds)
                finally:
                    session.end()
            finally:
                if connection.is_open:
                    connection.close()


_Settle = Callable[[bytes, Event, bool], Settlement]


class _ConsumerSession:
    """The consumer of one connection: pika's loop in the caller's thread, the handling in one thread beside it.

    Heartbeats are therefore served however long the database takes. Messages not acknowledged when the session ends
    are redelivered; an answer that comes too late is dropped with its channel.
    """

    def __init__(
        self,
        connection: NodeConnection,
        topology: Topology,
        queue: Queue,
        schedule: RetrySchedule,
        settle_one: _Settle,
        stop: Event,
    ) -> None:
        self._connection = connection
        self._topology = topology
        self._name = topology.name(queue)
        self._queue = queue
        self._schedule = schedule
        self._retries = Retries(topology, queue, schedule)
        self._settle_one = settle_one
        self._stop = stop
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        self._ending = Event()
        self._pending: set[Future[Settlement]] = set()
        self._channel = open_channel(connection, topology)
        self._channel.basic_qos(prefetch_count=_PREFETCH)

    def run(self, tick: Callable[[], None], tick_seconds: float) -> None:
        tag = self._channel.basic_consume(self._name, self._on_message)
        ticking = self._worker.submit(tick)
        next_tick = time.monotonic() + tick_seconds
        while not self._stop.is_set():
            self._connection.process_data_events(_LOOP_SECONDS)
            if tag not in self._channel.consumer_tags:
                raise BrokerUnavailable(f"{self._connection.endpoint} cancelled the consumer")
            if ticking.done():
                ticking.result()  # re-raises the tick's exception
                if time.monotonic() >= next_tick:
                    ticking = self._worker.submit(tick)
                    next_tick = time.monotonic() + tick_seconds
                    self._redrive()
        self._finish()

    def end(self) -> None:
        """Stop the handling thread; a handler that waits for the database gives up."""
        self._ending.set()
        self._worker.shutdown(cancel_futures=True)

    def _redrive(self) -> None:
        count = redrive(self._channel, self._topology.redrive_name(self._queue), self._name)
        if count:
            _log.warning(
                "requeued messages that hit the broker's delivery limit",
                extra=facts("messages_redriven", queue=self._name, count=count),
            )

        retried = self._retries.put_back(self._channel)
        if retried:
            _log.warning(
                "requeued dead letters whose next try is due",
                extra=facts("dead_letters_retried", queue=self._name, count=retried),
            )

    def _finish(self) -> None:
        """Finish the delivery being handled; the waiting ones are redelivered when the channel closes."""
        self._ending.set()
        while self._pending:
            self._connection.process_data_events(_LOOP_SECONDS)

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        future = self._worker.submit(self._settle, body, Tries.of(properties.headers).attempts > 0)
        self._pending.add(future)
        future.add_done_callback(partial(self._hand_over, method.delivery_tag, properties, body))

    def _settle(self, body: bytes, is_retry: bool) -> Settlement:
        # Once a stop is requested, no delivery is started any more.
        if self._stop.is_set():
            return Settlement(outcome=Answer.NONE)
        return self._settle_one(body, self._ending, is_retry)

    def _hand_over(self, delivery_tag: int, properties: Any, body: bytes, done: "Future[Settlement]") -> None:
        """Pass the settlement to pika's thread, the only one that may use the channel."""
        if done.cancelled():
            return
        answer = partial(self._answer, delivery_tag, properties, body, done)
        with suppress(pika.exceptions.ConnectionWrongStateError):
            self._connection.add_callback_threadsafe(answer)

    def _answer(self, delivery_tag: int, properties: Any, body: bytes, done: "Future[Settlement]") -> None:
        self._pending.discard(done)
        settlement = done.result()
        if settlement.outcome is Answer.NONE:
            return
        if settlement.outcome is Answer.DEAD_LETTER:
            self._dead_letter(properties, body, settlement)
        elif settlement.outcome is Answer.FOREIGN:
            name = self._topology.foreign_name
            set_aside(self._channel, self._topology, name, properties, body, settlement.reason)
        self._channel.basic_ack(delivery_tag)

    def _dead_letter(self, properties: Any, body: bytes, settlement: Settlement) -> None:
        version = self._schedule.program_version if settlement.needs_other_program else None
        tries = Tries.of(properties.headers).failed(now=time.time(), version=version)
        name = self._topology.dead_letter_name(self._queue)
        set_aside(self._channel, self._topology, name, properties, body, settlement.reason, tries)
