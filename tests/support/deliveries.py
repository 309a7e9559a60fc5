"""Dropped files as the messages that a writer gets, and what the database holds after it."""

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

#: The header takes the first line of a file.
FIRST_LINE = 2
_MOMENT = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)


def dropped(load_id: int, dataset: str, header: str, *rows: Sequence[str], first_line: int = FIRST_LINE) -> DroppedFile:
    """Build a file from its header, names with commas between them, and the cells of its lines."""
    return DroppedFile(
        load_id=load_id,
        dataset=dataset,
        header=tuple(header.split(",")),
        rows=dict(enumerate(map(tuple, rows), start=first_line)),
    )


def chunks(file: DroppedFile, *, rows: int = 1000) -> list[RowsExtracted]:
    """Cut a file into chunks of at most that many rows."""
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
    """Return the closing statement of a file."""
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
        #: How often the writer said that a load is complete.
        self.completions = 0
        self._counting = threading.Lock()
        self.writer = self.new_writer(self.database)

    def new_writer(self, database: Database) -> WriterHandlers:
        """Return a writer on a connection pool of its own."""
        return WriterHandlers(replace(self.store, database=database), on_completed=self._count)

    def _count(self) -> None:
        with self._counting:
            self.completions += 1

    def close(self) -> None:
        self.database.close()

    def impatient_database(self) -> Database:
        """Return the same database on connections that wait one second for a lock, on a server."""
        database = Database(make_url(self.url))

        @event.listens_for(database._engine, "connect")
        def give_up_soon(connection: Any, _record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")

        return database

    @contextmanager
    def second_session(self) -> Iterator[Connection]:
        """Open a session with a transaction of its own, rolled back in the end."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="READ COMMITTED")
        with engine.connect() as connection:
            yield connection

    def claim(self, *files: DroppedFile) -> None:
        """Enter files in the ledger, as the watcher does when it claims them."""
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
        """Return a dataset's table as the model has it."""
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
        """Return the keys of the rows that are marked as inferred; none in a table that nothing refers to."""
        if not self.catalog.is_referenced(name):
            return set()
        rows = self._select(name, *self.catalog.datasets[name].key, INFERRED)
        return {tuple(map(canonical, row[:-1])) for row in rows if row[-1]}

    def changed(self, name: str) -> dict[tuple[Value, ...], Mark]:
        """Return the `changed` mark of each row, by its key."""
        key = self.catalog.datasets[name].key
        return {tuple(map(canonical, row[:-2])): (row[-2], row[-1]) for row in self._select(name, *key, *MARKS[2:])}

    def column(self, name: str, column: str) -> list[Any]:
        """Return the values of a column as the driver gives them, in the order of the keys."""
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
        """Return what the ledger says of a load."""
        with self.database.transaction() as connection:
            return loads.find(connection, self.schema, [load_id])[load_id]

    def accounts(self, load_id: int) -> Accounts:
        """Return how the rows of a load ended."""
        return accounts_of(self.book(load_id))

    def completed_loads(self) -> list[int]:
        """Return the loads whose event is in the outbox, in order."""
        table = self.schema.outbox
        with self.database.transaction() as connection:
            return list(connection.scalars(select(table.c.load_id).order_by(table.c.load_id)))

    def row_counts(self) -> dict[str, int]:
        """Return the number of rows of each table, those of the ledger too."""
        with self.database.transaction() as connection:
            return {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in self.schema.metadata.sorted_tables
            }

    def summary(self, folder: Path, summary: Summary) -> bytes:
        """Let an aggregator write the summaries into a folder; return one of them."""
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
    """Return how the rows of a load ended, as the ledger says it."""
    return Accounts(
        read=load.rows_read,
        inserted=load.inserted,
        updated=load.updated,
        unchanged=load.unchanged,
        superseded=load.superseded,
        rejected=load.rejected,
    )


def body(payload: Payload, *, token: str | None = None) -> bytes:
    """Return a message as it travels, of a load that the test claimed, or of one with this token."""
    origin = origin_of(payload) if token is None else Origin(token=token)
    return encode(envelope(payload, origin=origin, occurred_at=_MOMENT))


def canonical(value: Any) -> Value:
    """A value as the driver gives it, in the form that parsing a text gives."""
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
