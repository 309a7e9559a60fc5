"""What a database has to be told in its own words: the methods that a new database has to have.

A dialect has no state: one object serves any number of databases, and most of it is text that is written before
anything connects. Statements that are the same everywhere are not here but where they are used.
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

#: How much of a SHA-256 is kept: two of 2**64 values are likely to have the same.
DIGEST_BYTES = 16


class DatabaseDialect(ABC):
    """One kind of database."""

    #: As `inflow schema --database` calls it.
    name: ClassVar[str]
    #: As people call it.
    title: ClassVar[str]
    #: SQLAlchemy's dialect, which quotes names and writes types.
    sql: ClassVar[SqlDialect]
    #: Whether the database is a file that this process opens: one user at a time, and no server to wait for.
    is_embedded: ClassVar[bool] = False
    #: The port of a URL without one.
    default_port: ClassVar[int] = 0
    #: Byte-exact and without padding, so that José is not Jose, A is not a, and 'a ' is not 'a', and one order
    #: everywhere; None where that is what the database does anyway.
    collation: ClassVar[str | None] = None
    #: What every table is created with.
    table_options: ClassVar[Mapping[str, Any]] = {}

    # Connecting.

    @abstractmethod
    def engine(self, url: URL, *, waits: Waits, tls: Tls, read_only: bool) -> Engine:
        """Return an engine whose sessions work as all of ours do; nothing connects yet.

        READ COMMITTED, UTC, no value that is cut or bent to fit, foreign keys that hold; a peer that is gone is noticed
        within 30 seconds, and what the server keeps waiting is watched by `waits`.
        """

    def server(self, url: URL) -> str:
        """Return how messages name the server; empty where there is none."""
        return f"{url.host}:{url.port or self.default_port}"

    def address(self, url: URL) -> str:
        """Return where the database is, without account: two that are the same are one database."""
        return f"{self.server(url)}/{url.database}"

    # Errors. What they are given is the driver's own error.

    @abstractmethod
    def meaning(self, error: BaseException | None) -> Meaning:
        """Sort an error; UNKNOWN is tried again for a stated time."""

    @abstractmethod
    def is_key_inserted(self, error: BaseException | None) -> bool:
        """Whether another transaction inserted a primary key first; any other unique key is a constraint."""

    def is_wrong_server(self, error: BaseException | None) -> bool:
        """Whether this connection leads to a server that can't serve us: the next try needs a new one."""
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
        """Return the type of a long text that may have any character in it, U+0000 too."""
        return self.long_text()

    def decimal(self, precision: int, scale: int) -> SqlType:
        """Return the type of an exact number."""
        return Numeric(precision, scale)

    def float(self) -> SqlType:
        """Return the type of a number of 64 bits that reads back as it was written."""
        return Double()

    def instant(self) -> SqlType:
        """Return the type of a time in UTC, to the microsecond."""
        return DateTime()

    def digest(self) -> SqlType:
        """Return the type of a digest."""
        return LargeBinary(DIGEST_BYTES)

    def long_text_indexes(self, name: str, column: str, long_text: str) -> Sequence[Index]:
        """Return what finds rows by a column and a long text; nothing where the server does without."""
        return [Index(name, column, long_text)]

    def type_name(self, sql_type: SqlType) -> str:
        """Return the type as the server writes it, without its collation."""
        return str(sql_type.compile(dialect=self.sql)).upper().split(" COLLATE ")[0]

    def collations(self, connection: Connection) -> Mapping[tuple[str, str], str]:
        """Return the collation of the text columns that exist, by table and column."""
        return {}

    @contextmanager
    def preparing(self, connection: Connection) -> Iterator[None]:
        """Let one process at a time create and change the tables of a database, in the caller's transaction."""
        yield

    #: The present moment, as an expression; and what a file of definitions begins with.
    now: ClassVar[str]
    script_head: ClassVar[str] = ""

    # Rights; there are none in an embedded database.

    def account(self, name: str) -> str:
        """Return an account as SQL writes it."""
        return name

    def grants(self, database: str, account: str, *, migrates: bool, rights: Mapping[str, str]) -> Iterator[str]:
        """Yield what lets an account read all tables, or with `migrates` change them; then `rights` by table."""
        return iter(())

    # Rows travel as one JSON text, whatever their number: an array of arrays. As a table it is named j.

    def quote(self, name: str) -> str:
        """Return a name as the server takes any."""
        return self.sql.identifier_preparer.quote_identifier(name)

    @abstractmethod
    def json_table(self, document: str, types: Sequence[SqlType], *, path: str = "", has_line: bool = False) -> str:
        """Return the rows of a JSON text as a table, in their order.

        `path` is the member of the document that has them; with `has_line` the first cell is the line.
        """

    def cell(self, position: int) -> str:
        """Return one cell of the JSON's current row, where the line counts as the first one."""
        return f"j.c{position}"

    #: The line of the JSON's current row.
    line: ClassVar[str] = "j.line"

    @abstractmethod
    def lookup(self, source: str, table: str) -> str:
        """Return the join, up to its condition, that looks up each of the JSON's rows in a table, named t, by its key.

        Rows of the table that are not named are neither locked nor waited for.
        """

    @abstractmethod
    def locked(self, columns: str, joined: str) -> str:
        """Return the query that locks the rows t of a join against change, in the order of the JSON."""

    @abstractmethod
    def shared(self, joined: str) -> str:
        """Return the query that locks the rows t of a join against being deleted, in that order."""

    @abstractmethod
    def update(self, table: str, source: str, matches: str, values: Mapping[str, str]) -> str:
        """Return the update of the rows that the JSON names; values are assigned from the first to the last."""

    @abstractmethod
    def keep(self, table: str, key: str) -> str:
        """Return the end of an INSERT … SELECT that leaves an existing row as it is."""

    @abstractmethod
    def add(self, table: str, keys: Sequence[str], column: str, cell: str) -> str:
        """Return the end of an INSERT … SELECT that adds a cell to a column of an existing row."""

    @abstractmethod
    def same(self, left: str, right: str) -> str:
        """Return the equality that takes NULL for a value."""

    @abstractmethod
    def as_value(self, name: str, column: Column[Any]) -> str:
        """Return a stored value in the form that parsing a text gives (shared/values.py)."""

    @abstractmethod
    def digest_of(self, values: Sequence[str]) -> str:
        """Return a digest of values that tells NULL from any text, and each value from the next one.

        Values of the table's row and of the JSON's have the same types, and so are quoted alike.
        """
