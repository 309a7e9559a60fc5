"""The three services as processes on real servers: files dropped, processes killed, servers lost and found."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from shared.messaging.topology import WRITER_QUEUE
from tests.support.births import Births, births
from tests.support.eventually import eventually
from tests.support.forwarder import Forwarder, forwarder
from tests.support.servers.isolation import Broker, Database
from tests.support.servers.management import Management
from tests.support.services import SERVICES, Pipeline, Service, running_pipeline
from tests.support.sessions import sessions
from tests.support.topology import TOPOLOGY

PEOPLE = 3000
#: Chunks so small that a load takes its time, and something can happen to it.
SLOWLY = {"INFLOW_CHUNK_ROWS": "30"}
CHUNKS = PEOPLE // 30
#: All of a load waits in the queue before there is a writer.
ALL_AT_ONCE = {"INFLOW_BACKLOG_MESSAGES": str(2 * CHUNKS), **SLOWLY}

CANARY = "Canary-p@ss/wörd"
CANARY_IN_URL = "Canary-p%40ss%2Fw%C3%B6rd"


@pytest.fixture
def aird() -> Births:
    return births("Aird", people=PEOPLE)


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        yield pipeline


@contextmanager
def books_held(pipeline: Pipeline, load_id: int) -> Iterator[None]:
    """Lock a load's row in the ledger: its next chunk stays in the middle of its transaction."""
    with pipeline.transaction() as holder:
        holder.execute(text("SELECT load_id FROM inflow_loads WHERE load_id = :id FOR UPDATE"), {"id": load_id})
        yield


def wait_until_a_chunk_waits(pipeline: Pipeline, database: Database) -> None:
    """Wait until a writer is about to account for a chunk in a ledger that is held."""
    name = str(make_url(database.url).database)

    def waiting() -> bool:
        with pipeline.transaction() as connection:
            found = sessions(connection, database=name)
        return any(session.statement.startswith("UPDATE inflow_loads SET rows_done") for session in found)

    eventually(waiting, message="a chunk waits for the ledger")


@contextmanager
def writer_held(pipeline: Pipeline, database: Database, load_id: int) -> Iterator[Service]:
    """Start a writer once a load is published, and keep it in the middle of the first chunk.

    A load that a writer works on already may be over before its ledger is held.
    """
    pipeline.wait_for_load(load_id, lambda load: load.state == "published")
    with books_held(pipeline, load_id):
        writer = pipeline.start_one("writer")
        wait_until_a_chunk_waits(pipeline, database)
        yield writer


def outcomes(load: Any) -> dict[str, int]:
    """Return how the rows of a load ended, without the outcomes that none had."""
    names = ("inserted", "updated", "unchanged", "superseded", "rejected")
    return {name: getattr(load, name) for name in names if getattr(load, name)}


def load_of(pipeline: Pipeline, file: str) -> Any:
    """Return what the ledger has of the only load of a file."""
    [load] = [load for load in pipeline.loads().values() if load.file == file]
    return load


def wait_until_loaded(pipeline: Pipeline, load_id: int, **expected: int) -> None:
    """Wait until a file is archived, and check that each of its rows ended once, and how."""
    pipeline.wait_until_archived(load_id)
    load = pipeline.loads()[load_id]
    assert outcomes(load) == expected
    assert load.rows_done == load.row_count == sum(expected.values())


def people_in(pipeline: Pipeline) -> int:
    [(count,)] = pipeline.query("SELECT COUNT(*) FROM people")
    return int(count)


@pytest.mark.parametrize("writers", [1, 4])
@pytest.mark.parametrize("first", ["people", "places"])
def test_the_summary_is_right_whatever_is_dropped_first_and_however_many_writers_there_are(
    pipeline: Pipeline, aird: Births, first: str, writers: int
) -> None:
    started = pipeline.start("watcher", "aggregator", *["writer"] * writers, INFLOW_CHUNK_ROWS="200")
    files = {"people": aird.people_csv, "places": aird.places_csv}
    other = "places" if first == "people" else "people"

    pipeline.drop(f"{first}.csv", files[first])
    pipeline.wait_until_archived(1)
    pipeline.wait_for_summary({})
    pipeline.drop(f"{other}.csv", files[other])
    pipeline.wait_until_archived(2)

    pipeline.wait_for_summary(aird.by_country)
    assert outcomes(load_of(pipeline, "people.csv")) == {"inserted": PEOPLE}
    assert outcomes(load_of(pipeline, "places.csv")) == {"inserted": 7}
    archived = {path.name: path.read_text(encoding="utf-8") for path in (pipeline.data / "archive").iterdir()}
    assert archived == {f"{first}.1.csv": files[first], f"{other}.2.csv": files[other]}
    assert [service.stop() for service in started] == [0] * len(started)


