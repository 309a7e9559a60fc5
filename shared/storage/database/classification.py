"""Sorts what a database answers, once: what is not known to be final is tried again."""

from sqlalchemy import exc

from shared.model.errors import (
    ConcurrentInsert,
    DatabaseRefused,
    DatabaseUnavailable,
    InflowError,
    RowsRefused,
    TablesUnusable,
    UnknownDatabaseError,
)
from shared.storage.database.dialects import DatabaseDialect
from shared.storage.database.meaning import Meaning

#: What SQLAlchemy itself says of a statement before it gets to a server.
_OF_STATEMENT = (exc.StatementError, exc.CompileError, exc.ArgumentError)

_CLASSES = {
    Meaning.OUTAGE: DatabaseUnavailable,
    Meaning.TABLES: TablesUnusable,
    Meaning.STATEMENT: DatabaseRefused,
    Meaning.UNKNOWN: UnknownDatabaseError,
}


def classify(error: exc.SQLAlchemyError, dialect: DatabaseDialect, *, server: str) -> InflowError:
    """Return the error of ours for one that a statement raised.

    Its text names the server, unless it is about a row: that one is shown to whoever sent the file.
    """
    if not isinstance(error, exc.DBAPIError):
        return _class_of_sqlalchemys(error)(named(server, str(error)))
    if dialect.is_key_inserted(error.orig):
        return ConcurrentInsert(_first_line(error))
    if error.connection_invalidated:
        return DatabaseUnavailable(named(server, _first_line(error)))
    meaning = _meaning(error, dialect)
    if meaning is Meaning.ROWS:
        return RowsRefused(_words(error))
    return _CLASSES[meaning](named(server, _first_line(error)))


def classify_connecting(error: exc.SQLAlchemyError, dialect: DatabaseDialect, *, server: str) -> InflowError:
    """Return the error of ours for one raised while connecting or logging in: an outage, whatever its number.

    Accounts are locked, expire and are not there yet; none of that is about a message. An embedded database's file is
    opened, and is sorted like a statement's.
    """
    if dialect.is_embedded:
        return classify(error, dialect, server=server)
    words = _first_line(error) if isinstance(error, exc.DBAPIError) else str(error)
    return DatabaseUnavailable(named(server, words))


def named(server: str, words: str) -> str:
    """Say which server something is about; the embedded database needs no name."""
    return f"database {server}: {words}" if server else words


def _class_of_sqlalchemys(error: exc.SQLAlchemyError) -> type[InflowError]:
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable
    return DatabaseRefused if isinstance(error, _OF_STATEMENT) else UnknownDatabaseError


def _meaning(error: exc.DBAPIError, dialect: DatabaseDialect) -> Meaning:
    meaning = dialect.meaning(error.orig)
    # Where no list says more, the driver's class does.
    is_of_rows = meaning is Meaning.UNKNOWN and isinstance(error, exc.DataError | exc.IntegrityError)
    return Meaning.ROWS if is_of_rows else meaning


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__


def _words(error: exc.DBAPIError) -> str:
    """What the server says, without its number."""
    words = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    return words.splitlines()[0] if words else _first_line(error)
