"""Connections to a PostgreSQL server: each wait for it is watched, and ends when the answer is overdue."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from shared.storage.database.waits import ANSWER_TIMEOUT_SECONDS, Waits

_T = TypeVar("_T")

#: A peer whose machine or address is gone sends nothing, not even a reset. The kernel sends three probes after 10
#: seconds of silence, and limits how long sent data may stay unacknowledged: the connection fails within 30 seconds.
KEEP_ALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
#: The driver interrupts its wait at this interval, so that Ctrl-C works.
_INTERVAL_SECONDS = 0.1


class TimedConnection(psycopg.Connection[Any]):
    """The driver's connection, with each wait for the server watched."""

    waits: Waits
    answer_seconds: float

    def wait(self, gen: PQGen[_T], interval: float = _INTERVAL_SECONDS, timeout: float | None = None) -> _T:
        """Wait for an answer; every exchange with the server goes through here."""
        with self.waits.watched("a statement"):
            try:
                return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
            except psycopg.errors._WaitTimeout as overdue:  # noqa: SLF001 - it has no public name
                # The next answer on this connection would belong to this statement.
                self.close()
                raise psycopg.OperationalError("the server took too long to answer: timed out") from overdue

    def commit(self) -> None:
        """Commit the transaction."""
        with self.waits.watched("a commit"):
            super().commit()

    def rollback(self) -> None:
        """Roll the transaction back."""
        with self.waits.watched("a roll-back"):
            super().rollback()


def connect(waits: Waits, parameters: dict[str, Any]) -> TimedConnection:
    """Resolve the name, connect and log in. `read_timeout` is ours, as in PyMySQL; the others are libpq's."""
    answer_seconds = float(parameters.pop("read_timeout", ANSWER_TIMEOUT_SECONDS))
    with waits.watched("a connection"):
        # No prepared statements: plans are made for the actual rows, and proxies may share connections.
        connection = TimedConnection.connect(prepare_threshold=None, **parameters)
    connection.waits, connection.answer_seconds = waits, answer_seconds
    return connection
