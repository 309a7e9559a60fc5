"""Servers that were found, and the interface of the ways to get them."""

from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

from sqlalchemy import URL

Flavour = Literal["mysql", "mariadb", "postgresql"]


class Unavailable(Exception):
    """No server is available in this way; the message gives the reason on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerServer:
    """A RabbitMQ whose user may create virtual hosts through the management API."""

    host: str
    port: int
    user: str
    password: str
    management_url: str

    def url(self, vhost: str) -> str:
        """Return the AMQP URL of one virtual host."""
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"amqp://{credentials}@{self.host}:{self.port}/{quote(vhost, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """A MySQL, MariaDB or PostgreSQL whose user may make databases."""

    #: It names no database, or the one that whoever administers a PostgreSQL connects to.
    url: URL


class Way(Protocol):
    """One way of getting servers of some kind."""

    @property
    def name(self) -> str:
        """The value of INFLOW_TEST_PROVISION that selects this way."""


class PostgresqlProvider(Way, Protocol):
    """One that may give a PostgreSQL."""

    def postgresql(self) -> DatabaseServer:
        """Return a PostgreSQL that answers, or raise Unavailable."""


class Provider(Way, Protocol):
    """One that gives the servers of all tests."""

    def broker(self) -> BrokerServer:
        """Return a server that answers, or raise Unavailable."""

    def database(self) -> DatabaseServer:
        """Return a server that answers, or raise Unavailable."""
