"""A separate virtual host and database for each test."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pika
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.support.servers.found import BrokerServer, DatabaseServer, Flavour
from tests.support.servers.management import Management
from tests.support.sessions import sessions

#: A transaction that a test left open must not delay the others.
LOCK_WAIT_SECONDS = 60
#: Time limit for a busy broker to accept a connection; pika's own limits are 10 and 15 seconds.
CONNECT_SECONDS = 60
_NO_SUCH_THREAD = 1094
#: A trap, as the character set of the MySQL servers is: the product has to name its own order everywhere.
_ORDER = " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """An empty virtual host."""

    url: str
    server: BrokerServer
    vhost: str

    def queue_depths(self) -> dict[str, int]:
        """Return the number of messages in each queue, without unacknowledged ones.

        It is read over AMQP, which is current, while the management API's figures are seconds old. But on a busy broker
        a 0 may be wrong: it is also the answer for a quorum queue whose leader does not answer within 250 ms.
        """
        names = Management(self.server).queue_names(self.vhost)
        with self.channel() as channel:
            return {name: channel.queue_declare(name, passive=True).method.message_count for name in names}

    def publish(self, queue: str, body: bytes) -> None:
        """Put a message into a queue as another client would."""
        with self.channel() as channel:
            channel.basic_publish("", queue, body)

    def purge(self, queue: str) -> None:
        """Delete the messages of a queue."""
        with self.channel() as channel:
            channel.queue_purge(queue)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Open a channel on a separate connection."""
        parameters = pika.URLParameters(self.url)
        parameters.socket_timeout = parameters.stack_timeout = CONNECT_SECONDS
        with closing(pika.BlockingConnection(parameters)) as connection:
            yield connection.channel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An empty database, with the server's own default character set."""

    url: str
    flavour: Flavour


@contextmanager
def own_vhost(server: BrokerServer) -> Iterator[Broker]:
    """Create a virtual host, and delete it at the end."""
    management = Management(server)
    vhost = _unique_name()
    management.make_vhost(vhost)
    try:
        yield Broker(url=server.url(vhost), server=server, vhost=vhost)
    finally:
        management.delete_vhost(vhost)


@contextmanager
def own_database(server: DatabaseServer) -> Iterator[Database]:
    """Create a database, and drop it at the end."""
    name = _unique_name()
    with _administrator(server) as connection:
        version = str(connection.execute(text("SELECT VERSION()")).scalar_one())
        flavour = _flavour(version)
        connection.execute(text(f"CREATE DATABASE {name}{_ORDER if flavour == 'postgresql' else ''}"))
    try:
        yield Database(url=server.url.set(database=name).render_as_string(hide_password=False), flavour=flavour)
    finally:
        with _administrator(server) as connection:
            if flavour == "postgresql":
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            else:
                _end_connections_to(name, connection)
                connection.execute(text(f"DROP DATABASE {name}"))


def _unique_name() -> str:
    return f"inflow_test_{uuid4().hex[:12]}"


@contextmanager
def _administrator(server: DatabaseServer) -> Iterator[Connection]:
    engine = create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if connection.dialect.name == "mysql":
            connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}"))
        yield connection


def _flavour(version: str) -> Flavour:
    if version.startswith("PostgreSQL"):
        return "postgresql"
    return "mariadb" if "MariaDB" in version else "mysql"


def _end_connections_to(name: str, connection: Connection) -> None:
    """End the connections that a test left behind, whose locks would keep the database from being dropped."""
    for session in sessions(connection, database=name):
        try:
            connection.execute(text(f"KILL {session.number}"))
        except OperationalError as error:
            # It ended by itself in between.
            if error.orig is None or error.orig.args[0] != _NO_SUCH_THREAD:
                raise
