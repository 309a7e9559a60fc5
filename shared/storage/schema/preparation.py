"""Prepares the tables: migrates those of an earlier version, creates missing ones, and compares the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.schema import CreateIndex, CreateTable

from shared.model.datasets import Catalog
from shared.model.errors import SchemaMismatch
from shared.storage.database import Database
from shared.storage.schema.differences import TableDifference, compare_tables
from shared.storage.schema.installation import ensure_installation
from shared.storage.schema.migrations import migrate
from shared.storage.schema.schema import Schema, build_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The tables of a configuration, and the datasets whose tables can't be used as they are, each with the reason."""

    schema: Schema
    held: Mapping[str, str] = field(default_factory=dict)


def prepare_tables(database: Database, catalog: Catalog) -> Prepared:
    """Migrate and create tables under a lock, and create the installation's id.

    A dataset whose table differs from the configuration is held, and so are all datasets that refer to it.
    Raises SchemaMismatch with every difference if a table of the ledger is not as this program needs it.
    """
    schema = build_schema(catalog, database.dialect)
    with database.transaction() as connection, schema.dialect.preparing(connection):
        migrate(connection, schema)
        held = held_datasets(connection, schema, catalog)
        usable = [table for table in schema.metadata.sorted_tables if table.name not in held]
        schema.metadata.create_all(connection, tables=usable)
        ensure_installation(connection, schema)
    return Prepared(schema=schema, held=held)


def held_datasets(connection: Connection, schema: Schema, catalog: Catalog) -> dict[str, str]:
    """Return the datasets whose tables differ from the configuration, and those that refer to them, with the reasons.

    Raises SchemaMismatch if a table of the ledger differs.
    """
    differences = compare_tables(connection, schema)
    _require_own_tables([each for each in differences if each.table not in catalog.datasets])
    held: dict[str, str] = {}
    for dataset in catalog.datasets.values():
        own = [each.text for each in differences if each.table == dataset.name]
        targets = [reference.dataset for reference in dataset.references if reference.dataset in held]
        if own:
            held[dataset.name] = f"its table differs from the configuration; change one of them: {'; '.join(own)}"
        elif targets:
            held[dataset.name] = f"it refers to {targets[0]}, whose table differs from the configuration"
    return held


def _require_own_tables(differences: Sequence[TableDifference]) -> None:
    if differences:
        raise SchemaMismatch(
            "these tables of Inflow's ledger differ from those that this version needs; restore them:\n"
            + "\n".join(map(str, differences))
        )


def ddl(schema: Schema) -> Iterator[str]:
    """Yield the statements that create all tables, in order."""
    dialect = schema.dialect.sql
    for table in schema.metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect)).strip()
