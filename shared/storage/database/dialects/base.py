"""The interface of a dialect: the methods that support for a new database must implement.

A dialect has no state: one object serves any number of databases, and most methods return text before anything
connects. Statements that are the same for all databases are written where they are used, not here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Engine,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from shared.configuration.tls import Tls
from shared.model.datasets import Column as DatasetColumn
from shared.storage.database.meaning import Meaning
from shared.storage.database.waits import Waits

SqlType = TypeEngine[Any]

#: The number of bytes of a SHA-256 that are kept: a collision becomes likely only at 2**64 values.
DIGEST_BYTES = 16


class DatabaseDialect(ABC):
    """One kind of database."""

    #: Its name in `inflow schema --database`.
    name: ClassVar[str]
    #: Its name in prose.
    title: ClassVar[str]
    #: SQLAlchemy's dialect, which quotes names and writes types.
    sql: ClassVar[SqlDialect]
    #: Whether the database is a file that this process opens: one user at a time, and without a server to wait for.
    is_embedded: ClassVar[bool] = False
    #: The port if the URL has none.
    default_port: ClassVar[int] = 0
    #: A collation that compares bytes, without padding, so that 'José' differs from 'Jose', 'A' from 'a' and 'a ' from
    #: 'a', and the order is the same everywhere; None if that is the database's default.
    collation: ClassVar[str | None] = None
    #: The options with which every table is created.
    table_options: ClassVar[Mapping[str, Any]] = {}

    # Connecting.

    @abstractmethod
    def engine(self, url: URL, *, waits: Waits, tls: Tls, read_only: bool) -> Engine:
        """Return an engine whose sessions are configured as all of ours; nothing connects yet.

        READ COMMITTED, UTC, no value truncated or coerced to fit, foreign keys enforced; a peer that is gone is
        detected within 30 seconds, and waits for the server are reported by `waits`.
        """

    def server(self, url: URL) -> str:
        """Return the server's name in messages; empty if there is no server."""
        return f"{url.host}:{url.port or self.default_port}"

    def address(self, url: URL) -> str:
        """Return the location of the database, without account: the same address means the same database."""
        return f"{self.server(url)}/{url.database}"

    # Errors. These methods take the driver's own error.

    @abstractmethod
    def meaning(self, error: BaseException | None) -> Meaning:
        """Classify an error; UNKNOWN is retried for a limited time."""

    @abstractmethod
    def is_key_inserted(self, error: BaseException | None) -> bool:
        """Whether another transaction inserted a primary key first; any other unique key counts as a constraint."""

    def is_wrong_server(self, error: BaseException | None) -> bool:
        """Whether this connection leads to a server that can't serve us: a retry needs a new connection."""
        return False

    # Tables.

    def table(self, metadata: MetaData, name: str, *items: SchemaItem, comment: str | None = None) -> Table:
        """Add a table to the metadata, with the options that all tables have."""
        return Table(name, metadata, *items, comment=comment, **self.table_options)

    def type_of(self, column: DatasetColumn) -> SqlType:
        """Return the type of a dataset's column."""
        types: dict[str, SqlType] = {
            "text": String(column.length),
            "integer": BigInteger(),
            "decimal": self.decimal(column.precision, column.scale),
            "float": self.float(),
            "date": Date(),
            "timestamp": self.instant(),
            "boolean": Boolean(),
        }
        return types[column.type]

    def long_text(self) -> SqlType:
        """Return the type of a text that may be long."""
        return Text()

    def any_text(self) -> SqlType:
        """Return the type of a long text that may contain any character, including U+0000."""
        return self.long_text()

    def decimal(self, precision: int, scale: int) -> SqlType:
        """Return the type of an exact number."""
        return Numeric(precision, scale)

    def float(self) -> SqlType:
        """Return the type of a 64-bit floating-point number that reads back exactly as it was written."""
        return Double()

    def instant(self) -> SqlType:
        """Return the type of a time in UTC, with microseconds."""
        return DateTime()

    def digest(self) -> SqlType:
        """Return the type of a digest."""
        return LargeBinary(DIGEST_BYTES)

    def long_text_indexes(self, name: str, column: str, long_text: str) -> Sequence[Index]:
        """Return the indexes that find rows by a column and a long text; none if the server does not need them."""
        return [Index(name, column, long_text)]

    def type_name(self, sql_type: SqlType) -> str:
        """Return the type as the server names it, without its collation."""
        return str(sql_type.compile(dialect=self.sql)).upper().split(" COLLATE ")[0]

    def collations(self, connection: Connection) -> Mapping[tuple[str, str], str]:
        """Return the collations of the existing text columns, by table and column."""
        return {}

    @contextmanager
    def preparing(self, connection: Connection) -> Iterator[None]:
        """Let one process at a time create and change the tables of a database, in the caller's transaction."""
        yield

    #: The current time, as an SQL expression; and the first lines of a script of definitions.
    now: ClassVar[str]
    script_head: ClassVar[str] = ""

    # Rights; an embedded database has none.

    def account(self, name: str) -> str:
        """Return an account in SQL syntax."""
        return name

    def grants(self, database: str, account: str, *, migrates: bool, rights: Mapping[str, str]) -> Iterator[str]:
        """Yield the grants to read all tables, or with `migrates` to change them, and those in `rights` by table."""
        return iter(())

    # Rows are passed as one JSON text, whatever their number: an array of arrays. As a table it is named j.

    def quote(self, name: str) -> str:
        """Return a name, quoted so that the server accepts any."""
        return self.sql.identifier_preparer.quote_identifier(name)

    @abstractmethod
    def json_table(self, document: str, types: Sequence[SqlType], *, path: str = "", has_line: bool = False) -> str:
        """Return the rows of a JSON text as a table, in their order.

        `path` is the member of the document that holds them; with `has_line` the first cell is the line.
        """

    def cell(self, position: int) -> str:
        """Return one cell of the JSON's current row; the line, if there is one, is the first cell."""
        return f"j.c{position}"

    #: The line of the JSON's current row.
    line: ClassVar[str] = "j.line"

    @abstractmethod
    def lookup(self, source: str, table: str) -> str:
        """Return the join, up to its condition, that looks up each of the JSON's rows in a table, named t, by its key.

        Other rows of the table are neither locked nor waited for.
        """

    @abstractmethod
    def locked(self, columns: str, joined: str) -> str:
        """Return the query that locks the rows t of a join against changes, in the order of the JSON."""

    @abstractmethod
    def shared(self, joined: str) -> str:
        """Return the query that locks the rows t of a join against deletion, in the order of the JSON."""

    @abstractmethod
    def update(self, table: str, source: str, matches: str, values: Mapping[str, str]) -> str:
        """Return the update of the rows whose keys the JSON has; values are assigned from the first to the last."""

    @abstractmethod
    def keep(self, table: str, key: str) -> str:
        """Return the end of an INSERT … SELECT that leaves an existing row unchanged."""

    @abstractmethod
    def add(self, table: str, keys: Sequence[str], column: str, cell: str) -> str:
        """Return the end of an INSERT … SELECT that adds a cell to a column of an existing row."""

    @abstractmethod
    def same(self, left: str, right: str) -> str:
        """Return an equality for which NULL equals NULL."""

    @abstractmethod
    def as_value(self, name: str, column: Column[Any]) -> str:
        """Return a stored value in the form that parsing produces (shared/model/values.py)."""

    @abstractmethod
    def digest_of(self, values: Sequence[str]) -> str:
        """Return a digest of values that distinguishes NULL from any text, and each value from the next one.

        Values of the table's row and of the JSON's have the same types, and so are quoted in the same way.
        """
