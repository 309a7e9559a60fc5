"""The one module that knows the database driver: engine, transactions, and errors sorted once."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from shared.configuration.tls import PLAIN
from shared.errors import (
    ConcurrentInsert,
    DatabaseRefused,
    DatabaseUnavailable,
    InflowError,
    RowsRefused,
    TablesUnusable,
)

Flavour = Literal["mysql", "mariadb", "sqlite"]

#: How long a statement may go without an answer before the connection counts as lost.
ANSWER_TIMEOUT_SECONDS = 300
#: The driver's own words; a URL may say otherwise.
_TIMEOUTS_SECONDS = {
    "connect_timeout": 5,
    "read_timeout": ANSWER_TIMEOUT_SECONDS,
    "write_timeout": ANSWER_TIMEOUT_SECONDS,
}

#: How long a session may be silent before the server ends it. One whose client lost its power in the middle of a
#: transaction would hold its locks for the server's default otherwise, which is eight hours.
_SILENCE_SECONDS = 30

_SESSION = (
    f"SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 20, wait_timeout = {_SILENCE_SECONDS}, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)

#: MySQL and MariaDB error numbers after which the same transaction may succeed (manual, error reference).
_TRANSIENT = frozenset({
    1015, 1016, 1017, 1023, 1024, 1026, 1028, 1030,  # its files: a disk that is full or gone, too many open ones
    1020,  # the row changed meanwhile (MariaDB 11.6 and later)
    1021,  # disk full
    1037, 1038, 1041,  # out of memory
    1040, 1203, 1226,  # too many connections
    1044, 1045, 1049,  # the account or the database is not there yet, or not any more
    1053, 1077, 1079, 1080, 1927, 3169, 4031,  # shutdown, killed, idle too long
    1114,  # table full
    1158, 1159, 1160, 1161,  # network
    1205, 1213, 3572,  # lock wait, deadlock
    1290, 1792, 1836, 3989,  # read only, as during a fail-over or while a database is moved
    1317, 1969, 3024,  # interrupted
    2002, 2003, 2006, 2013, 2055,  # connection
})  # fmt: skip
#: Numbers below are not of SQL but of the server's own files and memory (include/mysys_err.h of both).
_FIRST_OF_SQL = 1000
_DUPLICATE = 1062
#: An unknown column, a command denied on a table, an unknown table.
_UNUSABLE = frozenset({1054, 1142, 1146})
#: What the driver does not call an error of data or integrity: a wrong value, no default, SIGNAL, CHECK.
_OF_ROWS = frozenset({1292, 1364, 1365, 1366, 1644, 3819, 4025})


class Database:
    """A database by its URL. Nothing connects before the first transaction."""

    def __init__(self, url: URL, *, connect_args: Mapping[str, object] = PLAIN, read_only: bool = False) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(url, read_only=read_only) if self.is_sqlite else _mysql_engine(url, connect_args)

    @property
    def address(self) -> str:
        """Where the database is, without account: two that are the same are one database."""
        url = self._engine.url
        return url.database or "" if self.is_sqlite else f"{url.host}:{url.port}/{url.database}"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit at the end, roll back on any exception.

        Raises DatabaseUnavailable or ConcurrentInsert where a new try may succeed, RowsRefused where it might with
        other rows, DatabaseRefused where it can't, TablesUnusable where no statement of ours could.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except exc.SQLAlchemyError as error:
            raise _sorted(error) from error

    @property
    def flavour(self) -> Flavour:
        """Which SQL the server speaks; connects."""
        with self.transaction() as connection:
            if self.is_sqlite:
                return "sqlite"
            return "mariadb" if connection.dialect.is_mariadb else "mysql"  # type: ignore[attr-defined]

    def ping(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        with self.transaction() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what is done inside, and nothing else, where it raises RowsRefused; what else it raises ends all."""
    nested = connection.begin_nested()
    try:
        yield
    except exc.DBAPIError as error:
        refused = _sorted(error)
        # Others may have taken the savepoint with them, as a deadlock does.
        if not isinstance(refused, RowsRefused):
            raise
        nested.rollback()
        raise refused from error
    nested.commit()


def _mysql_engine(url: URL, connect_args: Mapping[str, object]) -> Engine:
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            **{name: seconds for name, seconds in _TIMEOUTS_SECONDS.items() if name not in url.query},
            "charset": "utf8mb4",
            "init_command": _SESSION,
            "local_infile": False,
            **connect_args,
        },
    )


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 30, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "busy_timeout = 30000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # The other servers have it.
        connection.create_function("sha256", 1, _sha256, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _sorted(error: exc.SQLAlchemyError) -> InflowError:
    if not isinstance(error, exc.DBAPIError):
        unavailable = isinstance(error, exc.TimeoutError)
        return DatabaseUnavailable(str(error)) if unavailable else DatabaseRefused(str(error))
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if _is_concurrent_insert(error, number):
        return ConcurrentInsert(_first_line(error))
    if error.connection_invalidated or _is_transient(number) or _is_busy_sqlite(error):
        return DatabaseUnavailable(_first_line(error))
    if number in _UNUSABLE or str(error.orig).startswith(("no such table", "no such column")):
        return TablesUnusable(_first_line(error))
    if isinstance(error, exc.DataError | exc.IntegrityError) or number in _OF_ROWS:
        return RowsRefused(_words(error))
    return DatabaseRefused(_first_line(error))


def _is_transient(number: object) -> bool:
    if isinstance(number, str):
        # The driver's own words, without a number: what the server said is not an answer to what was asked.
        return number.startswith("Packet sequence number wrong")
    return number in _TRANSIENT or (isinstance(number, int) and 0 < number < _FIRST_OF_SQL)


def _is_concurrent_insert(error: exc.DBAPIError, number: object) -> bool:
    """Whether a key was inserted meanwhile. A unique key that somebody added by hand is a constraint like any other."""
    if number == _DUPLICATE:
        return _words(error).endswith("PRIMARY'")
    return getattr(error.orig, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_PRIMARYKEY"


def _is_busy_sqlite(error: exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", "").startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR")
    )


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__


def _words(error: exc.DBAPIError) -> str:
    """What the server says, without its number."""
    words = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    return words.splitlines()[0] if words else _first_line(error)
