"""Servers that were found, and the interface of the ways to get them."""

from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

from sqlalchemy import URL

Flavour = Literal["mysql", "mariadb"]


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
    """A MySQL or MariaDB whose user may create databases; its URL names no database."""

    url: URL


class Provider(Protocol):
    """One way of getting servers."""

    @property
    def name(self) -> str:
        """The value of INFLOW_TEST_PROVISION that selects this way."""

    def broker(self) -> BrokerServer:
        """Return a server that answers, or raise Unavailable."""

    def database(self) -> DatabaseServer:
        """Return a server that answers, or raise Unavailable."""
