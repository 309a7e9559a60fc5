"""Faults of the database under running services: locks, lost commits, silence, refusals; transactions stay atomic."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, exc, make_url, text

from services.writer.handlers import WriterHandlers
from shared.messaging.delivery import Answer, Patience, Settlement, settle
from shared.storage.database import Database as ProductDatabase
from tests.e2e.test_services import behind_forwarders
from tests.faults.conftest import SETTINGS
from tests.support.births import Births, births
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, body, chunks, dropped, manifest
from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.forwarder import Direction, Forwarder, forwarder
from tests.support.model import Accounts, DroppedFile
from tests.support.private_database import administrator, administrator_of
from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Broker, Database
from tests.support.services import SERVICES, Pipeline, Service, running_pipeline
from tests.support.sessions import sessions
from verification.holding import end_sessions

if TYPE_CHECKING:
    from shared.messaging.payloads import Payload

PEOPLE = 600
#: Several heartbeats.
SILENCE_SECONDS = 6
#: Of one who must not miss any, not even on a machine that is slow for a while; and several of them.
SLOWER_HEARTBEAT_SECONDS, LONGER_SILENCE_SECONDS = 3, 15
KILLS = 5
#: Enough rows for their load to stay open long after its start is seen.
MANY_PEOPLE = 1500

#: As many as MariaDB allows at least.
MAX_CONNECTIONS = 10


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    with closing(Warehouse(database.url, default_catalog())) as warehouse:
        yield warehouse


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=SETTINGS) as pipeline:
        yield pipeline


def people(count: int) -> DroppedFile:
    header = "given_name,family_name,date_of_birth,place_of_birth"
    return dropped(1, "people", header, *((f"Given {n}", "Ash", "1901-02-03", "Weir") for n in range(count)))


def settled(writer: WriterHandlers, content: bytes) -> Settlement:
    return settle(writer.handle, content, stop=threading.Event(), patience=Patience())


def retries(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["reason"] for record in caplog.records if vars(record).get("action") == "message_retried"]


def test_a_chunk_that_waits_too_long_for_a_lock_is_retried(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Error 1205 leaves the transaction open: the retry must find nothing of the first try."""
    file = people(4)
    warehouse.load(dropped(2, "places", "city,county,country", ("Weir", "", "Scotland")))
    warehouse.claim(file)
    with closing(warehouse.impatient_database()) as impatient, ThreadPoolExecutor(1) as threads:
        writer = warehouse.new_writer(impatient)
        with warehouse.second_session() as other:
            other.execute(text("SELECT * FROM places WHERE city = 'Weir' FOR UPDATE"))
            settling = threads.submit(settled, writer, body(chunks(file)[0]))
            eventually(lambda: retries(caplog), message="a retry")

        assert settling.result().outcome is Answer.ACK
        assert settled(writer, body(manifest(file))).outcome is Answer.ACK

    assert all("(1205, " in reason for reason in retries(caplog))
    assert warehouse.accounts(1) == Accounts(read=4, inserted=4)


class LostCommits:
    """Loses the answer to a commit, or the commit itself, each time it is armed."""

    def __init__(self, *, arrives: bool) -> None:
        self._arrives = arrives
        self._is_armed = self._has_changed = False
        self.forward: Forwarder
        self.lost = threading.Event()

    def arm(self) -> None:
        self.lost.clear()
        self._is_armed, self._has_changed = True, False

    def hear(self, data: bytes) -> None:
        self._has_changed |= b"INSERT INTO inflow_" in data or b"UPDATE inflow_" in data
        if not (self._is_armed and self._has_changed and data.endswith(b"\x03COMMIT")):
            return
        self._is_armed = False
        if self._arrives:
            self.forward.freeze(Direction.TO_CLIENTS)
        else:
            self.forward.cut()
        self.lost.set()


