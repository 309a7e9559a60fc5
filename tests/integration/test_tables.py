"""Missing tables are created, existing ones compared; sessions have their own settings."""

import multiprocessing
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from pymysql.constants import CLIENT
from sqlalchemy import Connection, event, inspect, make_url, text

from shared.model.datasets import Catalog, Reference
from shared.model.errors import DatabaseRefused, DatabaseUnavailable, SchemaMismatch
from shared.runtime.lifecycle import retry
from shared.storage.database import DIALECTS, Database
from shared.storage.kept_counts import kept_counts
from shared.storage.schema.dataset_tables import BEFORE, MARKS
from shared.storage.schema.differences import compare_tables
from shared.storage.schema.preparation import prepare_tables
from shared.storage.schema.schema import build_schema
from tests.integration.conftest import AnyDatabase, OpenWarehouse
from tests.support.catalogs import (
    catalog,
    column,
    composite_references,
    dataset,
    default_catalog,
    every_type,
    reference_in_key,
    reference_to_itself,
    texts,
)
from tests.support.deliveries import dropped
from tests.support.kinds import end_session, only_on_mysql, only_on_postgresql, own_session, sleep
from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Database as ServerDatabase
from tests.support.servers.isolation import own_database

CATALOGS = (default_catalog, every_type, composite_references, reference_in_key, reference_to_itself)
MARK_COLUMNS = ", ".join(f"{mark} BIGINT NOT NULL" for mark in MARKS)
BEFORE_COLUMN = {
    "sqlite": f"{BEFORE} BLOB",
    "mysql": f"{BEFORE} BINARY(16)",
    "mariadb": f"{BEFORE} BINARY(16)",
    "postgresql": f"{BEFORE} BYTEA",
}
LEDGER = {
    "inflow_migrations",
    "inflow_installation",
    "inflow_sequences",
    "inflow_loads",
    "inflow_changes",
    "inflow_chunks",
    "inflow_rejects",
    "inflow_outbox",
    "inflow_summaries",
    "inflow_services",
    "inflow_inbox",
    "inflow_counts",
    "inflow_count_deltas",
}
PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PROCESSES = 4
THREADS = 8


def differences(url: str, wanted: Catalog) -> list[str]:
    """What holds the datasets of a configuration."""
    with closing(Database(make_url(url))) as database:
        schema = build_schema(wanted, database.dialect)
        with database.transaction() as connection:
            return list(map(str, compare_tables(connection, schema)))


def execute(url: str, *statements: str) -> None:
    with closing(Database(make_url(url))) as database, database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def prepare(url: str) -> None:
    with closing(Database(make_url(url))) as database:
        prepare_tables(database, default_catalog())


def start(url: str) -> None:
    """Prepare the tables as a service does: it tries again where a new SQLite file is locked by whom it starts with."""
    retry(lambda: prepare(url), stop=threading.Event())


@pytest.mark.parametrize("wanted", CATALOGS)
def test_tables_are_created_once_and_found_equal_ever_after(
    any_database: AnyDatabase, wanted: Callable[[], Catalog]
) -> None:
    with closing(Database(make_url(any_database.url))) as database:
        for _ in range(2):
            prepare_tables(database, wanted())
        with database.transaction() as connection:
            counts = (count.name for count in kept_counts(wanted()))
            assert set(inspect(connection).get_table_names()) == {*LEDGER, *wanted().datasets, *counts}


