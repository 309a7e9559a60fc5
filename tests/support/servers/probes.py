"""Readiness probes of servers, which make the same requests as the tests."""

from collections.abc import Callable
from contextlib import closing
from typing import Literal

import pika
import pika.exceptions
from sqlalchemy import create_engine, exc, text
from sqlalchemy.pool import NullPool

from tests.support.eventually import StillNot, eventually
from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.management import Management

#: Time limit for a container's first start on a slow machine; a process that ended is noticed at once.
READY_SECONDS = 180

Answer = Literal["ready", "ended"] | None


def broker_problem(server: BrokerServer) -> str | None:
    """Return why the broker can't be used yet, or None if it can."""
    try:
        Management(server).version()
        with closing(pika.BlockingConnection(pika.URLParameters(server.url("/")))):
            return None
    except (OSError, pika.exceptions.AMQPError) as error:
        return f"{type(error).__name__}: {error}"


def database_problem(server: DatabaseServer) -> str | None:
    """Return why the database can't be used yet, or None if it can."""
    try:
        database_version(server)
    except exc.DBAPIError as error:
        return str(error.orig)
    return None


def database_version(server: DatabaseServer) -> str:
    """Return the server's version, such as 9.7.0 or 10.11.14-MariaDB-0+deb12u2."""
    with create_engine(server.url, poolclass=NullPool).connect() as connection:
        return str(connection.execute(text("SELECT VERSION()")).scalar_one())


def wait_until_ready(problem: Callable[[], str | None], *, ended: Callable[[], bool], log: Callable[[], str]) -> None:
    """Wait until there is no problem; raises Unavailable if the server ended or at the time limit."""

    def answer() -> Answer:
        if ended():
            return "ended"
        return "ready" if problem() is None else None

    try:
        seen = eventually(answer, timeout_seconds=READY_SECONDS)
    except StillNot:
        raise Unavailable(f"not ready after {READY_SECONDS} s ({problem()}): {log()}") from None
    if seen == "ended":
        raise Unavailable(f"it ended while starting: {log()}")
