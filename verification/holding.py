"""Holds a writer in the middle of a chunk, for as long as a test needs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, exc, make_url, text

from tests.support.eventually import eventually
from tests.support.servers.isolation import Database
from tests.support.services import Pipeline
from tests.support.sessions import sessions

_WAITING = "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"

#: InnoDB returns cached results if asked more than ten times a second.
_PAUSE_SECONDS = 0.25


@contextmanager
def place_held(pipeline: Pipeline, city: str) -> Iterator[None]:
    """Lock a place that each chunk of people refers to. Watchers do not write there, and continue."""
    with pipeline.transaction() as holder:
        assert holder.execute(text("SELECT * FROM places WHERE city = :city FOR UPDATE"), {"city": city}).all()
        yield


def sessions_that_wait(pipeline: Pipeline, database: Database) -> set[int]:
    """Wait until a session waits for a lock; return all sessions that do."""
    name = str(make_url(database.url).database)

    def waiting() -> set[int]:
        with pipeline.transaction() as connection:
            ours = {session.number for session in sessions(connection, database=name)}
            return ours & set(connection.scalars(text(_WAITING)))

    return eventually(waiting, message="a chunk waits for a lock", pause_seconds=_PAUSE_SECONDS)


def end_sessions(connection: Connection, numbers: set[int]) -> None:
    """End the sessions that still exist; the server may take long to notice that a process was killed."""
    for number in numbers:
        with suppress(exc.OperationalError):
            connection.execute(text(f"KILL {number}"))
