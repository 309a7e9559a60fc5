"""What is seen of the queues: over AMQP what waits and who consumes, from the management API on how many nodes."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.servers import BrokerSettings, Endpoint, ManagementApi
from shared.messaging.rabbitmq import Publisher, look_at_broker
from shared.messaging.rabbitmq.connection import Link
from shared.messaging.rabbitmq.management import Cluster, Members
from shared.messaging.rabbitmq.queue_states import BrokerState, _missing_members
from shared.messaging.topology import QUEUES, WRITER_QUEUE
from shared.model.errors import BrokerUnavailable
from tests.integration.test_broker import manifest
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker
from tests.support.topology import TOPOLOGY

WRITER = TOPOLOGY.name(WRITER_QUEUE)


@pytest.fixture
def managed(settings: BrokerSettings, broker: Broker) -> BrokerSettings:
    server = broker.server
    api = ManagementApi(url=server.management_url, user=server.user, password=server.password)
    return replace(settings, management_apis=(api,))


def unreachable(api: ManagementApi) -> ManagementApi:
    return replace(api, url="http://127.0.0.1:1")


def wrong_password(api: ManagementApi) -> ManagementApi:
    return replace(api, password="hunter2")


def not_the_api(api: ManagementApi) -> ManagementApi:
    return replace(api, url=f"{api.url}/api/overview")


def test_the_state_of_each_queue_is_told(broker: Broker, managed: BrokerSettings, publisher: Publisher) -> None:
    publisher.publish(manifest(1))
    publisher.publish(manifest(2))
    broker.publish(TOPOLOGY.dead_letter_name(WRITER_QUEUE), b"{}")
    with closing(Link(managed, name="tests")) as link, link.open() as channel:
        channel.basic_consume(TOPOLOGY.name(QUEUES[1]), lambda *_: None)

        def state() -> BrokerState:
            return look_at_broker(managed)

        # A quorum queue counts what it was sent a moment later.
        eventually(lambda: state().queues[0].messages == 2 and state().queues[0].dead_letters == 1)
        seen = state()

    assert seen.endpoint == managed.endpoints[0]
    assert [queue.name for queue in seen.queues] == [TOPOLOGY.name(queue) for queue in QUEUES]
    assert [queue.consumers for queue in seen.queues] == [0, 1, 0]
    assert [queue.dead_letters for queue in seen.queues] == [1, 0, 0]
    assert seen.node_count == 1
    assert {queue.members for queue in seen.queues} == {Members(count=1, online=1)}
    assert seen.notes == []


def test_without_a_management_api_the_members_are_unknown_and_this_is_logged_once(
    settings: BrokerSettings, publisher: Publisher
) -> None:
    publisher.serve()

    seen = look_at_broker(settings)

    assert (seen.node_count, {queue.members for queue in seen.queues}) == (None, {None})
    assert seen.queues[0].messages == 0
    assert seen.notes == ["members: not known: RABBITMQ_MANAGEMENT_URL is not set"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (unreachable, "<urlopen error [Errno 111] Connection refused>"),
        (wrong_password, "HTTP Error 401: Unauthorized"),
        (not_the_api, "HTTP Error 404: Not Found"),
    ],
)
def test_a_management_api_that_can_not_be_asked_is_named_without_its_password(
    managed: BrokerSettings, publisher: Publisher, broken: Callable[[ManagementApi], ManagementApi], reason: str
) -> None:
    publisher.serve()
    api = broken(managed.management_apis[0])

    seen = look_at_broker(replace(managed, management_apis=(api,)))

    assert seen.notes == [f"members: not known: {api.url}: {reason}"]


def test_of_several_management_apis_the_first_that_answers_is_asked(
    managed: BrokerSettings, publisher: Publisher
) -> None:
    publisher.serve()
    [api] = managed.management_apis

    assert look_at_broker(replace(managed, management_apis=(unreachable(api), api))).notes == []


def test_a_queue_that_is_not_there_is_named_and_the_others_are_shown(
    settings: BrokerSettings, publisher: Publisher, broker: Broker
) -> None:
    publisher.serve()
    with broker.channel() as channel:
        channel.queue_delete(WRITER)

    seen = look_at_broker(settings)

    assert [queue.messages for queue in seen.queues] == [None, 0, 0]
    assert f"{WRITER}: not known: NOT_FOUND - no queue '{WRITER}' in vhost '{broker.vhost}'" in seen.notes


def test_a_look_declares_nothing(settings: BrokerSettings, broker: Broker) -> None:
    look_at_broker(settings)

    assert broker.queue_depths() == {}


def test_a_broker_that_does_not_answer_is_an_outage(settings: BrokerSettings) -> None:
    with pytest.raises(BrokerUnavailable):
        look_at_broker(replace(settings, endpoints=(Endpoint("127.0.0.1", 1),)))


def notes(node_count: int, **members: tuple[int, int]) -> list[str]:
    each: dict[str, Any] = {f"inflow.{name}": Members(count=c, online=o) for name, (c, o) in members.items()}
    return list(_missing_members(Cluster(node_count=node_count, members=each), TOPOLOGY))


@pytest.mark.parametrize(
    ("node_count", "members"), [(1, (1, 1)), (3, (3, 3)), (3, (3, 2)), (5, (3, 3)), (5, (5, 3)), (2, (2, 2))]
)
def test_a_queue_with_enough_members_is_not_mentioned(node_count: int, members: tuple[int, int]) -> None:
    assert notes(node_count, writer=members) == []


def test_a_queue_with_too_few_members_is_mentioned_with_what_to_do() -> None:
    assert notes(3, writer=(1, 1), aggregator=(3, 3)) == [
        "inflow.writer is on 1 of 3 nodes: `rabbitmq-queues grow` adds members"
    ]


def test_a_queue_without_a_majority_is_mentioned() -> None:
    assert notes(4, writer=(3, 1), watcher=(4, 2)) == [
        "inflow.watcher accepts no messages: 2 of its 4 members are online",
        "inflow.writer accepts no messages: 1 of its 3 members are online",
    ]


def test_other_queues_of_the_virtual_host_are_not_ours() -> None:
    assert list(_missing_members(Cluster(node_count=3, members={"x": Members(count=1, online=1)}), TOPOLOGY)) == []
