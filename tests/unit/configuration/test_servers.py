"""The choice of servers for tests, and the reasons given when there is none."""

import pytest

from tests.support.servers import processes
from tests.support.servers.found import BrokerServer, DatabaseServer, Provider, Unavailable
from tests.support.servers.named import NamedServers, NamedServerUnreachable
from tests.support.servers.processes import free_ports
from tests.support.servers.session import chosen, first_available

SERVER = BrokerServer(host="h", port=5672, user="us/er", password="p@ss", management_url="http://h:15672")


class Way:
    """A way of getting servers that has a broker, or a reason for not having one."""

    def __init__(self, name: str, reason: str = "") -> None:
        self.name = name
        self._reason = reason

    def broker(self) -> BrokerServer:
        if self._reason:
            raise Unavailable(self._reason)
        return SERVER

    def database(self) -> DatabaseServer:
        raise Unavailable("never")


def broker_of(provider: Provider) -> BrokerServer:
    return provider.broker()


def test_the_first_way_that_has_a_server_is_taken() -> None:
    ways = [Way("urls", "not set"), Way("docker"), Way("programs")]

    assert first_available(ways, broker_of) == (SERVER, "docker")


def test_without_a_server_each_way_gives_its_reason_on_one_line() -> None:
    ways = [Way("urls", "RABBITMQ_URL is not set"), Way("docker", "no engine answers")]

    with pytest.raises(Unavailable) as raised:
        first_available(ways, broker_of)

    assert str(raised.value) == "urls: RABBITMQ_URL is not set; docker: no engine answers"


def test_one_way_can_be_forced() -> None:
    ways = [Way("urls"), Way("docker")]

    assert [way.name for way in chosen(ways, "docker")] == ["docker"]
    assert [way.name for way in chosen(ways, "")] == ["urls", "docker"]


def test_an_unknown_way_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'podman'; expected one of urls, docker"):
        chosen([Way("urls"), Way("docker")], "podman")


def test_a_named_server_that_does_not_answer_is_not_replaced() -> None:
    servers = NamedServers({"RABBITMQ_URL": "amqp://127.0.0.1:1", "RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:1"})

    ways: list[Provider] = [servers, Way("docker")]

    with pytest.raises(NamedServerUnreachable, match=r"RABBITMQ_URL names 127\.0\.0\.1:1,"):
        first_available(ways, broker_of)


def test_a_port_is_given_out_only_once_even_if_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_ports(2)
    monkeypatch.setattr(processes, "ROWS_OF_PORTS", range(first, first + 1))

    with pytest.raises(Unavailable, match="no 2 free ports in a row"):
        free_ports(2)


def test_credentials_survive_in_a_url() -> None:
    assert SERVER.url("a/b") == "amqp://us%2Fer:p%40ss@h:5672/a%2Fb"
