"""Connections to RabbitMQ: connecting, declaring, and translating pika's errors into ours."""

import logging
import os
import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import pika
import pika.exceptions
import pika.spec
from pika.adapters.utils.connection_workflow import AMQPConnectorException, AMQPConnectorPhaseErrorBase

from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.rabbitmq.declaration import declare, ensure_declared, own_namespace
from shared.messaging.topology import Topology
from shared.model.errors import BrokerRefused, BrokerUnavailable, Unroutable
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

#: Detects a peer that vanished within 25 seconds, even when there is nothing to send to it.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
_ADVICE = "if this user may not declare the missing queues, run `inflow declare` as a user who may"
#: A wait for an answer is reported after this share of its time limit.
_SLOW_SHARE = 1 / 3

#: Called with the reason why a wait for the broker takes long, while it lasts.
OnWait = Callable[[str], None]


class _TolerantProperties(pika.spec.BasicProperties):  # type: ignore[misc]  # pika has no types
    """Message properties decoded up to the first value that can't be.

    A header may hold a value that Python can't represent, such as a time in milliseconds where AMQP has seconds. pika
    lets that error escape from its loop, in every consumer that the message is delivered to: the message would block
    its queue for ever.
    """

    def decode(self, encoded: bytes, offset: int = 0) -> Self:
        with suppress(ValueError, OverflowError, OSError, struct.error, pika.exceptions.AMQPError):
            super().decode(encoded, offset)
        return self


# pika looks the class up here for each message; only our own code consumes in our processes.
pika.spec.props[pika.spec.BasicProperties.INDEX] = _TolerantProperties


@contextmanager
def translated(endpoint: Endpoint) -> Iterator[None]:
    """Translate errors of pika and sockets into BrokerUnavailable or Unroutable, with the node's host and port."""
    try:
        yield
    except pika.exceptions.UnroutableError as error:
        raise Unroutable(f"{endpoint}: no queue is bound for the message; {_ADVICE}") from error
    except pika.exceptions.NackError as error:
        raise BrokerUnavailable(
            f"{endpoint} refused a message without a reason (basic.nack); `inflow status` shows the queues"
        ) from error
    except (pika.exceptions.AMQPError, AMQPConnectorException, OSError) as error:
        raise BrokerUnavailable(f"{endpoint}: {_in_words(error)}") from error


def _in_words(error: BaseException) -> str:
    cause = _cause(error)
    is_missing = isinstance(cause, pika.exceptions.ChannelClosedByBroker) and cause.reply_code == pika.spec.NOT_FOUND
    return f"{type(cause).__name__}: {cause}{f'; {_ADVICE}' if is_missing else ''}".rstrip(": ")


def _cause(error: BaseException) -> BaseException:
    """Return the innermost error: pika wraps errors, sometimes more than once."""
    wrapped = error.exception if isinstance(error, AMQPConnectorPhaseErrorBase) else next(iter(error.args), None)
    return _cause(wrapped) if isinstance(wrapped, BaseException) else error


class NodeConnection(pika.BlockingConnection):  # type: ignore[misc]  # pika has no types
    """A connection to one of the broker's nodes, on which every wait has a limit.

    A node without a majority, or short of memory, can't confirm a message or declare a queue but still answers
    heartbeats, and pika waits for as long as they arrive. Here, a wait that lasts a third of `answer_seconds` is logged
    and reported to `on_wait`, and after `answer_seconds` the connection ends with BrokerUnavailable.
    """

    def __init__(self, settings: BrokerSettings, endpoint: Endpoint, name: str, on_wait: OnWait) -> None:
        self.endpoint = endpoint
        self._answer_seconds = settings.answer_seconds
        self._on_wait = on_wait
        self._block_reason = ""
        tls = settings.tls
        super().__init__(
            pika.ConnectionParameters(
                host=endpoint.host,
                port=endpoint.port,
                virtual_host=settings.virtual_host,
                credentials=pika.PlainCredentials(settings.user, settings.password),
                # The files are read for each connection, so that renewed certificates take effect.
                ssl_options=pika.SSLOptions(tls.context(), tls.server_name) if tls.is_on else None,
                heartbeat=settings.heartbeat_seconds,
                socket_timeout=10,
                stack_timeout=20,
                # Not shorter: a broker that blocks a publisher also stops reading from it, and is still alive.
                tcp_options={**_KEEP_ALIVE, "TCP_USER_TIMEOUT": int(settings.answer_seconds * 1000)},
                client_properties={"connection_name": name},
            )
        )
        self._impl.add_on_connection_blocked_callback(self._note_block)
        self._impl.add_on_connection_unblocked_callback(self._note_end_of_block)

    def _flush_output(self, *waiters: Callable[[], bool]) -> None:
        """Limit the wait: whatever in pika waits for the broker waits here, while pika's own timers do not run."""
        if self.is_closed:
            raise pika.exceptions.ConnectionWrongStateError
        loop = self._impl.ioloop
        timers = [
            loop.call_later(self._answer_seconds * _SLOW_SHARE, self._report_wait),
            loop.call_later(self._answer_seconds, self._end_wait),
        ]
        try:
            super()._flush_output(*waiters)
        finally:
            for timer in timers:
                loop.remove_timeout(timer)

    def _report_wait(self) -> None:
        message = self._no_answer_for(self._answer_seconds * _SLOW_SHARE)
        extra = facts("broker_slow", host=self.endpoint.host, port=self.endpoint.port)
        _log.warning("%s; waiting", message, extra=extra)
        self._on_wait(message)

    def _end_wait(self) -> None:
        if self.is_closed:
            # The same turn of the loop noticed that the connection is lost, which ends the wait.
            return
        error = BrokerUnavailable(self._no_answer_for(self._answer_seconds))
        self._impl._terminate_stream(error)  # noqa: SLF001 - how pika ends a connection without heartbeats

    def _no_answer_for(self, seconds: float) -> str:
        because = f": it blocks publishers ({self._block_reason})" if self._block_reason else ""
        return f"{self.endpoint} has not answered for {seconds:g} s{because}"

    def _note_block(self, _connection: Any, frame: Any) -> None:
        self._block_reason = frame.method.reason

    def _note_end_of_block(self, _connection: Any, _frame: Any) -> None:
        self._block_reason = ""


