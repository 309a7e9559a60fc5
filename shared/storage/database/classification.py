"""Classifies the errors of a database, in one place: those not known to be final are retried."""

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

#: Errors that SQLAlchemy itself raises before a statement is sent to a server.
_OF_STATEMENT = (exc.StatementError, exc.CompileError, exc.ArgumentError)

_CLASSES = {
    Meaning.OUTAGE: DatabaseUnavailable,
    Meaning.TABLES: TablesUnusable,
    Meaning.STATEMENT: DatabaseRefused,
    Meaning.UNKNOWN: UnknownDatabaseError,
}


def classify(error: exc.SQLAlchemyError, dialect: DatabaseDialect, *, server: str) -> InflowError:
    """Return our error for one that a statement raised.

    Its text names the server, unless it is about a row: those are shown to the sender of the file.
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
    """Return our error for one raised while connecting or logging in: an outage, whatever its number.

    An account may be locked, expired or not created yet; none of that is the fault of a message. An error in opening
    an embedded database's file is classified like a statement's.
    """
    if dialect.is_embedded:
        return classify(error, dialect, server=server)
    words = _first_line(error) if isinstance(error, exc.DBAPIError) else str(error)
    return DatabaseUnavailable(named(server, words))


def named(server: str, words: str) -> str:
    """Prefix a text with the server that it is about; the embedded database has no name."""
    return f"database {server}: {words}" if server else words


def _class_of_sqlalchemys(error: exc.SQLAlchemyError) -> type[InflowError]:
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable
    return DatabaseRefused if isinstance(error, _OF_STATEMENT) else UnknownDatabaseError


def _meaning(error: exc.DBAPIError, dialect: DatabaseDialect) -> Meaning:
    meaning = dialect.meaning(error.orig)
    # If no list has the error, the driver's class decides.
    is_of_rows = meaning is Meaning.UNKNOWN and isinstance(error, exc.DataError | exc.IntegrityError)
    return Meaning.ROWS if is_of_rows else meaning


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__


def _words(error: exc.DBAPIError) -> str:
    """Return the server's message, without the error number."""
    words = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    return words.splitlines()[0] if words else _first_line(error)
