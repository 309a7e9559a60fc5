"""Dropped files as the messages for a writer, and the database's content afterwards."""

import csv
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, func, make_url, select
from sqlalchemy.pool import NullPool

from services.aggregator.aggregator import Aggregator
from services.writer.handlers import WriterHandlers
from shared.messaging.envelope import Origin, encode, envelope
from shared.messaging.payloads import LoadExtracted, Payload, RowsExtracted
from shared.model.datasets import Catalog, Summary
from shared.model.values import Value
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.ledger import loads, registration
from shared.storage.ledger.loads import Load
from shared.storage.ledger.registration import Claim
from shared.storage.schema.dataset_tables import INFERRED, MARKS
from shared.storage.store import open_store
from tests.support.model import Accounts, DroppedFile, Mark, Reject, Row
from tests.support.origins import origin_of, token_of

#: The header is the first line of a file.
FIRST_LINE = 2
#: How a session is told to wait one second for a lock.
_IMPATIENCE = {
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    "postgresql": "SET SESSION lock_timeout = '1s'",
}
_MOMENT = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)


def dropped(load_id: int, dataset: str, header: str, *rows: Sequence[str], first_line: int = FIRST_LINE) -> DroppedFile:
    """Build a file from its header, comma-separated names, and the cells of its lines."""
    return DroppedFile(
        load_id=load_id,
        dataset=dataset,
        header=tuple(header.split(",")),
        rows=dict(enumerate(map(tuple, rows), start=first_line)),
    )


def chunks(file: DroppedFile, *, rows: int = 1000) -> list[RowsExtracted]:
    """Divide a file into chunks of at most `max_rows` rows."""
    lines = list(file.rows)
    return [
        RowsExtracted(
            load_id=file.load_id,
            dataset=file.dataset,
            first_row=first,
            header=list(file.header),
            lines=lines[first : first + rows],
            rows=[list(file.rows[line]) for line in lines[first : first + rows]],
            unreadable=[],
        )
        for first in range(0, len(lines), rows)
    ]


def manifest(file: DroppedFile) -> LoadExtracted:
    """Return the manifest of a file."""
    return LoadExtracted(load_id=file.load_id, dataset=file.dataset, row_count=len(file.rows))


def messages(file: DroppedFile, *, rows: int = 1000) -> list[Payload]:
    """Return all messages of a file in the order in which a watcher publishes them."""
    return [*chunks(file, rows=rows), manifest(file)]


