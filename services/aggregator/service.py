"""The aggregator as a service: recomputes at start, on events, and on a timer for events that were lost."""

from collections.abc import Callable

from shared.environment import Environment

from services.aggregator.aggregator import Aggregator
from shared.broker import Consumer
from shared.health import BEAT_SECONDS
from shared.running import Context, consume_for_ever
from shared.topology import AGGREGATOR_QUEUE


def prepare(_environment: Environment) -> Callable[[Context], None]:
    """Return what runs the aggregator; it has no settings of its own."""
    return run


def run(context: Context) -> None:
    """Aggregate until a stop is requested, whatever happens to broker and database meanwhile."""
    aggregator = Aggregator(
        folder=context.folder,
        database=context.database,
        schema=context.schema,
        catalog=context.catalog,
        stop=context.stop,
    )
    is_first = True

    def tick() -> None:
        nonlocal is_first
        if is_first:
            aggregator.recompute()
            is_first = False
        aggregator.catch_up()
        context.health.beat()

    context.folder.create()
    consumer = Consumer(context.broker, AGGREGATOR_QUEUE, name="inflow-aggregator")
    consume_for_ever(consumer, aggregator.handle, stop=context.stop, tick=tick, tick_seconds=BEAT_SECONDS)