def test_preparing_tables_leaves_their_rows_alone(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(dropped(1, "places", "city,county,country", ("Ayr", "Ayrshire", "Scotland")))

    prepare_tables(house.database, house.catalog)

    assert set(house.table("places")) == {("Ayr",)}


def test_foreign_keys_hold(warehouse: OpenWarehouse) -> None:
    """Also for other programs that write to the tables: no row refers to a missing one."""
    house = warehouse(default_catalog())
    house.load(dropped(1, "places", "city,county,country", ("Ayr", "Ayrshire", "Scotland")))
    house.load(dropped(2, "people", PEOPLE, ("Ann", "Ash", "1901-02-03", "Ayr")))

    for statement in ("UPDATE people SET place_of_birth = 'Nowhere'", "DELETE FROM places"):
        with pytest.raises(DatabaseRefused):
            execute(house.url, statement)


def test_a_new_dataset_is_added_to_those_that_exist(any_database: AnyDatabase) -> None:
    places, more = dataset("places", key=("city",), columns=texts("city")), dataset("m", key=("a",), columns=texts("a"))

    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, catalog(places))
        prepare_tables(database, catalog(places, more))
        with database.transaction() as connection:
            assert {"places", "m"} <= set(inspect(connection).get_table_names())


def test_services_that_start_together_prepare_the_tables_together(any_database: AnyDatabase) -> None:
    """In processes of their own, as compose starts them."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        processes.map(start, [any_database.url] * PROCESSES, chunksize=1)

    prepare(any_database.url)


def test_threads_that_start_together_prepare_the_tables_together(any_database: AnyDatabase) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(start, [any_database.url] * THREADS))


def things(*, columns: str = "id amount label", key: tuple[str, ...] = ("id",)) -> Catalog:
    """One dataset of some of these columns."""
    known = {
        "id": column("id", "integer"),
        "amount": column("amount", "integer"),
        "label": column("label", "text"),
        "price": column("price", "decimal"),
        "born": column("born", "date"),
    }
    return catalog(dataset("things", key=key, columns=[known[name] for name in columns.split()]))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            "id BIGINT NOT NULL, label VARCHAR(255), PRIMARY KEY (id)",
            ["things: column amount is missing"],
            id="a column is missing",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount BIGINT, label VARCHAR(255), extra DATE, PRIMARY KEY (id)",
            ["things: column extra is not configured"],
            id="a column too many",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount INTEGER, label VARCHAR(255), PRIMARY KEY (id)",
            ["things.amount: is INTEGER, configured is BIGINT"],
            id="another type",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount BIGINT, label VARCHAR(100), PRIMARY KEY (id)",
            ["things.label: is VARCHAR(100), configured is VARCHAR(255)"],
            id="another length",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount BIGINT NOT NULL, label VARCHAR(255), PRIMARY KEY (id)",
            ["things.amount: is NOT NULL, configured is NULL"],
            id="never NULL",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount BIGINT NOT NULL, label VARCHAR(255), PRIMARY KEY (id, amount)",
            [
                "things.amount: is NOT NULL, configured is NULL",
                "things: its key is (id, amount), configured is (id)",
            ],
            id="another key",
        ),
        pytest.param(
            "id BIGINT NOT NULL, amount BIGINT, label VARCHAR(255)",
            ["things: its key is (), configured is (id)"],
            id="no key",
        ),
        pytest.param(
            "id BIGINT NOT NULL, other DATE, label TEXT NOT NULL, PRIMARY KEY (id)",
            [
                "things: column amount is missing",
                "things.label: is TEXT, configured is VARCHAR(255)",
                "things.label: is NOT NULL, configured is NULL",
                "things: column other is not configured",
            ],
            id="all at once",
        ),
    ],
)
def test_a_table_that_differs_is_described_difference_by_difference(
    any_database: AnyDatabase, found: str, said: list[str]
) -> None:
    collation = DIALECTS[any_database.flavour].collation
    options = f" CHARACTER SET utf8mb4 COLLATE {collation}" if collation else ""
    if any_database.flavour == "postgresql":
        found, options = re.sub(r"(VARCHAR\(\d+\)|TEXT)", r'\1 COLLATE "C"', found), ""
    own = f"{MARK_COLUMNS}, {BEFORE_COLUMN[any_database.flavour]}"
    execute(any_database.url, f"CREATE TABLE things ({own}, {found}){options}")

    # MariaDB shows the width of an INTEGER.
    assert [line.replace("(11)", "") for line in differences(any_database.url, things())] == said


def test_a_dataset_whose_table_differs_is_held_with_those_that_refer_to_it_and_no_other(
    any_database: AnyDatabase,
) -> None:
    places, cities = (dataset(name, key=("city",), columns=texts("city")) for name in ("places", "cities"))
    people = dataset(
        "people",
        key=("name",),
        columns=texts("name", "city"),
        references=[Reference(name="home", columns=("city",), dataset="places")],
    )
    execute(any_database.url, "CREATE TABLE places (town VARCHAR(10))")

    with closing(Database(make_url(any_database.url))) as database:
        held = prepare_tables(database, catalog(places, cities, people)).held
        with database.transaction() as connection:
            tables = set(inspect(connection).get_table_names())

    assert held["people"] == "it refers to places, whose table differs from the configuration"
    assert "places: column city is missing; " in held["places"]
    assert set(held) == {"places", "people"}
    assert ("cities" in tables, "people" in tables) == (True, False)


def test_a_table_of_our_own_that_differs_stops_the_service(any_database: AnyDatabase) -> None:
    prepare(any_database.url)
    execute(any_database.url, "DROP TABLE inflow_outbox", "CREATE TABLE inflow_outbox (load_id BIGINT)")

    with pytest.raises(SchemaMismatch, match="inflow_outbox: column dataset is missing"):
        prepare(any_database.url)


def test_a_text_that_the_server_compares_loosely_is_a_difference(database: ServerDatabase) -> None:
    """Even without a collation in the column: the table's default merges José and Jose."""
    only_on_mysql(database)
    execute(
        database.url,
        f"CREATE TABLE things (id BIGINT NOT NULL, amount BIGINT, label VARCHAR(255), {MARK_COLUMNS},"
        f" {BEFORE_COLUMN[database.flavour]}, PRIMARY KEY (id)) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    )

    [said] = differences(database.url, things())
    assert said.startswith(
        "things.label: compares by utf8mb4_unicode_ci, which merges different texts or has another order; "
    )
    assert said.endswith(f"expected {DIALECTS[database.flavour].collation}")


def test_a_text_in_the_order_of_the_database_is_a_difference(database: ServerDatabase) -> None:
    """Its keys are the same texts, but a query would give them in another order than on any other server."""
    only_on_postgresql(database)
    execute(
        database.url,
        f"CREATE TABLE things (id BIGINT NOT NULL, amount BIGINT, label VARCHAR(255), {MARK_COLUMNS},"
        f" {BEFORE_COLUMN[database.flavour]}, PRIMARY KEY (id))",
    )

    [said] = differences(database.url, things())
    assert said.startswith("things.label: compares by default, which ")


def staff(*references: str) -> Catalog:
    """Staff who refer to staff by these columns."""
    declared = [Reference(name=name, columns=(name,), dataset="staff") for name in references]
    columns = texts("name", "manager", "deputy")
    return catalog(dataset("staff", key=("name",), columns=columns, references=declared))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(staff("manager"), staff("manager", "deputy"), "is missing", id="a reference is new"),
        pytest.param(staff("manager", "deputy"), staff("manager"), "is not configured", id="a reference is gone"),
    ],
)
def test_references_that_changed_in_the_configuration_are_a_difference(
    any_database: AnyDatabase, before: Catalog, after: Catalog, said: str
) -> None:
    """A foreign key that is left over would refuse good rows, chunk by chunk."""
    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, before)

    assert differences(any_database.url, after) == [f"staff: the foreign key (deputy) to staff {said}"]


