"""The aggregator on a real database and a real RabbitMQ, and two of them as processes on one data folder."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from sqlalchemy import Connection, text

from services.aggregator import service
from services.aggregator.aggregator import Aggregator
from services.writer.relay import Relay
from shared.configuration.catalog import parse_catalog
from shared.configuration.servers import BrokerSettings
from shared.messaging.payloads import LoadExtracted
from shared.messaging.rabbitmq import Publisher
from shared.messaging.topology import AGGREGATOR_QUEUE
from shared.model.datasets import Catalog
from shared.runtime.files import DataFolder
from shared.runtime.health import Health
from shared.runtime.lifecycle import SideTask
from shared.service.heartbeat import Heartbeat
from shared.service.running import Context
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, body, dropped
from tests.support.eventually import eventually
from tests.support.kinds import only_on_mysql
from tests.support.model import DroppedFile
from tests.support.servers.isolation import Broker, Database
from tests.support.services import REPOSITORY, running_pipeline, summary_of
from tests.support.sessions import sessions
from tests.support.topology import TOPOLOGY

PLACES = "city,county,country"
PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"

DEFAULT_TOML = (REPOSITORY / "inflow" / "default.toml").read_text(encoding="utf-8")

#: Its file differs after each computation: the log says how often that was.
EVERY_COMPUTATION = """
[[summaries]]
file = "computation.json"
format = "json-rows"
query = "SELECT CURRENT_TIMESTAMP(6) AS computation"
"""


def catalog_with(*summaries: str) -> Catalog:
    """Return people and places with these further summaries."""
    return parse_catalog(DEFAULT_TOML + "\n".join(summaries), source="test")


def query_summary(file: str, file_format: str, query: str) -> str:
    return f"[[summaries]]\nfile = {file!r}\nformat = {file_format!r}\nquery = '''{query}'''\n"


def kelso(load_id: int) -> DroppedFile:
    return dropped(load_id, "places", PLACES, ("Kelso", "Borders", "Scotland"))


def born_in_kelso(load_id: int, *, people: int) -> DroppedFile:
    """Build a file of people that no other load has."""
    rows = [(f"Given {number}", f"Family {load_id}", "1937-01-02", "Kelso") for number in range(people)]
    return dropped(load_id, "people", PEOPLE, *rows)


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    """A channel of the test's own, to inspect the queues independently."""
    with broker.channel() as channel:
        yield channel


@contextmanager
def warehouse_of(database: Database, catalog: Catalog) -> Iterator[Warehouse]:
    with closing(Warehouse(database.url, catalog)) as warehouse:
        yield warehouse


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    with warehouse_of(database, default_catalog()) as warehouse:
        yield warehouse


