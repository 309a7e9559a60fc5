"""The engines: how sessions are set up on MySQL and MariaDB, and on SQLite."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

from shared.storage.database.classification import error_number, is_mariadb
from shared.storage.database.connections import WatchedConnection
from shared.storage.database.error_numbers import is_wrong_server
from shared.storage.database.waits import Waits

#: How long a statement may go without an answer before the connection counts as lost. A large merge on a slow machine
#: takes minutes, and giving it up would only begin it again; that it takes long is said after ten seconds (waits.py),
#: and a peer that is gone is noticed by its socket within 30 (connections.py).
ANSWER_TIMEOUT_SECONDS = 300
#: The driver's own words; a URL may say otherwise.
_TIMEOUTS_SECONDS = {
    "connect_timeout": 5,
    "read_timeout": ANSWER_TIMEOUT_SECONDS,
    "write_timeout": ANSWER_TIMEOUT_SECONDS,
}
#: How old a pooled connection gets: where an address moves and old connections are not cut, one that only reads would
#: stay with the old server, which refuses nothing.
_POOL_RECYCLE_SECONDS = 300

#: How long a session may be silent before the server ends it. One whose client lost its power in the middle of a
#: transaction would hold its locks for the server's default otherwise, which is eight hours.
_SILENCE_SECONDS = 30

_SESSION = (
    f"SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 20, wait_timeout = {_SILENCE_SECONDS}, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)


def mysql_engine(url: URL, waits: Waits, connect_args: Mapping[str, object]) -> Engine:
    """Return an engine for a MySQL or MariaDB; nothing connects yet. `connect_args` are more words of the driver."""
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=_POOL_RECYCLE_SECONDS,
        hide_parameters=True,
        connect_args={
            **{name: seconds for name, seconds in _TIMEOUTS_SECONDS.items() if name not in url.query},
            "charset": "utf8mb4",
            "init_command": _SESSION,
            "local_infile": False,
            **connect_args,
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]) -> Any:
        return WatchedConnection(*arguments, waits=waits, **parameters)

    @event.listens_for(engine, "handle_error")
    def throw_away(context: ExceptionContext) -> None:
        """Give up this connection, and all pooled ones with it, where the server behind it can't serve us.

        The ping that a pooled connection has to pass succeeds on a server that is read only or left its group.
        """
        number = error_number(context.original_exception)
        if number is not None and is_wrong_server(number, is_mariadb=is_mariadb(context.dialect)):
            context.is_disconnect = True

    return engine


def sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    """Return an engine for a file of SQLite; nothing is opened yet."""
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
