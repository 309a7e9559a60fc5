"""Compares the existing tables with those that a configuration needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Inspector, Table, inspect

from shared.storage.database import DatabaseDialect
from shared.storage.schema.schema import Schema


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A difference in an existing table; its text names the table."""

    table: str
    text: str

    def __str__(self) -> str:
        return self.text


def compare_tables(connection: Connection, schema: Schema) -> list[TableDifference]:
    """List the differences between the existing tables and the schema."""
    inspector = inspect(connection)
    existing = set(inspector.get_table_names())
    collations = schema.dialect.collations(connection)
    return [
        TableDifference(table.name, found)
        for table in schema.metadata.sorted_tables
        if table.name in existing
        for found in (
            *_differences(inspector, table, schema.dialect),
            *_collation_differences(table, schema.dialect, collations),
        )
    ]


def _differences(inspector: Inspector, table: Table, dialect: DatabaseDialect) -> Iterator[str]:
    found = {column["name"]: column for column in inspector.get_columns(table.name)}
    for column in table.columns:
        if column.name not in found:
            yield f"{table.name}: column {column.name} is missing"
            continue
        actual = found.pop(column.name)
        wanted_type = dialect.type_name(column.type)
        actual_type = dialect.type_name(actual["type"])
        if wanted_type != actual_type:
            yield f"{table.name}.{column.name}: is {actual_type}, configured is {wanted_type}"
        if bool(actual["nullable"]) != bool(column.nullable):
            yield f"{table.name}.{column.name}: is {_null(actual['nullable'])}, configured is {_null(column.nullable)}"
    for name in found:
        yield f"{table.name}: column {name} is not configured"
    wanted_key = [column.name for column in table.primary_key]
    actual_key = inspector.get_pk_constraint(table.name)["constrained_columns"]
    if wanted_key != actual_key:
        yield f"{table.name}: its key is ({', '.join(actual_key)}), configured is ({', '.join(wanted_key)})"
    yield from _reference_differences(inspector, table)


def _reference_differences(inspector: Inspector, table: Table) -> Iterator[str]:
    wanted = {
        _arrow(constraint.column_keys, constraint.referred_table.name) for constraint in table.foreign_key_constraints
    }
    found = {
        _arrow(constraint["constrained_columns"], constraint["referred_table"])
        for constraint in inspector.get_foreign_keys(table.name)
    }
    for reference in sorted(wanted - found):
        yield f"{table.name}: the foreign key {reference} is missing"
    for reference in sorted(found - wanted):
        yield f"{table.name}: the foreign key {reference} is not configured"


def _collation_differences(
    table: Table, dialect: DatabaseDialect, collations: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    for column in table.columns:
        collation = collations.get((table.name, column.name), dialect.collation)
        if collation != dialect.collation:
            found = f"compares by {collation}, which merges different texts or has another order"
            yield f"{table.name}.{column.name}: {found}; expected {dialect.collation}"


def _arrow(columns: Iterable[str], target: str) -> str:
    return f"({', '.join(columns)}) to {target}"


def _null(nullable: object) -> str:
    return "NULL" if nullable else "NOT NULL"