def test_a_repeated_drop_changes_nothing_and_an_edited_line_changes_its_row(pipeline: Pipeline, aird: Births) -> None:
    pipeline.start("watcher", "writer", "aggregator")
    pipeline.drop("places.csv", aird.places_csv)
    pipeline.drop("people.csv", aird.people_csv)
    pipeline.wait_for_summary(aird.by_country)
    pipeline.wait_until_archived(1, 2)
    values = "SELECT given_name, date_of_birth, place_of_birth, _changed_load FROM people ORDER BY given_name"
    before = pipeline.query(values), pipeline.summary.stat()

    pipeline.drop("people.csv", aird.people_csv)
    wait_until_loaded(pipeline, 3, unchanged=PEOPLE)
    pipeline.wait_for_load(3, lambda load: load.summarised_at)
    after = pipeline.summary.stat()
    assert pipeline.query(values) == before[0]
    assert (after.st_ino, after.st_mtime_ns) == (before[1].st_ino, before[1].st_mtime_ns)

    pipeline.drop("people.csv", aird.people_csv.replace("Kelso of Aird", "Coleraine of Aird", 1))
    wait_until_loaded(pipeline, 4, updated=1, unchanged=PEOPLE - 1)
    moved = {"Scotland": aird.by_country["Scotland"] - 1, "Northern Ireland": aird.by_country["Northern Ireland"] + 1}
    pipeline.wait_for_summary({**aird.by_country, **moved})


def test_the_log_accounts_for_a_load_as_the_ledger_does(pipeline: Pipeline, aird: Births) -> None:
    watcher, writer = pipeline.start("watcher", "writer")
    pipeline.drop("people.csv", aird.people_csv + "Kim,Aird,1937-02-30,Kelso of Aird\n")
    pipeline.wait_until_archived(1)

    line = writer.logged("load_completed", load_id=1)
    accounts = ("file", "dataset", "rows_read", "inserted", "rejected", "waiting_rows", "waiting_for")
    assert [line[name] for name in accounts] == ["people.csv", "people", PEOPLE + 1, PEOPLE, 1, PEOPLE, 7]
    assert watcher.logged("file_claimed", load_id=1)["file"] == "people.csv"
    assert watcher.logged("file_archived", load_id=1)["file"] == "people.csv"
    for each in (*watcher.logs(), *writer.logs()):
        assert {"time", "level", "service", "message", "action"} <= each.keys()


def test_a_file_is_found_by_polling_only(pipeline: Pipeline, aird: Births) -> None:
    pipeline.start("watcher", "writer", INFLOW_WATCH="poll")
    eventually((pipeline.data / "inbox").exists)

    (pipeline.data / "inbox" / "places.csv").write_text(aird.places_csv, encoding="utf-8")

    wait_until_loaded(pipeline, 1, inserted=7)


def test_of_two_watchers_one_is_active_and_the_other_takes_over_when_it_is_killed(
    pipeline: Pipeline, aird: Births
) -> None:
    active, writer = pipeline.start("watcher", "writer")
    pipeline.drop("places.csv", aird.places_csv)
    pipeline.wait_until_archived(1)
    standing_by = pipeline.start_one("watcher")
    standing_by.logged("standing_by")

    active.kill()
    pipeline.drop("people.csv", aird.people_csv)

    wait_until_loaded(pipeline, 2, inserted=PEOPLE)
    assert standing_by.logged("file_claimed", load_id=2)
    assert (standing_by.stop(), writer.stop()) == (0, 0)


