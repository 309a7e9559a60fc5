"""PostgreSQL 13 to 18: sessions, types and the parts of its SQL that other servers do not have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import SchemaItem

from shared.configuration.tls import Tls, TlsMode
from shared.storage.database.dialects.base import DIGEST_BYTES, DatabaseDialect, SqlType
from shared.storage.database.meaning import Meaning
from shared.storage.database.postgresql_connections import KEEP_ALIVES, connect
from shared.storage.database.sqlstates import is_wrong_state, meaning_of_state
from shared.storage.database.waits import ANSWER_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, POOL_RECYCLE_SECONDS, Waits

_UNIQUE_VIOLATION = "23505"
_COLLATION = "C"
#: The settings of every session, whatever the defaults of the server, the database and the account.
_SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO,YMD",
    "lock_timeout": "20s",
    "statement_timeout": f"{ANSWER_TIMEOUT_SECONDS}s",
    # A client that lost its power in the middle of a transaction would hold its locks for as long as the server waits.
    "idle_in_transaction_session_timeout": "30s",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "client_min_messages": "warning",
}
_SSL_MODES = {
    TlsMode.DISABLED: "disable",
    TlsMode.PREFERRED: "prefer",
    TlsMode.REQUIRED: "require",
    TlsMode.VERIFY_CA: "verify-ca",
    TlsMode.VERIFY_IDENTITY: "verify-full",
}
#: An escaped character, or U+0000.
_ESCAPED = re.compile("␛(.)|␀")
#: libpq's name for the system's certificate authorities.
_SYSTEM = "system"


class Postgresql(DatabaseDialect):
    """PostgreSQL."""

    name = "postgresql"
    title = "PostgreSQL"
    sql: ClassVar[SqlDialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
    default_port = 5432
    collation = _COLLATION
    now = "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"

    def engine(self, url: URL, *, waits: Waits, tls: Tls, read_only: bool) -> Engine:
        """Return an engine."""
        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_recycle=POOL_RECYCLE_SECONDS,
            hide_parameters=True,
            connect_args={
                **({} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS}),
                **KEEP_ALIVES,
                **_tls_parameters(tls),
                "client_encoding": "utf8",
                "gssencmode": "disable",
                "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
            },
        )

        @event.listens_for(engine, "do_connect")
        def watch(_dialect: object, _record: object, _arguments: list[Any], parameters: dict[str, Any]) -> Any:
            return connect(waits, parameters)

        return engine

    def server(self, url: URL) -> str:
        """Return host and port, or the folder of the socket."""
        folder = url.query.get("host")
        return str(folder) if folder else super().server(url)

    def meaning(self, error: BaseException | None) -> Meaning:
        """Classify by the SQLSTATE."""
        return meaning_of_state(_state(error))

    def is_key_inserted(self, error: BaseException | None) -> bool:
        """Check the constraint that the server names: a primary key's has the server's default name."""
        if _state(error) != _UNIQUE_VIOLATION:
            return False
        name = getattr(getattr(error, "diag", None), "constraint_name", None)
        return str(name).endswith("_pkey")

    def is_wrong_server(self, error: BaseException | None) -> bool:
        """Look up the SQLSTATE."""
        return is_wrong_state(_state(error))

    def table(self, metadata: MetaData, name: str, *items: SchemaItem, comment: str | None = None) -> Table:
        """Set the collation of every text column: a table has none, and the database's may sort differently."""
        table = super().table(metadata, name, *items, comment=comment)
        for column in table.columns:
            if isinstance(column.type, String):
                column.type = column.type.adapt(type(column.type), collation=_COLLATION)
        return table

    def any_text(self) -> SqlType:
        """Return a text that escapes U+0000, which the server can't store."""
        return EscapedText()

    def instant(self) -> SqlType:
        """Return a TIMESTAMP without a time zone: all are in UTC."""
        return DateTime()

    def long_text_indexes(self, name: str, column: str, long_text: str) -> Sequence[Index]:
        """Return none: a long text does not fit into an index, and the server joins it by hashing."""
        return []

    def collations(self, connection: Connection) -> Mapping[tuple[str, str], str]:
        """Ask the server; "default" is that of the database."""
        query = text(
            "SELECT table_name, column_name, coalesce(collation_name, 'default') FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text', 'character')"
        )
        return {(table, column): collation for table, column, collation in connection.execute(query)}

    @contextmanager
    def preparing(self, connection: Connection) -> Iterator[None]:
        """Hold an advisory lock, which is local to the database, until the end of the transaction."""
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('inflow', 0))"))
        yield

    def account(self, name: str) -> str:
        """Return the name, quoted."""
        return self.quote(name)

    def grants(self, database: str, account: str, *, migrates: bool, rights: Mapping[str, str]) -> Iterator[str]:
        """Yield the grants; the account that creates a table owns it, and only its owner may alter it."""
        yield f"GRANT CONNECT ON DATABASE {self.quote(database)} TO {account}"
        if migrates:
            yield f"GRANT USAGE, CREATE ON SCHEMA public TO {account}"
            return
        yield f"GRANT USAGE ON SCHEMA public TO {account}"
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {account}"
        for table, some in rights.items():
            yield f"GRANT {some} ON public.{self.quote(table)} TO {account}"

    def json_table(self, document: str, types: Sequence[SqlType], *, path: str = "", has_line: bool = False) -> str:
        """Unpack the outer array: the fastest way, as measured, of those that every version supports."""
        rows = f"CAST({document} AS jsonb)" + (f" -> '{path}'" if path else "")
        cells = ["e.n", *(["CAST(e.value ->> 0 AS BIGINT) AS line"] if has_line else [])]
        first = len(cells) - 1
        cells += [
            f"CAST(e.value ->> {n} AS {self._cell_type(sql_type)}) AS c{n}"
            for n, sql_type in enumerate(types, start=first)
        ]
        elements = f"jsonb_array_elements({rows}) WITH ORDINALITY AS e(value, n)"
        return f"LATERAL (SELECT {', '.join(cells)} FROM {elements}) AS j"

    def lookup(self, source: str, table: str) -> str:
        """Join; whatever the plan, only the rows that the join finds are locked."""
        return f"{source} JOIN {table} AS t"

    def locked(self, columns: str, joined: str) -> str:
        """Lock against changes; inserting rows that refer to these is not blocked."""
        return f"SELECT {columns} FROM {joined} ORDER BY j.n FOR NO KEY UPDATE OF t"

    def shared(self, joined: str) -> str:
        """Lock as foreign keys do."""
        return f"SELECT COUNT(*) FROM (SELECT 1 FROM {joined} ORDER BY j.n FOR KEY SHARE OF t) AS s"

    def update(self, table: str, source: str, matches: str, values: Mapping[str, str]) -> str:
        """Update from the JSON; every value sees the row as it was before."""
        settings = ", ".join(f"{column} = {value}" for column, value in values.items())
        return f"UPDATE {table} AS t SET {settings} FROM {source} WHERE {matches}"

    def keep(self, table: str, key: str) -> str:
        """Do nothing; foreign keys lock an existing row as soon as another one refers to it."""
        return "ORDER BY j.n ON CONFLICT DO NOTHING"

    def add(self, table: str, keys: Sequence[str], column: str, cell: str) -> str:
        """Add the cells of rows that already exist."""
        return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {column} = {table}.{column} + excluded.{column}"

    def same(self, left: str, right: str) -> str:
        """Return the standard's operator."""
        return f"{left} IS NOT DISTINCT FROM {right}"

    def as_value(self, name: str, column: Column[Any]) -> str:
        """Return numbers and texts unchanged, booleans as numbers, all others as text."""
        if isinstance(column.type, Boolean):
            return f"CAST({name} AS INTEGER)"
        if isinstance(column.type, DateTime):
            return f"to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')"
        return name if isinstance(column.type, String | BigInteger) else f"CAST({name} AS TEXT)"

    def digest_of(self, values: Sequence[str]) -> str:
        """Return the first bytes of a SHA-256."""
        if not values:
            return "NULL"
        quoted = ", ".join(f"quote_nullable({value})" for value in values)
        return f"substr(sha256(convert_to(concat_ws(',', {quoted}), 'UTF8')), 1, {DIGEST_BYTES})"

    def _cell_type(self, sql_type: SqlType) -> str:
        """Return TEXT for a VARCHAR: a cast would truncate a text that is too long; an INSERT refuses it."""
        return "TEXT" if isinstance(sql_type, String) else str(sql_type.compile(dialect=self.sql))


