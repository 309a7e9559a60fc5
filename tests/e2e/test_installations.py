"""Several installations with real services: none gets a row of another one, or of its own past."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from shared.messaging.topology import WRITER_QUEUE
from tests.support.births import Births, births
from tests.support.eventually import eventually
from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Broker, Database, own_database
from tests.support.services import SERVICES, Pipeline, running_pipeline
from tests.support.topology import TOPOLOGY

PEOPLE = 400
#: All of a load waits in the queue before there is a writer.
ALL_AT_ONCE = {"INFLOW_CHUNK_ROWS": "20", "INFLOW_REPUBLISH_SECONDS": "1"}
_FAMILIES = "SELECT family_name, COUNT(*) FROM people GROUP BY family_name"
LINTON, PEEBLES = births("Linton", people=PEOPLE), births("Peebles", people=PEOPLE)


@pytest.fixture
def linton(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with installation(tmp_path / "linton", broker, database) as pipeline:
        yield pipeline


@pytest.fixture
def peebles(broker: Broker, database_server: DatabaseServer, tmp_path: Path) -> Iterator[Pipeline]:
    with own_database(database_server) as database, installation(tmp_path / "peebles", broker, database) as pipeline:
        yield pipeline


@contextmanager
def installation(folder: Path, broker: Broker, database: Database) -> Iterator[Pipeline]:
    folder.mkdir()
    with running_pipeline(folder, broker_url=broker.url, database_url=database.url, settings=ALL_AT_ONCE) as pipeline:
        yield pipeline


def drop(pipeline: Pipeline, births: Births) -> None:
    pipeline.drop("people.csv", births.people_csv)
    pipeline.drop("places.csv", births.places_csv)


def families(pipeline: Pipeline) -> dict[str, int]:
    """Whose rows the table has, and how many."""
    return {family: count for family, count in pipeline.query(_FAMILIES)}  # noqa: C416 - dict() does not accept rows


def test_of_two_installations_with_the_same_settings_the_second_is_told_and_neither_gets_a_row_of_the_other(
    linton: Pipeline, peebles: Pipeline
) -> None:
    """G11 Nothing foreign: a second installation that follows the defaults waits, with the way out in its log."""
    linton.start(*SERVICES)
    drop(linton, LINTON)
    linton.wait_for_load(1, lambda load: load.rows_done)
    told = peebles.start(*SERVICES)
    drop(peebles, PEEBLES)
    for service in told:
        assert "INFLOW_NAMESPACE" in service.logged("dependency_failed", error="NamespaceTaken")["message"]

    linton.wait_for_summary(LINTON.by_country)
    assert not peebles.summary.exists() or peebles.summary.read_bytes() == b"{}"
    assert [service.stop() for service in told] == [0, 0, 0]
    peebles.start(*SERVICES, INFLOW_NAMESPACE="peebles")
    peebles.wait_for_summary(PEEBLES.by_country)
    assert families(linton) == {"Linton": PEOPLE}
    assert families(peebles) == {"Peebles": PEOPLE}


def test_a_new_database_and_folder_with_the_old_queue_get_none_of_the_old_rows(
    linton: Pipeline, broker: Broker
) -> None:
    """G11 Nothing foreign: load 1 of the new database is not load 1 of the old one."""
    watcher = linton.start_one("watcher")
    drop(linton, LINTON)
    linton.wait_for_load(1, lambda load: load.state == "published")
    linton.wait_for_load(2, lambda load: load.state == "published")
    assert watcher.stop() == 0
    waiting = broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)]
    assert waiting > PEOPLE / 20
    with linton.transaction() as connection:
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)
    shutil.rmtree(linton.data)

    linton.start(*SERVICES)
    drop(linton, PEEBLES)
    linton.wait_for_summary(PEEBLES.by_country)
    linton.wait_until_archived(1, 2)
    assert families(linton) == {"Peebles": PEOPLE}
    eventually(lambda: broker.queue_depths()["inflow.foreign"] == waiting, message="all old messages are set aside")
