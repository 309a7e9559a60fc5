"""A database by its URL, and its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, event, exc
from sqlalchemy.engine import ExceptionContext

from shared.configuration.tls import Tls
from shared.model.errors import ConcurrentInsert, RowsRefused
from shared.storage.database.classification import classify, classify_connecting
from shared.storage.database.dialects import DatabaseDialect, dialect_of, spoken_by
from shared.storage.database.waits import Waits

_PLAIN = Tls()


class Database:
    """A database by its URL. Nothing connects before the first transaction."""

    def __init__(self, url: URL, *, tls: Tls = _PLAIN, read_only: bool = False) -> None:
        self._dialect = dialect_of(url)
        self._server = self._dialect.server(url)
        self._waits = Waits(self._server)
        self._engine = self._dialect.engine(url, waits=self._waits, tls=tls, read_only=read_only)
        event.listen(self._engine, "handle_error", self._throw_away)

    @property
    def address(self) -> str:
        """The location of the database, without account: databases with the same address are the same database."""
        return self._dialect.address(self._engine.url)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file that this process opens, not a server."""
        return self._dialect.is_embedded

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit at the end, roll back on any exception.

        Raises DatabaseUnavailable or ConcurrentInsert if a retry may succeed, UnknownDatabaseError if that is not
        known, RowsRefused if it might succeed with other rows, DatabaseRefused if it can't, and TablesUnusable if
        none of our statements could.
        """
        connection = self._connect()
        try:
            with connection, connection.begin():
                yield connection
        except exc.SQLAlchemyError as error:
            raise classify(error, self._dialect, server=self._server) from error

    @contextmanager
    def savepoint(self, connection: Connection) -> Iterator[None]:
        """Roll back the block, and nothing else, if it raises RowsRefused or ConcurrentInsert.

        Any other error ends the whole transaction: it may have removed the savepoint, as a deadlock does.
        """
        nested = connection.begin_nested()
        try:
            yield
        except exc.DBAPIError as error:
            refused = classify(error, self._dialect, server="")
            if not isinstance(refused, RowsRefused | ConcurrentInsert):
                raise
            nested.rollback()
            raise refused from error
        nested.commit()

    @property
    def dialect(self) -> DatabaseDialect:
        """The dialect of the server; connects."""
        with self.transaction():
            return self._dialect

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()
        self._waits.close()

    def _connect(self) -> Connection:
        try:
            connection = self._engine.connect()
        except exc.SQLAlchemyError as error:
            raise classify_connecting(error, self._dialect, server=self._server) from error
        self._dialect = spoken_by(connection, self._dialect)
        return connection

    def _throw_away(self, context: ExceptionContext) -> None:
        """Discard this connection, and all pooled ones with it, if its server can't serve us.

        The ping of a pooled connection also succeeds on a server that is read-only or has left its group.
        """
        if self._dialect.is_wrong_server(context.original_exception):
            context.is_disconnect = True
