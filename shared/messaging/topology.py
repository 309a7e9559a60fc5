"""Exchanges, queues and bindings of one namespace, as plain data."""

from dataclasses import dataclass

#: Arguments of the queues whose messages wait until a person or a consumer puts them back. The limit is high so that
#: no message is dropped, however often it is looked at: without one, RabbitMQ 4 drops a message after 20 deliveries,
#: and 3.10 has no value for "unlimited".
SIDE_QUEUE_ARGUMENTS: dict[str, str | int] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}

_DAY_MILLISECONDS = 24 * 60 * 60 * 1000

#: Foreign messages are kept only for inspection: their own installation publishes them again.
FOREIGN_QUEUE_ARGUMENTS: dict[str, str | int] = {
    "x-queue-type": "quorum",
    "x-message-ttl": 7 * _DAY_MILLISECONDS,
    "x-max-length-bytes": 100_000_000,
    "x-overflow": "drop-head",
}

#: A namespace whose installation has had no consumer for this long is free. A restarting service is back sooner.
OWNERSHIP_MILLISECONDS = 15_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue that one kind of service consumes: the service's role, and the routing keys bound to the queue."""

    role: str
    routing_keys: tuple[str, ...]


WRITER_QUEUE = Queue(role="writer", routing_keys=("rows.extracted", "load.extracted"))
AGGREGATOR_QUEUE = Queue(role="aggregator", routing_keys=("load.completed",))
WATCHER_QUEUE = Queue(role="watcher", routing_keys=("load.completed",))

QUEUES = (WRITER_QUEUE, AGGREGATOR_QUEUE, WATCHER_QUEUE)


@dataclass(frozen=True, slots=True)
class Topology:
    """The names and arguments of all exchanges and queues of a namespace.

    Each installation on a virtual host uses its own namespace.
    """

    namespace: str

    @property
    def exchange(self) -> str:
        """Name of the topic exchange that all messages are published to."""
        return self.namespace

    @property
    def dead_letter_exchange(self) -> str:
        """Name of the direct exchange for dead-letter, redrive and foreign queues."""
        return f"{self.namespace}.dlx"

    @property
    def foreign_name(self) -> str:
        """Name and routing key of the queue for messages of other installations, or of an earlier database of ours."""
        return f"{self.namespace}.foreign"

    @property
    def ownership_name(self) -> str:
        """Name of the queue whose arguments record which installation uses the namespace. It is always empty."""
        return f"{self.namespace}.installation"

    def name(self, queue: Queue) -> str:
        """Name of a queue."""
        return f"{self.namespace}.{queue.role}"

    def dead_letter_name(self, queue: Queue) -> str:
        """Name and routing key of the queue for messages that Inflow dead-letters, each with its reason."""
        return f"{self.name(queue)}.dlq"

    def redrive_name(self, queue: Queue) -> str:
        """Name and routing key of the queue for messages that hit the broker's delivery limit; they are put back."""
        return f"{self.name(queue)}.redrive"

    def arguments(self, queue: Queue) -> dict[str, str | int]:
        """Arguments of a queue's declaration.

        The delivery limit is far above the number of deliveries that restarts and crashes can cause; the default of 20
        would dead-letter healthy messages. The application, not a count, decides which messages are poison.
        At-least-once dead-lettering requires reject-publish (RabbitMQ's documentation of quorum queues).
        """
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": 500,
            "x-dead-letter-exchange": self.dead_letter_exchange,
            "x-dead-letter-routing-key": self.redrive_name(queue),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }


def ownership_arguments(installation_id: str) -> dict[str, str | int]:
    """Arguments of the queue that records which installation uses a namespace.

    The broker refuses a declaration whose dead-letter routing key differs from the existing queue's: declaring the
    queue is therefore an atomic test for another installation. The queue expires when it has had no consumer for a
    while.
    """
    return {
        "x-queue-type": "quorum",
        "x-expires": OWNERSHIP_MILLISECONDS,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": installation_id,
    }