def ignore_wait(_message: str) -> None:
    """Do nothing: the wait is logged anyway."""


def connect(settings: BrokerSettings, service: str, *, on_wait: OnWait = ignore_wait) -> NodeConnection:
    """Connect to the first node that answers, under the name SERVICE@HOST:PID, which the management UI shows.

    The nodes are tried in random order, so that not all services depend on the same node. Raises BrokerUnavailable if
    none answers.
    """
    name = f"{service}@{socket.gethostname()}:{os.getpid()}"
    *others, last = random.sample(settings.endpoints, len(settings.endpoints))
    for endpoint in others:
        try:
            return _connect_to(endpoint, settings, name, on_wait)
        except BrokerUnavailable as error:
            extra = facts("broker_node_failed", host=endpoint.host, port=endpoint.port)
            _log.warning("%s; trying the next node", error, extra=extra)
    return _connect_to(last, settings, name, on_wait)


def _connect_to(endpoint: Endpoint, settings: BrokerSettings, name: str, on_wait: OnWait) -> NodeConnection:
    with translated(endpoint):
        connection = NodeConnection(settings, endpoint, name, on_wait)
    extra = facts("broker_connected", host=endpoint.host, port=endpoint.port, connection=name)
    _log.info("connected to %s", endpoint, extra=extra)
    return connection


def open_channel(connection: NodeConnection, topology: Topology) -> Any:
    """Declare the topology and open a channel with publisher confirms."""
    ensure_declared(connection, topology)
    channel = connection.channel()
    channel.confirm_delivery()
    return channel


def declare_all(settings: BrokerSettings) -> Endpoint:
    """Declare the topology; return the node that it was declared on.

    Raises BrokerUnavailable, or BrokerRefused if the user lacks the permission or the name is taken by something else.
    """
    connection = connect(settings, "inflow-declare")
    with translated(connection.endpoint), connection:
        try:
            declare(connection, Topology(settings.namespace))
        except pika.exceptions.ChannelClosedByBroker as error:
            raise BrokerRefused(f"{connection.endpoint}: {error.reply_text}") from error
    return connection.endpoint


class Link:
    """A connection with one channel, opened when first needed and reopened after any failure. Not thread-safe.

    With an installation id, it connects only if the namespace belongs to that installation.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        name: str,
        installation_id: str | None = None,
        on_wait: OnWait = ignore_wait,
    ) -> None:
        self._settings = settings
        self._name = name
        self._installation_id = installation_id
        self._on_wait = on_wait
        self._connection: NodeConnection | None = None
        self._channel: Any = None

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Yield the channel; raises BrokerUnavailable or Unroutable if its use fails."""
        try:
            if self._connection is None:
                self._connection = connect(self._settings, self._name, on_wait=self._on_wait)
            with translated(self._connection.endpoint):
                if self._channel is None:
                    self._channel = self._open_channel(self._connection)
                yield self._channel
        except (BrokerUnavailable, Unroutable):
            # The next try connects again and declares what may be missing.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, in whatever state it is."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                with translated(connection.endpoint):
                    connection.close()
            except BrokerUnavailable as error:
                _log.debug("closing a connection that was lost", extra=facts("broker_lost", reason=str(error)))

    def _open_channel(self, connection: NodeConnection) -> Any:
        if self._installation_id is not None:
            own_namespace(connection, Topology(self._settings.namespace), self._installation_id)
        return open_channel(connection, Topology(self._settings.namespace))