class EscapedText(TypeDecorator[str]):
    """A text in which U+0000 is stored as ␀, and each ␀ or ␛ with a ␛ before it."""

    impl = Text(collation=_COLLATION)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: SqlDialect) -> str | None:
        """Escape a text on its way into the database."""
        return None if value is None else value.replace("␛", "␛␛").replace("␀", "␛␀").replace("\0", "␀")

    def process_result_value(self, value: str | None, dialect: SqlDialect) -> str | None:
        """Unescape a text from the database."""
        return None if value is None else _ESCAPED.sub(lambda escaped: escaped[1] or "\0", value)


def _state(error: BaseException | None) -> str:
    """Return the SQLSTATE of a server error; empty if the error is the driver's own."""
    return getattr(error, "sqlstate", None) or ""


def _tls_parameters(tls: Tls) -> Mapping[str, str]:
    """Return libpq's parameters for encrypting a connection."""
    files = {"sslrootcert": tls.ca_file, "sslcert": tls.cert_file, "sslkey": tls.key_file or tls.cert_file}
    words = {name: str(file) for name, file in files.items() if file is not None}
    if tls.mode is TlsMode.VERIFY_IDENTITY:
        words.setdefault("sslrootcert", _SYSTEM)
    return {"sslmode": _SSL_MODES[tls.mode], **words}
