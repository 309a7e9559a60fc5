"""The tables of earlier versions are migrated to this one, with their content."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, inspect, make_url, text

from shared.messaging.envelope import Origin, encode, envelope
from shared.model.errors import SchemaMismatch, TablesUnusable
from shared.storage.database import DIALECTS, Database
from shared.storage.schema import migrations
from shared.storage.schema.dataset_tables import BEFORE
from shared.storage.schema.preparation import prepare_tables
from shared.storage.store import existing_store
from tests.integration.conftest import AnyDatabase
from tests.support.catalogs import default_catalog, every_type
from tests.support.deliveries import Warehouse, chunks, dropped
from tests.support.model import Accounts, DroppedFile

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
EARLIER = Path(__file__).parent / "earlier_schemas"
#: The last commits of the versions 0 and 1 of the tables, and the release that has version 3.
VERSIONS = ("0099598", "43dc30e", "0.1.0")
LOADED = """
INSERT INTO inflow_sequences (name, value) VALUES ('loads', 1);
INSERT INTO inflow_loads (load_id, file, dataset, state, size_bytes, modified_at, claimed_at, rows_done, inserted)
    VALUES (1, 'places.csv', 'places', 'reading', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, 1);
INSERT INTO places (city, country, _asserted_load, _asserted_line, _changed_load, _changed_line, _inferred)
    VALUES ('Ayr', 'Scotland', 1, 2, 1, 2, 0)