@pytest.mark.parametrize("arrives", [True, False], ids=["the commit arrives", "the commit is lost"])
def test_a_connection_lost_during_the_commit_leaves_the_message_applied_once(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture, arrives: bool
) -> None:
    """The client can't know whether the commit was applied; the ledger and the load's row tell."""
    file = people(4)
    warehouse.claim(file)
    # Unencrypted, so that the forwarder can recognise a commit.
    url = make_url(warehouse.url).update_query_dict({"ssl_disabled": "true"})
    commits = LostCommits(arrives=arrives)
    with (
        forwarder((url.host or "", url.port or 0), on_sent=commits.hear) as forward,
        closing(ProductDatabase(url.set(host="127.0.0.1", port=forward.port))) as database,
        ThreadPoolExecutor(1) as threads,
    ):
        commits.forward = forward
        writer = warehouse.new_writer(database)
        payloads: list[Payload] = [*chunks(file), manifest(file)]
        for number, payload in enumerate(payloads, start=1):
            commits.arm()
            settling = threads.submit(settled, writer, body(payload))
            assert commits.lost.wait(MAX_WAIT_SECONDS)
            if arrives:
                eventually(lambda: effects(warehouse) == number, message="the commit is made")  # noqa: B023
                forward.cut()
                forward.thaw()
            assert settling.result().outcome is Answer.ACK
            assert effects(warehouse) == number

    assert len(retries(caplog)) >= 2
    assert warehouse.accounts(1) == Accounts(read=4, inserted=4)
    assert warehouse.completed_loads() == [1]


def effects(warehouse: Warehouse) -> int:
    """Count the effects of the chunk and the manifest."""
    return warehouse.row_counts()["inflow_chunks"] + len(warehouse.completed_loads())


def stones(people: int = PEOPLE) -> Births:
    return births("Stone", people=people)


def start_in_mid_load(pipeline: Pipeline, *, people: int = PEOPLE) -> list[Service]:
    """Start all services, with the places loaded and the load of the people started."""
    services = pipeline.start(*SERVICES)
    family = stones(people)
    pipeline.drop("places.csv", family.places_csv)
    pipeline.wait_until_archived(1)
    pipeline.drop("people.csv", family.people_csv)
    pipeline.wait_for_load(2, lambda load: load.rows_done)
    return services


def drop_more(pipeline: Pipeline) -> None:
    """Drop more people, who have no birthplace and are in no count, so that the services have work in any case.

    Their load may fail before it gets a number, or finish after all others.
    """
    pipeline.drop("people-more.csv", births("Moor", people=PEOPLE).people_csv)


def assert_loaded(pipeline: Pipeline, broker: Broker, services: list[Service]) -> None:
    """Every row is loaded once and counted; no message is left or dead-lettered, and no service ended."""
    pipeline.wait_until_archived(2)
    assert (pipeline.loads()[2].inserted, pipeline.loads()[2].rows_done) == (PEOPLE, PEOPLE)
    pipeline.wait_for_summary(stones().by_country)
    eventually(lambda: set(broker.queue_depths().values()) == {0}, message="the queues are empty")
    assert [service.stop() for service in services] == [0] * len(services)


def sessions_of(connection: Connection, database: Database) -> set[int]:
    name = str(make_url(database.url).database)
    return {session.number for session in sessions(connection, database=name)}


def test_sessions_killed_by_an_administrator_only_delay_a_load(
    pipeline: Pipeline, broker: Broker, database: Database
) -> None:
    """Sessions of all services, including idle ones in their pools."""
    services = start_in_mid_load(pipeline)
    with administrator(database) as connection:
        for _ in range(KILLS):
            rows_done = pipeline.loads()[2].rows_done
            end_sessions(connection, sessions_of(connection, database))
            pipeline.wait_for_load(2, lambda load: load.completed_at or load.rows_done > rows_done)  # noqa: B023

    assert_loaded(pipeline, broker, services)


def test_a_silent_database_does_not_cost_the_writer_its_broker_connection(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    """Heartbeats continue while the chunk is being handled, or it would be redelivered."""
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, _, to_database):
        pipeline.settings |= {**SETTINGS, "INFLOW_LOG_LEVEL": "DEBUG"}
        pipeline.settings["RABBITMQ_HEARTBEAT_SECONDS"] = str(SLOWER_HEARTBEAT_SECONDS)
        services = start_in_mid_load(pipeline)
        to_database.freeze()
        time.sleep(LONGER_SILENCE_SECONDS)
        to_database.thaw()

        assert_loaded(pipeline, broker, services)
        _, writer, _ = services
        assert writer.logs("chunk_merged")
        assert writer.logs("chunk_repeated") == []


def test_a_database_that_is_silent_and_then_gone_only_delays_a_load(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, _, to_database):
        pipeline.settings |= SETTINGS
        services = start_in_mid_load(pipeline)
        to_database.freeze()
        time.sleep(SILENCE_SECONDS)
        to_database.cut()
        to_database.thaw()

        assert_loaded(pipeline, broker, services)


