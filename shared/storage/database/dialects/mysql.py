"""MySQL 8.0 to 9.7: sessions, types and the parts of its SQL that other servers do not have."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import URL, BigInteger, Boolean, Column, Connection, Engine, Index, String, create_engine, event, text
from sqlalchemy.dialects import mysql

from shared.configuration.tls import FreshContext, Tls, TlsMode
from shared.model.errors import DatabaseUnavailable
from shared.storage.database.connections import WatchedConnection
from shared.storage.database.dialects.base import DIGEST_BYTES, DatabaseDialect, SqlType
from shared.storage.database.error_numbers import is_wrong_server, meaning_of
from shared.storage.database.meaning import Meaning
from shared.storage.database.waits import ANSWER_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, POOL_RECYCLE_SECONDS, Waits

#: The maximum time that a session may be idle before the server ends it. Otherwise a session whose client lost power in
#: the middle of a transaction would hold its locks for the server's default, which is eight hours.
_SILENCE_SECONDS = 30
_SESSION = (
    f"SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 20, wait_timeout = {_SILENCE_SECONDS}, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)
#: By the driver's parameters; a URL may override them.
_TIMEOUTS_SECONDS = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "read_timeout": ANSWER_TIMEOUT_SECONDS,
    "write_timeout": ANSWER_TIMEOUT_SECONDS,
}
_DUPLICATE = 1062
#: All databases of a server share one namespace of locks; a name has at most 64 characters (MySQL manual, 14.14).
_LOCK = "CONCAT('inflow.', SHA2(DATABASE(), 224))"
_LOCK_SECONDS = 60
#: The number of characters of a long text in an index.
_PREFIX_LENGTH = 100
_RIGHTS_TO_MIGRATE = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"


class MySql(DatabaseDialect):
    """MySQL."""

    name = "mysql"
    title = "MySQL"
    sql = mysql.dialect()
    default_port = 3306
    collation = "utf8mb4_0900_bin"
    table_options: ClassVar[Mapping[str, Any]] = {
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "mysql_collate": collation,
    }
    now = "UTC_TIMESTAMP(6)"
    script_head = "SET NAMES utf8mb4;\n"
    #: MySQL requires the name of the table (error 3569 otherwise); MariaDB has no syntax for it.
    _for_update = "FOR UPDATE OF t"
    _for_share = "FOR SHARE OF t"
    _is_mariadb = False

    def engine(self, url: URL, *, waits: Waits, tls: Tls, read_only: bool) -> Engine:
        """Return an engine."""
        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_recycle=POOL_RECYCLE_SECONDS,
            hide_parameters=True,
            connect_args={
                **{name: seconds for name, seconds in _TIMEOUTS_SECONDS.items() if name not in url.query},
                "charset": "utf8mb4",
                "init_command": _SESSION,
                "local_infile": False,
                **_tls_parameters(tls),
            },
        )

        @event.listens_for(engine, "do_connect")
        def connect(_dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]) -> Any:
            return WatchedConnection(*arguments, waits=waits, **parameters)

        return engine

    def server(self, url: URL) -> str:
        """Return host and port, or the socket."""
        socket = url.query.get("unix_socket")
        return str(socket) if socket else super().server(url)

    def meaning(self, error: BaseException | None) -> Meaning:
        """Classify by the error's number."""
        if str(error).startswith("Packet sequence number wrong"):
            # The driver gives no number: the server's packet does not answer the statement that was sent.
            return Meaning.OUTAGE
        number = _number(error)
        return Meaning.UNKNOWN if number is None else meaning_of(number, is_mariadb=self._is_mariadb)

    def is_key_inserted(self, error: BaseException | None) -> bool:
        """Check the key that the server names."""
        return error is not None and _number(error) == _DUPLICATE and str(error.args[-1]).endswith("PRIMARY'")

    def is_wrong_server(self, error: BaseException | None) -> bool:
        """Look up the number."""
        number = _number(error)
        return number is not None and is_wrong_server(number, is_mariadb=self._is_mariadb)

    def long_text(self) -> SqlType:
        """Return a text of up to 16 MiB."""
        return mysql.MEDIUMTEXT()

    def instant(self) -> SqlType:
        """Return a DATETIME: a TIMESTAMP begins in 1970."""
        return mysql.DATETIME(fsp=6)

    def digest(self) -> SqlType:
        """Return a fixed number of bytes."""
        return mysql.BINARY(DIGEST_BYTES)

    def long_text_indexes(self, name: str, column: str, long_text: str) -> Sequence[Index]:
        """Index the beginning of the text: a key has at most 3072 bytes."""
        return [Index(name, column, long_text, mysql_length={long_text: _PREFIX_LENGTH})]

    def type_name(self, sql_type: SqlType) -> str:
        """Return the type without MariaDB's display width."""
        name = super().type_name(sql_type).split(" CHARACTER SET ")[0]
        if name.startswith("NUMERIC("):
            return name.replace("NUMERIC", "DECIMAL")
        return {"BOOL": "TINYINT(1)", "BIGINT(20)": "BIGINT"}.get(name, name)

    def collations(self, connection: Connection) -> Mapping[tuple[str, str], str]:
        """Ask the server; a column without a collation of its own has that of its table."""
        query = text(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND collation_name IS NOT NULL"
        )
        return {(table, column): collation for table, column, collation in connection.execute(query)}

    @contextmanager
    def preparing(self, connection: Connection) -> Iterator[None]:
        """Hold a named lock: changes of tables commit the transaction and release its locks."""
        if connection.scalar(text(f"SELECT GET_LOCK({_LOCK}, {_LOCK_SECONDS})")) != 1:
            raise DatabaseUnavailable("another process is creating the tables")
        try:
            yield
        finally:
            # A lost connection has lost its locks too, and accepts no statement.
            if not connection.invalidated:
                connection.execute(text(f"SELECT RELEASE_LOCK({_LOCK})"))

    def account(self, name: str) -> str:
        """Return an account that may come from any host."""
        return f"'{name}'@'%'"

    def grants(self, database: str, account: str, *, migrates: bool, rights: Mapping[str, str]) -> Iterator[str]:
        """Yield the grant on all tables of the database, then those on single ones."""
        # In a grant on all tables, and only there, an underscore matches any character.
        all_tables = self.quote(database).replace("_", r"\_") + ".*"
        yield f"GRANT {_RIGHTS_TO_MIGRATE if migrates else 'SELECT'} ON {all_tables} TO {account}"
        for table, some in rights.items():
            yield f"GRANT {some} ON {self.quote(database)}.{self.quote(table)} TO {account}"

    def json_table(self, document: str, types: Sequence[SqlType], *, path: str = "", has_line: bool = False) -> str:
        """Return a JSON_TABLE."""
        columns = ["line BIGINT PATH '$[0]'"] if has_line else []
        first = len(columns)
        columns += [f"c{n} {self._cell_type(sql_type)} PATH '$[{n}]'" for n, sql_type in enumerate(types, start=first)]
        member = f"$.{path}" if path else "$"
        return f"JSON_TABLE({document}, '{member}[*]' COLUMNS({', '.join(columns)})) AS j"

    def lookup(self, source: str, table: str) -> str:
        """Force the order of the join: the server would scan, and lock, a table that it considers small."""
        return f"{source} STRAIGHT_JOIN {table} AS t FORCE INDEX (PRIMARY)"

    def locked(self, columns: str, joined: str) -> str:
        """Lock for update."""
        return f"SELECT {columns} FROM {joined} {self._for_update}"

    def shared(self, joined: str) -> str:
        """Lock in share mode."""
        return f"SELECT COUNT(*) FROM {joined} {self._for_share}"

    def update(self, table: str, source: str, matches: str, values: Mapping[str, str]) -> str:
        """Join; MySQL assigns from left to right, and later values see earlier assignments."""
        settings = ", ".join(f"t.{column} = {value}" for column, value in values.items())
        return f"UPDATE {self.lookup(source, table)} ON {matches} SET {settings}"

    def keep(self, table: str, key: str) -> str:
        """Assign the key to itself, which locks the row."""
        return f"ON DUPLICATE KEY UPDATE {key} = {table}.{key}"

    def add(self, table: str, keys: Sequence[str], column: str, cell: str) -> str:
        """Add; `keys` are the columns of the table's primary key."""
        return f"ON DUPLICATE KEY UPDATE {column} = {table}.{column} + {cell}"

    def same(self, left: str, right: str) -> str:
        """Return MySQL's own operator."""
        return f"{left} <=> {right}"

    def as_value(self, name: str, column: Column[Any]) -> str:
        """Return numbers and texts unchanged, all others as text."""
        return name if isinstance(column.type, String | BigInteger | Boolean) else f"CAST({name} AS CHAR)"

    def digest_of(self, values: Sequence[str]) -> str:
        """Return the first bytes of a SHA-256."""
        if not values:
            return "NULL"
        quoted = ", ".join(f"QUOTE({value})" for value in values)
        return f"UNHEX(LEFT(SHA2(CONCAT_WS(',', {quoted}), 256), {2 * DIGEST_BYTES}))"

    def _cell_type(self, sql_type: SqlType) -> str:
        """Name the character set of a text column: MariaDB would use the database's, and lose characters."""
        name = sql_type.compile(dialect=self.sql)
        return f"{name} CHARACTER SET utf8mb4 COLLATE {self.collation}" if isinstance(sql_type, String) else name


def _number(error: BaseException | None) -> int | None:
    """Return the server's or the driver's number of an error; None if it has none."""
    number = error.args[0] if error is not None and error.args else None
    return number if isinstance(number, int) else None


def _tls_parameters(tls: Tls) -> Mapping[str, object]:
    """Return the driver's parameters for encrypting a connection; to the driver, none means PREFERRED."""
    if not tls.is_on:
        return {"ssl_disabled": True}
    return {} if tls.mode is TlsMode.PREFERRED else {"ssl": FreshContext(tls)}
