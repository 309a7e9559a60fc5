import pytest

from shared.messaging.payloads import PAYLOADS
from shared.messaging.topology import AGGREGATOR_QUEUE, QUEUES, WATCHER_QUEUE, WRITER_QUEUE, Queue
from tests.support.topology import TOPOLOGY


def queues_of(kind: str) -> list[Queue]:
    return [queue for queue in QUEUES if kind in queue.routing_keys]


@pytest.mark.parametrize(
    ("kind", "queues"),
    [
        ("rows.extracted", [WRITER_QUEUE]),
        ("load.extracted", [WRITER_QUEUE]),
        ("load.completed", [AGGREGATOR_QUEUE, WATCHER_QUEUE]),
    ],
)
def test_each_kind_of_message_goes_to_its_readers(kind: str, queues: list[Queue]) -> None:
    assert queues_of(kind) == queues


def test_every_kind_of_message_has_a_queue_and_every_queue_a_known_kind() -> None:
    kinds = {kind for kind, _ in PAYLOADS}

    assert {kind for queue in QUEUES for kind in queue.routing_keys} == kinds


def test_names_of_queues_and_their_dead_letter_queues_are_distinct() -> None:
    names = [name for queue in QUEUES for name in (TOPOLOGY.name(queue), TOPOLOGY.dead_letter_name(queue))]

    assert len(set(names)) == 2 * len(QUEUES)


@pytest.mark.parametrize("queue", QUEUES, ids=TOPOLOGY.name)
def test_a_queue_is_replicated_and_dead_letters_at_least_once(queue: Queue) -> None:
    """At-least-once dead-lettering requires reject-publish."""
    assert TOPOLOGY.arguments(queue)["x-queue-type"] == "quorum"
    assert TOPOLOGY.arguments(queue)["x-dead-letter-strategy"] == "at-least-once"
    assert TOPOLOGY.arguments(queue)["x-overflow"] == "reject-publish"
    assert TOPOLOGY.arguments(queue)["x-dead-letter-exchange"] == "inflow.dlx"
    assert TOPOLOGY.arguments(queue)["x-dead-letter-routing-key"] == f"{TOPOLOGY.name(queue)}.redrive"


@pytest.mark.parametrize("queue", QUEUES, ids=TOPOLOGY.name)
def test_restarts_cannot_reach_the_delivery_limit(queue: Queue) -> None:
    limit = TOPOLOGY.arguments(queue)["x-delivery-limit"]

    assert isinstance(limit, int)
    assert limit >= 100
