"""SQLite, for embedded mode: one file, one user at a time."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import URL, Column, Connection, Engine, String, create_engine, event
from sqlalchemy.dialects import sqlite

from shared.configuration.tls import Tls
from shared.storage.database.dialects.base import DIGEST_BYTES, DatabaseDialect, SqlType
from shared.storage.database.meaning import Meaning
from shared.storage.database.waits import Waits

#: SQLite's result codes are a closed list: any other code is final.
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR")
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000")
#: The length of -2.2250738585072014e-308.
_MAX_FLOAT_LENGTH = 24


class Sqlite(DatabaseDialect):
    """SQLite."""

    name = "sqlite"
    title = "SQLite"
    sql = sqlite.dialect()
    is_embedded = True
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    line = "json_extract(j.value, '$[0]')"

    def engine(self, url: URL, *, waits: Waits, tls: Tls, read_only: bool) -> Engine:
        """Return an engine for a file; nothing is opened yet."""
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 30, "isolation_level": None})

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            # The servers have this function already.
            connection.create_function("sha256", 1, _sha256, deterministic=True)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

        return engine

    def server(self, url: URL) -> str:
        """Return an empty name: the embedded database has none."""
        return ""

    def address(self, url: URL) -> str:
        """Return the path of the file."""
        return url.database or ""

    def meaning(self, error: BaseException | None) -> Meaning:
        """Classify by the name of the result code."""
        if not isinstance(error, sqlite3.Error):
            return Meaning.UNKNOWN
        if getattr(error, "sqlite_errorname", "").startswith(_BUSY):
            return Meaning.OUTAGE
        if str(error).startswith(("no such table", "no such column")):
            return Meaning.TABLES
        return Meaning.ROWS if isinstance(error, sqlite3.DataError | sqlite3.IntegrityError) else Meaning.STATEMENT

    def is_key_inserted(self, error: BaseException | None) -> bool:
        """Check the name of the result code."""
        return getattr(error, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_PRIMARYKEY"

    def decimal(self, precision: int, scale: int) -> SqlType:
        """Return a text: SQLite has no exact decimal type."""
        return String(precision + 2)

    def float(self) -> SqlType:
        """Return a text: SQLite reads some floats as neighbouring ones."""
        return String(_MAX_FLOAT_LENGTH)

    def json_table(self, document: str, types: Sequence[SqlType], *, path: str = "", has_line: bool = False) -> str:
        """Return a json_each, whose values are the rows."""
        return f"json_each({document}, '{f'$.{path}' if path else '$'}') AS j"

    def cell(self, position: int) -> str:
        """Extract a cell of the row."""
        return f"json_extract(j.value, '$[{position}]')"

    def lookup(self, source: str, table: str) -> str:
        """Force the order of the join."""
        return f"{source} CROSS JOIN {table} AS t"

    def locked(self, columns: str, joined: str) -> str:
        """Read: the transaction has locked the whole file."""
        return f"SELECT {columns} FROM {joined}"

    def shared(self, joined: str) -> str:
        """Read: the transaction has locked the whole file."""
        return f"SELECT COUNT(*) FROM {joined}"

    def update(self, table: str, source: str, matches: str, values: Mapping[str, str]) -> str:
        """Update from the JSON."""
        settings = ", ".join(f"{column} = {value}" for column, value in values.items())
        return f"UPDATE {table} AS t SET {settings} FROM {source} WHERE {matches}"

    def keep(self, table: str, key: str) -> str:
        """Do nothing; without a condition before it, ON would be parsed as the join's."""
        return "WHERE TRUE ON CONFLICT DO NOTHING"

    def add(self, table: str, keys: Sequence[str], column: str, cell: str) -> str:
        """Add the cells of rows that already exist."""
        names = ", ".join(keys)
        return f"WHERE TRUE ON CONFLICT ({names}) DO UPDATE SET {column} = {table}.{column} + excluded.{column}"

    def same(self, left: str, right: str) -> str:
        """Return SQLite's own operator."""
        return f"{left} IS {right}"

    def as_value(self, name: str, column: Column[Any]) -> str:
        """Return the value: it is stored as parsing produced it."""
        return name

    def digest_of(self, values: Sequence[str]) -> str:
        """Return the first bytes of a SHA-256."""
        if not values:
            return "NULL"
        quoted = " || ".join(f"(',' || quote({value}))" for value in values)
        return f"substr(sha256({quoted}), 1, {DIGEST_BYTES})"


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