def test_a_connection_lost_while_tables_are_created_is_retried(database: ServerDatabase) -> None:
    """The service tries again: it is the server that is away, not the tables that are wrong."""
    with closing(Database(make_url(database.url))) as own:

        @event.listens_for(own._engine, "before_cursor_execute")
        def lose(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
            if "CREATE TABLE people" in statement:
                execute(database.url, end_session(database.flavour, own_session(connection)))

        with pytest.raises(DatabaseUnavailable):
            prepare_tables(own, default_catalog())

    prepare(database.url)


def test_a_process_that_was_stopped_while_it_made_its_tables_holds_up_no_other_database(
    database: ServerDatabase, database_server: DatabaseServer
) -> None:
    """Several installations may share a server."""
    with own_database(database_server) as other, closing(Database(make_url(database.url))) as own:

        @event.listens_for(own._engine, "before_cursor_execute")
        def meanwhile(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
            if "CREATE TABLE people" in statement:
                prepare(other.url)

        prepare_tables(own, default_catalog())

        with closing(Database(make_url(other.url))) as prepared, prepared.transaction() as connection:
            assert "people" in inspect(connection).get_table_names()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("time_zone", "+00:00", id="time zone"),
        pytest.param("autocommit", "0", id="transactions"),
        pytest.param("character_set_client", "utf8mb4", id="what is sent"),
        pytest.param("character_set_results", "utf8mb4", id="what comes back"),
        pytest.param("foreign_key_checks", "1", id="foreign keys"),
        # A client that lost its power holds its locks for that long.
        pytest.param("wait_timeout", "30", id="seconds of silence"),
    ],
)
def test_a_session_has_its_own_settings_whatever_the_servers_are(
    mysql_session: Connection, setting: str, value: str
) -> None:
    assert str(mysql_session.scalar(text(f"SELECT @@{setting}"))) == value


