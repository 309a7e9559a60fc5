"""Real SQL on an in-memory SQLite, with the errors of a MySQL server at any statement and commit."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import ExceptionContext

from shared.configuration.catalog import load_catalog
from shared.storage.database import DIALECTS, Database
from shared.storage.database.dialects.sqlite import Sqlite
from shared.storage.database.meaning import Meaning
from shared.storage.store import Store, open_store
from verification.simulation.faults import (
    AFTER_COMMIT,
    AWAY_ERRORS,
    BEFORE_COMMIT,
    DATABASE_AWAY,
    DISCONNECTS,
    OUTAGES,
    SERVER_ERRORS,
    STATEMENT,
    Point,
)
from verification.simulation.world import World


class ServerError(sqlite3.OperationalError):
    """An error as PyMySQL raises it: a number and a text. The product must sort it by its number."""


class _SqliteWithServerErrors(Sqlite):
    """Sorts what the simulated server says as its own dialect would."""

    def meaning(self, error: BaseException | None) -> Meaning:
        return DIALECTS["mysql"].meaning(error) if isinstance(error, ServerError) else super().meaning(error)

    def is_wrong_server(self, error: BaseException | None) -> bool:
        return DIALECTS["mysql"].is_wrong_server(error)


class _Session(sqlite3.Connection):
    """The only connection: closing it rolls the transaction back, as a server does, but keeps the data."""

    def close(self) -> None:
        self.rollback()


class SimulatedDatabase(Database):
    """One database for all processes of a run, reused by later runs: its tables are created once."""

    def __init__(self) -> None:
        super().__init__(URL.create("sqlite"))
        self._dialect = _SqliteWithServerErrors()
        self._session = sqlite3.connect(":memory:", isolation_level=None, factory=_Session, check_same_thread=False)
        self._world: World | None = None
        self._lent = 0
        #: Until this time it refuses all connections, with this error.
        self.away_until, self.away_as = 0.0, DATABASE_AWAY
        event.listen(self._engine, "do_connect", lambda *_: self._session)
        event.listen(self._engine, "before_cursor_execute", self._at_statement)
        event.listen(self._engine, "handle_error", _sort_out_disconnects)
        self._engine.dialect.do_commit = self._commit  # type: ignore[method-assign, assignment]
        self.store: Store = open_store(self, load_catalog(None))

    def begin(self, world: World) -> None:
        """Empty all tables for a new run."""
        self._session.rollback()
        schema = self.store.schema
        for table in reversed(schema.metadata.sorted_tables):
            if table not in (schema.installation, schema.migrations):
                self._session.execute(f"DELETE FROM {table.name}")
        self._world = world
        self.away_until = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Let other processes work before the transaction, but not during it, as there is only one connection."""
        if self._world is not None:
            self._world.interrupt()
        self._lent += 1
        try:
            with super().transaction() as connection:
                yield connection
        finally:
            self._lent -= 1

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is in progress."""
        return self._lent > 0

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """Read the committed state, without passing a point."""
        return self._session.execute(query).fetchall()

    def back_up(self) -> sqlite3.Connection:
        """Return a copy of all that is committed now."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._session.backup(copy)
        return copy

    def restore(self, backup: sqlite3.Connection) -> None:
        """Have the tables as they were at a backup."""
        self._session.rollback()
        backup.backup(self._session)

    def close(self) -> None:
        """Free the memory."""
        super().close()
        sqlite3.Connection.close(self._session)

    def _at_statement(self, *_: object) -> None:
        self._pass(STATEMENT)

    def _commit(self, _connection: object) -> None:
        self._pass(BEFORE_COMMIT)
        self._session.commit()
        self._pass(AFTER_COMMIT)

    def _pass(self, point: Point) -> None:
        if self._world is None:
            return
        number = self._world.at(point)
        if self._world.is_process and self._world.clock.time() < self.away_until:
            number = AWAY_ERRORS[self.away_as]
        if number is None:
            return
        if number != "1205":
            # All errors except a lock wait timeout end the transaction on the server, whatever the client does.
            self._session.rollback()
        raise ServerError(int(number), {**SERVER_ERRORS, **OUTAGES}[number])


def _sort_out_disconnects(context: ExceptionContext) -> None:
    """Do the same as PyMySQL's dialect: after these numbers SQLAlchemy discards the connection."""
    error = context.original_exception
    if isinstance(error, ServerError):
        context.is_disconnect = str(error.args[0]) in DISCONNECTS
