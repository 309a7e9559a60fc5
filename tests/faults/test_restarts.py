"""Repeated restarts and kills: healthy messages are never dead-lettered, and nothing is lost or doubled."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url

from shared.configuration.catalog import load_catalog
from shared.messaging.topology import QUEUES, WRITER_QUEUE
from shared.runtime.files import DataFolder
from shared.storage.database import Database as ProductDatabase
from shared.storage.store import Store, open_store
from tests.support.births import births
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.services import SERVICES, Pipeline, Service, running_pipeline
from tests.support.topology import TOPOLOGY
from verification import checker
from verification.crash.convergence import unfinished
from verification.drops import Drop, draw_drops
from verification.holding import end_sessions, place_held, sessions_that_wait

PEOPLE, CHUNK_ROWS = 300, 30
#: All chunks of the people, and their manifest.
MESSAGES = PEOPLE // CHUNK_ROWS + 1

#: Dropped between two restarts; in chunks of a few rows they keep all services busy until the next one.
FILES_BETWEEN_RESTARTS = 2
MAX_ROWS = 600
#: The writer comes first because it has most to do while the watcher works.
ROLLING_ORDER = ("writer", "aggregator", "watcher")
#: The watcher never republishes a stalled load, so that lost messages stay lost.
BUSY = {"INFLOW_CHUNK_ROWS": "4", "INFLOW_BACKLOG_MESSAGES": "20", "INFLOW_REPUBLISH_SECONDS": "600"}
#: No more loads than these are open: on a slow machine they would pile up, and the end would take unpredictably long.
MAX_OPEN_FILES = 4
CONVERGENCE_SECONDS = 900

SIDE_QUEUES = {name for queue in QUEUES for name in (TOPOLOGY.dead_letter_name(queue), TOPOLOGY.redrive_name(queue))}


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        yield pipeline


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with closing(ProductDatabase(make_url(database.url))) as own:
        yield open_store(own, load_catalog(None))


def delivery_limit_was_never_hit(pipeline: Pipeline) -> bool:
    """Whether no message hit the broker's delivery limit; such messages come back, but should never get there."""
    return not any(service.logs("messages_redriven") for service in pipeline.services)


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_repeated_kills_of_a_writer_never_dead_letter_its_messages(
    pipeline: Pipeline, broker: Broker, database: Database, kills: int
) -> None:
    """RabbitMQ counts a lost connection as a failed delivery; its default limit is 20."""
    family = births("Stone", people=PEOPLE)
    _, _, first_writer = pipeline.start("watcher", "aggregator", "writer", INFLOW_CHUNK_ROWS=str(CHUNK_ROWS))
    pipeline.drop("places.csv", family.places_csv)
    pipeline.wait_until_archived(1)
    assert first_writer.stop() == 0
    pipeline.drop("people.csv", family.people_csv)
    pipeline.wait_for_load(2, lambda load: load.state == "published")

    with place_held(pipeline, "Dumfries of Stone"):
        for _ in range(kills):
            writer = pipeline.start_one("writer")
            waiting = sessions_that_wait(pipeline, database)
            writer.kill()
            with pipeline.transaction() as connection:
                end_sessions(connection, waiting)
            eventually(
                lambda: broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)] == MESSAGES, message="the window is back"
            )
    given_up = {name: depth for name, depth in broker.queue_depths().items() if depth and name in SIDE_QUEUES}
    pipeline.start("writer")

    pipeline.wait_until_archived(2)
    pipeline.wait_for_summary(family.by_country)
    assert pipeline.loads()[2].inserted == PEOPLE
    assert given_up == {}
    assert delivery_limit_was_never_hit(pipeline)
    eventually(lambda: set(broker.queue_depths().values()) == {0}, message="all queues are empty")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_rolling_restarts_under_load_lose_nothing_and_leave_no_dead_letter(
    pipeline: Pipeline, broker: Broker, store: Store, rounds: int
) -> None:
    drops = draw_drops(Random(rounds), count=FILES_BETWEEN_RESTARTS * rounds, most_rows=MAX_ROWS)
    running = {name: start_healthy(pipeline, name) for name in SERVICES}
    dropped: list[Drop] = []
    busy_stops = 0
    for first in range(0, len(drops), FILES_BETWEEN_RESTARTS):
        wait_until_few_are_open(pipeline, dropped)
        dropped += drops[first : first + FILES_BETWEEN_RESTARTS]
        for drop in dropped[first:]:
            pipeline.drop(drop.name, drop.content)
        busy_stops += wait_for_work(pipeline, broker, store, dropped)
        for name in ROLLING_ORDER:
            assert running[name].stop() == 0, running[name].output()[-2000:]
            running[name] = start_healthy(pipeline, name)

    converge(pipeline, broker, store, drops)
    assert busy_stops >= rounds / 2
    assert delivery_limit_was_never_hit(pipeline)
    depths = broker.queue_depths()
    folder = DataFolder(pipeline.data)
    assert checker.problems(drops=drops, store=store, folder=folder, queue_depths=depths, dead_letters=[]) == []


def start_healthy(pipeline: Pipeline, name: str) -> Service:
    """Start a service and wait until it is healthy, as an engine does during a rolling update."""
    health = pipeline.folder / f"{name}.health"
    health.unlink(missing_ok=True)
    service = pipeline.start_one(name, INFLOW_HEALTH_FILE=str(health), **BUSY)
    eventually(health.exists, message=f"the {name} is healthy")
    return service


def wait_until_few_are_open(pipeline: Pipeline, dropped: list[Drop]) -> None:
    """Wait until nearly all dropped files are loaded or refused."""

    def few() -> bool:
        done = [load for load in pipeline.loads().values() if load.state in ("archived", "refused")]
        return len(dropped) - len(done) <= MAX_OPEN_FILES

    eventually(few, timeout_seconds=CONVERGENCE_SECONDS, message="few files are open")


def wait_for_work(pipeline: Pipeline, broker: Broker, store: Store, dropped: list[Drop]) -> bool:
    """Wait until messages are in the writer's queue or all is done; return whether there is work."""

    def work() -> str:
        if broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)]:
            return "yes"
        return "" if unfinished(store, DataFolder(pipeline.data), drops=len(dropped)) else "no"

    return eventually(work, message="work for the writer") == "yes"


def converge(pipeline: Pipeline, broker: Broker, store: Store, drops: list[Drop]) -> None:
    """Wait until all is done and the queues are empty: a summary may include a load before its event is consumed."""
    folder = DataFolder(pipeline.data)
    eventually(
        lambda: not unfinished(store, folder, drops=len(drops)),
        timeout_seconds=CONVERGENCE_SECONDS,
        message="everything is loaded or refused",
    )

    def nothing_waits() -> bool:
        depths = broker.queue_depths()
        return not any(depths[TOPOLOGY.name(queue)] for queue in QUEUES)

    eventually(nothing_waits, message="every message is taken")
