"""A broker that is connected and does not answer: no wait is endless, and each long one is told while it lasts."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pika
import pika.frame
import pika.spec
import pytest

from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.rabbitmq import Publisher
from shared.messaging.rabbitmq.connection import Link, connect, open_channel, translated
from shared.messaging.topology import Topology
from shared.model.errors import BrokerUnavailable
from tests.integration.test_broker import eventually_depths, logged, manifest, through
from tests.support.eventually import eventually
from tests.support.forwarder import Forwarder, forwarder
from tests.support.servers.isolation import Broker

#: Long enough for a broker that does answer, short beside its heartbeats: these go on meanwhile, as on a node without
#: a majority.
ANSWER_SECONDS = 3.0


@pytest.fixture
def forwarded(settings: BrokerSettings) -> Iterator[Forwarder]:
    with forwarder(settings.endpoints[0]) as forward:
        yield forward


@pytest.fixture
def impatient(forwarded: Forwarder, settings: BrokerSettings) -> BrokerSettings:
    return through(forwarded, settings, answer_seconds=ANSWER_SECONDS)


def no_answer(settings: BrokerSettings, seconds: float = ANSWER_SECONDS) -> str:
    return f"{settings.endpoints[0]} has not answered for {seconds:g} s"


def test_a_confirm_that_does_not_come_in_time_is_an_outage(
    broker: Broker, impatient: BrokerSettings, forwarded: Forwarder, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait is logged once, and told while it lasts; the next try is on a new connection."""
    told: list[str] = []
    with closing(Publisher(impatient, name="tests", on_wait=told.append)) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()
        with pytest.raises(BrokerUnavailable) as outage:
            publisher.publish(manifest(2))

        forwarded.cut()
        forwarded.thaw()
        publisher.publish(manifest(2))

    assert str(outage.value) == no_answer(impatient)
    assert told == [no_answer(impatient, seconds=1)]
    [line] = logged(caplog, "broker_slow")
    assert Endpoint(line["host"], line["port"]) == impatient.endpoints[0]
    assert line["message"] == f"{told[0]}; waiting"
    eventually_depths(broker, queue=2, dead_letters=0)


def test_a_confirm_that_comes_late_is_not_an_outage(impatient: BrokerSettings, forwarded: Forwarder) -> None:
    told = threading.Event()

    def go_on(_message: str) -> None:
        told.set()
        forwarded.thaw()

    with closing(Publisher(impatient, name="tests", on_wait=go_on)) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()
        publisher.publish(manifest(2))

    assert told.is_set()


def test_a_publisher_that_is_blocked_says_why(
    impatient: BrokerSettings, forwarded: Forwarder, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = pika.frame.Method(0, pika.spec.Connection.Blocked("low on memory")).marshal()
    with closing(Publisher(impatient, name="tests")) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()
        forwarded.tell_clients(blocked)
        with pytest.raises(BrokerUnavailable) as outage:
            publisher.publish(manifest(2))

    assert str(outage.value) == f"{no_answer(impatient)}: it blocks publishers (low on memory)"


def test_declarations_are_waited_for_no_longer_than_confirms(impatient: BrokerSettings, forwarded: Forwarder) -> None:
    connection = connect(impatient, "tests")
    forwarded.freeze()

    with pytest.raises(BrokerUnavailable, match=no_answer(impatient)), translated(connection.endpoint):
        open_channel(connection, Topology(impatient.namespace))

    assert connection.is_closed


def test_a_link_that_the_broker_does_not_close_is_closed_all_the_same(
    impatient: BrokerSettings, forwarded: Forwarder
) -> None:
    with closing(Link(impatient, name="tests")) as link:
        with link.open():
            pass
        forwarded.freeze()

        link.close()

        forwarded.cut()
        forwarded.thaw()
        with link.open() as channel:
            assert channel.is_open


def test_a_refused_message_is_reported_without_a_guess(
    broker: Broker, settings: BrokerSettings, publisher: Publisher
) -> None:
    """A nack gives no reason: the queue may be full, or have no leader."""
    publisher.serve()
    full: dict[str, Any] = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    with broker.channel() as channel:
        channel.queue_declare("full", durable=True, arguments=full)
        channel.queue_bind("full", Topology(settings.namespace).exchange, "load.extracted")

    def publish() -> None:
        # What is beyond the limit is refused once the queue has noticed, a few messages later.
        for load_id in range(1, 1000):
            publisher.publish(manifest(load_id))

    with pytest.raises(BrokerUnavailable) as refusal:
        publish()

    assert str(refusal.value) == (
        f"{settings.endpoints[0]} refused a message without a reason (basic.nack); `inflow status` shows the queues"
    )


def test_a_connection_that_is_lost_at_the_moment_at_which_the_wait_ends_is_an_outage(
    impatient: BrokerSettings, forwarded: Forwarder
) -> None:
    """pika has closed the connection by then, and can't be told to close it once more."""

    def lose_connection(_message: str) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        forwarded.cut()
        eventually(lambda: time.monotonic() > deadline)

    with closing(Publisher(impatient, name="tests", on_wait=lose_connection)) as publisher:
        publisher.publish(manifest(1))
        forwarded.freeze()
        with pytest.raises(BrokerUnavailable):
            publisher.publish(manifest(2))


def test_the_time_for_an_answer_is_that_for_unanswered_data_of_the_network_too(settings: BrokerSettings) -> None:
    """A broker that blocks a publisher lets its data wait: the network must not end the connection before."""
    with closing(connect(replace(settings, answer_seconds=90), "tests")) as connection:
        peer = connection._impl._transport._sock
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 90_000
