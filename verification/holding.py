"""Holding a writer in the middle of a chunk, for as long as a test likes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, exc, make_url, text

from tests.support.eventually import eventually
from tests.support.servers.isolation import Database
from tests.support.services import Pipeline
from tests.support.sessions import sessions

_WAITING = "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"

#: InnoDB shows again what it showed before to those who ask more often than ten times a second.
_PAUSE_SECONDS = 0.25


@contextmanager
def place_held(pipeline: Pipeline, city: str) -> Iterator[None]:
    """Lock a place that each chunk of people refers to. Watchers write nothing there, they go on."""
    with pipeline.transaction() as holder:
        assert holder.execute(text("SELECT * FROM places WHERE city = :city FOR UPDATE"), {"city": city}).all()
        yield


def sessions_that_wait(pipeline: Pipeline, database: Database) -> set[int]:
    """Wait until somebody waits for a lock; return the sessions of all who do."""
    name = str(make_url(database.url).database)

    def waiting() -> set[int]:
        with pipeline.transaction() as connection:
            ours = {session.number for session in sessions(connection, database=name)}
            return ours & set(connection.scalars(text(_WAITING)))

    return eventually(waiting, message="a chunk waits for a lock", pause_seconds=_PAUSE_SECONDS)


def end_sessions(connection: Connection, numbers: set[int]) -> None:
    """End sessions of others, as far as they are still there: of a killed process the server may long not know."""
    for number in numbers:
        with suppress(exc.OperationalError):
            connection.execute(text(f"KILL {number}"))
