"""A database by its URL, and its transactions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import URL, Connection, exc

from shared.configuration.tls import PLAIN
from shared.model.errors import ConcurrentInsert, RowsRefused
from shared.storage.database.classification import classify, classify_connecting, is_mariadb
from shared.storage.database.engines import mysql_engine, sqlite_engine
from shared.storage.database.waits import Waits

Flavour = Literal["mysql", "mariadb", "sqlite"]


class Database:
    """A database by its URL. Nothing connects before the first transaction."""

    def __init__(self, url: URL, *, connect_args: Mapping[str, object] = PLAIN, read_only: bool = False) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._server = "" if self.is_sqlite else _server_of(url)
        self._waits = Waits(self._server)
        self._engine = (
            sqlite_engine(url, read_only=read_only) if self.is_sqlite else mysql_engine(url, self._waits, connect_args)
        )

    @property
    def address(self) -> str:
        """Where the database is, without account: two that are the same are one database."""
        url = self._engine.url
        return url.database or "" if self.is_sqlite else f"{url.host}:{url.port}/{url.database}"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit at the end, roll back on any exception.

        Raises DatabaseUnavailable or ConcurrentInsert where a new try may succeed, UnknownDatabaseError where
        that is not known, RowsRefused where it might with other rows, DatabaseRefused where it can't, TablesUnusable
        where no statement of ours could.
        """
        connection = self._connect()
        try:
            with connection, connection.begin():
                yield connection
        except exc.SQLAlchemyError as error:
            raise classify(error, self._engine.dialect, server=self._server) from error

    @property
    def flavour(self) -> Flavour:
        """Which SQL the server speaks; connects."""
        with self.transaction() as connection:
            if self.is_sqlite:
                return "sqlite"
            return "mariadb" if is_mariadb(connection.dialect) else "mysql"

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()
        self._waits.close()

    def _connect(self) -> Connection:
        try:
            return self._engine.connect()
        except exc.SQLAlchemyError as error:
            raise classify_connecting(error, self._engine.dialect, server=self._server) from error


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what is done inside, and nothing else, where it raises RowsRefused or ConcurrentInsert.

    What else it raises ends all: that may have taken the savepoint with it, as a deadlock does.
    """
    nested = connection.begin_nested()
    try:
        yield
    except exc.DBAPIError as error:
        refused = classify(error, connection.dialect, server="")
        if not isinstance(refused, RowsRefused | ConcurrentInsert):
            raise
        nested.rollback()
        raise refused from error
    nested.commit()


def _server_of(url: URL) -> str:
    socket = url.query.get("unix_socket")
    return str(socket) if socket else f"{url.host}:{url.port or 3306}"