@pytest.fixture
def deaf_to_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sees then comes from the start or from an event."""
    monkeypatch.setattr(service, "BEAT_SECONDS", 3600.0)


@contextmanager
def aggregating(warehouse: Warehouse, settings: BrokerSettings, folder: Path) -> Iterator[None]:
    """Run the service in a separate thread."""
    stop = threading.Event()
    context = Context(
        store=warehouse.store,
        broker=settings,
        folder=DataFolder(folder),
        heartbeat=Heartbeat(warehouse.store, "aggregator", Health(None)),
        stop=stop,
    )
    task = SideTask(lambda: service.run(context), stop=stop, name="aggregator")
    task.start()
    try:
        yield
    finally:
        stop.set()
        task.finish()


def relay_events(warehouse: Warehouse, settings: BrokerSettings) -> int:
    """Publish the events of complete loads, as a writer does."""
    with closing(Publisher(settings, name="tests")) as publisher:
        return Relay(warehouse.store, publisher).run_once()


def eventually_counts(folder: Path, **counts: int) -> None:
    path, right = folder / "summary_output.json", summary_of(counts)
    eventually(lambda: path.exists() and path.read_bytes() == right, message=right.decode())


def aggregator_of(warehouse: Warehouse, folder: Path) -> Aggregator:
    return Aggregator(
        folder=DataFolder(folder),
        store=warehouse.store,
        stop=threading.Event(),
    )


def computations(caplog: pytest.LogCaptureFixture, *, file: str) -> int:
    """Count how often a file was written, by the log."""
    written = (vars(record) for record in caplog.records if vars(record).get("action") == "summary_written")
    return sum(record["file"] == file for record in written)


def test_it_summarises_at_its_start_what_was_loaded_before(
    warehouse: Warehouse, settings: BrokerSettings, tmp_path: Path, deaf_to_the_timer: None
) -> None:
    warehouse.load(kelso(1), born_in_kelso(2, people=3))

    with aggregating(warehouse, settings, tmp_path):
        eventually_counts(tmp_path, Scotland=3)


def test_it_writes_an_empty_summary_where_nothing_was_loaded(
    warehouse: Warehouse, settings: BrokerSettings, tmp_path: Path, deaf_to_the_timer: None
) -> None:
    with aggregating(warehouse, settings, tmp_path):
        eventually_counts(tmp_path)


def test_an_event_brings_the_summary_up_to_date(
    warehouse: Warehouse, settings: BrokerSettings, tmp_path: Path, deaf_to_the_timer: None
) -> None:
    with aggregating(warehouse, settings, tmp_path):
        eventually_counts(tmp_path)
        warehouse.load(kelso(1), born_in_kelso(2, people=3))
        assert relay_events(warehouse, settings) == 2

        eventually_counts(tmp_path, Scotland=3)


def test_a_lost_event_only_delays_the_summary(
    warehouse: Warehouse, settings: BrokerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BEAT_SECONDS", 0.2)
    with aggregating(warehouse, settings, tmp_path):
        eventually_counts(tmp_path)

        # Nobody publishes the events.
        warehouse.load(kelso(1), born_in_kelso(2, people=3))

        eventually_counts(tmp_path, Scotland=3)


def test_events_that_wait_together_are_answered_with_one_computation(
    broker: Broker,
    database: Database,
    settings: BrokerSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    deaf_to_the_timer: None,
) -> None:
    caplog.set_level(logging.INFO)
    with (
        warehouse_of(database, catalog_with(EVERY_COMPUTATION)) as warehouse,
        aggregating(warehouse, settings, tmp_path),
    ):
        eventually(lambda: computations(caplog, file="computation.json") == 1)
        other_aggregator = DataFolder(tmp_path).lock("aggregator")
        # The first computation is in the log before its lock is given back.
        eventually(other_aggregator.acquire)
        warehouse.load(kelso(1), *(born_in_kelso(load_id, people=1) for load_id in range(2, 7)))
        relay_events(warehouse, settings)
        # The consumer holds two of the six, the first of them in hand.
        eventually(lambda: broker.queue_depths()[TOPOLOGY.name(AGGREGATOR_QUEUE)] == 4)
        other_aggregator.release()

        eventually_counts(tmp_path, Scotland=5)
        eventually(lambda: broker.queue_depths()[TOPOLOGY.name(AGGREGATOR_QUEUE)] == 0)

    assert computations(caplog, file="computation.json") == 2


def test_a_summary_that_would_be_the_same_is_not_touched(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.load(kelso(1), born_in_kelso(2, people=3))
    aggregator = aggregator_of(warehouse, tmp_path)
    aggregator.recompute()
    before = (tmp_path / "summary_output.json").stat()
    warehouse.load(kelso(3))

    assert aggregator.catch_up()

    after = (tmp_path / "summary_output.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (tmp_path / "summary_output.json").read_bytes() == b'{"Scotland":3}'


def test_a_load_is_summarised_once(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.load(kelso(1))
    aggregator = aggregator_of(warehouse, tmp_path)

    assert aggregator.catch_up()
    assert not aggregator.catch_up()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(b"{", "MalformedMessage: JSONDecodeError", id="broken"),
        pytest.param(
            body(LoadExtracted(load_id=1, dataset="people", row_count=7)),
            "MalformedMessage: found load.extracted; the aggregator handles only load.completed",
            id="of another kind",
        ),
    ],
)
def test_an_event_that_is_none_is_dead_lettered_and_the_next_one_answered(
    warehouse: Warehouse,
    broker: Broker,
    settings: BrokerSettings,
    tmp_path: Path,
    channel: Any,
    deaf_to_the_timer: None,
    message: bytes,
    reason: str,
) -> None:
    with aggregating(warehouse, settings, tmp_path):
        eventually_counts(tmp_path)
        channel.basic_publish(TOPOLOGY.exchange, "load.completed", message)
        warehouse.load(kelso(1), born_in_kelso(2, people=3))
        relay_events(warehouse, settings)
        eventually_counts(tmp_path, Scotland=3)
        # Published on another connection than the events, it may come after them.
        eventually(
            lambda: broker.queue_depths()[TOPOLOGY.dead_letter_name(AGGREGATOR_QUEUE)] == 1, message="it is dead"
        )

    _, properties, dead = channel.basic_get(TOPOLOGY.dead_letter_name(AGGREGATOR_QUEUE), auto_ack=True)
    assert dead == message
    assert properties.headers["x-inflow-reason"].startswith(reason)


def test_a_query_may_hold_any_character(database: Database, tmp_path: Path) -> None:
    query = "SELECT city, CONCAT('100% %s %(a)s %% 12:30 :city ::', city) AS note FROM places WHERE city LIKE 'K%o'"
    with warehouse_of(database, catalog_with(query_summary("notes.json", "json-rows", query))) as warehouse:
        warehouse.load(kelso(1))
        aggregator_of(warehouse, tmp_path).recompute()

    assert json.loads((tmp_path / "notes.json").read_bytes()) == [
        {"city": "Kelso", "note": "100% %s %(a)s %% 12:30 :city ::Kelso"}
    ]


def test_a_query_keeps_its_own_order_in_rows_and_in_csv(database: Database, tmp_path: Path) -> None:
    query = "SELECT country, city, COUNT(*) AS places FROM places GROUP BY country, city ORDER BY city DESC"
    summaries = (query_summary("rows.json", "json-rows", query), query_summary("rows.csv", "csv", query))
    with warehouse_of(database, catalog_with(*summaries)) as warehouse:
        rows = [("Ayr", "", "Scotland"), ('Kel"so', "", "Scotland"), ("=1+1", "", "函館")]
        warehouse.load(dropped(1, "places", PLACES, *rows))
        aggregator_of(warehouse, tmp_path).recompute()

    assert json.loads((tmp_path / "rows.json").read_bytes()) == [
        {"country": "Scotland", "city": 'Kel"so', "places": 1},
        {"country": "Scotland", "city": "Ayr", "places": 1},
        {"country": "函館", "city": "=1+1", "places": 1},
    ]
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8") == (
        'country,city,places\nScotland,"Kel""so",1\nScotland,Ayr,1\n函館,\'=1+1,1\n'
    )


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("SELECT nothing FROM nowhere", "nowhere", id="refused by the database"),
        pytest.param("SELECT city, county, country FROM places", "values to unpack", id="not of its format"),
    ],
)
def test_a_failing_query_is_logged_with_its_reason_and_holds_back_no_other_summary(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, query: str, reason: str
) -> None:
    summaries = (query_summary("failing.json", "json-object", query), EVERY_COMPUTATION)
    with warehouse_of(database, catalog_with(*summaries)) as warehouse:
        warehouse.load(kelso(1), born_in_kelso(2, people=3))
        aggregator = aggregator_of(warehouse, tmp_path)

        assert aggregator.catch_up()

        [failure] = [vars(record) for record in caplog.records if vars(record).get("action") == "summary_failed"]
        assert (failure["file"], failure["levelname"], failure["error"]) == ("failing.json", "ERROR", ANY)
        assert reason in failure["message"]
        assert (tmp_path / "summary_output.json").read_bytes() == b'{"Scotland":3}'
        assert (tmp_path / "computation.json").exists()
        assert not (tmp_path / "failing.json").exists()


def test_a_query_that_may_fail_for_a_while_is_tried_again_and_holds_back_no_other_summary(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A view whose table is gone is an error (1356) that is not known to be final."""
    only_on_mysql(database)
    summaries = (query_summary("view.json", "json-object", "SELECT city, 1 FROM towns"), EVERY_COMPUTATION)
    with warehouse_of(database, catalog_with(*summaries)) as warehouse:
        with warehouse.database.transaction() as connection:
            connection.execute(text("CREATE TABLE hidden (city VARCHAR(9))"))
            connection.execute(text("CREATE VIEW towns AS SELECT city FROM hidden"))
            connection.execute(text("DROP TABLE hidden"))
        warehouse.load(kelso(1), born_in_kelso(2, people=3))
        aggregator = aggregator_of(warehouse, tmp_path)

        assert aggregator.catch_up()
        assert (tmp_path / "summary_output.json").read_bytes() == b'{"Scotland":3}'
        assert [vars(each)["error"] for each in caplog.records if vars(each).get("action") == "summary_failed"] == [
            "UnknownDatabaseError"
        ]
        assert aggregator.catch_up(), "it is still to be done"

        with warehouse.database.transaction() as connection:
            connection.execute(text("CREATE TABLE hidden AS SELECT 'Kelso' AS city"))
        assert aggregator.catch_up()
        assert (tmp_path / "view.json").read_bytes() == b'{"Kelso":1}'
        assert not aggregator.catch_up()


