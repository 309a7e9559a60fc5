"""The writer as a service: consumes chunks and manifests, and relays the events of completed loads."""

import logging
import threading
from collections.abc import Callable

from services.writer.handlers import WriterHandlers
from services.writer.relay import Relay
from shared.configuration.environment import Environment
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.topology import WRITER_QUEUE
from shared.model.errors import TransientError
from shared.runtime.health import BEAT_SECONDS
from shared.runtime.lifecycle import SideTask, retry
from shared.runtime.logs import facts
from shared.service.running import Context, consume_forever

_log = logging.getLogger(__name__)

_RELAY_SECONDS = 1.0


def prepare(_environment: Environment) -> Callable[[Context], None]:
    """Return what runs the writer; it has no settings of its own."""
    return run


def run(context: Context) -> None:
    """Write until a stop is requested, whatever happens to broker and database meanwhile."""
    completed, relay_waits = threading.Event(), threading.Event()
    handlers = WriterHandlers(context.store, on_completed=completed.set)
    relay = SideTask(lambda: _relay(context, completed, relay_waits), stop=context.stop, name="relay")
    relay.start()

    def beat() -> None:
        if relay_waits.is_set():
            context.heartbeat.wait("the broker, to publish the events of complete loads")
        else:
            context.heartbeat.beat()

    consumer = Consumer(
        context.broker,
        WRITER_QUEUE,
        name="inflow-writer",
        installation_id=context.store.installation_id,
        on_dead_letter=handlers.mark_dead_lettered,
        on_recovery=handlers.mark_recovered,
    )
    try:
        consume_forever(
            consumer,
            handlers.handle,
            stop=context.stop,
            tick=beat,
            tick_seconds=BEAT_SECONDS,
            on_wait=context.heartbeat.wait,
        )
    finally:
        context.stop.set()
        relay.finish()


def _relay(context: Context, completed: threading.Event, waits: threading.Event) -> None:
    """Publish what is in the outbox, at once after a completion and now and then for what others left there.

    `waits` is set from the moment that the broker takes long to answer until it has taken everything.
    """
    publisher = Publisher(
        context.broker,
        name="inflow-relay",
        installation_id=context.store.installation_id,
        on_wait=lambda _message: waits.set(),
    )
    relay = Relay(context.store, publisher)

    def relay_all() -> None:
        while relay.run_once():
            pass
        publisher.serve()
        waits.clear()

    while not context.stop.is_set():
        completed.wait(_RELAY_SECONDS)
        completed.clear()
        try:
            retry(relay_all, stop=context.stop)
        except TransientError:
            _log.info("stopping with events left in the outbox", extra=facts("outbox_left"))
    publisher.close()
