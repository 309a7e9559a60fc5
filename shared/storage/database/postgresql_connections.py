"""Connections to a PostgreSQL: each wait for the server is watched, and ends when the answer is overdue."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from shared.storage.database.waits import ANSWER_TIMEOUT_SECONDS, Waits

_T = TypeVar("_T")

#: A peer whose machine or address is gone sends nothing, not even a refusal. The kernel asks after 10 seconds of
#: silence, three times, and gives what was sent no longer either: the connection fails within 30 seconds.
KEEP_ALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
#: The driver looks up from its wait that often, so that ctrl-C is taken.
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
            except psycopg.errors._WaitTimeout as overdue:  # noqa: SLF001 - its one name
                # What would come is the answer to an earlier question.
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
    """Resolve the name, connect and log in. `read_timeout` is ours, as PyMySQL has it; the others are libpq's."""
    answer_seconds = float(parameters.pop("read_timeout", ANSWER_TIMEOUT_SECONDS))
    with waits.watched("a connection"):
        # Nothing is prepared on the server: plans are made for the rows at hand, and proxies may share connections.
        connection = TimedConnection.connect(prepare_threshold=None, **parameters)
    connection.waits, connection.answer_seconds = waits, answer_seconds
    return connection
