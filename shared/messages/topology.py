"""Exchanges, queues and bindings, as plain data."""

from dataclasses import dataclass

EXCHANGE = "inflow"
DEAD_LETTER_EXCHANGE = "inflow.dlx"


#: Of the queues that messages wait in until somebody or something puts them back: nothing is given up a second time,
#: however often it is looked at. (RabbitMQ 4 drops after 20 looks what has no limit; 3.10 knows no word for "none".)
SIDE_QUEUE_ARGUMENTS: dict[str, str | int] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A durable quorum queue, the routing keys it takes, and the two queues beside it."""

    name: str
    routing_keys: tuple[str, ...]

    @property
    def dead_letter_name(self) -> str:
        """Name of the queue that takes what Inflow gives up, with its reason; its routing key, too."""
        return f"{self.name}.dlq"

    @property
    def redrive_name(self) -> str:
        """Name of the queue that takes what the broker gives up, by counting: it is put back; its routing key, too."""
        return f"{self.name}.redrive"

    @property
    def arguments(self) -> dict[str, str | int]:
        """Arguments of the declaration.

        The delivery limit is far above what restarts and crashes can count up to (the default of 20 dead-letters
        healthy messages): poison is decided by the application, not by counting. At-least-once
        dead-lettering holds only together with reject-publish (RabbitMQ's documentation of quorum queues).
        """
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": 500,
            "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
            "x-dead-letter-routing-key": self.redrive_name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }


WRITER_QUEUE = Queue(name="inflow.writer", routing_keys=("rows.extracted", "load.extracted"))
AGGREGATOR_QUEUE = Queue(name="inflow.aggregator", routing_keys=("load.completed",))
WATCHER_QUEUE = Queue(name="inflow.watcher", routing_keys=("load.completed",))

QUEUES = (WRITER_QUEUE, AGGREGATOR_QUEUE, WATCHER_QUEUE)