def test_a_watcher_that_stands_by_stops_on_request(pipeline: Pipeline) -> None:
    pipeline.start("watcher")[0].logged("started")
    eventually((pipeline.data / "inbox").exists)
    standing_by = pipeline.start_one("watcher")
    standing_by.logged("standing_by")

    assert standing_by.stop() == 0


def test_g9_a_writer_killed_in_the_middle_of_a_chunk_leaves_nothing_half_done(
    pipeline: Pipeline, database: Database, aird: Births
) -> None:
    pipeline.start("watcher", **ALL_AT_ONCE)
    pipeline.drop("people.csv", aird.people_csv)
    with writer_held(pipeline, database, 1) as writer:
        writer.kill()

    pipeline.start("writer")

    wait_until_loaded(pipeline, 1, inserted=PEOPLE)
    assert people_in(pipeline) == PEOPLE


def test_g9_a_watcher_killed_in_the_middle_of_a_file_resumes_its_load(pipeline: Pipeline, aird: Births) -> None:
    watcher = pipeline.start_one("watcher", INFLOW_BACKLOG_MESSAGES="3", **SLOWLY)
    pipeline.drop("people.csv", aird.people_csv)
    pipeline.wait_for_load(1, lambda load: load.reason == "queue-full")
    watcher.kill()

    # Its chunks keep their bounds, whatever the settings are now.
    pipeline.start("watcher", "writer", INFLOW_CHUNK_ROWS="500")

    wait_until_loaded(pipeline, 1, inserted=PEOPLE)
    assert people_in(pipeline) == PEOPLE
    assert pipeline.query("SELECT COUNT(*) FROM inflow_chunks WHERE load_id = 1") == [(CHUNKS,)]


def test_g5_a_load_completes_by_itself_after_the_broker_lost_all_its_data(
    pipeline: Pipeline, broker: Broker, database: Database, aird: Births
) -> None:
    watcher, aggregator = pipeline.start("watcher", "aggregator", INFLOW_REPUBLISH_SECONDS="1", **ALL_AT_ONCE)
    pipeline.drop("places.csv", aird.places_csv)
    pipeline.drop("people.csv", aird.people_csv)
    management = Management(broker.server)
    with writer_held(pipeline, database, 2) as writer:
        management.delete_vhost(broker.vhost)
        management.make_vhost(broker.vhost)

    wait_until_loaded(pipeline, 2, inserted=PEOPLE)
    pipeline.wait_for_summary(aird.by_country)
    assert watcher.logs("load_revived")
    assert people_in(pipeline) == PEOPLE
    assert (watcher.stop(), writer.stop(), aggregator.stop()) == (0, 0, 0)


@contextmanager
def behind_forwarders(
    folder: Path, broker: Broker, database: Database, *, is_open: bool
) -> Iterator[tuple[Pipeline, Forwarder, Forwarder]]:
    """Give a pipeline that reaches its broker and its database through one forwarder each."""
    url = make_url(database.url)
    server = broker.server
    with (
        forwarder((server.host, server.port), is_open=is_open) as to_broker,
        forwarder((url.host or "localhost", url.port or 3306), is_open=is_open) as to_database,
    ):
        broker_url = replace(server, host="127.0.0.1", port=to_broker.port).url(broker.vhost)
        database_url = url.set(host="127.0.0.1", port=to_database.port).render_as_string(hide_password=False)
        settings = {"RABBITMQ_URL": broker_url, "DATABASE_URL": database_url}
        # The test itself asks the database without a detour.
        with running_pipeline(folder, broker_url=broker.url, database_url=database.url, settings=settings) as pipeline:
            yield pipeline, to_broker, to_database


def test_services_that_start_before_their_servers_keep_trying_and_work_once_these_are_there(
    broker: Broker, database: Database, tmp_path: Path, aird: Births
) -> None:
    with behind_forwarders(tmp_path, broker, database, is_open=False) as (pipeline, to_broker, to_database):
        services = pipeline.start(*SERVICES)
        for service in services:
            service.logged("dependency_failed", error="DatabaseUnavailable")

        to_database.open()
        for service in services:
            service.logged("dependency_failed", error="BrokerUnavailable")

        to_broker.open()
        pipeline.drop("places.csv", aird.places_csv)
        pipeline.drop("people.csv", aird.people_csv)
        pipeline.wait_for_summary(aird.by_country)


