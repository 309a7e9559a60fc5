"""Migrates the tables of an earlier version, creates those that are missing, and compares the others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateIndex, CreateTable

from shared.model.datasets import Catalog
from shared.model.errors import DatabaseUnavailable, SchemaMismatch
from shared.storage.database import Database
from shared.storage.schema.differences import TableDifference, compare_tables
from shared.storage.schema.installation import ensure_installation
from shared.storage.schema.migrations import migrate
from shared.storage.schema.schema import Schema, build_schema

#: All databases of a server share the names of locks, which have at most 64 characters (MySQL manual, 14.14).
_LOCK = "CONCAT('inflow.', SHA2(DATABASE(), 224))"
_LOCK_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The tables of a configuration, and the datasets whose tables can't be used as they are: why, for each."""

    schema: Schema
    held: Mapping[str, str] = field(default_factory=dict)


def prepare_tables(database: Database, catalog: Catalog) -> Prepared:
    """Migrate and create tables under a lock, and make the installation's id.

    A dataset whose table is not what the configuration asks for is held, with all that refer to it.
    Raises SchemaMismatch with every difference where a table of our own is not what this program works on.
    """
    schema = build_schema(catalog, database.flavour)
    with database.transaction() as connection, _locked(connection, schema):
        migrate(connection, schema)
        held = held_datasets(connection, schema, catalog)
        usable = [table for table in schema.metadata.sorted_tables if table.name not in held]
        schema.metadata.create_all(connection, tables=usable)
        ensure_installation(connection, schema)
    return Prepared(schema=schema, held=held)


def held_datasets(connection: Connection, schema: Schema, catalog: Catalog) -> dict[str, str]:
    """Return the datasets whose tables differ from the configuration, and those that refer to them: why, for each.

    Raises SchemaMismatch where a table of our own differs.
    """
    differences = compare_tables(connection, schema)
    _require_own_tables([each for each in differences if each.table not in catalog.datasets])
    held: dict[str, str] = {}
    for dataset in catalog.datasets.values():
        own = [each.text for each in differences if each.table == dataset.name]
        targets = [reference.dataset for reference in dataset.references if reference.dataset in held]
        if own:
            held[dataset.name] = f"its table differs from the configuration; change one of the two: {'; '.join(own)}"
        elif targets:
            held[dataset.name] = f"it refers to {targets[0]}, whose table differs from the configuration"
    return held


def _require_own_tables(differences: Sequence[TableDifference]) -> None:
    if differences:
        raise SchemaMismatch(
            "these tables of Inflow's own are not what this version works on; restore them:\n"
            + "\n".join(map(str, differences))
        )


def ddl(schema: Schema, dialect: Any) -> Iterator[str]:
    """Yield the statements that create all tables, in order."""
    for table in schema.metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect)).strip()


@contextmanager
def _locked(connection: Connection, schema: Schema) -> Iterator[None]:
    """One process at a time; SQLite's transaction is that lock already."""
    if schema.flavour == "sqlite":
        yield
        return
    if connection.scalar(text(f"SELECT GET_LOCK({_LOCK}, {_LOCK_SECONDS})")) != 1:
        raise DatabaseUnavailable("another process is creating the tables")
    try:
        yield
    finally:
        # A lost connection has lost its locks too, and takes no statement.
        if not connection.invalidated:
            connection.execute(text(f"SELECT RELEASE_LOCK({_LOCK})"))
