"""The tables of earlier versions are brought up to this one, with what is in them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, inspect, make_url, text

from shared.database import Database
from shared.errors import SchemaMismatch
from shared.schema import migrations
from shared.schema.preparation import prepare_tables
from shared.schema.table_parts import COLLATIONS
from tests.integration.conftest import AnyDatabase
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse

EARLIER = Path(__file__).parent / "earlier_schemas"
LOADED = """
INSERT INTO inflow_sequences (name, value) VALUES ('loads', 1);
INSERT INTO inflow_loads (load_id, file, dataset, state, size_bytes, modified_at, claimed_at)
    VALUES (1, 'places.csv', 'places', 'reading', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO places (city, country, _asserted_load, _asserted_line, _changed_load, _changed_line, _inferred)
    VALUES ('Ayr', 'Scotland', 1, 2, 1, 2, 0)
"""


@pytest.fixture
def earlier(any_database: AnyDatabase) -> Iterator[Database]:
    """A database of the version 0099598, with an open load."""
    kind = "sqlite" if any_database.flavour == "sqlite" else "mysql"
    script = (EARLIER / f"0099598.{kind}.sql").read_text()
    script = script.replace(COLLATIONS["mysql"] or "", COLLATIONS[any_database.flavour] or "")
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


def test_a_new_database_is_of_this_version(any_database: AnyDatabase) -> None:
    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, default_catalog())

        assert versions(database) == list(range(1, migrations.VERSION + 1))


class Killed(BaseException):
    """The process is killed: no code of its own handles that."""


def test_a_migration_that_is_killed_anywhere_is_made_again(earlier: Database) -> None:
    """MySQL commits each change of a table by itself: the others of a step, and its version, may be missing."""
    statements = 0
    killed_at = 0

    @event.listens_for(earlier._engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal statements
        if statement.lstrip().startswith(("CREATE", "ALTER", "INSERT")):
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

    assert killed_at > len(migrations.STEPS) + 2
    assert versions(earlier) == list(range(1, migrations.VERSION + 1))
    with earlier.transaction() as connection:
        assert "token" in {column["name"] for column in inspect(connection).get_columns("inflow_loads")}


def test_tables_of_a_newer_program_are_refused(any_database: AnyDatabase) -> None:
    newer = migrations.VERSION + 1
    with closing(Database(make_url(any_database.url))) as database:
        prepare_tables(database, default_catalog())
        with database.transaction() as connection:
            connection.execute(
                text("INSERT INTO inflow_migrations (version, applied_at) VALUES (:version, '2030-01-01 00:00:00')"),
                {"version": newer},
            )

        with pytest.raises(SchemaMismatch, match=f"the tables are of version {newer}, written by a newer Inflow"):
            prepare_tables(database, default_catalog())