def test_connections_that_are_cut_in_the_middle_of_a_load_only_delay_it(
    broker: Broker, database: Database, tmp_path: Path, aird: Births
) -> None:
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, to_broker, to_database):
        pipeline.start("watcher", "aggregator", **ALL_AT_ONCE)
        pipeline.drop("places.csv", aird.places_csv)
        pipeline.drop("people.csv", aird.people_csv)
        with writer_held(pipeline, database, 2):
            to_broker.cut()
            to_database.cut()

        wait_until_loaded(pipeline, 2, inserted=PEOPLE)
        pipeline.wait_for_summary(aird.by_country)
        assert people_in(pipeline) == PEOPLE


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_touches_its_health_file_and_stops_with_0(pipeline: Pipeline, name: str, tmp_path: Path) -> None:
    """Also where it looks at the folders once in an hour."""
    health = {"INFLOW_HEALTH_FILE": str(tmp_path / "health"), "INFLOW_RESCAN_SECONDS": "3600"}
    assert pipeline.command("health", **health).returncode == 1
    service = pipeline.start_one(name, **health)
    eventually((tmp_path / "health").exists, message="the health file is there")
    assert pipeline.command("health", **health).returncode == 0

    assert service.stop() == 0
    assert service.logs()[-1]["action"] == "stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_stops_with_0_while_it_waits_for_its_servers(
    broker: Broker, database: Database, tmp_path: Path, name: str
) -> None:
    with behind_forwarders(tmp_path, broker, database, is_open=False) as (pipeline, _, to_database):
        waits_for_database = pipeline.start_one(name)
        waits_for_database.logged("dependency_failed", error="DatabaseUnavailable")
        assert waits_for_database.stop() == 0

        to_database.open()
        waits_for_broker = pipeline.start_one(name)
        waits_for_broker.logged("dependency_failed", error="BrokerUnavailable")
        assert waits_for_broker.stop() == 0


@pytest.mark.parametrize("name", ["watcher", "aggregator"])
def test_a_data_folder_that_can_not_be_used_yet_only_delays_a_service(pipeline: Pipeline, name: str) -> None:
    pipeline.data.write_text("a file where the folder should be")
    waiting, stopped = pipeline.start(name, name)
    for service in (waiting, stopped):
        service.logged("dependency_failed", error="FolderUnavailable")
    assert stopped.stop() == 0

    pipeline.data.unlink()

    eventually((pipeline.data / "inbox").is_dir)
    assert waiting.stop() == 0


@pytest.mark.parametrize(
    ("name", "table"), [("watcher", "inflow_loads"), ("writer", "inflow_outbox"), ("aggregator", "inflow_loads")]
)
def test_a_service_whose_table_is_dropped_makes_it_again_in_the_same_process(
    pipeline: Pipeline, aird: Births, name: str, table: str
) -> None:
    """Nothing has to start it again; a service that ended would be started into the same error."""
    health = pipeline.folder / "health"
    service = pipeline.start_one(name, INFLOW_HEALTH_FILE=str(health))
    eventually(health.exists)

    with pipeline.transaction() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    pipeline.drop("places.csv", aird.places_csv)

    assert table in service.logged("dependency_failed", error="TablesUnusable")["message"]
    eventually(lambda: pipeline.has_table(table), message=f"{table} is made again")
    health.unlink()
    eventually(health.exists, message="it works again")
    assert service.stop() == 0


def test_one_of_our_tables_that_is_altered_under_a_service_keeps_it_waiting_until_it_is_repaired(
    pipeline: Pipeline,
) -> None:
    """A column that is gone would be missed by every start, too: a service that ended would be restarted forever."""
    health = pipeline.folder / "health"
    service = pipeline.start_one("aggregator", INFLOW_HEALTH_FILE=str(health))
    eventually(health.exists)

    with pipeline.transaction() as connection:
        connection.execute(text("ALTER TABLE inflow_loads DROP COLUMN summarised_at"))

    line = service.logged("dependency_failed", error="SchemaMismatch")
    assert "inflow_loads: column summarised_at is missing" in line["message"]
    with pipeline.transaction() as connection:
        moment = "TIMESTAMP" if connection.dialect.name == "postgresql" else "DATETIME(6)"
        connection.execute(text(f"ALTER TABLE inflow_loads ADD COLUMN summarised_at {moment}"))
    health.unlink()
    eventually(health.exists, message="it works again")
    assert service.stop() == 0