class Reader(threading.Thread):
    """Reads a summary all the time, as its users do; notes each count that it sees."""

    def __init__(self, path: Path) -> None:
        # A test that fails before it ends the reading must not keep the process from its end.
        super().__init__(name="reader", daemon=True)
        self._path = path
        self._enough = threading.Event()
        self._failure: Exception | None = None
        self.seen: list[int] = []

    def start(self) -> None:
        # What is there now is seen, however late the thread gets its turn.
        self._read()
        super().start()

    def run(self) -> None:
        # With no pause at all it would keep every other thread of the test from running.
        while not self._enough.wait(0.001) and self._failure is None:
            try:
                self._read()
            except Exception as error:
                self._failure = error

    def finish(self) -> None:
        self._enough.set()
        self.join()
        if self._failure is not None:
            raise self._failure
        self._read()

    def _read(self) -> None:
        if self._path.exists():
            count = sum(json.loads(self._path.read_bytes()).values())
            if self.seen[-1:] != [count]:
                self.seen.append(count)


@dataclass(frozen=True, slots=True)
class Gate:
    """A lock of the database's own: a number that waits for it, how it is held and left, and how waiting shows."""

    number: str
    hold: str
    leave: str
    waiting: str


def gate_of(database: Database) -> Gate:
    name = database.url.rpartition("/")[2].partition("?")[0]
    if database.flavour == "postgresql":
        # Advisory locks are each database's own.
        waits = "length(CAST(pg_advisory_xact_lock(1) AS TEXT))"
        return Gate(waits, "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock(1)", "Lock")
    waits = f"(GET_LOCK('{name}', 60) + RELEASE_LOCK('{name}'))"
    return Gate(waits, f"SELECT GET_LOCK('{name}', 0)", f"SELECT RELEASE_LOCK('{name}')", "User lock")


