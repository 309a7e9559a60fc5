"""The aggregator as a service: recomputes at its start, on events, and on a timer in case events were lost."""

from collections.abc import Callable

from services.aggregator.aggregator import Aggregator
from shared.configuration.environment import Environment
from shared.messaging.rabbitmq import Consumer
from shared.messaging.topology import AGGREGATOR_QUEUE
from shared.runtime.health import BEAT_SECONDS
from shared.runtime.lifecycle import retry_on_folder
from shared.service.running import Context, consume_forever


def prepare(_environment: Environment) -> Callable[[Context], None]:
    """Return the function that runs the aggregator, which has no settings of its own."""
    return run


def run(context: Context) -> None:
    """Run until a stop is requested, through outages of the broker and the database."""
    aggregator = Aggregator(
        folder=context.folder,
        store=context.store,
        stop=context.stop,
    )
    is_first = True

    def tick() -> None:
        nonlocal is_first
        if is_first:
            aggregator.recompute()
            is_first = False
        aggregator.catch_up()
        context.heartbeat.beat()

    retry_on_folder(context.folder.create, stop=context.stop)
    consumer = Consumer(
        context.broker, AGGREGATOR_QUEUE, name="inflow-aggregator", installation_id=context.store.installation_id
    )
    consume_forever(
        consumer,
        aggregator.handle,
        stop=context.stop,
        tick=tick,
        tick_seconds=BEAT_SECONDS,
        on_wait=context.heartbeat.wait,
    )
