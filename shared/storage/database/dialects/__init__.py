"""One object per kind of database, with all that differs between them."""

from sqlalchemy import URL, Connection

from shared.storage.database.dialects.base import DIGEST_BYTES, DatabaseDialect, SqlType
from shared.storage.database.dialects.mariadb import MariaDb
from shared.storage.database.dialects.mysql import MySql
from shared.storage.database.dialects.postgresql import Postgresql
from shared.storage.database.dialects.sqlite import Sqlite

__all__ = [
    "DIALECTS",
    "DIGEST_BYTES",
    "DatabaseDialect",
    "MariaDb",
    "MySql",
    "Postgresql",
    "SqlType",
    "Sqlite",
    "dialect_of",
    "spoken_by",
]

#: Every dialect by its name.
DIALECTS: dict[str, DatabaseDialect] = {
    dialect.name: dialect for dialect in (MySql(), MariaDb(), Postgresql(), Sqlite())
}


def dialect_of(url: URL) -> DatabaseDialect:
    """Return the dialect that a URL names."""
    return DIALECTS[url.get_backend_name()]


def spoken_by(connection: Connection, dialect: DatabaseDialect) -> DatabaseDialect:
    """Return the dialect of the connected server: a MariaDB server also accepts connections with MySQL's dialect."""
    return DIALECTS["mariadb"] if getattr(connection.dialect, "is_mariadb", False) else dialect
