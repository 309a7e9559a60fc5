"""Sorts what a database answers, once: what is not known to be final is tried again."""

import sqlite3

from sqlalchemy import Dialect, exc

from shared.model.errors import (
    ConcurrentInsert,
    DatabaseRefused,
    DatabaseUnavailable,
    InflowError,
    RowsRefused,
    TablesUnusable,
    UnknownDatabaseError,
)
from shared.storage.database.error_numbers import Meaning, meaning_of

_DUPLICATE = 1062
#: SQLite's result codes are a closed list: what is none of these is final.
_BUSY_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR")
#: What SQLAlchemy itself says of a statement before it gets to a server.
_OF_STATEMENT = (exc.StatementError, exc.CompileError, exc.ArgumentError)

_CLASSES = {
    Meaning.OUTAGE: DatabaseUnavailable,
    Meaning.TABLES: TablesUnusable,
    Meaning.STATEMENT: DatabaseRefused,
    Meaning.UNKNOWN: UnknownDatabaseError,
}


def classify(error: exc.SQLAlchemyError, dialect: Dialect, *, server: str) -> InflowError:
    """Return the error of ours for one that a statement raised.

    Its text names the server, unless it is about a row: that one is shown to whoever sent the file.
    """
    if not isinstance(error, exc.DBAPIError):
        return _class_of_sqlalchemys(error)(named(server, str(error)))
    if _is_concurrent_insert(error):
        return ConcurrentInsert(_first_line(error))
    if error.connection_invalidated or _is_out_of_sequence(error):
        return DatabaseUnavailable(named(server, _first_line(error)))
    meaning = _meaning(error, dialect)
    if meaning is Meaning.ROWS:
        return RowsRefused(_words(error))
    return _CLASSES[meaning](named(server, _first_line(error)))


def classify_connecting(error: exc.SQLAlchemyError, dialect: Dialect, *, server: str) -> InflowError:
    """Return the error of ours for one raised while connecting or logging in: an outage, whatever its number.

    Accounts are locked, expire and are not there yet; none of that is about a message. SQLite's file is opened, and is
    sorted by its code.
    """
    if not server:
        return classify(error, dialect, server=server)
    words = _first_line(error) if isinstance(error, exc.DBAPIError) else str(error)
    return DatabaseUnavailable(named(server, words))


def is_mariadb(dialect: Dialect) -> bool:
    """Whether a dialect found out, when it first connected, that its server is a MariaDB."""
    return bool(getattr(dialect, "is_mariadb", False))


def error_number(error: BaseException | None) -> int | None:
    """Return the server's or the driver's number of an error of the driver; None where it has none."""
    number = error.args[0] if error is not None and error.args else None
    return number if isinstance(number, int) else None


def named(server: str, words: str) -> str:
    """Say which server something is about; the embedded database needs no name."""
    return f"database {server}: {words}" if server else words


def _class_of_sqlalchemys(error: exc.SQLAlchemyError) -> type[InflowError]:
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable
    return DatabaseRefused if isinstance(error, _OF_STATEMENT) else UnknownDatabaseError


def _meaning(error: exc.DBAPIError, dialect: Dialect) -> Meaning:
    number = error_number(error.orig)
    if number is not None:
        meaning = meaning_of(number, is_mariadb=is_mariadb(dialect))
    else:
        meaning = _meaning_of_sqlites(error.orig) if isinstance(error.orig, sqlite3.Error) else Meaning.UNKNOWN
    # Where no list says more, the driver's class does.
    is_of_rows = meaning is Meaning.UNKNOWN and isinstance(error, exc.DataError | exc.IntegrityError)
    return Meaning.ROWS if is_of_rows else meaning


def _meaning_of_sqlites(error: sqlite3.Error) -> Meaning:
    if getattr(error, "sqlite_errorname", "").startswith(_BUSY_SQLITE):
        return Meaning.OUTAGE
    if str(error).startswith(("no such table", "no such column")):
        return Meaning.TABLES
    return Meaning.ROWS if isinstance(error, sqlite3.DataError | sqlite3.IntegrityError) else Meaning.STATEMENT


def _is_out_of_sequence(error: exc.DBAPIError) -> bool:
    """Whether, in the driver's words without a number, what the server said is not an answer to what was asked."""
    return str(error.orig).startswith("Packet sequence number wrong")


def _is_concurrent_insert(error: exc.DBAPIError) -> bool:
    """Whether a key was inserted meanwhile. A unique key that was added by hand is a constraint like any other."""
    if error_number(error.orig) == _DUPLICATE:
        return _words(error).endswith("PRIMARY'")
    return getattr(error.orig, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_PRIMARYKEY"


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__


def _words(error: exc.DBAPIError) -> str:
    """What the server says, without its number."""
    words = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    return words.splitlines()[0] if words else _first_line(error)
