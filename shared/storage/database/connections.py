"""Connections to a MySQL or MariaDB server: their sockets detect a dead peer, and long waits are reported."""

import socket
from typing import Any

from pymysql.connections import Connection
from pymysql.constants import CR
from pymysql.err import OperationalError

from shared.storage.database.waits import Waits

#: A peer whose machine or address is gone sends nothing, not even a reset. The kernel sends three probes after 10
#: seconds of silence, and limits how long sent data may stay unacknowledged: the connection fails within 30 seconds.
_SOCKET_OPTIONS = (
    ("SOL_SOCKET", "SO_KEEPALIVE", 1),
    ("IPPROTO_TCP", "TCP_NODELAY", 1),
    ("IPPROTO_TCP", "TCP_KEEPIDLE", 10),
    ("IPPROTO_TCP", "TCP_KEEPINTVL", 5),
    ("IPPROTO_TCP", "TCP_KEEPCNT", 3),
    ("IPPROTO_TCP", "TCP_USER_TIMEOUT", 25_000),
)


class WatchedConnection(Connection):  # type: ignore[misc]  # PyMySQL has no types
    """The driver's connection, with a socket that we configure, and each wait for the server watched."""

    def __init__(self, *arguments: Any, waits: Waits, **parameters: Any) -> None:
        self._waits = waits
        super().__init__(*arguments, **parameters)

    def connect(self, sock: socket.socket | None = None) -> None:
        """Resolve the name, connect and log in."""
        with self._waits.watched("a connection"):
            super().connect(sock if sock is not None or self.unix_socket else self._connected_socket())

    def query(self, sql: str | bytes, unbuffered: bool = False) -> Any:
        """Run a statement and read its result."""
        with self._waits.watched("a statement"):
            return super().query(sql, unbuffered)

    def commit(self) -> None:
        """Commit the transaction."""
        with self._waits.watched("a commit"):
            super().commit()

    def rollback(self) -> None:
        """Roll the transaction back."""
        with self._waits.watched("a roll-back"):
            super().rollback()

    def ping(self, reconnect: bool = False) -> None:
        """Raise an error unless the server answers."""
        with self._waits.watched("an answer"):
            super().ping(reconnect)

    def _connected_socket(self) -> socket.socket:
        """Connect; the driver has no way to set the socket's options before it reads the server's greeting."""
        try:
            connected = socket.create_connection((self.host, self.port), self.connect_timeout)
        except OSError as error:
            words = f"Can't connect to MySQL server on {self.host!r} ({error})"
            raise OperationalError(CR.CR_CONN_HOST_ERROR, words) from error
        for level, name, value in _SOCKET_OPTIONS:
            # Not every system has all of them.
            if hasattr(socket, name):
                connected.setsockopt(getattr(socket, level), getattr(socket, name), value)
        return connected
