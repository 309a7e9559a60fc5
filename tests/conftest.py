"""Fixtures for all tests: a virtual host and a database on real servers, and a clean environment."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.support.missing import missing
from tests.support.servers.controlled import ControlledBroker
from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.isolation import Broker, Database, own_database, own_vhost
from tests.support.servers.named import NamedServerUnreachable
from tests.support.servers.own import own_broker
from tests.support.servers.session import Servers

#: What configures the product: a developer's own settings must not reach the tests.
SETTINGS = ("INFLOW_", "RABBITMQ_", "MYSQL_", "DATABASE_URL")
SERVER_FIXTURES = {"broker_server", "database_server"}
#: Each process that tests may start a RabbitMQ and a database of its own.
MAX_PROCESSES = 4

S = TypeVar("S")


def pytest_configure() -> None:
    # Ended by `timeout` or a CI runner, pytest ends its servers as it does on ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shared machine may be slow for a while; that says nothing about the code.
    settings.register_profile("inflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("inflow")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: each waits for its servers for most of its time."""
    return min((os.cpu_count() or 1) + 1, MAX_PROCESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for a server, so that no test can forget to."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVER_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def session_environment() -> Mapping[str, str]:
    """The environment that the tests were started in."""
    return dict(os.environ)


@pytest.fixture(autouse=True)
def clean_environment(session_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in session_environment:
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def servers(session_environment: Mapping[str, str], pytestconfig: pytest.Config) -> Iterator[Servers]:
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def announce(text: str) -> None:
        with capture.global_and_fixture_disabled():
            # Where several processes test, their output is the way by which they talk to the first one.
            print(f"\nservers: {text}", file=sys.stderr, flush=True)

    servers = Servers(environ=session_environment, announce=announce)
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def broker_server(servers: Servers) -> BrokerServer:
    return got(lambda: servers.broker, what="RabbitMQ")


@pytest.fixture(scope="session")
def database_server(servers: Servers) -> DatabaseServer:
    return got(lambda: servers.database, what="MySQL or MariaDB")


def got(server: Callable[[], S], *, what: str) -> S:
    """Return the server, or end the test with one line that says why there is none."""
    try:
        return server()
    except NamedServerUnreachable as problem:
        raise pytest.fail.Exception(str(problem), pytrace=False) from None
    except Unavailable as reasons:
        missing(f"no {what} ({reasons})")


@pytest.fixture(scope="session")
def own_broker_server(broker_server: BrokerServer) -> Iterator[ControlledBroker]:
    """A RabbitMQ that this process alone uses, for what would disturb other tests; leave it as it was.

    It comes after the one that all share: that one's way may install the program that both are.
    """
    with ExitStack() as closing:
        try:
            own = own_broker(closing)
            own.start()
        except Unavailable as reason:
            missing(f"no RabbitMQ of its own ({reason})")
        yield own


@pytest.fixture
def broker(broker_server: BrokerServer) -> Iterator[Broker]:
    """A virtual host of its own."""
    with own_vhost(broker_server) as vhost:
        yield vhost


@pytest.fixture
def database(database_server: DatabaseServer) -> Iterator[Database]:
    """A database of its own."""
    with own_database(database_server) as own:
        yield own
