"""The two servers of a benchmark: their durability, their processes, and temporary settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, create_engine, exc, text
from sqlalchemy.pool import NullPool

from benchmarks.processes import file_system_of, server_process
from benchmarks.traffic import BrokerStatistics
from tests.support.servers.session import Servers
from tests.support.sessions import sessions

_VARIABLES = (
    "binlog_format",
    "datadir",
    "innodb_buffer_pool_size",
    "innodb_doublewrite",
    "innodb_flush_log_at_trx_commit",
    "innodb_log_file_size",
    "innodb_redo_log_capacity",
    "log_bin",
    "sync_binlog",
    "version",
)
_IN_MEMORY = ("tmpfs", "ramfs")
_NOT_KNOWN = "not known"


class LocalInfileRefused(Exception):
    """The server does not allow LOAD DATA LOCAL, and does not let us change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """Facts about the servers that affect the figures."""

    database: Mapping[str, str]
    broker: Mapping[str, str]
    #: Settings that make them faster than a durable server, one sentence each.
    shortcuts: tuple[str, ...]


class BenchServers:
    """The servers, chosen in the same way as for the tests."""

    def __init__(self, servers: Servers) -> None:
        self.broker = servers.broker
        self.database = servers.database
        self.statistics = BrokerStatistics(self.broker)

    @cached_property
    def pids(self) -> Mapping[str, int]:
        """The servers' processes that are visible from here."""
        url = self.database.url
        found = {
            "database": server_process(url.host, url.port or 3306, programs=("mysqld", "mariadbd")),
            "broker": server_process(self.broker.host, self.broker.port, programs=("beam.smp",)),
        }
        return {name: pid for name, pid in found.items() if pid is not None}

    def facts(self) -> ServerFacts:
        """Query the facts from the servers."""
        with self._administrator() as connection:
            listed = connection.execute(text("SHOW GLOBAL VARIABLES"))
            variables = {name: value for name, value in listed if name in _VARIABLES}
        broker = {"version": self.statistics.version(), "datadir": self.statistics.data_folder()}
        for name, known in (("database", variables), ("broker", broker)):
            known["file_system"] = (
                file_system_of(known["datadir"], self.pids[name]) if name in self.pids else _NOT_KNOWN
            )
        return ServerFacts(database=variables, broker=broker, shortcuts=tuple(_shortcuts(variables, broker)))

    @contextmanager
    def local_infile(self) -> Iterator[None]:
        """Allow clients to send files until the block ends, then restore the setting."""
        with self._administrator() as connection:
            if connection.scalar(text("SELECT @@GLOBAL.local_infile")):
                yield
                return
            try:
                connection.execute(text("SET GLOBAL local_infile = 1"))
            except exc.DBAPIError as error:
                raise LocalInfileRefused(f"local_infile is off, and to switch it on fails: {error.orig}") from error
        try:
            yield
        finally:
            with self._administrator() as connection:
                connection.execute(text("SET GLOBAL local_infile = 0"))

    @contextmanager
    def staging_of(self, database: str) -> Iterator[None]:
        """Yield a database, created with another one in which dlt stages its rows, and drop it at the end.

        Both have a character set that can store every name, whatever the server's default is.
        """
        staging = f"{database}_staging"
        with self._administrator() as connection:
            connection.execute(text(f"ALTER DATABASE {database} CHARACTER SET utf8mb4"))
            connection.execute(text(f"CREATE DATABASE {staging} CHARACTER SET utf8mb4"))
        try:
            yield
        finally:
            with self._administrator() as connection:
                _end_sessions(connection, database)
                connection.execute(text(f"DROP DATABASE {staging}"))

    @contextmanager
    def _administrator(self) -> Iterator[Connection]:
        engine = create_engine(self.database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection


def _end_sessions(connection: Connection, database: str) -> None:
    """End the statements of a killed client that the server still executes."""
    for session in sessions(connection, database=database):
        connection.execute(text(f"KILL {session.number}"))


def _shortcuts(database: Mapping[str, str], broker: Mapping[str, str]) -> Iterator[str]:
    if database["innodb_flush_log_at_trx_commit"] != "1":
        yield "the database does not flush its log at every commit"
    if database["innodb_doublewrite"] == "OFF":
        yield "the database writes its pages once (innodb_doublewrite is off)"
    if database["log_bin"] == "ON" and database["sync_binlog"] != "1":
        yield "the database does not flush its binary log at every commit"
    if database["log_bin"] == "OFF":
        yield "the database keeps no binary log, as MariaDB by default"
    for name, facts in (("database", database), ("broker", broker)):
        if facts["file_system"] in _IN_MEMORY:
            yield f"the {name}'s data is in memory ({facts['file_system']}): it is not durable"
        if facts["file_system"] == _NOT_KNOWN:
            yield f"the {name}'s process is not visible: its resources, and whether its data is on a disk, are unknown"