"""


@pytest.fixture(params=VERSIONS)
def earlier(request: pytest.FixtureRequest, any_database: AnyDatabase) -> Iterator[Database]:
    """A database of an earlier version, with an open load."""
    kind = "sqlite" if any_database.flavour == "sqlite" else "mysql"
    script = (EARLIER / f"{request.param}.{kind}.sql").read_text()
    script = script.replace(DIALECTS["mysql"].collation or "", DIALECTS[any_database.flavour].collation or "")
    with closing(Database(make_url(any_database.url))) as database:
        for statement in (script + LOADED).split(";\n"):
            if statement.strip():
                with database.transaction() as connection:
                    connection.execute(text(statement))
        yield database


def versions(database: Database) -> list[int]:
    with database.transaction() as connection:
        return list(connection.scalars(text("SELECT version FROM inflow_migrations ORDER BY version")))


def test_an_earlier_database_is_migrated_and_keeps_what_it_has(earlier: Database, any_database: AnyDatabase) -> None:
    prepare_tables(earlier, default_catalog())

    assert versions(earlier) == list(range(1, migrations.VERSION + 1))
    with closing(Warehouse(any_database.url, default_catalog())) as house:
        assert house.book(1).token == ""
        assert set(house.table("places")) == {("Ayr",)}
        assert len(house.store.installation_id) == 32


def test_a_load_that_is_open_and_those_after_it_count_their_rows_right(
    earlier: Database, any_database: AnyDatabase
) -> None:
    """For rows that an earlier version wrote, the values before their last change are not known."""
    prepare_tables(earlier, default_catalog())
    stored, other = ("Ayr", "", "Scotland"), ("Ayr", "", "Eire")

    with closing(Warehouse(any_database.url, default_catalog())) as house:
        [rest] = chunks(places(1, other, first_line=3))
        message = envelope(replace(rest, first_row=1), origin=Origin(installation_id="", token=""), occurred_at=MOMENT)
        house.writer.handle(encode(message))
        assert house.accounts(1) == Accounts(read=2, inserted=1, superseded=1)
        house.load(places(2, stored, other), places(3, stored, other, stored), rows=1)
        assert house.accounts(2) == Accounts(read=2, unchanged=1, superseded=1)
        assert house.accounts(3) == Accounts(read=3, updated=1, superseded=2)


def places(load_id: int, *rows: tuple[str, ...], first_line: int = 2) -> DroppedFile:
    return dropped(load_id, "places", "city,county,country", *rows, first_line=first_line)


def test_a_dataset_that_is_configured_again_is_of_this_version(earlier: Database) -> None:
    prepare_tables(earlier, every_type())

    prepare_tables(earlier, default_catalog())


@pytest.mark.parametrize("earlier", VERSIONS[:2], indirect=True)
def test_loads_with_possibly_wrong_counts_are_not_bases(earlier: Database) -> None:
    """Rows that a load with repeated keys changed may have counted as unchanged."""
    digests = {"people": "a" * 64, "places": "b" * 64}
    with earlier.transaction() as connection:
        for load_id, (dataset, fingerprint) in enumerate(digests.items(), start=2):
            connection.execute(
                text(
                    "INSERT INTO inflow_loads (load_id, file, dataset, state, size_bytes, superseded, fingerprint,"
                    " modified_at, claimed_at) VALUES (:load_id, 'x.csv', :dataset, 'archived', 1, :superseded,"
                    " :digest, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
                ),
                {"load_id": load_id, "dataset": dataset, "superseded": load_id % 2, "digest": fingerprint},
            )

    prepare_tables(earlier, default_catalog())

    with earlier.transaction() as connection:
        found = connection.execute(text("SELECT dataset, fingerprint FROM inflow_loads WHERE load_id > 1"))
        assert dict(map(tuple, found)) == digests | {"places": None}


def test_a_new_database_is_of_this_version(any_database: AnyDatabase) -> None:
    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, default_catalog())

        assert versions(database) == list(range(1, migrations.VERSION + 1))


class Killed(BaseException):
    """The process is killed: no code of its own handles that."""


def test_a_migration_that_is_killed_anywhere_is_made_again(earlier: Database) -> None:
    """MySQL commits each change of a table separately: the other changes of a step, and its version, may be missing."""
    statements = 0
    killed_at = 0

    @event.listens_for(earlier._engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal statements
        if statement.lstrip().startswith(("CREATE", "ALTER", "INSERT", "UPDATE")):
            statements += 1
            if statements == killed_at:
                raise Killed

    while True:
        statements, killed_at = 0, killed_at + 1
        try:
            prepare_tables(earlier, default_catalog())
            break
        except Killed:
            continue

    # Tables of this version get nothing but the installation's id.
    assert killed_at > 1
    assert versions(earlier) == list(range(1, migrations.VERSION + 1))
    with earlier.transaction() as connection:
        for table, column in (("inflow_loads", "token"), ("places", BEFORE), ("people", BEFORE)):
            assert column in {each["name"] for each in inspect(connection).get_columns(table)}


def test_tables_of_a_newer_program_are_refused(any_database: AnyDatabase) -> None:
    newer = migrations.VERSION + 1
    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, default_catalog())
        with database.transaction() as connection:
            connection.execute(
                text("INSERT INTO inflow_migrations (version, applied_at) VALUES (:version, '2030-01-01 00:00:00')"),
                {"version": newer},
            )

        for use in (prepare_tables, existing_store):
            with pytest.raises(SchemaMismatch, match=f"the tables are of version {newer}, written by a newer Inflow"):
                use(database, default_catalog())


@pytest.mark.parametrize(("earlier", "version"), [("0099598", 0), ("43dc30e", 1)], indirect=["earlier"])
def test_commands_refuse_the_tables_of_an_earlier_version_until_they_are_migrated(
    earlier: Database, version: int
) -> None:
    with pytest.raises(SchemaMismatch, match=f"of version {version}, written by an earlier Inflow.*inflow migrate"):
        existing_store(earlier, default_catalog())

    prepare_tables(earlier, default_catalog())

    assert existing_store(earlier, default_catalog()).installation_id


def test_commands_refuse_a_database_without_tables(any_database: AnyDatabase) -> None:
    expected = pytest.raises(TablesUnusable, match="the database has no tables of Inflow: start its services")
    with closing(Database(make_url(any_database.url))) as database, expected:
        existing_store(database, default_catalog())