def gated_configuration(folder: Path, gate: Gate) -> Path:
    """Write a configuration whose summary counts, and then waits for a lock of the database before it answers."""
    query = (
        f"SELECT counted.country, counted.people + 0 * {gate.number} "
        "FROM (SELECT country, COUNT(*) AS people FROM people JOIN places ON city = place_of_birth "
        "GROUP BY country) AS counted"
    )
    datasets = DEFAULT_TOML.partition("[[summaries]]")[0]
    path = folder / "gated.toml"
    path.write_text(datasets + query_summary("summary_output.json", "json-object", query), encoding="utf-8")
    return path


def waits_for_lock(connection: Connection, database: str, gate: Gate) -> bool:
    return any(session.state == gate.waiting for session in sessions(connection, database=database))


def test_g6_a_replica_that_was_stopped_between_its_query_and_its_rename_never_puts_back_an_earlier_state(
    broker: Broker, database: Database, settings: BrokerSettings, tmp_path: Path
) -> None:
    name = database.url.rpartition("/")[2].partition("?")[0]
    gate = gate_of(database)
    configuration = gated_configuration(tmp_path, gate)
    catalog = parse_catalog(configuration.read_text(encoding="utf-8"), source="gated.toml")
    replica = {"INFLOW_CONFIG": str(configuration), "INFLOW_LOG_LEVEL": "DEBUG"}
    with (
        warehouse_of(database, catalog) as warehouse,
        running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=replica) as pipeline,
    ):
        warehouse.load(kelso(1), born_in_kelso(2, people=3))
        with pipeline.transaction() as holder:
            holder.execute(text(gate.hold))
            stopped = pipeline.start_one("aggregator")
            eventually(lambda: waits_for_lock(holder, name, gate), message="it has counted, and waits")
            stopped.pause()
            holder.execute(text(gate.leave))

        warehouse.load(born_in_kelso(3, people=9))
        relay_events(warehouse, settings)
        other = pipeline.start_one("aggregator")
        eventually(lambda: other.logs("lock_awaited") or other.logs("summary_written"))
        reader = Reader(pipeline.summary)
        reader.start()
        stopped.resume()

        pipeline.wait_for_summary({"Scotland": 12})
        eventually(lambda: broker.queue_depths()[TOPOLOGY.name(AGGREGATOR_QUEUE)] == 0)
        assert (stopped.stop(), other.stop()) == (0, 0)
        reader.finish()

    # It did write the state that it had counted; the other one waited for it.
    assert stopped.logs("summary_written")[0]["size_bytes"] == len(b'{"Scotland":3}')
    assert reader.seen == sorted(reader.seen)
    assert reader.seen[-1] == 12
    assert pipeline.summary.read_bytes() == b'{"Scotland":12}'
