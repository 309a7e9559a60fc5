"""A RabbitMQ cluster of three nodes: any one may fail, and missing members are reported."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq import Publisher, declare_all, look_at_broker
from shared.messaging.rabbitmq.management import Members
from shared.messaging.rabbitmq.queue_states import BrokerState
from shared.messaging.topology import WRITER_QUEUE
from shared.model.errors import BrokerUnavailable
from shared.runtime.lifecycle import retry
from tests.integration.test_broker import consuming, load_id_of, logged, manifest
from tests.support.eventually import eventually
from tests.support.missing import missing
from tests.support.servers.found import Unavailable
from tests.support.servers.isolation import own_vhost
from tests.support.servers.management import Management
from tests.support.servers.rabbitmq import PrivateRabbitmq, private_nodes
from tests.support.services import REPOSITORY
from tests.support.topology import TOPOLOGY

WRITER = TOPOLOGY.name(WRITER_QUEUE)
ANSWER_SECONDS = 9.0
MESSAGES = 300

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Three nodes, a virtual host on them, and how to reach them."""

    nodes: list[PrivateRabbitmq]
    vhost: str

    def settings(self, *numbers: int) -> BrokerSettings:
        """Name some of the nodes, or all."""
        nodes = [self.nodes[number] for number in numbers or range(len(self.nodes))]
        variables = {
            "RABBITMQ_URL": ",".join(node.server.url(self.vhost) for node in nodes),
            "RABBITMQ_MANAGEMENT_URL": ",".join(node.server.management_url for node in nodes),
            "RABBITMQ_BLOCKED_SECONDS": str(ANSWER_SECONDS),
        }
        return BrokerSettings.from_environment(Environment(variables))

    def leader(self, queue: str) -> PrivateRabbitmq:
        """Return the node of a queue's leader."""
        state = Leaders(self.nodes[0].server).of(self.vhost, queue)
        return next(node for node in self.nodes if node.name == state)


class Leaders(Management):
    """Reads the nodes of the queues' leaders."""

    def of(self, vhost: str, queue: str) -> str:
        return str(self._request("GET", f"/api/queues/{vhost}/{queue}")["leader"])


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[PrivateRabbitmq]]:
    with ExitStack() as closing_all:
        try:
            nodes = private_nodes(closing_all, 3)
            with ThreadPoolExecutor() as threads:
                list(threads.map(PrivateRabbitmq.start, nodes))
        except Unavailable as reason:
            missing(f"no cluster of RabbitMQ ({reason})")
        yield nodes


@pytest.fixture
def cluster(nodes: list[PrivateRabbitmq]) -> Iterator[Cluster]:
    with own_vhost(nodes[0].server) as broker:
        cluster = Cluster(nodes=nodes, vhost=broker.vhost)
        declare_all(cluster.settings())
        eventually(lambda: healthy(look_at_broker(cluster.settings())), message="three members each")
        yield cluster


def healthy(state: BrokerState) -> bool:
    return state.node_count == 3 and {queue.members for queue in state.queues} == {Members(count=3, online=3)}


def shrink(cluster: Cluster) -> None:
    """Leave the queues' members on the first node only, as if the others had joined after they were declared.

    On a busy machine the command reports success for each queue, and some of the members are still there.
    """
    eventually(lambda: is_shrunk(cluster), message="members on the first node only", pause_seconds=1.0)


def is_shrunk(cluster: Cluster) -> bool:
    first, *others = cluster.nodes
    for node in others:
        first.tool("rabbitmq-queues", "shrink", node.name)
    members = {queue.members for queue in look_at_broker(cluster.settings()).queues}
    return members == {Members(count=1, online=1)} and Leaders(first.server).of(cluster.vhost, WRITER) == first.name


@contextmanager
def killed(node: PrivateRabbitmq) -> Iterator[None]:
    node.kill()
    try:
        yield
    finally:
        node.start()


def test_queues_of_one_member_are_reported_and_grow_as_the_documentation_says(cluster: Cluster) -> None:
    shrink(cluster)
    state = look_at_broker(cluster.settings())
    assert {queue.members for queue in state.queues} == {Members(count=1, online=1)}
    assert f"{WRITER} is on 1 of 3 nodes: `rabbitmq-queues grow` adds members" in state.notes

    commands = re.findall(r"^rabbitmq-queues (grow .*)$", (REPOSITORY / "docs/operations.md").read_text(), re.MULTILINE)
    for command, node in zip(commands, cluster.nodes[1:], strict=True):
        own = re.sub(r"rabbit@NODE\d", node.name, command).replace("'^/$'", f"^{cluster.vhost}$").replace("'", "")
        cluster.nodes[0].tool("rabbitmq-queues", *own.split())

    eventually(lambda: healthy(look_at_broker(cluster.settings())), message="three members each")
    assert look_at_broker(cluster.settings()).notes == []


def test_a_message_for_a_queue_without_online_members_is_refused(cluster: Cluster) -> None:
    shrink(cluster)
    with closing(Publisher(cluster.settings(1, 2), name="tests")) as publisher:
        publisher.publish(manifest(1))
        with killed(cluster.nodes[0]):
            with pytest.raises(BrokerUnavailable) as refusal:
                publisher.publish(manifest(2))
            assert "(queue full?)" not in str(refusal.value)
            eventually(
                lambda: (
                    f"{WRITER} accepts no messages: 0 of its 1 members are online"
                    in look_at_broker(cluster.settings(1, 2)).notes
                )
            )


def test_a_publisher_without_a_majority_gives_up_in_time_and_reports_it(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """The node answers heartbeats, but has no majority to confirm with."""
    [alive] = cluster.settings(0).endpoints
    with closing(Publisher(cluster.settings(0), name="tests")) as publisher:
        publisher.publish(manifest(1))
        with cluster.nodes[1].paused(), cluster.nodes[2].paused():
            with pytest.raises(BrokerUnavailable) as outage:
                publisher.publish(manifest(2))
            assert str(outage.value) == f"{alive} has not answered for {ANSWER_SECONDS:g} s"

        retry(lambda: publisher.publish(manifest(2)), stop=threading.Event())
    [line, *_] = logged(caplog, "broker_slow")
    assert (line["host"], line["port"]) == alive


def test_no_message_is_lost_when_the_node_of_the_leader_is_killed(cluster: Cluster) -> None:
    """Publisher and consumer continue on another node, whichever node they used."""
    handled: set[int] = set()

    def publish(publisher: Publisher, load_ids: range) -> None:
        for load_id in load_ids:
            retry(partial(publisher.publish, manifest(load_id)), stop=threading.Event())

    with (
        closing(Publisher(cluster.settings(), name="tests")) as publisher,
        consuming(cluster.settings(), lambda body: handled.add(load_id_of(body))),
    ):
        publish(publisher, range(MESSAGES // 2))
        with killed(cluster.leader(WRITER)):
            publish(publisher, range(MESSAGES // 2, MESSAGES))
            eventually(lambda: handled == set(range(MESSAGES)), message="all are handled")
