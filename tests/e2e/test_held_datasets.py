"""A dataset whose table differs from the configuration is held until it is repaired; all others are loaded."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.births import Births, births
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.services import REPOSITORY, SERVICES, Pipeline, running_pipeline

THINGS = """
[datasets.things]
files = ["things*"]
key = ["id"]
[datasets.things.columns]
id = { type = "integer" }
name = { type = "text", length = 10 }
"""
MADE_OTHERWISE = "CREATE TABLE people (given_name INT PRIMARY KEY)"


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    configuration = tmp_path / "inflow.toml"
    configuration.write_text((REPOSITORY / "inflow.toml").read_text() + THINGS, encoding="utf-8")
    settings = {"INFLOW_CONFIG": str(configuration), "INFLOW_REPUBLISH_SECONDS": "1"}
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=settings) as pipeline:
        yield pipeline


@pytest.fixture
def galston() -> Births:
    return births("Galston", people=50)


def drop_all(pipeline: Pipeline, births: Births) -> None:
    pipeline.drop("people.csv", births.people_csv)
    pipeline.drop("places.csv", births.places_csv)
    pipeline.drop("things.csv", "id,name\n1,one\n")


def test_a_table_that_differs_holds_its_dataset_and_no_other_until_it_is_repaired(
    pipeline: Pipeline, galston: Births
) -> None:
    with pipeline.transaction() as connection:
        connection.execute(text(MADE_OTHERWISE))
    services = pipeline.start(*SERVICES)
    drop_all(pipeline, galston)
    eventually(lambda: len(archived(pipeline)) == 2, message="places and things are archived")

    status = pipeline.report("status")
    assert list(status["held"]) == ["people"]
    assert "people.given_name" in status["held"]["people"]
    [waiting] = status["inbox"]
    assert (waiting["file"], waiting["state"], waiting["reason"]) == ("people.csv", "blocked", "dataset-held")
    assert {service["state"] for service in status["services"]} == {"working"}

    with pipeline.transaction() as connection:
        connection.execute(text("DROP TABLE people"))
    pipeline.wait_for_summary(galston.by_country)
    for service in services:
        assert [line["dataset"] for line in service.logs("dataset_held")] == ["people"]
        service.logged("dataset_released", dataset="people")
        assert not service.has_ended
    assert pipeline.report("status")["held"] == {}


def test_a_table_that_is_altered_in_mid_load_holds_the_load_which_ends_right_once_it_is_repaired(
    pipeline: Pipeline, galston: Births
) -> None:
    watcher = pipeline.start_one("watcher", INFLOW_CHUNK_ROWS="10")
    pipeline.drop("people.csv", galston.people_csv)
    pipeline.wait_for_load(1, lambda load: load.state == "published")
    with pipeline.transaction() as connection:
        connection.execute(text("ALTER TABLE people CHANGE date_of_birth born DATE NOT NULL"))
    writer = pipeline.start_one("writer")
    writer.logged("dataset_held", dataset="people")
    load = pipeline.wait_for_load(1, lambda load: load.reason == "dataset-held")
    assert (load.state, load.rows_done) == ("published", 0)
    assert "people: column date_of_birth is missing" in load.message
    pipeline.drop("things.csv", "id,name\n1,one\n")
    pipeline.wait_for_load(2, lambda load: load.state in ("complete", "archived"))

    with pipeline.transaction() as connection:
        connection.execute(text("ALTER TABLE people CHANGE born date_of_birth DATE NOT NULL"))
    pipeline.wait_until_archived(1, 2)
    load = pipeline.loads()[1]
    assert (load.inserted, load.reason) == (50, None)
    assert [each.has_ended for each in (watcher, writer)] == [False, False]


def test_the_status_names_every_service_and_what_it_waits_for(
    pipeline: Pipeline, broker: Broker, galston: Births
) -> None:
    """G10 Waiting explains itself."""
    services = dict(zip(SERVICES, pipeline.start(*SERVICES), strict=True))
    other = pipeline.start_one("watcher")
    drop_all(pipeline, galston)
    pipeline.wait_for_summary(galston.by_country)
    eventually(lambda: len(listed(pipeline)) == 4, message="all are listed")

    status = pipeline.report("status")["services"]
    assert {each["host"] for each in status} == {socket.gethostname()}
    running = {service.process.pid: name for name, service in services.items()} | {other.process.pid: "watcher"}
    assert {each["process_id"]: each["service"] for each in status} == running
    waiting = [each for each in status if each["state"] != "working"]
    assert [each["waits_for"] for each in waiting] == ["another watcher is active on this folder"]

    assert services["writer"].stop() == 0
    assert services["writer"].process.pid not in listed(pipeline)


def archived(pipeline: Pipeline) -> set[str]:
    return {load.file for load in pipeline.loads().values() if load.state == "archived"}


def listed(pipeline: Pipeline) -> dict[int, str]:
    return {each["process_id"]: each["state"] for each in pipeline.report("status")["services"]}