def test_sigterm_finishes_the_chunk_in_hand_and_gives_back_the_others(
    pipeline: Pipeline, broker: Broker, database: Database, aird: Births
) -> None:
    watcher = pipeline.start_one("watcher", **ALL_AT_ONCE)
    pipeline.drop("people.csv", aird.people_csv)
    pipeline.wait_for_load(1, lambda load: load.state == "published")
    assert watcher.stop() == 0
    with writer_held(pipeline, database, 1) as writer:
        writer.request_stop()

    assert writer.wait() == 0
    assert pipeline.loads()[1].rows_done == 30
    # All other chunks, and the manifest.
    eventually(lambda: broker.queue_depths()[TOPOLOGY.name(WRITER_QUEUE)] == CHUNKS)


def test_a_second_sigterm_does_not_wait_for_the_chunk_in_hand(
    pipeline: Pipeline, broker: Broker, database: Database, aird: Births
) -> None:
    pipeline.start("watcher", **SLOWLY)
    pipeline.drop("people.csv", aird.people_csv)
    pipeline.wait_for_load(1, lambda load: load.state == "published" or load.reason == "queue-full")
    with books_held(pipeline, 1):
        writer = pipeline.start_one("writer")
        wait_until_a_chunk_waits(pipeline, database)
        writer.request_stop()
        assert not writer.has_ended

        assert writer.stop() == -signal.SIGTERM


WRONG = {
    "RABBITMQ_URL": f"amqp://guest:{CANARY_IN_URL}@localhost:many/",
    "DATABASE_URL": f"oracle://root:{CANARY_IN_URL}@localhost/inflow",
    "INFLOW_LOG_LEVEL": "loud",
    "RABBITMQ_HEARTBEAT_SECONDS": "0",
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_wrong_configuration_ends_a_service_with_2_and_all_that_is_wrong(
    pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    configuration = tmp_path / "wrong.toml"
    configuration.write_text('[datasets.people]\nkey = ["name"]\ncolour = "red"\n', encoding="utf-8")

    service = pipeline.start_one(name, INFLOW_CONFIG=str(configuration), INFLOW_CHUNK_ROWS="0", **WRONG)

    assert service.wait() == 2
    expected = {*WRONG, "colour", *(["INFLOW_CHUNK_ROWS"] if name == "watcher" else [])}
    assert {each for each in expected if each not in service.output()} == set()
    assert "Traceback" not in service.output()
    assert CANARY not in service.output()
    assert CANARY_IN_URL not in service.output()


def test_no_password_gets_into_a_log(pipeline: Pipeline, broker: Broker, database: Database) -> None:
    """Neither one that a server refuses nor, in the line that a service starts with, any."""
    broker_url = replace(broker.server, password=CANARY).url(broker.vhost)
    database_url = (
        make_url(database.url).set(username="stranger", password=CANARY).render_as_string(hide_password=False)
    )
    assert CANARY_IN_URL in broker_url
    writer = pipeline.start_one("writer", RABBITMQ_URL=broker_url, INFLOW_LOG_LEVEL="DEBUG")
    watcher = pipeline.start_one("watcher", DATABASE_URL=database_url, INFLOW_LOG_LEVEL="DEBUG")
    aggregator = pipeline.start_one(
        "aggregator", RABBITMQ_URL=broker_url, DATABASE_URL=database_url, INFLOW_LOG_FORMAT="text"
    )

    writer.logged("dependency_failed", error="BrokerUnavailable")
    watcher.logged("dependency_failed", error="DatabaseUnavailable")
    eventually(lambda: "trying again" in aggregator.output())

    for service in (writer, watcher, aggregator):
        assert "started" in service.output()
        for secret in (CANARY, CANARY_IN_URL, "Canary"):
            assert secret not in service.output()
