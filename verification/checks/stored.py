"""The content of the database, read in one transaction, in the types of the model."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from shared.model.values import Value
from shared.storage.kept_counts import KeptCount, kept_counts
from shared.storage.ledger import waiting_files
from shared.storage.ledger.loads import Load
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.schema.dataset_tables import INFERRED, MARKS
from shared.storage.schema.schema import Schema
from shared.storage.store import Store
from tests.support.counts import kept_rows
from tests.support.deliveries import canonical
from tests.support.ledger import all_loads
from tests.support.model import Key, Mark, Reject, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A row of a dataset's table, with its marks."""

    values: Values
    asserted: Mark
    changed: Mark
    is_inferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The whole database: the ledger and the tables of the datasets."""

    loads: Sequence[Load]
    #: First row and row count of each chunk in the ledger, by load, in order.
    ledger: Mapping[int, Sequence[tuple[int, int]]]
    #: Number of rows not published, for loads whose files were compared with an earlier version.
    unpublished: Mapping[int, int]
    rejects: Sequence[Reject]
    #: The load that healed a rejected row, by the row's load and line.
    healed: Mapping[Mark, int]
    outbox: Sequence[int]
    waiting: Sequence[WaitingFile]
    tables: Mapping[str, Mapping[Key, StoredRow]]
    #: Row counts by value, for each kept count: its table plus the deltas not folded yet.
    counts: Mapping[KeptCount, Mapping[Key, int]]
    #: Names of the kept counts that are built.
    built: Collection[str]


def read_stored(store: Store) -> Stored:
    """Read everything as of one moment."""
    schema = store.schema
    with store.transaction() as connection:
        return Stored(
            loads=all_loads(connection, schema),
            ledger=_ledger(connection, schema),
            unpublished=_unpublished(connection, schema),
            rejects=_rejects(connection, schema),
            healed=_healed(connection, schema),
            outbox=list(connection.scalars(select(schema.outbox.c.load_id).order_by(schema.outbox.c.load_id))),
            waiting=waiting_files.all_files(connection, schema),
            tables={name: _table(connection, store, name) for name in store.catalog.datasets},
            counts={count: kept_rows(connection, schema, count) for count in kept_counts(store.catalog)},
            built=set(connection.scalars(select(schema.counts.c.name))),
        )


def _unpublished(connection: Connection, schema: Schema) -> dict[int, int]:
    table = schema.changes
    query = select(table.c.load_id, table.c.unchanged_count + table.c.superseded_count)
    return {load_id: count for load_id, count in connection.execute(query)}  # noqa: C416


def _ledger(connection: Connection, schema: Schema) -> dict[int, list[tuple[int, int]]]:
    table = schema.chunks
    entries: dict[int, list[tuple[int, int]]] = {}
    for load_id, first_row, row_count in connection.execute(select(table).order_by(table.c.load_id, table.c.first_row)):
        entries.setdefault(load_id, []).append((first_row, row_count))
    return entries


def _rejects(connection: Connection, schema: Schema) -> list[Reject]:
    table = schema.rejects
    rows = connection.execute(select(table).order_by(table.c.load_id, table.c.line))
    return [
        Reject(row.load_id, row.line, row.column_name or "", row.code, tuple(next(csv.reader([row.raw]), ())))
        for row in rows
    ]


def _healed(connection: Connection, schema: Schema) -> dict[Mark, int]:
    table = schema.rejects
    query = select(table.c.load_id, table.c.line, table.c.healed_by).where(table.c.healed_by.is_not(None))
    return {(load_id, line): healed_by for load_id, line, healed_by in connection.execute(query)}


def _table(connection: Connection, store: Store, name: str) -> dict[Key, StoredRow]:
    dataset, table = store.catalog.datasets[name], store.schema.datasets[name]
    columns = [table.c[column] for column in (*dataset.column_names, *MARKS)]
    if INFERRED in table.c:
        columns.append(table.c[INFERRED])
    width = len(dataset.columns)
    rows = (_row(tuple(row), width) for row in connection.execute(select(*columns)))
    key = [dataset.column_names.index(column) for column in dataset.key]
    return {tuple(row.values[position] for position in key): row for row in rows}


def _row(row: tuple[Value, ...], width: int) -> StoredRow:
    asserted_load, asserted_line, changed_load, changed_line, *inferred = row[width:]
    return StoredRow(
        values=tuple(map(canonical, row[:width])),
        asserted=(int(asserted_load or 0), int(asserted_line or 0)),
        changed=(int(changed_load or 0), int(changed_line or 0)),
        is_inferred=any(inferred),
    )
