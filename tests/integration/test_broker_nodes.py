"""A broker of several nodes: the choice of a node, and the messages about nodes that do not answer."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.servers import BrokerSettings, Endpoint
from shared.messaging.rabbitmq import Publisher
from shared.messaging.rabbitmq.connection import NodeConnection, connect
from shared.model.errors import BrokerUnavailable
from tests.support.eventually import eventually
from tests.support.forwarder import forwarder
from tests.support.servers.isolation import Broker
from tests.support.servers.management import Management

LOOPBACK = "127.0.0.1"
#: So many connects hit both of two nodes, but for one chance in a million.
MANY = 21


class Connections(Management):
    """Reads who is connected."""

    def names(self, vhost: str) -> list[str]:
        """Return the names that the clients of a virtual host gave themselves."""
        connections = self._request("GET", "/api/connections")
        return [each["user_provided_name"] for each in connections if each.get("vhost") == vhost]


@pytest.fixture
def closed() -> Iterator[Endpoint]:
    """A port without a listener; it is held, so that it stays so."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield Endpoint(LOOPBACK, held.getsockname()[1])


@contextmanager
def connected(settings: BrokerSettings) -> Iterator[NodeConnection]:
    with closing(connect(settings, "tests")) as connection:
        yield connection


def logged(caplog: pytest.LogCaptureFixture, action: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if vars(record).get("action") == action]


def endpoint_of(line: dict[str, Any]) -> Endpoint:
    return Endpoint(line["host"], line["port"])


def test_a_node_that_does_not_answer_is_passed_over(
    settings: BrokerSettings, closed: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    [alive] = settings.endpoints
    unknown = Endpoint("node.invalid", 5672)
    for _ in range(MANY):
        with connected(replace(settings, endpoints=(closed, unknown, alive))) as connection:
            assert connection.endpoint == alive

    assert {endpoint_of(line) for line in logged(caplog, "broker_node_failed")} == {closed, unknown}
    assert {endpoint_of(line) for line in logged(caplog, "broker_connected")} == {alive}


def test_services_do_not_all_begin_with_the_same_node(settings: BrokerSettings) -> None:
    [target] = settings.endpoints
    with forwarder(target) as one, forwarder(target) as other:
        endpoints = (Endpoint(LOOPBACK, one.port), Endpoint(LOOPBACK, other.port))
        taken = set()
        for _ in range(MANY):
            with connected(replace(settings, endpoints=endpoints)) as connection:
                taken.add(connection.endpoint)

    assert taken == set(endpoints)


def test_every_address_of_a_name_is_tried(settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    [target] = settings.endpoints
    address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    with forwarder(target) as forward:
        # The first one has no listener.
        addresses = [(*address, ("127.0.0.2", forward.port)), (*address, (LOOPBACK, forward.port))]
        known = socket.getaddrinfo

        def resolve(host: str, *more: Any, **named: Any) -> Any:
            return addresses if host == "cluster" else known(host, *more, **named)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)

        with connected(replace(settings, endpoints=(Endpoint("cluster", forward.port),))) as connection:
            assert connection.is_open


def test_a_node_that_refuses_connections_is_named_with_its_port(settings: BrokerSettings, closed: Endpoint) -> None:
    with pytest.raises(BrokerUnavailable) as refused:
        connect(replace(settings, endpoints=(closed,)), "tests")

    assert str(refused.value) == f"{closed}: ConnectionRefusedError: [Errno 111] Connection refused"


def test_an_error_on_a_connection_names_the_node(settings: BrokerSettings) -> None:
    with forwarder(settings.endpoints[0]) as forward:
        endpoint = Endpoint(LOOPBACK, forward.port)
        with closing(Publisher(replace(settings, endpoints=(endpoint,)), name="tests")) as publisher:
            publisher.serve()
            forward.cut()

            with pytest.raises(BrokerUnavailable, match=f"^{endpoint}: StreamLostError"):
                eventually(publisher.serve)


def test_a_connection_tells_the_broker_its_service_host_and_process(settings: BrokerSettings, broker: Broker) -> None:
    connections = Connections(broker.server)
    with connected(settings):
        name = f"tests@{socket.gethostname()}:{os.getpid()}"
        eventually(lambda: connections.names(broker.vhost) == [name], message=name)


def test_a_dead_peer_is_noticed_within_30_seconds(settings: BrokerSettings) -> None:
    """While something is sent to it, and while nothing is."""
    with connected(settings) as connection:
        peer = connection._impl._transport._sock
        unanswered = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        idle, interval, count = (
            peer.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert 0 < unanswered <= 30_000
    assert idle + interval * count <= 30