def test_a_server_that_is_temporarily_read_only_only_delays_a_load(
    private_pipeline: Pipeline, broker: Broker, private_server: DatabaseServer
) -> None:
    """As during a fail-over."""
    services = start_in_mid_load(private_pipeline)
    with administrator_of(private_server) as connection:
        connection.execute(text("SET GLOBAL read_only = ON"))
        # Whichever service fails first: a watcher that can't write to the ledger publishes nothing more.
        try:
            drop_more(private_pipeline)
            eventually(lambda: any("(1290" in each.output() for each in services), message="no service can write")
        finally:
            connection.execute(text("SET GLOBAL read_only = OFF"))

    assert_loaded(private_pipeline, broker, services)


def test_a_server_without_its_temporary_folder_only_delays_a_load(
    private_pipeline: Pipeline, broker: Broker, private_server: DatabaseServer
) -> None:
    """As with a disk that is full or not mounted; MariaDB puts temporary tables there that exceed its memory."""
    with administrator_of(private_server) as connection:
        if not connection.dialect.is_mariadb:  # type: ignore[attr-defined]
            pytest.skip("MySQL keeps temporary tables in its data")
        connection.execute(text("SET GLOBAL tmp_memory_table_size = 0"))
        services = start_in_mid_load(private_pipeline)
        folder = Path(connection.execute(text("SELECT @@tmpdir")).scalar_one())
        away = folder.rename(folder.with_name("away"))
        try:
            drop_more(private_pipeline)
            eventually(lambda: any("(1, 'Can" in each.output() for each in services), message="it fails")
        finally:
            away.rename(folder)
            connection.execute(text("SET GLOBAL tmp_memory_table_size = DEFAULT"))

    assert_loaded(private_pipeline, broker, services)


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Make a database read-only for the block; afterwards it can be dropped again."""
    name = make_url(database.url).database
    with administrator(database) as connection:
        connection.execute(text(f"ALTER DATABASE {name} READ ONLY = 1"))
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} READ ONLY = 0"))


def test_a_database_that_is_temporarily_read_only_only_delays_a_load(
    pipeline: Pipeline, broker: Broker, database: Database
) -> None:
    """As while an administrator moves it; only MySQL has this setting."""
    if database.flavour != "mysql":
        pytest.skip("MariaDB has no databases that are read-only")
    services = start_in_mid_load(pipeline)
    with read_only(database):
        drop_more(pipeline)
        eventually(lambda: any("(3989" in each.output() for each in services), message="no service can write")

    assert_loaded(pipeline, broker, services)


def test_a_server_with_too_many_connections_only_delays_a_load(
    private_pipeline: Pipeline, broker: Broker, private_database: Database, private_server: DatabaseServer
) -> None:
    services = start_in_mid_load(private_pipeline)
    with administrator_of(private_server) as operator, ExitStack() as taken:
        operator.execute(text(f"SET GLOBAL max_connections = {MAX_CONNECTIONS}"))

        def have_all_found_too_many() -> bool:
            end_sessions(operator, sessions_of(operator, private_database))
            take_all_connections(private_server, taken)
            return all("(1040" in service.output() for service in services)

        eventually(have_all_found_too_many, message="no service gets a connection")
        operator.execute(text("SET GLOBAL max_connections = DEFAULT"))

    assert_loaded(private_pipeline, broker, services)


def take_all_connections(server: DatabaseServer, taken: ExitStack) -> None:
    with suppress(exc.OperationalError):
        while True:
            taken.enter_context(administrator_of(server))


def test_a_database_that_is_dropped_and_created_again_gets_its_open_load_from_the_file(
    pipeline: Pipeline, broker: Broker, database: Database
) -> None:
    """Archived loads are lost with the database; open files in processing/ are loaded completely. No service ends."""
    services = start_in_mid_load(pipeline, people=MANY_PEOPLE)
    name = make_url(database.url).database
    assert pipeline.loads()[2].completed_at is None
    with administrator(database) as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))

    def loaded() -> bool:
        return any(load.file == "people.csv" and load.state == "archived" for load in pipeline.loads().values())

    eventually(loaded, timeout_seconds=2 * MAX_WAIT_SECONDS, message="people.csv is loaded")
    [load] = pipeline.loads().values()
    assert (load.load_id, load.inserted, load.rows_done) == (2, MANY_PEOPLE, MANY_PEOPLE)
    # Until the watcher has registered its file again, its chunks are unknown, and wait.
    assert [line for each in services for line in each.logs("message_dead_lettered")] == []
    assert [each.stop() for each in services] == [0, 0, 0]
