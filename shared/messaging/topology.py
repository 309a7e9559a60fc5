"""Exchanges, queues and bindings of one namespace, as plain data."""

from dataclasses import dataclass

#: Of the queues that messages wait in until a person or a consumer puts them back: no message is given up a second
#: time, however often it is looked at. (RabbitMQ 4 drops after 20 looks what has no limit; 3.10 has no "none".)
SIDE_QUEUE_ARGUMENTS: dict[str, str | int] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}

_DAY_MILLISECONDS = 24 * 60 * 60 * 1000

#: Foreign messages are kept for a look only: their own installation publishes them again.
FOREIGN_QUEUE_ARGUMENTS: dict[str, str | int] = {
    "x-queue-type": "quorum",
    "x-message-ttl": 7 * _DAY_MILLISECONDS,
    "x-max-length-bytes": 100_000_000,
    "x-overflow": "drop-head",
}

#: A namespace whose installation has had no consumer for this long is free. A service that restarts is back before.
OWNERSHIP_MILLISECONDS = 15_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What one kind of service consumes: its role, and the routing keys that the queue takes."""

    role: str
    routing_keys: tuple[str, ...]


WRITER_QUEUE = Queue(role="writer", routing_keys=("rows.extracted", "load.extracted"))
AGGREGATOR_QUEUE = Queue(role="aggregator", routing_keys=("load.completed",))
WATCHER_QUEUE = Queue(role="watcher", routing_keys=("load.completed",))

QUEUES = (WRITER_QUEUE, AGGREGATOR_QUEUE, WATCHER_QUEUE)


@dataclass(frozen=True, slots=True)
class Topology:
    """The names and arguments of all exchanges and queues of a namespace.

    Installations that share a virtual host have namespaces of their own.
    """

    namespace: str

    @property
    def exchange(self) -> str:
        """Name of the topic exchange that all messages are published to."""
        return self.namespace

    @property
    def dead_letter_exchange(self) -> str:
        """Name of the direct exchange in front of the queues beside each queue."""
        return f"{self.namespace}.dlx"

    @property
    def foreign_name(self) -> str:
        """Name of the queue for messages of other installations or of an earlier life of ours; its routing key, too."""
        return f"{self.namespace}.foreign"

    @property
    def ownership_name(self) -> str:
        """Name of the queue whose arguments say which installation uses the namespace. It never holds a message."""
        return f"{self.namespace}.installation"

    def name(self, queue: Queue) -> str:
        """Name of a queue."""
        return f"{self.namespace}.{queue.role}"

    def dead_letter_name(self, queue: Queue) -> str:
        """Name of the queue that takes what Inflow gives up, with its reason; its routing key, too."""
        return f"{self.name(queue)}.dlq"

    def redrive_name(self, queue: Queue) -> str:
        """Name of the queue that takes what the broker gives up, by counting: it is put back; its routing key, too."""
        return f"{self.name(queue)}.redrive"

    def arguments(self, queue: Queue) -> dict[str, str | int]:
        """Arguments of a queue's declaration.

        The delivery limit is far above what restarts and crashes can count up to (the default of 20 dead-letters
        healthy messages): poison is decided by the application, not by counting. At-least-once
        dead-lettering holds only together with reject-publish (RabbitMQ's documentation of quorum queues).
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
    """Arguments of the queue that says which installation uses a namespace.

    The broker refuses a declaration whose dead-letter routing key differs from the queue's: so declaring it is
    atomic, and tells whether the namespace is another installation's. It is deleted when it has had no consumer for a
    while.
    """
    return {
        "x-queue-type": "quorum",
        "x-expires": OWNERSHIP_MILLISECONDS,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": installation_id,
    }
