"""A database of each kind that Inflow runs on, and a publisher: a test that asks for a database runs on all of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq import Publisher
from shared.model.datasets import Catalog
from tests.support.deliveries import Warehouse
from tests.support.servers.isolation import Broker, Database

OpenWarehouse = Callable[[Catalog], Warehouse]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyDatabase:
    """An empty database."""

    url: str
    flavour: str


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.servers)])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> AnyDatabase:
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "inflow.db"))
        return AnyDatabase(url=url.render_as_string(), flavour="sqlite")
    own = request.getfixturevalue("database")
    return AnyDatabase(url=own.url, flavour=own.flavour)


@pytest.fixture
def warehouse(any_database: AnyDatabase) -> Iterator[OpenWarehouse]:
    """Gives the tables of a catalogue, with a writer, in the test's own database."""
    with ExitStack() as opened:
        yield lambda catalog: opened.enter_context(closing(Warehouse(any_database.url, catalog)))


@pytest.fixture
def server_warehouse(database: Database) -> Iterator[OpenWarehouse]:
    """The same, only on the server, for what SQLite can't do: wait for a row."""
    with ExitStack() as opened:
        yield lambda catalog: opened.enter_context(closing(Warehouse(database.url, catalog)))


@pytest.fixture
def settings(broker: Broker) -> BrokerSettings:
    return BrokerSettings.from_environment(Environment({"RABBITMQ_URL": broker.url}))


@pytest.fixture
def publisher(settings: BrokerSettings) -> Iterator[Publisher]:
    with closing(Publisher(settings, name="tests")) as publisher:
        yield publisher
