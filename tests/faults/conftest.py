"""A private database server whose settings tests may change, and a pipeline on it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import got
from tests.support.private_database import database_of_an_account, start_private_server
from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Broker, Database
from tests.support.servers.own import SCRIPTS_VARIABLE
from tests.support.services import Pipeline, running_pipeline

#: Small chunks, and short heartbeats, so that a lost broker connection is noticed soon.
SETTINGS = {"INFLOW_CHUNK_ROWS": "10", "INFLOW_BACKLOG_MESSAGES": "5", "RABBITMQ_HEARTBEAT_SECONDS": "1"}


@pytest.fixture(scope="module")
def private_server(session_environment: Mapping[str, str]) -> Iterator[DatabaseServer]:
    """A private server whose settings tests may change."""
    scripts = session_environment.get(SCRIPTS_VARIABLE)
    with ExitStack() as closing_all:
        yield got(lambda: start_private_server(closing_all, scripts), what="MySQL or MariaDB of this machine")


@pytest.fixture
def private_database(private_server: DatabaseServer) -> Iterator[Database]:
    """A database on the private server, for an account without privileges that bypass settings."""
    with database_of_an_account(private_server) as database:
        yield database


@pytest.fixture
def private_pipeline(broker: Broker, private_database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    """The services on the private database."""
    with running_pipeline(
        tmp_path, broker_url=broker.url, database_url=private_database.url, settings=SETTINGS
    ) as pipeline:
        yield pipeline