def test_a_session_reads_what_is_committed(session: Connection) -> None:
    assert session.get_isolation_level() == "READ COMMITTED"


def test_a_session_refuses_what_does_not_fit_instead_of_changing_it(mysql_session: Connection) -> None:
    """Strict in all tables: no cut text, no zero date, no number bent into its range."""
    assert set(str(mysql_session.scalar(text("SELECT @@sql_mode"))).split(",")) == {
        "STRICT_ALL_TABLES",
        "NO_ZERO_DATE",
        "NO_ZERO_IN_DATE",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_ENGINE_SUBSTITUTION",
    }


def test_a_url_says_how_long_an_answer_may_take(database: ServerDatabase) -> None:
    """A server that has lost its power never answers; the default is patient, for the sake of huge summaries."""
    impatient = make_url(database.url).update_query_dict({"read_timeout": "1"})

    with (
        closing(Database(impatient)) as own,
        pytest.raises(DatabaseUnavailable, match="timed out"),
        own.transaction() as connection,
    ):
        connection.execute(text(sleep(database.flavour, 20)))


def test_a_server_can_not_ask_the_client_for_files(mysql_session: Connection) -> None:
    """LOAD DATA LOCAL would let a hostile server read any file that the writer can read."""
    driver: Any = mysql_session.connection.driver_connection

    assert driver.client_flag & CLIENT.LOCAL_FILES == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("TimeZone", "UTC", id="time zone"),
        pytest.param("DateStyle", "ISO, YMD", id="dates"),
        pytest.param("client_encoding", "UTF8", id="characters"),
        pytest.param("lock_timeout", "20s", id="locks"),
        pytest.param("idle_in_transaction_session_timeout", "30s", id="seconds of silence"),
    ],
)
def test_a_session_of_postgresql_has_its_own_settings(
    database: ServerDatabase, session: Connection, setting: str, value: str
) -> None:
    """Whatever the database and the account say."""
    only_on_postgresql(database)
    assert session.scalar(text("SELECT current_setting(:name)"), {"name": setting}) == value


@pytest.fixture
def mysql_session(database: ServerDatabase, session: Connection) -> Connection:
    only_on_mysql(database)
    return session


@pytest.fixture
def session(database: ServerDatabase) -> Iterator[Connection]:
    with closing(Database(make_url(database.url))) as own, own.transaction() as connection:
        yield connection