class Warehouse:
    """A database with the tables of a catalogue, and a writer that works on it."""

    def __init__(self, url: str, catalog: Catalog) -> None:
        self.url = url
        self.catalog = catalog
        self.database = Database(make_url(url))
        self.store = open_store(self.database, catalog)
        self.schema = self.store.schema
        #: Number of completions that the writer has reported.
        self.completions = 0
        self._counting = threading.Lock()
        self.writer = self.new_writer(self.database)

    def new_writer(self, database: Database) -> WriterHandlers:
        """Return a writer with its own connection pool."""
        return WriterHandlers(replace(self.store, database=database), on_completed=self._count)

    def _count(self) -> None:
        with self._counting:
            self.completions += 1

    def close(self) -> None:
        self.database.close()

    def impatient_database(self) -> Database:
        """Return the same database with connections that, on a server, wait only one second for a lock."""
        database = Database(make_url(self.url))

        @event.listens_for(database._engine, "connect")
        def give_up_soon(connection: Any, _record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute(_IMPATIENCE[database._engine.dialect.name])

        return database

    @contextmanager
    def second_session(self) -> Iterator[Connection]:
        """Open a session with a transaction of its own, rolled back at the end."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="READ COMMITTED")
        with engine.connect() as connection:
            yield connection

    def claim(self, *files: DroppedFile) -> None:
        """Register files in the ledger, as the watcher does at their claim."""
        claims = [
            Claim(
                load_id=file.load_id,
                token=token_of(file.load_id),
                chunk_rows=10_000,
                chunk_bytes=1 << 20,
                file=f"{file.dataset}.csv",
                dataset=file.dataset,
                size_bytes=1,
                modified_at=_MOMENT.replace(tzinfo=None),
            )
            for file in files
        ]
        with self.database.transaction() as connection:
            registration.register(connection, self.schema, claims)

    def deliver(self, *payloads: Payload) -> None:
        """Deliver messages to the writer, one after the other."""
        for payload in payloads:
            self.writer.handle(body(payload))

    def load(self, *files: DroppedFile, rows: int = 1000) -> None:
        """Claim files and deliver all their messages in order."""
        self.claim(*files)
        for file in files:
            self.deliver(*messages(file, rows=rows))

    def table(self, name: str) -> dict[tuple[Value, ...], Row]:
        """Return a dataset's table in the types of the model."""
        dataset = self.catalog.datasets[name]
        key = [dataset.column_names.index(column) for column in dataset.key]
        rows = {}
        for row in self._select(name, *dataset.column_names, *MARKS[:2]):
            values = tuple(map(canonical, row[:-2]))
            rows[tuple(values[position] for position in key)] = Row(values, (row[-2], row[-1]))
        return rows

    def tables(self) -> dict[str, dict[tuple[Value, ...], Row]]:
        """Return the tables of all datasets."""
        return {name: self.table(name) for name in self.catalog.datasets}

    def inferred(self, name: str) -> set[tuple[Value, ...]]:
        """Return the keys of the rows that are marked as inferred; empty for a table without referring datasets."""
        if not self.catalog.is_referenced(name):
            return set()
        rows = self._select(name, *self.catalog.datasets[name].key, INFERRED)
        return {tuple(map(canonical, row[:-1])) for row in rows if row[-1]}

    def changed(self, name: str) -> dict[tuple[Value, ...], Mark]:
        """Return the `changed` mark of each row, by its key."""
        key = self.catalog.datasets[name].key
        return {tuple(map(canonical, row[:-2])): (row[-2], row[-1]) for row in self._select(name, *key, *MARKS[2:])}

    def column(self, name: str, column: str) -> list[Any]:
        """Return the values of a column as returned by the driver, in key order."""
        table = self.schema.datasets[name]
        with self.database.transaction() as connection:
            return list(connection.scalars(select(table.c[column]).order_by(*table.primary_key)))

    def rejects(self) -> list[Reject]:
        """Return the rejected rows of all loads, in order."""
        table = self.schema.rejects
        with self.database.transaction() as connection:
            rows = connection.execute(select(table).order_by(table.c.load_id, table.c.line)).all()
        return [
            Reject(row.load_id, row.line, row.column_name or "", row.code, tuple(next(csv.reader([row.raw]), ())))
            for row in rows
        ]

    def book(self, load_id: int) -> Load:
        """Return a load's entry in the ledger."""
        with self.database.transaction() as connection:
            return loads.find(connection, self.schema, [load_id])[load_id]

    def accounts(self, load_id: int) -> Accounts:
        """Return the outcomes of a load's rows."""
        return accounts_of(self.book(load_id))

    def completed_loads(self) -> list[int]:
        """Return the loads whose event is in the outbox, in order."""
        table = self.schema.outbox
        with self.database.transaction() as connection:
            return list(connection.scalars(select(table.c.load_id).order_by(table.c.load_id)))

    def row_counts(self) -> dict[str, int]:
        """Return the number of rows of each table, including the ledger's."""
        with self.database.transaction() as connection:
            return {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in self.schema.metadata.sorted_tables
            }

    def summary(self, folder: Path, summary: Summary) -> bytes:
        """Let an aggregator write the summaries to a folder; return one of them."""
        aggregator = Aggregator(
            folder=DataFolder(folder),
            store=self.store,
            stop=threading.Event(),
        )
        aggregator.recompute()
        return (folder / summary.file).read_bytes()

    def _select(self, name: str, *columns: str) -> Sequence[Any]:
        table = self.schema.datasets[name]
        with self.database.transaction() as connection:
            return connection.execute(select(*(table.c[column] for column in columns))).all()


def accounts_of(load: Load) -> Accounts:
    """Return the outcomes of a load's rows from the ledger."""
    return Accounts(
        read=load.rows_read,
        inserted=load.inserted,
        updated=load.updated,
        unchanged=load.unchanged,
        superseded=load.superseded,
        rejected=load.rejected,
    )


def body(payload: Payload, *, token: str | None = None) -> bytes:
    """Return an encoded message of a load that the test claimed, or of one with this token."""
    origin = origin_of(payload) if token is None else Origin(token=token)
    return encode(envelope(payload, origin=origin, occurred_at=_MOMENT))


def canonical(value: Any) -> Value:
    """Return a value from the driver in the canonical form of parsed texts."""
    match value:
        case bool():
            return int(value)
        case float():
            return repr(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(" ", "microseconds")
        case date():
            return value.isoformat()
    return value  # type: ignore[no-any-return]
